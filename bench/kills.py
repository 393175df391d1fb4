"""`bench kills`: the bus is killed between an effect and its settle, again and again, at tax and insurance.

Real processes: a broker, both simulated offices, and the bus as `serve` puts it together, forked by
bench/kills_child.py. Neither peer recognises a repeat: what is filed twice is two, and the office counts. In
each round a slip and a card request are handed in; both offices act and keep their answer to themselves; as
soon as they say that they have acted, the bus gets SIGKILL. A kill counts for a peer where the ledger says
then that its call was under way. The next process finds both calls without an outcome and asks.

In every fifth round more, not counted as kills: the connection breaks at once and the office acts only later,
when it was asked and has said "not there", and the bus was killed and is another one.

At the end the offices are asked what they have: `effects` of what was handed in, `duplicates` beyond one,
`lost` without one.
"""

import secrets
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, func, select

from bench.kills_child import card_number, slip_number
from bus.errors import LienThongError
from bus.ledger import read, schema
from bus.ledger.ledger import read_only
from commands.demo_world import ROOT, Simulator, start_simulator
from deploy.local.rabbitmq import find_broker

WRITES: Mapping[str, str] = {"tax": "TCT_GPC", "insurance": "guiHoSo"}
"""peer -> what its office calls the request that must not be repeated."""
_CALM = ("--work-seconds", "3600", "--ask-share", "0", "--refuse-share", "0")
_HELD, _LATE = 600.0, 1.5
"""Seconds that an answer is kept back, and that an effect comes after its connection broke."""
_LATE_EVERY = 5
_PATIENCE = 60.0
"""Seconds for each step; longer than the lease of a question that a killed bus had asked."""
_SETTINGS = """\
[installation]
name = "kills"
agency = "H12"
environment = "rehearsal"
data = "."
free_disk = "20 MB"

[ledger]
url = "sqlite:///ledger.db"

[broker]
url = "{broker}"
password = "file:broker-password"
prefix = "kills-{run}"

[connector.onestop]
type = "onestop"
mode = "off"
serves = ["H12"]
url = "http://127.0.0.1:9"
token_url = "http://127.0.0.1:9/token"
client_id = "none"
client_secret = "file:peer-password"

[connector.tax]
type = "tax"
mode = "live"
address = "{tax}/T2B/GIP"
sender = {{ code = "H12", name = "UBND tỉnh Cà Mau" }}
username = "camau"
password = "file:peer-password"
timeout = {{ connect = "1 second", answer = "4 seconds" }}
unknown = {{ look_up_after = "0.2 seconds", absent_after = "4 seconds" }}
breaker = {{ failures = 1000, open_for = "1 second" }}

[connector.insurance]
type = "insurance"
mode = "live"
address = "{insurance}/HoSoService"
unit = {{ name = "Trung tâm PVHCC", code = "YN0001Z", office = "09601" }}
username = "camau"
password = "file:peer-password"
timeout = {{ connect = "1 second", answer = "4 seconds" }}
unknown = {{ look_up_after = "0.2 seconds", absent_after = "4 seconds" }}
breaker = {{ failures = 1000, open_for = "1 second" }}
"""


class KillsError(LienThongError):
    """The bench could not do what it is for; says what did not happen."""


