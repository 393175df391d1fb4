"""Notices to agencies (thông báo gọi lại): written as the event they tell leaves the outbox, so none is lost.

A notice that was taken is gone; one that is given up stays, with its reason, until a person looks.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, delete, func, select, text, update

from bus.ledger import schema
from bus.ledger.driver import many
from bus.ledger.records import DueNotice, Notice, NoticeEnded
from bus.ledger.store import Store

_n = schema.notice.c
_MOST_REASON = 300


def write(tx: Connection, store: Store, notices: Sequence[Notice]) -> None:
    """Write notices; one that is there already (its event was told again) stands."""
    if not notices:
        return
    numbers = store.numbers(tx, schema.notice, len(notices))
    now = store.now(tx)
    times = {"made_at": now, "due_at": now}
    rows = [
        {"id": number, "agency": one.agency, "event": one.event, "body": one.body} | times
        for number, one in zip(numbers, notices, strict=True)
    ]
    known = select(_n.agency, _n.event).where(_n.event.in_([one.event for one in notices]))
    there = {(row.agency, row.event) for row in tx.execute(known)}
    fresh = [row for row in rows if (row["agency"], row["event"]) not in there]
    many(tx, schema.notice.insert(), fresh)


def due(tx: Connection, now: float, most: int) -> list[DueNotice]:
    """The notices whose time has come, the oldest first."""
    query = select(_n.id, _n.agency, _n.event, _n.body, _n.made_at, _n.tries)
    query = query.where(text(schema.IS_UNTOLD), _n.due_at <= now).order_by(_n.due_at, _n.id).limit(most)
    return [DueNotice(*row) for row in tx.execute(query)]


def counted(tx: Connection) -> dict[str, Any]:
    """How many notices of each agency wait, and how many were given up."""
    query = select(_n.agency, _n.state, func.count()).group_by(_n.agency, _n.state).order_by(_n.agency)
    found: dict[str, dict[str, int]] = {}
    for agency, state, count in tx.execute(query):
        found.setdefault(agency, {"open": 0, "given_up": 0})[state] = count
    return found


def given_up(tx: Connection, agency: str | None) -> list[int]:
    """The notices that were given up, of one agency or of all, in order."""
    query = select(_n.id).where(_n.state == "given_up").order_by(_n.id)
    return list(tx.scalars(query if agency is None else query.where(_n.agency == agency)))


class Notices:
    """Writes how calls to agencies ended."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def end(self, tx: Connection, ended: Sequence[NoticeEnded]) -> list[None]:
        """Forget what was taken; move on or give up the rest. May be repeated."""
        now = self._store.now(tx)
        taken = [one.notice for one in ended if one.outcome == "taken"]
        if taken:
            tx.execute(delete(schema.notice).where(_n.id.in_(taken)))
        for one in ended:
            if one.outcome != "taken":
                state = "given_up" if one.outcome == "given up" else "open"
                moved = {"due_at": now + one.wait, "state": state, "reason": one.reason[:_MOST_REASON]}
                tx.execute(
                    update(schema.notice).where(_n.id == one.notice).values(tries=_n.tries + 1, **moved)
                )
        return [None] * len(ended)
