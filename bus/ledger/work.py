"""What one keeping transaction has read and is about to write, and what a withdrawal does to it."""

from dataclasses import dataclass, field
from typing import Any

import msgspec

from bus.ledger import lanes
from bus.ledger.handover import Slot
from bus.ledger.lanes import Lanes
from bus.ledger.records import Keep, Plan, PlannedDelivery, Ready, Way
from bus.ledger.rows import REPUBLISH_AFTER

DROPPED = "the dossier was withdrawn before this was sent"
"""Why a withdrawal supersedes what nothing was done of; more may follow."""


@dataclass(frozen=True, slots=True)
class Claiming:
    """A new delivery for which a slot was taken."""

    slot: Slot
    row: dict[str, Any]
    keep: Keep
    body: bytes
    fold: bytes


@dataclass(slots=True)
class Leg:
    """A leg's row in an open transaction; `is_new` has to be inserted, `is_changed` updated."""

    dossier: int
    route: str
    state: str
    started_by: int
    answered_by: int | None = None
    opened_at: float = 0.0
    due_at: float | None = None
    ended_at: float | None = None
    tie: str | None = None
    ask_at: float | None = None
    time_left: float | None = None
    rounds: int = 0
    reason: str = ""
    is_new: bool = False
    is_changed: bool = False


@dataclass(frozen=True, slots=True)
class Wanted:
    """A delivery to be made for a leg, in its role; `way` where it is not the leg's own operation."""

    leg: PlannedDelivery
    role: str = ""
    way: Way | None = None


@dataclass(slots=True)
class Work:
    """What one transaction has read and is about to write."""

    now: float
    states: dict[int, bytes] = field(default_factory=dict)
    last: dict[int, int] = field(default_factory=dict)
    lanes: Lanes = field(default_factory=dict)
    withdrawn: set[int] = field(default_factory=set)
    held: set[int] = field(default_factory=set)
    reduced: set[int] = field(default_factory=set)
    legs: dict[int, dict[str, Leg]] = field(default_factory=dict)
    late: set[int] = field(default_factory=set)
    moved: dict[int, int] = field(default_factory=dict)
    fanouts: dict[int, int] = field(default_factory=dict)
    new_dossiers: list[dict[str, Any]] = field(default_factory=list)
    identities: list[dict[str, Any]] = field(default_factory=list)
    messages: list[dict[str, Any]] = field(default_factory=list)
    payloads: list[dict[str, Any]] = field(default_factory=list)
    deliveries: dict[int, dict[str, Any]] = field(default_factory=dict)
    changed: dict[int, dict[str, Any]] = field(default_factory=dict)
    withdrawing: set[int] = field(default_factory=set)
    lifted: set[int] = field(default_factory=set)
    fresh: dict[int, dict[str, str]] = field(default_factory=dict)
    claimed: list[Claiming] = field(default_factory=list)
    ended: list[tuple[int, int, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Dropped:
    """What a withdrawal did to a dossier's lanes: what may go now, and the routes whose own sending is ...

    `never`: given up without any effect; `pending`: under way or in doubt.
    """

    ready: list[Ready]
    never: set[str]
    pending: set[str]


def narrowed(plan: Plan, only: str) -> Plan:
    """What keeping means where a message is told again for one route alone ("" for all of it)."""
    if not only:
        return plan
    deliveries = tuple(one for one in plan.deliveries if one.route == only)
    return Plan(plan.state, deliveries)


def withdraw(work: Work, dossier: int) -> Dropped:
    """What is not yet sent is dropped, except what tells of the withdrawal; lanes go on."""
    work.withdrawn.add(dossier)
    work.withdrawing.add(dossier)
    released: list[lanes.Place] = []
    never: set[str] = set()
    pending: set[str] = set()
    for (owner, _), lane in work.lanes.items():
        if owner != dossier:
            continue
        for place in [place for place in lane if not place.after_withdrawal]:
            if place.is_unsent:
                supersede(work, lane, place, DROPPED)
            if not place.role:
                (never if place.state in ("superseded", "dead") else pending).add(place.route)
        released += release(work, lane, dossier)
    return Dropped(list(lanes.ready_of(released)), never, pending)


def release(work: Work, lane: lanes.Lane, dossier: int) -> list[lanes.Place]:
    """Let the next of a lane go, if its turn has come; it is published by whoever keeps, or by the sweep."""
    if freed := lanes.release(lane, held=dossier in work.held):
        _move(work, freed, "")
        return [freed]
    return []


def supersede(work: Work, lane: lanes.Lane, place: lanes.Place, why: str) -> None:
    """Take a delivery that nothing of can act out of its lane, and tell of its end."""
    lane.remove(place)
    place.state = "superseded"
    work.ended.append((place.dossier, place.id, place.state))
    _move(work, place, why)


def _move(work: Work, place: lanes.Place, why: str) -> None:
    """Change the state of a delivery: of one made in this transaction in its row, else by an update."""
    if new := work.deliveries.get(place.id):
        new["state"], new["reason"] = place.state, why
    else:
        work.changed[place.id] = {
            "number": place.id,
            "new": place.state,
            "why": why,
            "now": work.now,
            "due": work.now + REPUBLISH_AFTER,
        }


REDUCED = "the data of its dossier were removed after their time: nothing of it is sent by itself any more"
"""Why a message of a dossier without persons is set aside."""


def set_aside(work: Work, keep: Keep, dossier: int | None) -> Keep:
    """The message as it is kept: what is left of a dossier without persons would go out as if it were all."""
    if dossier not in work.reduced or keep.state != "kept":
        return keep
    return msgspec.structs.replace(keep, state="parked", reason=REDUCED)
