"""What the ledger tells: the account, a dossier's timeline, what needs a person. Reading only."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, and_, func, select, text

from bus.ledger import legs, schema
from bus.ledger.leg_rows import tied_dossiers
from bus.ledger.plain import plain
from bus.ledger.records import Keep
from bus.ledger.sources import stand

SEEN_TO = ("read again", "discarded")
"""States of messages that were set aside and that a person saw to."""

_d, _m, _a = schema.delivery.c, schema.message.c, schema.attempt.c


@dataclass(frozen=True, slots=True)
class Account:
    """The proof that everything is accounted for: `unaccounted` is what the states do not sum to.

    `late` counts, of the legs in each state, those whose answer did not come within their time. `given_up`
    are open deliveries whose work message crashed its consumers until the broker gave up on it (rule 14).
    `general` counts kept messages that belong to no dossier, by kind: a catalogue's.
    """

    messages: dict[str, int]
    planned: int
    states: dict[str, int]
    dossiers: int
    legs: dict[str, int]
    late: dict[str, int]
    given_up: int
    general: dict[str, int]

    @property
    def unaccounted(self) -> int:
        """Deliveries that were kept with a message and are in no known state (or the reverse)."""
        known = sum(count for state, count in self.states.items() if state in schema.STATES)
        return abs(self.planned - known) + (sum(self.states.values()) - known)


@dataclass(frozen=True, slots=True)
class Moment:
    """One line of a dossier's timeline; `at` in seconds since the epoch. No personal data.

    `what` says it in words; `kind` of a message, or `operation`, `route` and `attempt` of a delivery, say it
    to who has words of their own. An `asked` attempt is a look-up.
    """

    at: float
    system: str
    what: str
    state: str
    detail: str = ""
    delivery: int | None = None
    message: int | None = None
    kind: str = ""
    operation: str = ""
    route: str = ""
    attempt: int = 0
    asked: bool = False


def account(tx: Connection) -> Account:
    """Count everything, independently from both ends: what was planned, and what there is."""
    counted = func.count()
    return Account(
        messages={row[0]: row[1] for row in tx.execute(select(_m.state, counted).group_by(_m.state))},
        planned=int(tx.execute(select(func.coalesce(func.sum(_m.fanout), 0))).scalar_one()),
        states={row[0]: row[1] for row in tx.execute(select(_d.state, counted).group_by(_d.state))},
        dossiers=int(
            tx.execute(
                select(counted).select_from(schema.dossier).where(schema.dossier.c.merged_into.is_(None))
            ).scalar_one()
        ),
        legs=legs.counted(tx),
        late=legs.late(tx),
        given_up=int(
            tx.execute(select(counted).select_from(schema.delivery).where(*_given_up())).scalar_one()
        ),
        general={row[0]: row[1] for row in tx.execute(_GENERAL)},
    )


_GENERAL = select(_m.kind, func.count()).where(_m.dossier.is_(None), _m.state == "kept").group_by(_m.kind)


def _given_up() -> tuple[Any, ...]:
    return text(schema.IS_GIVEN_UP), _d.state.in_(schema.OPEN)


def _note(given_up: int) -> str:
    """What the mark of rule 14 says to a person; "" where there is none."""
    if not given_up:
        return ""
    times = "once" if given_up == 1 else f"{given_up} times"
    return f"the broker gave up on its work message {times}: worker after worker ended with it"


def find_dossier(tx: Connection, code: str) -> int | None:
    """The dossier that any connector knows by this number."""
    table = schema.identity.c
    return tx.execute(select(table.dossier).where(table.code == code).limit(1)).scalar_one_or_none()


def fold_of(tx: Connection, keep: Keep) -> bytes:
    """The fold of the dossier that a message would join, by a number or by what it answers; b"" for none."""
    table, state = schema.identity.c, schema.dossier_state.c
    query = select(state.body).join(schema.identity, table.dossier == state.dossier)
    for source, code in keep.codes.items():
        body = tx.execute(query.where(table.source == source, table.code == code)).scalar_one_or_none()
        if body is not None:
            return bytes(body)
    tied = tied_dossiers(tx, [keep]).get(id(keep))
    body = tx.execute(select(state.body).where(state.dossier == tied)).scalar_one_or_none() if tied else None
    return bytes(body) if body else b""


def codes(tx: Connection, dossier: int) -> dict[str, str]:
    """All numbers of a dossier, connector -> number."""
    table = schema.identity.c
    return {
        row[0]: row[1] for row in tx.execute(select(table.source, table.code).where(table.dossier == dossier))
    }


def codes_of(tx: Connection, dossiers: Sequence[int]) -> dict[int, dict[str, str]]:
    """The same for several at once; one without numbers is left out."""
    table = schema.identity.c
    found: dict[int, dict[str, str]] = {}
    for row in tx.execute(select(schema.identity).where(table.dossier.in_(dossiers)).order_by(table.source)):
        found.setdefault(row.dossier, {})[row.source] = row.code
    return found


def timeline(tx: Connection, dossier: int) -> list[Moment]:
    """One dossier over all systems, in the order of time."""
    moments = [
        Moment(
            row.kept_at,
            row.source,
            f"said {row.kind}",
            row.state,
            row.reason,
            message=row.id,
            kind=row.kind,
        )
        for row in tx.execute(select(schema.message).where(_m.dossier == dossier).order_by(_m.id))
    ]
    for row in tx.execute(select(schema.delivery).where(_d.dossier == dossier).order_by(_d.id)):
        moments.extend(_delivery_moments(tx, row))
    moments += [
        Moment(
            leg.due_at,
            "bus",
            f"answer due ({leg.route})",
            "late",
            "its time ran out without an answer",
            route=leg.route,
        )
        for leg in legs.of_dossier(tx, dossier)
        if leg.late and leg.due_at is not None
    ]
    return sorted(moments, key=lambda moment: moment.at)


def _delivery_moments(tx: Connection, row: Any) -> list[Moment]:
    what = f"{row.operation} ({row.route})"
    place = {"delivery": row.id, "operation": row.operation, "route": row.route}
    tries = tx.execute(select(schema.attempt).where(_a.delivery == row.id).order_by(_a.attempt, _a.part))
    moments = [
        Moment(
            one.ended_at,
            row.connector,
            f"{what}: {_of_attempt(one)}",
            one.outcome,
            " ".join(filter(None, (one.code, one.text))),
            attempt=one.attempt,
            asked=bool(one.part),
            **place,
        )
        for one in tries
    ]
    if row.state in schema.OPEN or not moments:
        moments.append(Moment(row.changed_at, row.connector, what, row.state, row.reason, **place))
    if note := _note(row.given_up):
        moments[-1] = replace(moments[-1], detail="; ".join(filter(None, (moments[-1].detail, note))))
    return moments


_TROUBLE = (_d.id, _d.dossier, _d.connector, _d.operation, _d.state, _d.cause, _d.reason, _d.tries)


def _of_attempt(one: Any) -> str:
    """Which attempt it was; a look-up is told by its part, a late answer by its outcome."""
    if one.outcome.startswith("late "):
        return f"attempt {one.attempt}, after it was settled otherwise"
    return "asked" if one.part else f"attempt {one.attempt}"


def late_done(tx: Connection) -> list[dict[str, Any]]:
    """Late answers "done" that contradict their row: the peer has what the row says otherwise, or twice."""
    known = and_(_d.state == "delivered", _d.attempt == _a.attempt)
    query = select(_a.delivery, _a.attempt, _a.ended_at, _d.dossier, _d.connector, _d.operation, _d.state)
    query = query.join(schema.delivery, _d.id == _a.delivery)
    query = query.where(text("attempt.outcome = 'late delivered'"), ~known).order_by(_a.delivery, _a.attempt)
    return [dict(row) for row in tx.execute(query).mappings()]


def troubles(tx: Connection, limit: int = 200) -> list[dict[str, Any]]:
    """What needs a person: dead, held or unknown deliveries, and messages not kept as they should be.

    And deliveries that may go but whose work message the broker gave up on: what ends their workers? A late
    "done" that contradicts its row stands among them as `late delivered`.
    """
    query = select(*_TROUBLE).where(_d.state.in_(("dead", "held", "unknown"))).order_by(_d.id).limit(limit)
    crashing = select(*_TROUBLE, _d.given_up).where(*_given_up(), _d.state.not_in(("held", "unknown")))
    crashing = crashing.order_by(_d.id).limit(limit)
    bad = select(_m.id, _m.dossier, _m.source, _m.kind, _m.state, _m.reason)
    bad = bad.where(_m.state != "kept", _m.state.not_in(SEEN_TO)).order_by(_m.id).limit(limit)
    return [
        *({"what": "delivery", **row} for row in tx.execute(query).mappings()),
        *(
            {"what": "delivery", **row, "cause": "given up", "reason": _note(row["given_up"])}
            for row in tx.execute(crashing).mappings()
        ),
        *({"what": "message", **row} for row in tx.execute(bad).mappings()),
        *({"what": "delivery", **_as_trouble(row)} for row in late_done(tx)),
    ]


def _as_trouble(late: dict[str, Any]) -> dict[str, Any]:
    reason = f"attempt {late['attempt']} was done after all, and the delivery is {late['state']}"
    same = {name: late[name] for name in ("dossier", "connector", "operation")}
    return {"id": late["delivery"], **same, "state": "late delivered", "cause": "late done", "reason": reason}


def cursor(tx: Connection, connector: str, name: str) -> str:
    """Where a source stands; "" at first."""
    return stand(tx, connector, name)[0]


def memory(tx: Connection, connector: str, name: str, subjects: list[str]) -> dict[str, bytes]:
    """What a source remembers of some subjects."""
    table = schema.source_memory
    query = select(table.c.subject, table.c.body).where(table.c.connector == connector, table.c.name == name)
    stored = {plain(subject): subject for subject in subjects}
    return {stored[row[0]]: row[1] for row in tx.execute(query.where(table.c.subject.in_(list(stored))))}
