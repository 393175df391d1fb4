"""The outbox: ends of deliveries that wait to be told, taken in order and taken off once they are told.

Reads are bounded and by the number of the row, so their cost does not grow with the outbox. Where several
processes tell, a row is lent to one of them for a while; at least once is the promise (rule 4).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import BindParameter, Connection, bindparam, delete, select, update

from bus.ledger import driver, notices, schema
from bus.ledger.driver import many
from bus.ledger.records import Event, EventsTold, TakeEvents
from bus.ledger.store import Store

_ids: BindParameter[int] = bindparam("ids", expanding=True)
_e, _d = schema.event.c, schema.delivery.c
_INSERT = schema.event.insert()
_DOSSIER = 4
"""The dossier's place among the columns of `_TOLD`."""

_NEXT = select(_e.id).order_by(_e.id).limit(bindparam("most"))
_FREE = _NEXT.where(_e.taken_until <= bindparam("now")).with_for_update(skip_locked=True)
_LEND = update(schema.event).where(_e.id.in_(_ids)).values(taken_until=bindparam("until"))
_DROP = delete(schema.event).where(_e.id.in_(_ids))
_TOLD = (
    select(_e.id, _e.delivery, _e.kind, _e.at, _d.dossier, _d.connector, _d.operation, _d.traceparent)
    .join(schema.delivery, _d.id == _e.delivery)
    .where(_e.id.in_(_ids))
    .order_by(_e.id)
)
_CODES = select(schema.identity.c.dossier, schema.identity.c.source, schema.identity.c.code).where(
    schema.identity.c.dossier.in_(_ids)
)
_FOLDS = select(schema.dossier_state.c.dossier, schema.dossier_state.c.body).where(
    schema.dossier_state.c.dossier.in_(_ids)
)


def announce(tx: Connection, store: Store, ended: Sequence[tuple[int, int, str]], now: float) -> None:
    """Note ends for the events: (dossier, delivery, state). The rows of the deliveries are written before."""
    numbers = store.numbers(tx, schema.event, len(ended))
    rows = [
        {"id": number, "dossier": dossier, "delivery": delivery, "kind": state, "at": now}
        for number, (dossier, delivery, state) in zip(numbers, ended, strict=True)
    ]
    many(tx, _INSERT, rows)


class Outbox:
    """Gives out the next events and forgets those that were told."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def takes(self, tx: Connection, takes: Sequence[TakeEvents]) -> list[tuple[Event, ...]]:
        """The oldest events that nobody else is telling, with what is to be told; may be repeated."""
        return [self._take(tx, take) for take in takes]

    def _take(self, tx: Connection, take: TakeEvents) -> tuple[Event, ...]:
        now = 0.0 if self._store.is_sqlite else self._store.now(tx)
        query = _NEXT if self._store.is_sqlite else _FREE
        bound = {"most": take.most} | ({} if self._store.is_sqlite else {"now": now})
        ids = [row[0] for row in driver.select(tx, query, **bound)]
        if not ids:
            return ()
        if not self._store.is_sqlite:
            driver.change(tx, _LEND, ids=ids, until=now + take.lease)
        rows = driver.select(tx, _TOLD, ids=ids)
        dossiers = sorted({row[_DOSSIER] for row in rows})
        codes: dict[int, dict[str, str]] = {}
        for dossier, source, code in driver.select(tx, _CODES, ids=dossiers):
            codes.setdefault(dossier, {})[source] = code
        folds: dict[int, bytes] = dict(driver.select(tx, _FOLDS, ids=dossiers))
        return tuple(_event(row, codes, folds) for row in rows)

    def told(self, tx: Connection, told: Sequence[EventsTold]) -> list[None]:
        """Take off what was told, give back what was not; may be repeated."""
        for one in told:
            notices.write(tx, self._store, one.notices)
            if one.told:
                driver.change(tx, _DROP, ids=list(one.told))
            if one.back and not self._store.is_sqlite:
                driver.change(tx, _LEND, ids=list(one.back), until=0.0)
        return [None] * len(told)


def _event(row: tuple[Any, ...], codes: Mapping[int, Mapping[str, str]], folds: Mapping[int, bytes]) -> Event:
    """An event of a row of `_TOLD`."""
    number, delivery, kind, at, dossier, connector, operation, traceparent = row
    return Event(
        id=number,
        delivery=delivery,
        kind=kind,
        at=at,
        connector=connector,
        operation=operation,
        traceparent=traceparent,
        codes=codes.get(dossier, {}),
        fold=folds.get(dossier, b""),
    )
