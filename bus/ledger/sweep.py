"""The sweeper answers for every open state and trusts nothing that was published (rule 12)."""

import time
from collections.abc import Sequence
from operator import itemgetter
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, bindparam, or_, select, text, update

from bus.ledger import schema
from bus.ledger.records import Ready
from bus.ledger.rows import REPUBLISH_AFTER
from bus.ledger.store import Store
from bus.ledger.sweep_records import Sweep

CEILING = 3600.0
_d = schema.delivery.c
_UNDER_WAY = select(_d.id, _d.attempt, _d.holder, _d.lease, _d.connector, _d.operation, _d.state).where(
    or_(_d.state == "sending", and_(_d.state == "unknown", _d.doubt == "lease")), text(schema.IS_OPEN)
)
_LOSE = (
    update(schema.delivery)
    .where(_d.id == bindparam("number"), _d.attempt == bindparam("of_attempt"), _d.state == "sending")
    .values(
        state="unknown",
        doubt=bindparam("in_doubt"),
        reason=bindparam("why"),
        cause="lost",
        due_at=bindparam("due"),
        changed_at=bindparam("now"),
        crashes=_d.crashes + bindparam("crash"),
    )
)
_PROVE = (
    update(schema.delivery)
    .where(_d.id == bindparam("number"), _d.attempt == bindparam("of_attempt"), _d.doubt == "lease")
    .values(doubt="open", due_at=bindparam("now"), changed_at=bindparam("now"))
)
_PUBLISH = (
    update(schema.delivery)
    .where(_d.id == bindparam("number"))
    .values(state="ready", publishes=_d.publishes + 1, due_at=bindparam("due"))
)


class Sweeper:
    """Finds what is due. Leases are counted on this process's own monotonic clock (rule 17)."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._seen: dict[tuple[int, int], float] = {}
        self._asked: dict[tuple[int, int, int], float] = {}

    def sweep(self, tx: Connection, sweeps: Sequence[Sweep]) -> list[tuple[Ready, ...]]:
        """Everything to be published now; may be repeated at any time."""
        self._store.keep_lock()
        return [self._one(tx, sweep) for sweep in sweeps]

    def _one(self, tx: Connection, sweep: Sweep) -> tuple[Ready, ...]:
        now = self._store.now(tx)
        self._store.clock.mend(tx, now)
        self._lose_leases(tx, sweep, now)
        return (*self._publish(tx, sweep, now), *self._ask(tx, sweep, now))

    def _lose_leases(self, tx: Connection, sweep: Sweep, now: float) -> None:
        """A lease that ran out makes unknown; until its process is proved gone, its call may act (rule 6)."""
        # in key order, as rows are locked (rule 18); ordered by SQLite, the query would scan the whole table
        rows = sorted(tx.execute(_UNDER_WAY).all(), key=itemgetter(0))
        self._prove(tx, sweep, [row for row in rows if row.state == "unknown"], now)
        rows = [row for row in rows if row.state == "sending"]
        clock, seen = time.monotonic(), self._seen
        self._seen = {(row.id, row.attempt): seen.get((row.id, row.attempt), clock) for row in rows}
        lost: list[dict[str, Any]] = []
        for row in rows:
            dead = self._store.is_dead(tx, row.holder)
            if dead or clock - self._seen[row.id, row.attempt] > row.lease:
                wait = sweep.look_up_after.get(f"{row.connector}.{row.operation}", sweep.look_up_after[""])
                why = "its process ended during the call" if dead else "its lease ran out during the call"
                over = dead or self._is_nobody_s(sweep, row)
                lost.append(
                    {
                        "number": row.id,
                        "of_attempt": row.attempt,
                        "why": why,
                        "due": now + wait,
                        "now": now,
                        "in_doubt": "open" if over else "lease",
                        "crash": int(dead),
                    }
                )
        if lost:
            tx.execute(_LOSE, lost)

    def _is_nobody_s(self, sweep: Sweep, row: Any) -> bool:
        """Whether a lease is ours and none of our calls stands behind it: its commit's answer was lost."""
        ours = row.holder == self._store.holder
        return ours and sweep.under_way is not None and (row.id, row.attempt) not in sweep.under_way

    def _prove(self, tx: Connection, sweep: Sweep, rows: Sequence[Any], now: float) -> None:
        """From the proof on, "not there" counts after `absent_after`; the peer is asked anew."""
        gone = {holder for holder in {row.holder for row in rows} if self._store.is_dead(tx, holder)}
        proved = [
            {"number": row.id, "of_attempt": row.attempt, "now": now}
            for row in rows
            if row.holder in gone or self._is_nobody_s(sweep, row)
        ]
        if proved:
            tx.execute(_PROVE, proved)

    def _publish(self, tx: Connection, sweep: Sweep, now: float) -> list[Ready]:
        due = select(_d.id, _d.connector, _d.traceparent, _d.publishes, _d.state)
        is_due = or_(_d.due_at <= now, *(_goes_to(one) for one in sorted(sweep.hurry)))
        if sweep.first:
            is_due = or_(is_due, _d.state == "ready")
        if sweep.hungry:
            is_due = or_(is_due, and_(_d.state == "ready", _d.connector.in_(sorted(sweep.hungry))))
        due = due.where(_d.state.in_(("ready", "retrying")), is_due)
        rows = tx.execute(self._few(due, sweep)).all()
        moves = [
            {"number": row.id, "due": now + min(CEILING, 30.0 * 2 ** min(row.publishes, 10))} for row in rows
        ]
        if moves:
            tx.execute(_PUBLISH, moves)
        return [Ready(row.id, row.connector, row.traceparent) for row in rows]

    def _ask(self, tx: Connection, sweep: Sweep, now: float) -> list[Ready]:
        """Unknown ones that are due: claiming them moves their date, publishing does not."""
        due = select(_d.id, _d.attempt, _d.lookups, _d.connector, _d.traceparent)
        due = due.where(_d.state == "unknown", _d.due_at <= now)
        clock = time.monotonic()
        self._asked = {key: at for key, at in self._asked.items() if clock - at < REPUBLISH_AFTER}
        # one question is published once; the next question about the same delivery is another one
        rows = {
            key: row
            for row in tx.execute(self._few(due, sweep))
            if (key := (row.id, row.attempt, row.lookups)) not in self._asked
        }
        self._asked.update(dict.fromkeys(rows, clock))
        return [Ready(row.id, row.connector, row.traceparent) for row in rows.values()]

    def _few(self, query: Select[Any], sweep: Sweep) -> Select[Any]:
        query = query.where(text(schema.IS_OPEN))
        for one in sorted(sweep.shut):
            query = query.where(~_goes_to(one))
        query = query.order_by(_d.due_at).limit(sweep.window)
        return query if self._store.is_sqlite else query.with_for_update(skip_locked=True)


def _goes_to(name: str) -> ColumnElement[bool]:
    """Whether a delivery is for a connector "name" or an operation "name.operation"."""
    connector, _, operation = name.partition(".")
    whole = _d.connector == connector
    return and_(whole, _d.operation == operation) if operation else whole
