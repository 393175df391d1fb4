"""Asking peers that never call back: which legs are due, and when each is asked next.

A question is no delivery: it has no effect, no lane and no state. Its leg's row says when the next is due,
and taking it moves that date, so that one process asks at a time and a crash costs one interval.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Connection, bindparam, or_, select, text, update

from bus.ledger import driver, schema
from bus.ledger.ask_records import Asked, AskNoted, TakeAsks
from bus.ledger.claim import read_known
from bus.ledger.driver import many
from bus.ledger.leg_moves import leg_of
from bus.ledger.records import Claimed
from bus.ledger.store import Store

_l, _d, _m = schema.leg.c, schema.delivery.c, schema.message.c
_dossiers: BindParameter[int] = bindparam("dossiers", expanding=True)
_LATER = (
    update(schema.leg)
    .where(_l.dossier == bindparam("of_dossier"), _l.route == bindparam("of_route"))
    .values(ask_at=bindparam("at"))
)
_NOTE = (
    update(schema.leg)
    .where(_l.dossier == bindparam("of_dossier"), _l.route == bindparam("of_route"), _l.state == "open")
    .values(reason=bindparam("why"))
)
_SENT = select(_d.dossier, _d.route, _d.state).where(_d.dossier.in_(_dossiers), _d.role == "")


class Asker:
    """Gives out the legs whose peers are to be asked now."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def takes(self, tx: Connection, takes: Sequence[TakeAsks]) -> list[tuple[Asked, ...]]:
        """The legs that are due, each with what the question needs; may be repeated."""
        return [self._take(tx, take) for take in takes]

    def _take(self, tx: Connection, take: TakeAsks) -> tuple[Asked, ...]:
        now = self._store.now(tx)
        rows = sorted(tx.execute(self._due(take, now)), key=lambda row: (row.dossier, row.route))
        if not rows:
            return ()
        later = [
            {"of_dossier": row.dossier, "of_route": row.route, "at": now + take.every[leg_of(row.route)]}
            for row in rows
        ]
        many(tx, _LATER, later)
        dossiers = sorted({row.dossier for row in rows})
        unsent = {
            (dossier, route)
            for dossier, route, state in driver.select(tx, _SENT, dossiers=dossiers)
            if state not in ("delivered", "superseded")
        }
        codes, views = read_known(tx, dossiers)
        sent = [row for row in rows if (row.dossier, row.route) not in unsent]
        return tuple(
            Asked(row.dossier, row.route, row.reason, _as_claimed(row, take, now, codes, views))
            for row in _one_of_each(sent)
        )

    def _due(self, take: TakeAsks, now: float) -> Any:
        of: list[ColumnElement[bool]] = []
        for route in sorted(take.every):
            of += [_l.route == route, _l.route.startswith(f"{route}[", autoescape=True)]
        state = schema.dossier_state.c
        query = (
            select(
                _l.dossier,
                _l.route,
                _l.reason,
                _m.id,
                _m.kind,
                _m.source,
                schema.payload.c.canonical,
                state.body,
            )
            .join(schema.message, _m.id == _l.started_by)
            .join(schema.payload, schema.payload.c.message == _l.started_by)
            .join(schema.dossier_state, state.dossier == _l.dossier)
            .where(text("leg.ask_at IS NOT NULL"), _l.ask_at <= now, _l.state == "open", or_(*of))
            .order_by(_l.ask_at)
            .limit(take.most)
        )
        return query if self._store.is_sqlite else query.with_for_update(of=schema.leg, skip_locked=True)

    def note(self, tx: Connection, notes: Sequence[AskNoted]) -> list[None]:
        """Note why a leg's peer could not be asked, or "" once it could; may be repeated."""
        for one in notes:
            tx.execute(_NOTE, {"of_dossier": one.dossier, "of_route": one.route, "why": one.reason})
        return [None] * len(notes)


def _one_of_each(rows: Sequence[Any]) -> list[Any]:
    """One question for the values of a leg (`per`) that one message opened: it would be the same for each."""
    first = {(row.dossier, leg_of(row.route), row.id): row for row in reversed(rows)}
    return [row for row in rows if first[row.dossier, leg_of(row.route), row.id] is row]


def _as_claimed(row: Any, take: TakeAsks, now: float, codes: Any, views: Any) -> Claimed:
    """A question as a delivery in a worker's hands: the dossier as it stands, what opened the leg."""
    connector, operation = take.ways[leg_of(row.route)]
    return Claimed(
        delivery=0,
        attempt=1,
        tries=1,
        state="sending",
        message=row.id,
        dossier=row.dossier,
        connector=connector,
        operation=operation,
        route=row.route,
        kind=row.kind,
        source=row.source,
        body=row.canonical,
        fold=row.body,
        history=(),
        codes=codes.get(row.dossier, {}),
        views=views.get((row.dossier, connector, operation), {}),
        doubt="",
        ended_at=now,
        first_try_at=now,
        lookups=0,
        crashes=0,
        traceparent="",
        now=now,
    )
