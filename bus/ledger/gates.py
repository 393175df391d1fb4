"""Gates in the ledger: one row a breaker for all processes, each change conditional on its epoch (rule 16).

A change by whoever saw an older epoch is refused, so of several processes one opens, one probes, one closes.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, delete, select, update

from bus.ledger import schema
from bus.ledger.gate_records import GateRow, Outage, Probe, Rest, Turn
from bus.ledger.store import Store, now_of

KEPT = 400 * 86_400.0
"""Seconds for which an outage is remembered after its end."""
_MOST_DOUBLINGS = 4

_g, _o = schema.gate.c, schema.outage.c


class Gates:
    """Writes breakers, probes and the times when a peer was away."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def turns(self, tx: Connection, turns: Sequence[Turn]) -> list[bool]:
        """Change breakers; each answers whether it was written. A second time it is not."""
        return [self._turn(tx, turn) for turn in turns]

    def _turn(self, tx: Connection, turn: Turn) -> bool:
        row = self.lock(tx, turn.connector, turn.operation)
        if row.epoch != turn.epoch:
            return False
        now = self._store.now(tx)
        trips = _trips(row, turn)
        wait = turn.probe_in * 2 ** min(max(0, trips - 1), _MOST_DOUBLINGS)
        values = {
            "breaker": turn.state,
            "epoch": turn.epoch + 1,
            "failures": turn.failures,
            "trips": trips,
            "opened_at": None if turn.state == "closed" else row.opened_at or now,
            "probe_at": now + wait,
            "probe_holder": None,
            "reason": turn.reason,
        }
        self._write(tx, row, values)
        if row.breaker == "closed" and turn.state != "closed":
            self.away(tx, turn.connector, turn.operation, "breaker", now)
        elif turn.state == "closed":
            self.back(tx, turn.connector, turn.operation, "breaker", now)
        return True

    def probes(self, tx: Connection, probes: Sequence[Probe]) -> list[int | None]:
        """Take the right to ask absent peers; each answers the epoch to settle with, None for another's.

        A holder that is proved gone is not waited for.
        """
        return [self._probe(tx, probe) for probe in probes]

    def _probe(self, tx: Connection, probe: Probe) -> int | None:
        row = self.lock(tx, probe.connector, probe.operation)
        if row.breaker != "open" or row.epoch != probe.epoch:
            return None
        now = self._store.now(tx)
        if now < row.probe_at and not self._store.is_dead(tx, row.probe_holder):
            return None
        values = {
            "epoch": probe.epoch + 1,
            "probe_at": now + probe.lease,
            "probe_holder": self._store.holder,
        }
        self._write(tx, row, values)
        return probe.epoch + 1

    def rests(self, tx: Connection, rests: Sequence[Rest]) -> list[None]:
        """Leave peers alone for as long as they asked; a longer wish stands, so it may be repeated."""
        for rest in rests:
            row, now = self.lock(tx, rest.connector), self._store.now(tx)
            until = now + rest.seconds
            if (row.rest_until or 0.0) >= until:
                continue
            self._write(tx, row, {"rest_until": until})
            began = now if (row.rest_until or 0.0) < now else row.rest_until
            outage = {"connector": rest.connector, "operation": "", "cause": "rest"}
            tx.execute(schema.outage.insert(), {**outage, "began_at": began, "ended_at": until})
        return [None] * len(rests)

    def rested(self, tx: Connection, connector: str, now: float) -> None:
        """End a peer's rest before its time; may be repeated."""
        tx.execute(update(schema.gate).where(_g.connector == connector).values(rest_until=None))
        resting = (_o.connector == connector, _o.cause == "rest", _o.ended_at > now)
        tx.execute(update(schema.outage).where(*resting).values(ended_at=now))

    def away(self, tx: Connection, connector: str, operation: str, cause: str, now: float) -> None:
        """Note that a peer is not to be called from now on; what is noted already stands."""
        known = select(_o.began_at).where(*_open_outage(connector, operation, cause))
        if tx.execute(known).first() is None:
            row = {"connector": connector, "operation": operation, "cause": cause, "began_at": now}
            tx.execute(schema.outage.insert(), row)
            tx.execute(delete(schema.outage).where(_o.ended_at < now - KEPT))

    def back(self, tx: Connection, connector: str, operation: str, cause: str, now: float) -> None:
        """Note that it may be called again; may be repeated."""
        ended = update(schema.outage).where(*_open_outage(connector, operation, cause))
        tx.execute(ended.values(ended_at=now))

    def ask_now(self, tx: Connection, connector: str, now: float) -> None:
        """Make every open breaker of a connector due to be probed; may be repeated."""
        rows = update(schema.gate).where(_g.connector == connector, _g.breaker == "open")
        tx.execute(rows.values(probe_at=now))

    def lock(self, tx: Connection, connector: str, operation: str = "") -> Row[Any]:
        """A gate's row, which nobody else changes until the commit; made where there is none."""
        key = {"connector": connector, "operation": operation}
        tx.execute(self._store.upsert(schema.gate, "connector", "operation"), key)
        query = select(schema.gate).where(_g.connector == connector, _g.operation == operation)
        return tx.execute(query if self._store.is_sqlite else query.with_for_update()).one()

    def _write(self, tx: Connection, row: Row[Any], values: dict[str, Any]) -> None:
        where = (_g.connector == row.connector, _g.operation == row.operation)
        tx.execute(update(schema.gate).where(*where).values(**values))


def _trips(row: Row[Any], turn: Turn) -> int:
    """How often in a row a trial failed: what lets the peer rest longer each time."""
    if turn.state == "closed":
        return 0
    if turn.state == "open" and row.breaker != "open":
        return int(row.trips) + 1
    return int(row.trips)


def _open_outage(connector: str, operation: str, cause: str) -> tuple[Any, ...]:
    return (
        _o.connector == connector,
        _o.operation == operation,
        _o.cause == cause,
        _o.ended_at.is_(None),
    )


def read_gates(tx: Connection) -> tuple[GateRow, ...]:
    """All breakers, pauses and rests, with how long until each peer may be asked."""
    now = now_of(tx)
    return tuple(
        GateRow(
            row.connector,
            row.operation,
            row.breaker,
            row.epoch,
            row.reason,
            row.opened_at,
            row.probe_at - now,
            row.paused_by,
            row.paused_reason,
            row.paused_at,
            max(0.0, (row.rest_until or 0.0) - now),
        )
        for row in tx.execute(select(schema.gate))
    )


def read_outages(tx: Connection) -> tuple[Outage, ...]:
    """The times when peers were away, as far as they are remembered, in order."""
    return tuple(Outage(*row) for row in tx.execute(_OUTAGES))


_OUTAGES = select(_o.connector, _o.operation, _o.cause, _o.began_at, _o.ended_at).order_by(_o.began_at)
