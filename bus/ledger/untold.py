"""Who never got a dossier is not asked to give it back.

A withdrawal drops what was not yet sent. Where that was all that a peer was to get of the dossier, the
request to withdraw it there (a leg of `unless_refused`) would be answered "no such dossier" until it is dead.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from bus.ledger import driver, lanes, schema
from bus.ledger.outbox import announce
from bus.ledger.store import Store
from bus.ledger.work import DROPPED, Wanted, Work, release, supersede

UNTOLD = "this system never got the dossier: it need not be told of the withdrawal"
"""Why a request to withdraw is superseded."""

_d, _i = schema.delivery.c, schema.identity.c
_EVER = select(_d.id, _d.state, _d.reason).where(
    _d.dossier == bindparam("of"), _d.connector == bindparam("at")
)
_KNOWN = select(_i.code).where(_i.dossier == bindparam("of"), _i.source == bindparam("at")).limit(1)
_END = (
    update(schema.delivery)
    .where(_d.id == bindparam("number"))
    .values(state="superseded", reason=UNTOLD, changed_at=bindparam("now"))
)


def spare(
    tx: Connection,
    work: Work,
    dossier: int,
    asking: Collection[str],
    wanted: Sequence[Wanted],
    made: list[dict[str, Any]],
) -> list[dict[str, Any]]:
    """Take new requests to withdraw out where the peer never got the dossier; what may go of `made` now."""
    routes = {one.leg.route for one in wanted}.intersection(asking)
    if not routes:
        return made
    freed: list[lanes.Place] = []
    for (_, connector), lane in [each for each in work.lanes.items() if each[0][0] == dossier]:
        asks = [place for place in lane if place.route in routes and place.id in work.deliveries]
        if asks and _never_got(tx, dossier, connector, asks, work):
            for place in asks:
                supersede(work, lane, place, UNTOLD)
            freed += release(work, lane, dossier)
    return [row for row in made if row["state"] == "ready"] + [work.deliveries[each.id] for each in freed]


def drop_untold(tx: Connection, store: Store, lane: lanes.Lane, asking: Collection[str], now: float) -> None:
    """The same where what was under way at the withdrawal has ended without effect: out of the lane."""
    asks = [place for place in lane if place.state == "waiting" and place.route in asking]
    if not asks or not _never_got(tx, asks[0].dossier, asks[0].connector, asks, None):
        return
    for place in asks:
        lane.remove(place)
        driver.change(tx, _END, number=place.id, now=now)
    announce(tx, store, [(place.dossier, place.id, "superseded") for place in asks], now)


def _never_got(
    tx: Connection, dossier: int, connector: str, asks: Iterable[lanes.Place], work: Work | None
) -> bool:
    """Whether all that was to go there was dropped by a withdrawal, and the peer has no number for it."""
    apart = {place.id for place in asks}
    stood = {row[0]: (row[1], row[2]) for row in driver.select(tx, _EVER, of=dossier, at=connector)}
    if work is not None:
        stood |= _moved(work, dossier, connector, stood)
    others = [how for number, how in stood.items() if number not in apart]
    dropped = all(state == "superseded" and why.startswith((DROPPED, UNTOLD)) for state, why in others)
    return bool(others) and dropped and not driver.select(tx, _KNOWN, of=dossier, at=connector)


def _moved(work: Work, dossier: int, connector: str, stood: Collection[int]) -> Mapping[int, tuple[str, str]]:
    """What the open transaction has made and changed, but not yet written."""
    new = {
        number: (row["state"], row["reason"])
        for number, row in work.deliveries.items()
        if (row["dossier"], row["connector"]) == (dossier, connector)
    }
    return new | {number: (one["new"], one["why"]) for number, one in work.changed.items() if number in stood}
