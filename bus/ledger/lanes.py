"""Lanes: the deliveries of one dossier to one destination, and who in them may go (rules 9 to 11)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, select, text

from bus.ledger import driver, schema
from bus.ledger.records import Ready

_d = schema.delivery.c


RESTORED = "restored"
"""The doubt of what the process before a restore may have done: when its turn comes, its peer is asked."""


@dataclass(slots=True)
class Place:
    """One delivery's place in its lane, as the open transaction sees it."""

    id: int
    dossier: int
    connector: str
    operation: str
    appends: bool
    after_withdrawal: bool
    state: str
    doubt: str
    traceparent: str
    route: str = ""
    role: str = ""

    @property
    def blocks(self) -> bool:
        """Whether it holds back the later ones: every open one, and a dead one that appends (rule 10)."""
        return self.state in schema.OPEN or (self.state == "dead" and self.appends)

    @property
    def is_unsent(self) -> bool:
        """Whether nothing of it can act: never claimed, or every attempt certainly without effect."""
        return self.state in ("waiting", "ready", "retrying", "held") and not self.doubt


Lane = list[Place]
Lanes = dict[tuple[int, str], Lane]

_in_dossiers = (
    select(
        _d.id,
        _d.dossier,
        _d.connector,
        _d.operation,
        _d.appends,
        _d.after_withdrawal,
        _d.state,
        _d.doubt,
        _d.traceparent,
        _d.route,
        _d.role,
    )
    .where(_d.dossier.in_(bindparam("dossiers", expanding=True)))
    .where(text(schema.IN_LANE))
    .order_by(_d.id)
)


_locked = _in_dossiers.with_for_update(of=schema.delivery)


def read_lanes(tx: Connection, dossiers: Iterable[int]) -> Lanes:
    """All lanes of some dossiers: what is open or dead in them, in the order of keeping.

    Where several processes write, the rows are locked: a claim takes its delivery without its dossier.
    """
    lanes: Lanes = {}
    wanted = list(dossiers)
    if not wanted:
        return lanes
    query = _locked if tx.dialect.name == "postgresql" else _in_dossiers
    for row in driver.select(tx, query, dossiers=wanted):
        place = Place(*row)
        lanes.setdefault((place.dossier, place.connector), []).append(place)
    return lanes


def overtaken(lane: Lane, operation: str) -> Place | None:
    """The waiting delivery that a new one of the same replacing operation makes needless.

    Only the last of the lane: with an appended one between them, order would change.
    """
    last = next((place for place in reversed(lane) if place.state in schema.OPEN), None)
    if last and last.operation == operation and not last.appends and last.state == "waiting":
        return last
    return None


def entry_state(lane: Lane, *, held: bool, doubt: str = "") -> str:
    """In which state a new delivery joins a lane."""
    if any(place.blocks for place in lane):
        return "waiting"
    return turn(doubt, held=held)


def release(lane: Lane, *, held: bool) -> Place | None:
    """The next of a lane, if nothing before it blocks; the caller writes its new state."""
    for place in lane:
        if place.state == "waiting":
            place.state = turn(place.doubt, held=held)
            return place
        if place.blocks:
            return None
    return None


def turn(doubt: str, *, held: bool) -> str:
    """In which state a delivery is when its turn comes: after a restore some are asked about first."""
    if doubt == RESTORED:
        return "unknown"
    return "held" if held else "ready"


def ready_of(places: Sequence[Place]) -> tuple[Ready, ...]:
    """Those that are now to be published."""
    return tuple(
        Ready(place.id, place.connector, place.traceparent) for place in places if place.state == "ready"
    )
