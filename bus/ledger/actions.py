"""What people and breakers do to the ledger; every person's action is logged, appended only."""

from collections.abc import Sequence

from sqlalchemy import Connection, select, update

from bus.ledger import lanes, schema
from bus.ledger.records import Breaker, Hold, Pause, Ready
from bus.ledger.store import Store


class Actions:
    """Hold and release of dossiers, pause and resume of connectors, breakers."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def holds(self, tx: Connection, holds: Sequence[Hold]) -> list[tuple[Ready, ...]]:
        """Hold or release dossiers; repeating one changes nothing. Answers what is to be published."""
        return [self._hold(tx, hold) for hold in holds]

    def _hold(self, tx: Connection, hold: Hold) -> tuple[Ready, ...]:
        now, table = self._store.now(tx), schema.dossier
        self._store.lock_dossiers(tx, [hold.dossier])
        mark = (
            {"held_by": hold.who, "held_reason": hold.reason}
            if hold.hold
            else {"held_by": None, "held_reason": None}
        )
        tx.execute(update(table).where(table.c.id == hold.dossier).values(**mark))
        before, after = (("ready", "retrying"), "held") if hold.hold else (("held",), "ready")
        moved = [
            place
            for lane in lanes.read_lanes(tx, [hold.dossier]).values()
            for place in lane
            if place.state in before and not place.doubt
        ]
        for place in moved:
            place.state = after
            row = update(schema.delivery).where(schema.delivery.c.id == place.id)
            reason = hold.reason if hold.hold else ""
            tx.execute(row.values(state=after, reason=reason, due_at=now + 30.0, changed_at=now))
        self._log(tx, hold.who, "hold" if hold.hold else "release", f"dossier {hold.dossier}", hold.reason)
        return lanes.ready_of(moved)

    def pauses(self, tx: Connection, pauses: Sequence[Pause]) -> list[None]:
        """Pause or resume connectors; repeating one changes nothing."""
        for pause in pauses:
            who, now = (pause.who, self._store.now(tx)) if pause.pause else (None, None)
            row = {
                "connector": pause.connector,
                "operation": "",
                "paused_by": who,
                "paused_reason": pause.reason if pause.pause else None,
                "paused_at": now,
            }
            fields = ("paused_by", "paused_reason", "paused_at")
            tx.execute(self._store.upsert(schema.gate, "connector", "operation", update=fields), row)
            self._log(tx, pause.who, "pause" if pause.pause else "resume", pause.connector, pause.reason)
        return [None] * len(pauses)

    def breakers(self, tx: Connection, breakers: Sequence[Breaker]) -> list[int]:
        """Write breakers' states; each answers the epoch now in force, higher than asked if it came late."""
        return [self._breaker(tx, breaker) for breaker in breakers]

    def _breaker(self, tx: Connection, breaker: Breaker) -> int:
        now, table = self._store.now(tx), schema.gate
        where = (table.c.connector == breaker.connector, table.c.operation == breaker.operation)
        epoch = tx.execute(select(table.c.epoch).where(*where)).scalar_one_or_none() or 0
        if epoch > breaker.epoch:
            return int(epoch)
        row = {
            "connector": breaker.connector,
            "operation": breaker.operation,
            "breaker": breaker.state,
            "epoch": epoch + 1,
            "failures": breaker.failures,
            "opened_at": now if breaker.state == "open" else None,
            "probe_at": now + breaker.probe_in,
            "probe_holder": self._store.holder if breaker.state == "probing" else None,
            "reason": breaker.reason,
        }
        fields = tuple(name for name in row if name not in ("connector", "operation"))
        tx.execute(self._store.upsert(table, "connector", "operation", update=fields), row)
        return int(epoch) + 1

    def _log(self, tx: Connection, who: str, what: str, subject: str, reason: str) -> None:
        number = self._store.numbers(tx, schema.action, 1)[0]
        row = {
            "id": number,
            "at": self._store.now(tx),
            "who": who,
            "what": what,
            "subject": subject,
            "reason": reason,
        }
        tx.execute(schema.action.insert(), row)
