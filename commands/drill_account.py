"""What a drill's peers say of what was done, against what was asked: by their own journals and registers."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Connection, select

from bus.ledger import read, schema
from bus.ledger.ledger import read_only
from bus.ledger.schema import OPEN
from commands.demo_world import INSURANCE, ONESTOP, PORTAL, TAX, Simulator
from commands.drill_audit import illegal_moves

PROMISES = ("lost", "duplicate_effects", "out_of_order", "echoes", "unaccounted", "illegal_transitions")
_EFFECTS = {"duplicate": "duplicate_effects", "out_of_order": "out_of_order", "echo": "echoes"}
_ENDS = frozenset({"3", "7", "8", "10"})
_RETURNED = "10"
_SETTLED, _FILED = frozenset({"settled"}), frozenset({"4", "5", "6"})
"""The ends of a case at the tax office and of a file at the insurance authority."""
_AFTER = {
    "": frozenset("12345678") | {"9", "10"},
    "1": frozenset("2345678") | {"9", "10"},
    "2": frozenset("45678") | {"9", "10"},
    **dict.fromkeys("456", frozenset("45678") | {"9", "10"}),
    "9": frozenset({"10"}),
}
"""Portal status -> what may be shown next (national_portal.md 4); a record may pass over what is between."""


@dataclass(frozen=True, slots=True)
class Violation:
    """A promise that did not hold, of one dossier by a number of it; `at` in seconds since the epoch."""

    promise: str
    number: str
    what: str
    at: float = 0.0


@dataclass(frozen=True, slots=True)
class Account:
    """Everything found; `for_a_person` are dossiers with a delivery that waits for a person, by cause."""

    violations: tuple[Violation, ...]
    for_a_person: Mapping[str, int]
    states: Mapping[str, int]
    kept: int
    effects: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    def count(self, promise: str) -> int:
        """How often a promise was broken."""
        return sum(one.promise == promise for one in self.violations)


def take_account(ledger: str, peers: Mapping[str, Simulator], folder: Path) -> Account:
    """Compare what was submitted, what the peers did, and what the ledger says; nothing is running."""
    account = read_only(ledger, read.account)
    dead, numbers = read_only(ledger, _dead), read_only(ledger, _numbers)
    found = [*_of_journals(folder, peers), *_lost(folder, set(dead)), *_unfinished(folder, peers, set(dead))]
    found += [
        Violation(
            "illegal_transitions", numbers.get(move.dossier, ""), f"delivery {move.delivery}: {move.text}"
        )
        for move in illegal_moves(ledger)
    ]
    found += [Violation("unaccounted", "", "the states do not sum up")] * account.unaccounted
    found += [
        Violation("lost", number, f"a delivery is dead: {cause}: {reason}")
        for number, (cause, reason) in dead.items()
        if cause != "poison"
    ]
    causes = Counter(cause for cause, _ in dead.values())
    effects = {name: peer.effects() for name, peer in peers.items()}
    return Account(tuple(found), causes, account.states, sum(account.messages.values()), effects)


def open_now(ledger: str, peers: Mapping[str, Simulator]) -> int:
    """What is still to come anywhere; what stands behind a dead one waits for a person, and is at rest."""
    waiting, dead = read_only(ledger, _open), len(read_only(ledger, _dead))
    onestop, portal = peers[ONESTOP].effects(), peers[PORTAL].effects()
    return waiting + max(0, int(onestop["open"]) - dead) + int(portal["open"])


def _open(tx: Connection) -> int:
    row = schema.delivery.c
    query = select(row.id, row.dossier, row.connector, row.state, row.appends).where(
        row.state.in_((*OPEN, "dead"))
    )
    blocked: set[tuple[int, str]] = set()
    count = 0
    for _, dossier, connector, state, appends in tx.execute(query.order_by(row.id)):
        if state == "dead":
            blocked |= {(dossier, connector)} if appends else set()
        elif state != "waiting" or (dossier, connector) not in blocked:
            count += 1
    return count


def _dead(tx: Connection) -> dict[str, tuple[str, str]]:
    """Number of a dossier -> cause and reason of what of it waits for a person."""
    row, numbers = schema.delivery.c, _numbers(tx)
    query = select(row.dossier, row.cause, row.reason).where(row.state == "dead").order_by(row.id)
    return {numbers.get(one.dossier, ""): (one.cause, one.reason) for one in tx.execute(query)}


def _numbers(tx: Connection) -> dict[int, str]:
    """Dossier -> its number at the portal."""
    row = schema.identity.c
    query = select(row.dossier, row.code).where(row.source == PORTAL)
    return {one.dossier: one.code for one in tx.execute(query)}


def _of_journals(folder: Path, peers: Mapping[str, Simulator]) -> Iterator[Violation]:
    for name in peers:
        shown: dict[str, str] = defaultdict(str)
        for entry in _journal(folder / name / "journal.jsonl"):
            at, number = datetime.fromisoformat(entry["at"]).timestamp(), str(entry["key"])
            what = f"{name} {entry['operation']}: {entry['effect']} {entry.get('request_id', '')}".strip()
            if promise := _EFFECTS.get(entry["effect"]):
                yield Violation(promise, number, what, at)
            status = str(entry.get("detail", {}).get("status", ""))
            if (
                name == PORTAL
                and entry["operation"] == "DongBoHoSoMC"
                and status
                and entry["effect"] != "refused"
            ):
                before, shown[number] = shown[number], status
                if status != before and status not in _AFTER.get(before, ()):
                    yield Violation(
                        "illegal_transitions", number, f"{what}: status {before} became {status}", at
                    )


def _lost(folder: Path, dead: set[str]) -> Iterator[Violation]:
    """What citizens handed in and the one-stop does not have, and ends that the portal never heard of."""
    portal = {
        number: one for number, one in _shelf(folder / PORTAL / "dossiers.jsonl").items() if one.get("via")
    }
    onestop: dict[str, list[Any]] = defaultdict(list)
    for one in _shelf(folder / ONESTOP / "dossiers.jsonl").values():
        onestop[str(one["facts"].get("nationCode"))].append(one)
    for number, one in portal.items():
        there = onestop.get(number, [])
        if len(there) > 1:
            yield Violation("duplicate_effects", number, f"the one-stop has it {len(there)} times")
        if number in dead:
            continue
        if not there:
            yield Violation("lost", number, "submitted on the portal, and not in the one-stop")
        elif (status := _status(there[0])) != str(one.get("synced", "")) or status not in _ENDS:
            told = one.get("synced") or "nothing"
            yield Violation("lost", number, f"the one-stop has it at {status}, the portal was told {told}")


def _unfinished(folder: Path, peers: Mapping[str, Simulator], dead: set[str]) -> Iterator[Violation]:
    """What tax and insurance still wait for, of dossiers whose result the citizen has: an answer, money."""
    returned = {
        str(one["facts"].get(name)): str(one["facts"].get("nationCode"))
        for one in _shelf(folder / ONESTOP / "dossiers.jsonl").values()
        if _status(one) == _RETURNED
        for name in ("code", "nationCode")
    }
    cases = [(TAX, case, _SETTLED) for case in peers[TAX].get("/_sim/cases")]
    cases += [(INSURANCE, file, _FILED) for file in peers[INSURANCE].get("/_sim/files")]
    for name, case, ends in cases:
        number = returned.get(case["dossier"], "")
        if number and number not in dead and case["state"] not in ends:
            yield Violation("lost", number, f"{name} has it as {case['state']}, and its result was returned")


def _status(dossier: Any) -> str:
    status = dossier["facts"].get("statusCurrentTask")
    return str(status.get("id") if isinstance(status, dict) else status)


def _journal(file: Path) -> Iterator[Any]:
    yield from (msgspec.json.decode(line) for line in file.read_bytes().splitlines())


def _shelf(file: Path) -> dict[str, Any]:
    return dict(msgspec.json.decode(line, type=tuple[str, Any]) for line in file.read_bytes().splitlines())
