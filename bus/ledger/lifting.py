"""A withdrawal that was refused has not come to pass: the dossier goes on where it stood.

What had been dropped or kept from starting meanwhile is told again, as messages of their own that point to
the first (a superseded delivery stays what it is); legs that nothing was done about are open again. What was
undone at a peer, or may have been, is for a person to see.
"""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, exists, select

from bus.ledger import schema
from bus.ledger.leg_moves import FOR_A_PERSON, WITHDRAWN, change, leg_of
from bus.ledger.records import Keep, LegEnd, Legs, PlannedDelivery
from bus.ledger.told_again import told_again, whole_messages
from bus.ledger.work import DROPPED, Leg, Work, release, supersede

REFUSED = "the withdrawal was refused (không được rút)"
_d, _m = schema.delivery.c, schema.message.c
_ROWS = select(_d.id, _d.message, _d.route, _d.role, _d.state, _d.reason)


def lift(tx: Connection, work: Work, end: LegEnd, legs: Legs) -> list[Keep]:
    """Take a withdrawal back that its peer has refused; what is to be kept again, oldest first.

    Nothing where another withdrawal stands. The dossier is locked, its lanes and legs are in `work`.
    """
    dossier = work.moved.get(end.dossier, end.dossier)
    if dossier not in work.withdrawn or _stands(tx, dossier, legs):
        return []
    work.withdrawn.discard(dossier)
    work.lifted.add(dossier)
    rows = tx.execute(_ROWS.where(_d.dossier == dossier, _d.after_withdrawal.is_(False))).all()
    undos = tx.execute(_ROWS.where(_d.dossier == dossier, _d.role == "undo")).all()
    sent = {row.route for row in undos if not _takes_back(work, dossier, row.id)}
    dropped = {row.route: row for row in rows if row.state == "superseded" and row.reason.startswith(DROPPED)}
    begun = {row.route for row in rows if row.route not in dropped}
    for leg in work.legs.get(dossier, {}).values():
        _reopen(work, leg, legs.by_route.get(leg_of(leg.route)), dropped.keys(), begun, undone=sent)
    starts = {row.message for row in dropped.values()}
    return [_again(row, dossier, end.message) for row in _since(tx, dossier, end.message, starts, legs)]


def _stands(tx: Connection, dossier: int, legs: Legs) -> bool:
    """Whether a withdrawal is known that nobody has refused."""
    refused = exists().where(_d.message == _m.id, _d.route.in_(legs.unless_refused), _d.state == "refused")
    kinds = (_m.dossier == dossier, _m.state == "kept", _m.kind.in_(legs.withdraws))
    return tx.execute(select(_m.id).where(*kinds, ~refused).limit(1)).first() is not None


def _takes_back(work: Work, dossier: int, undo: int) -> bool:
    """Take an undo out of its lane that has not gone yet; False where it has, or may have."""
    for (owner, _), lane in work.lanes.items():
        place = next((one for one in lane if owner == dossier and one.id == undo), None)
        if place is not None and place.is_unsent:
            supersede(work, lane, place, REFUSED)
            release(work, lane, dossier)
            return True
    return False


def _reopen(
    work: Work,
    leg: Leg,
    spec: PlannedDelivery | None,
    dropped: Any,
    begun: set[str],
    *,
    undone: set[str],
) -> None:
    """Let a leg go on that the withdrawal had stopped."""
    if spec is None or leg.state not in ("undoing", "undone") or spec.after_withdrawal:
        return
    if leg.route in undone:
        change(leg, state="undoing", ended_at=None, reason=f"{REFUSED}, and this was undone: {FOR_A_PERSON}")
    elif not leg.reason.startswith(WITHDRAWN):
        return
    elif spec.after and (leg.route in dropped or (spec.sends and leg.route not in begun)):
        change(leg, state="planned", ended_at=None, answered_by=None, reason="")
    elif leg.route not in dropped:
        _go_on(work, leg, spec)


def _go_on(work: Work, leg: Leg, spec: PlannedDelivery) -> None:
    """Its clock never stopped: it runs from when the leg was opened; that of a supplement begins anew."""
    paused = leg.time_left is not None
    clock, start = spec.clock, leg.opened_at
    if paused:
        clock, start = (spec.rounds.clock if spec.rounds else None), work.now
    change(
        leg,
        state="paused" if paused else "open",
        ended_at=None,
        answered_by=None,
        due_at=clock(start) if clock else None,
        ask_at=work.now + spec.ask_every if spec.ask_every and not paused else None,
        reason="",
    )


def _since(tx: Connection, dossier: int, withdrawal: int, starts: set[int], legs: Legs) -> Iterator[Any]:
    """The messages whose deliveries were dropped, and those kept since the withdrawal."""
    kept = (_m.dossier == dossier, _m.state == "kept", _m.kind.not_in(legs.withdraws))
    since = whole_messages().where(*kept, (_m.id > withdrawal) | _m.id.in_(starts)).order_by(_m.id)
    yield from tx.execute(since)


def _again(row: Any, dossier: int, withdrawal: int) -> Keep:
    return told_again(row, dossier, key=f"after-withdrawal-{withdrawal}", why=REFUSED, again=True)
