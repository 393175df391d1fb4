"""What people do to the ledger; every action is logged, appended only."""

from collections.abc import Sequence

from sqlalchemy import Connection, select, update

from bus.ledger import lanes, schema
from bus.ledger.gates import Gates
from bus.ledger.people import Note, log
from bus.ledger.records import Hold, Pause, Ready, Undone
from bus.ledger.store import Store


class Actions:
    """Hold and release of dossiers, pause and resume of connectors."""

    def __init__(self, store: Store, gates: Gates) -> None:
        self._store = store
        self._gates = gates

    def holds(self, tx: Connection, holds: Sequence[Hold]) -> list[tuple[Ready, ...]]:
        """Hold or release dossiers; repeating one changes nothing. Answers what is to be published."""
        return [self._hold(tx, hold) for hold in holds]

    def _hold(self, tx: Connection, hold: Hold) -> tuple[Ready, ...]:
        now, table = self._store.now(tx), schema.dossier
        dossier = self._home(tx, hold.dossier)
        mark = (
            {"held_by": hold.who, "held_reason": hold.reason}
            if hold.hold
            else {"held_by": None, "held_reason": None}
        )
        tx.execute(update(table).where(table.c.id == dossier).values(**mark))
        before, after = (("ready", "retrying"), "held") if hold.hold else (("held",), "ready")
        moved = [
            place
            for lane in lanes.read_lanes(tx, [dossier]).values()
            for place in lane
            if place.state in before and not place.doubt
        ]
        for place in moved:
            place.state = after
            row = update(schema.delivery).where(schema.delivery.c.id == place.id)
            reason = hold.reason if hold.hold else ""
            tx.execute(row.values(state=after, reason=reason, due_at=now + 30.0, changed_at=now))
        what = "hold" if hold.hold else "release"
        log(self._store, tx, Note(hold.who, what, f"dossier {dossier}", hold.reason))
        return lanes.ready_of(moved)

    def undone(self, tx: Connection, undone: Sequence[Undone]) -> list[bool]:
        """End legs that wait to be undone by a person; False where a leg does not wait for that."""
        return [self._undone(tx, one) for one in undone]

    def _home(self, tx: Connection, dossier: int) -> int:
        """Lock the dossier that one is by now: it may have become another since a person looked at it."""
        _d = schema.dossier.c
        while True:
            self._store.lock_dossiers(tx, [dossier])
            other = tx.execute(select(_d.merged_into).where(_d.id == dossier)).scalar_one_or_none()
            if other is None:
                return dossier
            dossier = int(other)

    def _undone(self, tx: Connection, one: Undone) -> bool:
        dossier = self._home(tx, one.dossier)
        leg, now = schema.leg.c, self._store.now(tx)
        mine = (leg.dossier == dossier, leg.route == one.route, leg.state == "undoing")
        why = f"undone by {one.who}: {one.reason}" if one.reason else f"undone by {one.who}"
        ends = {"state": "undone", "ended_at": now, "due_at": None, "reason": why}
        told = tx.execute(update(schema.leg).where(*mine).values(**ends))
        if told.rowcount:
            log(self._store, tx, Note(one.who, "undone", f"dossier {dossier} {one.route}", one.reason))
        return bool(told.rowcount)

    def pauses(self, tx: Connection, pauses: Sequence[Pause]) -> list[None]:
        """Pause or resume connectors; may be repeated.

        Who resumes has an absent peer asked at once, and a peer that wanted rest has had it.
        """
        for pause in pauses:
            now = self._store.now(tx)
            row = {
                "connector": pause.connector,
                "operation": "",
                "paused_by": pause.who if pause.pause else None,
                "paused_reason": pause.reason if pause.pause else None,
                "paused_at": now if pause.pause else None,
            }
            fields = ("paused_by", "paused_reason", "paused_at")
            tx.execute(self._store.upsert(schema.gate, "connector", "operation", update=fields), row)
            note = self._gates.away if pause.pause else self._gates.back
            note(tx, pause.connector, "", "pause", now)
            if not pause.pause:
                self._gates.ask_now(tx, pause.connector, now)
                self._gates.rested(tx, pause.connector, now)
            what = "pause" if pause.pause else "resume"
            log(self._store, tx, Note(pause.who, what, pause.connector, pause.reason))
        return [None] * len(pauses)