@dataclass(frozen=True, slots=True)
class Field:
    """Where it happens: the two offices, the ledger's address, and the parent of the buses."""

    offices: Mapping[str, Simulator]
    ledger: str
    parent: "subprocess.Popen[str]"

    def tell(self, words: str) -> str:
        """Tell the parent something and read its answer; raises `KillsError` where it is gone."""
        assert self.parent.stdin is not None  # noqa: S101  asked for as a pipe
        assert self.parent.stdout is not None  # noqa: S101  as above
        self.parent.stdin.write(f"{words}\n")
        self.parent.stdin.flush()
        if not (answer := self.parent.stdout.readline().strip()):
            raise KillsError(f"the parent of the buses ended at `{words}`; its own words stand above")
        return answer

    def switch(self, mode: str, seconds: float = 1.0) -> None:
        """Make both offices misbehave at their writing request; "off" ends that."""
        for name, office in self.offices.items():
            office.post("/_sim/switch", {"mode": "off", "operation": "*"})
            if mode != "off":
                office.post("/_sim/switch", {"mode": mode, "operation": WRITES[name], "seconds": seconds})

    def filed(self) -> dict[str, Counter[str]]:
        """What each office has: dossier -> how often it was filed."""
        cases, files = (
            self.offices["tax"].get("/_sim/cases"),
            self.offices["insurance"].get("/_sim/files"),
        )
        return {
            "tax": Counter({case["dossier"]: len(case["slips"]) for case in cases}),
            "insurance": Counter(file["dossier"] for file in files),
        }

    def effects(self) -> dict[str, int]:
        """How many writing requests each office has acted upon."""
        return {
            name: sum(office.effects()["by_operation"].get(WRITES[name], {}).get(word, 0) for word in _ACTED)
            for name, office in self.offices.items()
        }

    def under_way(self) -> frozenset[str]:
        """The peers that had a call under way when the last bus ended."""
        return read_only(self.ledger, _sending)


_ACTED = ("applied", "duplicates")


def _sending(tx: Connection) -> frozenset[str]:
    row = schema.delivery.c
    return frozenset(tx.execute(select(row.connector).where(row.state == "sending")).scalars())


def run(times: int = 200, *, patient: bool = False) -> dict[str, Any]:
    """Kill so often at each peer; may be repeated. Raises `KillsError` where a step does not happen.

    A `patient` killer lets the questions about earlier rounds end first. A question that dies with its bus is
    asked again when its lease has run out, so the end comes half a minute sooner, and less is tried.

    Gives `kills` (processes), `between` effect and answer by peer, `late` effects that came after "not
    there", what the offices have (`effects`, `duplicates`, `lost`), and the ledger's own `account`.
    """
    folder = Path(".lienthong").absolute()
    folder.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="kills-", dir=folder) as data,
        find_broker(Path(data) / "rabbitmq", say=_say) as url,
        field(Path(data), url) as there,
    ):
        return measured(there, times, patient=patient)


@contextmanager
def field(data: Path, broker: str) -> Iterator[Field]:
    """Start both offices and the parent of the buses in `data`; all end with the block."""
    with ExitStack() as stack:
        offices = {name: start_simulator(stack, name, data, _CALM) for name in WRITES}
        settings = _written(data, broker, offices)
        parent = stack.enter_context(
            subprocess.Popen(  # noqa: S603  our own interpreter and our own module
                [sys.executable, "-m", "bench.kills_child", str(settings)],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stack.enter_context((data / "bus.log").open("wb")),
                text=True,
            )
        )
        assert parent.stdout is not None  # noqa: S101  asked for as a pipe
        if parent.stdout.readline() != "ready\n":
            raise KillsError(f"the parent of the buses did not start: {(data / 'bus.log').read_text()}")
        yield Field(offices, f"sqlite:///{data / 'ledger.db'}", parent)


def _written(data: Path, broker: str, offices: Mapping[str, Simulator]) -> Path:
    head, _, tail = broker.rpartition("@")
    user, _, password = head.rpartition(":")
    for name, secret in (("broker-password", password), ("peer-password", "mat-khau-thu")):
        file = data / name
        file.touch(mode=0o600)
        file.write_text(secret)
    urls = {name: office.url for name, office in offices.items()}
    settings = data / "settings.toml"
    text = _SETTINGS.format(broker=f"{user}@{tail}", run=secrets.token_hex(3), **urls)
    settings.write_text(text, encoding="utf-8")
    return settings


