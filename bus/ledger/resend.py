"""Retry one delivery, as a person asks for it: what is dead goes again, what is unknown is asked about now.

The attempt number only grows (rule 1). A replacing delivery that was overtaken is never sent again: the
newest of its kind goes instead (rule 10). What is in doubt is not sent, it is asked about (rule 7).
"""

from collections.abc import Callable
from typing import Any

import msgspec
from sqlalchemy import Connection, select, update

from bus.errors import NotPossibleError
from bus.ledger import lanes, schema
from bus.ledger.handling import Handling, delivery_row
from bus.ledger.outbox import announce
from bus.ledger.records import Ready
from bus.ledger.rows import REPUBLISH_AFTER
from bus.ledger.store import Store

_d = schema.delivery
_LONG = 365 * 86400.0


class Resent(msgspec.Struct, frozen=True, gc=False):
    """What became of the wish: `target` is the delivery that goes (None: none, and `why`)."""

    target: int | None
    why: str = ""
    ready: tuple[Ready, ...] = ()


class Resender:
    """Sends dead deliveries again."""

    def __init__(self, store: Store, handling: Handling) -> None:
        self._store = store
        self._handling = handling

    def resend(self, tx: Connection, delivery: int, is_mine: Callable[[int], bool]) -> Resent:
        """Retry a delivery; `is_mine` tells whether another one is retried by the same run anyway."""
        try:
            row = delivery_row(tx, delivery)
            if row.state == "unknown":
                return self._ask(tx, row)
            row = self._handling.dead(tx, delivery, restored=True)
        except NotPossibleError as error:
            return Resent(None, str(error))
        # what a restore made doubtful may have gone: its peer is asked, nothing takes its place (rule 7)
        newest = None if row.doubt else self._newest(tx, row)
        if newest is not None:
            return self._instead(tx, row, newest, is_mine)
        return self._again(tx, row)

    def _ask(self, tx: Connection, row: Any) -> Resent:
        now = self._store.now(tx)
        if row.due_at > now + _LONG:
            why = (
                f"delivery {row.id}: the peer cannot be asked; look there and tell what you saw (failed told)"
            )
            return Resent(None, why)
        tx.execute(update(_d).where(_d.c.id == row.id).values(due_at=now))
        return Resent(row.id, "the peer is asked")

    def _newest(self, tx: Connection, row: Any) -> Any:
        """The newest later delivery that replaces this one; None where it is the newest itself."""
        if row.appends:
            return None
        same = (_d.c.dossier == row.dossier, _d.c.connector == row.connector, _d.c.operation == row.operation)
        later = select(_d).where(*same, _d.c.id > row.id, _d.c.state.not_in(("superseded", "discarded")))
        return tx.execute(later.order_by(_d.c.id.desc()).limit(1)).one_or_none()

    def _instead(self, tx: Connection, row: Any, newest: Any, is_mine: Callable[[int], bool]) -> Resent:
        """What was overtaken ends; the newest goes, if it does not already."""
        now, why = self._store.now(tx), f"delivery {newest.id}, which is newer, took its place"
        values = {"state": "superseded", "reason": why, "cause": "overtaken", "changed_at": now}
        tx.execute(update(_d).where(_d.c.id == row.id).values(**values))
        announce(tx, self._store, [(row.dossier, row.id, "superseded")], now)
        # a leg that the newer one is sent for as well goes on with it
        freed = () if newest.route == row.route else self._handling.leave(tx, row, why)
        if is_mine(newest.id) or newest.state in ("delivered", "refused"):
            return Resent(None, why, freed)
        if newest.state != "dead":
            return Resent(newest.id, why, freed)
        again = self._again(tx, newest)
        return Resent(again.target, "; ".join(filter(None, (why, again.why))), (*freed, *again.ready))

    def _again(self, tx: Connection, row: Any) -> Resent:
        lane = lanes.read_lanes(tx, [row.dossier])[row.dossier, row.connector]
        before = next((one for one in lane if one.id < row.id and one.state == "dead" and one.appends), None)
        if before is not None:
            return Resent(None, f"delivery {before.id} before it needs a person first: retry or discard that")
        place = next(one for one in lane if one.id == row.id)
        held = select(schema.dossier.c.held_by).where(schema.dossier.c.id == row.dossier)
        if (who := tx.execute(held).scalar()) is not None:
            return Resent(None, f"its dossier is held by {who}: release it first")
        waits = any(_stands_before(one, row.id) for one in lane)
        place.state = "waiting" if waits else lanes.turn(row.doubt, held=False)
        now = self._store.now(tx)
        fresh = {"tries": 0, "lookups": 0, "crashes": 0, "publishes": 0, "given_up": 0, "first_try_at": None}
        values: dict[str, Any] = {"state": place.state, "cause": "", "reason": "a person retries it"}
        values |= {"due_at": now + (0 if row.doubt else REPUBLISH_AFTER), "changed_at": now}
        tx.execute(update(_d).where(_d.c.id == row.id).values(**fresh, **values))
        return Resent(row.id, "", lanes.ready_of([place]))


def _stands_before(one: lanes.Place, delivery: int) -> bool:
    """Whether a place of the lane must end before a delivery that comes back into it may go."""
    if one.id < delivery:
        return one.blocks
    return one.id > delivery and one.state in schema.OPEN and one.state != "waiting"
