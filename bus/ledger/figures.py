"""What the ledger tells in figures, for whoever measures. Reading only, over the indexes of open rows.

Their cost is that of what is open or needs a person, not of what was ever kept; `bus.ledger.read.account`
counts everything and is asked less often.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, distinct, func, select, text

from bus.ledger import schema
from bus.ledger.gate_records import GateRow
from bus.ledger.gates import read_gates
from bus.ledger.leg_moves import leg_of
from bus.ledger.read import late_done
from bus.ledger.store import now_of

STUCK = ("retrying", "unknown", "held", "dead")
"""States in which a dossier does not go on by itself, or not soon."""

MOST_LOOKED_AT = 2000
"""Of so many stuck dossiers, the oldest, the promised date is looked at."""

_d, _m, _l, _s = schema.delivery.c, schema.message.c, schema.leg.c, schema.source.c


@dataclass(frozen=True, slots=True)
class Figures:
    """The state of a ledger at `now`, in counts; ages in seconds, times since the epoch.

    `deliveries`: (connector, operation, state) -> count; `oldest` and `stuck`: (connector, state) -> age and
    number of dossiers; `folds`: (connector, the fold of a stuck dossier); `aside`: (source, state) -> count;
    `legs`: route -> (open, late); `polled`: (connector, source) -> when it last moved on.
    """

    now: float
    deliveries: dict[tuple[str, str, str], int]
    oldest: dict[tuple[str, str], float]
    stuck: dict[tuple[str, str], int]
    folds: tuple[tuple[str, bytes], ...]
    aside: dict[tuple[str, str], int]
    legs: dict[str, tuple[int, int]]
    gates: tuple[GateRow, ...]
    polled: dict[tuple[str, str], float]
    late_done: int
    given_up: int


def figures(tx: Connection) -> Figures:
    """Read everything in one transaction; may be repeated."""
    now = now_of(tx)
    deliveries, oldest = _open(tx, now)
    return Figures(
        now=now,
        deliveries=deliveries,
        oldest=oldest,
        stuck=_stuck(tx),
        folds=_folds(tx),
        aside=_pairs(tx, _ASIDE),
        legs=_legs(tx, now),
        gates=read_gates(tx),
        polled={(row[0], row[1]): float(row[2]) for row in tx.execute(_POLLED)},
        late_done=len(late_done(tx)),
        given_up=int(tx.execute(_GIVEN_UP).scalar_one()),
    )


_IN_LANE = text(schema.IN_LANE)
_OPEN = (
    select(_d.connector, _d.operation, _d.state, func.count(), func.min(_d.kept_at))
    .where(_IN_LANE)
    .group_by(_d.connector, _d.operation, _d.state)
)
_STUCK = (
    select(_d.connector, _d.state, func.count(distinct(_d.dossier)))
    .where(_IN_LANE, _d.state.in_(STUCK))
    .group_by(_d.connector, _d.state)
)
_ASIDE = (
    select(_m.source, _m.state, func.count())
    .where(text("message.state <> 'kept'"))
    .group_by(_m.source, _m.state)
)
_POLLED = select(_s.connector, _s.name, _s.polled_at).where(_s.polled_at.is_not(None), _s.connector != "")
_GIVEN_UP = (
    select(func.count())
    .select_from(schema.delivery)
    .where(text(schema.IS_GIVEN_UP), _d.state.in_(schema.OPEN))
)


def _open(tx: Connection, now: float) -> tuple[dict[tuple[str, str, str], int], dict[tuple[str, str], float]]:
    deliveries: dict[tuple[str, str, str], int] = {}
    oldest: dict[tuple[str, str], float] = {}
    for connector, operation, state, count, first in tx.execute(_OPEN):
        deliveries[connector, operation, state] = count
        age = max(0.0, now - first)
        oldest[connector, state] = max(age, oldest.get((connector, state), 0.0))
    return deliveries, oldest


def _stuck(tx: Connection) -> dict[tuple[str, str], int]:
    return _pairs(tx, _STUCK)


def _pairs(tx: Connection, query: Select[Any]) -> dict[tuple[str, str], int]:
    return {(row[0], row[1]): row[2] for row in tx.execute(query)}


def _folds(tx: Connection) -> tuple[tuple[str, bytes], ...]:
    """Connector and fold of the oldest stuck dossiers, each once a connector."""
    where = (_IN_LANE, _d.state.in_(STUCK))
    stuck = select(_d.connector, _d.dossier, func.min(_d.id).label("first")).where(*where)
    oldest = stuck.group_by(_d.connector, _d.dossier).order_by(text("first")).limit(MOST_LOOKED_AT).subquery()
    state = schema.dossier_state.c
    query = select(oldest.c.connector, state.body).join_from(
        oldest, schema.dossier_state, state.dossier == oldest.c.dossier
    )
    return tuple((row[0], row[1]) for row in tx.execute(query))


def _legs(tx: Connection, now: float) -> dict[str, tuple[int, int]]:
    """Legs whose answer is awaited, or that are asked back, and those of them whose time is over.

    By the leg's name without its value: there are as many values as tax notices.
    """
    dossier = schema.dossier.c
    found = select(_l.route, func.count(), func.count().filter(_l.due_at < now)).group_by(_l.route)
    waits = found.where(text(schema.WAITS_FOR_ANSWER)).join(schema.dossier, dossier.id == _l.dossier)
    counts: dict[str, tuple[int, int]] = {}
    for query in (waits.where(~dossier.withdrawn), found.where(text(schema.IS_UNDOING))):
        for route, count, late in tx.execute(query):
            before = counts.get(leg_of(route), (0, 0))
            counts[leg_of(route)] = (before[0] + count, before[1] + late)
    return counts