def measured(there: Field, times: int, *, patient: bool = False) -> dict[str, Any]:
    """Kill until each peer was met so often between effect and answer; then let all rest, and count."""
    between: Counter[str] = Counter()
    kills = late = rounds = 0
    while min(between[name] for name in WRITES) < times:
        rounds += 1
        if rounds % _LATE_EVERY == 0:
            late += _late_round(there, rounds)
            continue
        between.update(_round(there, rounds, patient=patient))
        kills += 1
        if kills > 2 * times + 10:
            raise KillsError(f"{kills} kills, of which between effect and answer only {dict(between)}")
        if kills % 20 == 0:
            _say(f"{kills} kills, {there.effects()} effects")
    states = _rest(there, 2 * rounds)
    return {
        "kills": kills,
        "between": dict(between),
        "late": late,
        **_counted(there, rounds),
        "account": states,
    }


def _round(there: Field, number: int, *, patient: bool) -> frozenset[str]:
    """One kill; the peers whose calls were under way."""
    before = there.effects()
    there.switch("lose_answer", _HELD)
    there.tell(f"start {number}")
    _until(lambda: all(now > before[name] for name, now in there.effects().items()), "both effects")
    if patient:
        _until(lambda: read_only(there.ledger, _doubts) == 0, "the end of all questions")
    there.tell("kill")
    return there.under_way()


def _late_round(there: Field, number: int) -> int:
    """The office acts after it has said "not there", and another bus asks; how many effects came so."""
    before = there.effects()
    there.switch("delay_effect", _LATE)
    there.tell(f"start {number}")
    codes = (slip_number(number), card_number(number))
    _until(lambda: read_only(there.ledger, _asked, codes) == len(codes), 'both to say "not there"')
    there.tell("kill")
    none_yet = there.effects() == before
    _until(lambda: all(now > before[name] for name, now in there.effects().items()), "both late effects")
    return len(WRITES) if none_yet else 0


def _asked(tx: Connection, codes: tuple[str, ...]) -> int:
    """How many deliveries of these dossiers are in doubt, and their peers said that they have none."""
    row, known = schema.delivery.c, schema.identity.c
    of_them = row.dossier.in_(select(known.dossier).where(known.code.in_(codes)))
    query = select(func.count()).where(of_them, row.state == "unknown", row.reason == "asked: not there")
    return int(tx.execute(query).scalar_one())


def _doubts(tx: Connection) -> int:
    query = select(func.count()).where(schema.delivery.c.state == "unknown")
    return int(tx.execute(query).scalar_one())


def _rest(there: Field, planned: int) -> dict[str, int]:
    """Let a last bus settle everything and stop in order; the ledger's states at the end."""
    there.switch("off")
    there.tell("start 0")

    def settled() -> bool:
        states = read_only(there.ledger, read.account).states
        return sum(states.get(end, 0) for end in ("delivered", "dead", "refused", "discarded")) >= planned

    _until(settled, "everything settled")
    if (code := there.tell("stop")) != "0":
        raise KillsError(f"the last bus stopped with {code}")
    account = read_only(there.ledger, read.account)
    return {**account.states, "unaccounted": account.unaccounted}


def _counted(there: Field, rounds: int) -> dict[str, int]:
    """What the offices have of what was handed in."""
    filed = there.filed()
    wanted = {
        "tax": [slip_number(number) for number in range(1, rounds + 1)],
        "insurance": [card_number(number) for number in range(1, rounds + 1)],
    }
    effects = sum(sum(each.values()) for each in filed.values())
    distinct = sum(len(each) for each in filed.values())
    lost = sum(number not in filed[name] for name, numbers in wanted.items() for number in numbers)
    return {"effects": effects, "duplicates": effects - distinct, "lost": lost}


def _until(holds: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + _PATIENCE
    while not holds():
        if time.monotonic() > end:
            raise KillsError(f"waited {_PATIENCE:.0f} s for {what}")
        time.sleep(0.01)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
