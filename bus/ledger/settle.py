"""Settle: one transaction writes the outcome, what follows from it, and releases the next of the lane."""

from collections import Counter
from collections.abc import Sequence
from itertools import chain, starmap
from typing import Any

import msgspec
from msgspec.structs import replace
from sqlalchemy import BindParameter, Connection, bindparam, func, select, update

from bus.ledger import driver, lanes, schema
from bus.ledger.claim import Claimer
from bus.ledger.driver import many
from bus.ledger.handover import Handover, Slot
from bus.ledger.keep import Keeper
from bus.ledger.merge import MergedMeanwhileError
from bus.ledger.plain import plain
from bus.ledger.records import Claim, Kept, LegEnd, Ready, Settle, Settled
from bus.ledger.rows import REPUBLISH_AFTER
from bus.ledger.store import Store
from bus.ledger.untold import drop_untold
from bus.ledger.work import DROPPED

_ids: BindParameter[int] = bindparam("ids", expanding=True)
_d = schema.delivery.c


class _Row(msgspec.Struct, frozen=True, gc=False):
    """What settling needs of a delivery: the columns of `_ROWS`."""

    id: int
    dossier: int
    connector: str
    operation: str
    route: str
    state: str
    attempt: int
    tries: int
    doubt: str
    lookups: int
    claimed_at: float | None
    changed_at: float
    message: int
    role: str
    after_withdrawal: bool


_OWNERS = select(_d.id, _d.dossier).where(_d.id.in_(_ids))
_ROWS = select(*(_d[name] for name in _Row.__struct_fields__)).where(_d.id.in_(_ids)).order_by(_d.id)
_LOCKED = _ROWS.with_for_update()
_STOPPED = select(schema.dossier.c.id, schema.dossier.c.held_by, schema.dossier.c.withdrawn).where(
    schema.dossier.c.id.in_(_ids)
)
_WRITE = (
    update(schema.delivery)
    .where(_d.id == bindparam("number"))
    .values(
        state=bindparam("new"),
        doubt=bindparam("in_doubt"),
        tries=bindparam("burned"),
        reason=bindparam("why"),
        cause=bindparam("because"),
        due_at=bindparam("due"),
        changed_at=bindparam("now"),
        publishes=0,
    )
)
_ATTEMPTS = schema.attempt.insert()
_EVENTS = schema.event.insert()
_FREE = (
    update(schema.delivery)
    .where(_d.id == bindparam("number"))
    .values(state=bindparam("new"), due_at=bindparam("due"), changed_at=bindparam("now"))
)
_MOVE = update(schema.delivery).where(_d.id == bindparam("number")).values(connector=bindparam("elsewhere"))
_TIE = (
    update(schema.leg)
    .where(schema.leg.c.dossier == bindparam("owner"), schema.leg.c.route == bindparam("leg"))
    .values(tie=bindparam("named"))
)
_CALL_ENDED = (
    update(schema.delivery)
    .where(_d.id == bindparam("number"), _d.attempt == bindparam("of_attempt"), _d.state == "unknown")
    .values(doubt="open", changed_at=bindparam("now"))
)


class Settler:
    """Settles attempts. One that finds another attempt in the row writes history alone (rule 3)."""

    def __init__(self, store: Store, keeper: Keeper, claimer: Claimer, handover: Handover) -> None:
        self._store = store
        self._keeper = keeper
        self._claimer = claimer
        self._handover = handover
        keys = ("dossier", "connector", "operation", "key")
        self._put_view = store.upsert(schema.peer_view, *keys, update=("digest",))

    def settle(self, tx: Connection, settles: Sequence[Settle]) -> list[Settled]:
        """Settle many at once; settling one attempt a second time changes nothing and says so."""
        results: dict[int, Settled] = {}
        for places in _rounds(settles):
            results |= zip(places, self._round(tx, [settles[place] for place in places]), strict=True)
        return [results[place] for place in range(len(settles))]

    def _round(self, tx: Connection, settles: Sequence[Settle]) -> list[Settled]:
        """Settle many deliveries, each of them once."""
        now = self._store.now(tx)
        rows = self._rows(tx, sorted({settle.delivery for settle in settles}))
        applied = [self._applies(rows, settle) for settle in settles]
        mine = [(settle, row) for settle, row in zip(settles, applied, strict=True) if row is not None]
        held, withdrawn = self._stopped(tx, mine)
        states = self._write(tx, mine, held, withdrawn, now)
        late = [
            (settle, rows[settle.delivery])
            for settle, row in zip(settles, applied, strict=True)
            if row is None and settle.delivery in rows
        ]
        self._history(tx, late, now)
        alarming = {settle.delivery for settle, row in late if contradicts(settle, row)}
        ready = self._hand_over(tx, self._release(tx, mine, held, now))
        ends = [
            end
            for settle, row in mine
            if (end := _leg_end(settle, row, states[row.id], row.dossier in withdrawn))
        ]
        kept, started = self._say(tx, mine, ends)
        return [
            Settled(
                row is not None,
                states.get(settle.delivery, rows[settle.delivery].state if settle.delivery in rows else ""),
                (*ready.pop(row.dossier, ()), *started.get(row.id, ())) if row is not None else (),
                kept.get(settle.delivery, ()) if row is not None else (),
                contradicts=row is None and settle.delivery in alarming,
            )
            for settle, row in zip(settles, applied, strict=True)
        ]

    def _rows(self, tx: Connection, ids: list[int]) -> dict[int, _Row]:
        """Lock the dossiers, then their deliveries, and read what stands there now."""
        if self._store.is_sqlite:
            return {row.id: row for row in starmap(_Row, driver.select(tx, _ROWS, ids=ids))}
        owners = {dossier for _, dossier in driver.select(tx, _OWNERS, ids=ids)}
        self._store.lock_dossiers(tx, owners)
        rows = {row.id: row for row in starmap(_Row, driver.select(tx, _LOCKED, ids=ids))}
        if any(row.dossier not in owners for row in rows.values()):
            raise MergedMeanwhileError("the dossier of a settled delivery")
        return rows

    def _stopped(self, tx: Connection, mine: Sequence[tuple[Settle, _Row]]) -> tuple[set[int], set[int]]:
        """The dossiers that a person holds, and those that are withdrawn."""
        dossiers = sorted({row.dossier for _, row in mine})
        rows = driver.select(tx, _STOPPED, ids=dossiers) if dossiers else []
        return {row[0] for row in rows if row[1] is not None}, {row[0] for row in rows if row[2]}

    def _applies(self, rows: dict[int, _Row], settle: Settle) -> _Row | None:
        row = rows.get(settle.delivery)
        if row is None or row.attempt != settle.attempt or row.state not in ("sending", "unknown"):
            return None
        if row.state == "unknown" and not settle.lookup and settle.outcome not in ("delivered", "refused"):
            return None
        return row

    def _write(
        self,
        tx: Connection,
        mine: Sequence[tuple[Settle, _Row]],
        held: set[int],
        withdrawn: set[int],
        now: float,
    ) -> dict[int, str]:
        if not mine:
            return {}
        updates = [
            _update(settle, row, now, held=row.dossier in held, withdrawn=row.dossier in withdrawn)
            for settle, row in mine
        ]
        many(tx, _WRITE, updates)
        for settle, row in mine:
            if settle.moves_to and not row.doubt:
                driver.change(tx, _MOVE, number=row.id, elsewhere=settle.moves_to)
            if settle.tie and settle.outcome == "delivered":
                # before the legs are read for what the answer says
                driver.change(tx, _TIE, owner=row.dossier, leg=row.route, named=plain(settle.tie))
        many(tx, _ATTEMPTS, [_attempt(settle, row, now) for settle, row in mine])
        views = [
            {
                "dossier": row.dossier,
                "connector": row.connector,
                "operation": row.operation,
                "key": view[0],
                "digest": view[1],
            }
            for settle, row in mine
            for view in (settle.view, settle.shown)
            if view is not None and settle.outcome == "delivered"
        ]
        many(tx, self._put_view, views)
        self._announce(tx, updates, mine, now)
        return {write["number"]: write["new"] for write in updates}

    def _announce(
        self,
        tx: Connection,
        updates: Sequence[dict[str, Any]],
        mine: Sequence[tuple[Settle, _Row]],
        now: float,
    ) -> None:
        """Note each end for the events; an earlier doubt may have kept a row from its end."""
        written = zip(updates, mine, strict=True)
        ended = [(update["new"], row) for update, (_, row) in written if update["new"] in schema.ENDS]
        numbers = self._store.numbers(tx, schema.event, len(ended))
        events = [
            {"id": number, "dossier": row.dossier, "delivery": row.id, "kind": end, "at": now}
            for number, (end, row) in zip(numbers, ended, strict=True)
        ]
        many(tx, _EVENTS, events)

    def _history(self, tx: Connection, late: Sequence[tuple[Settle, _Row]], now: float) -> None:
        """A late settle writes what it knows to its own attempt's history (rule 3).

        Whatever it says, its call has ended: from now on "not there" may count (rule 6).
        """
        table = schema.attempt
        for settle, row in late:
            where = (table.c.delivery == settle.delivery, table.c.attempt == settle.attempt)
            last = tx.execute(select(func.max(table.c.part)).where(*where)).scalar_one()
            part = 0 if last is None else int(last) + 1
            tx.execute(
                table.insert(),
                {**_attempt(settle, row, now), "part": part, "outcome": f"late {settle.outcome}"},
            )
        ended = {
            row.id: {"number": row.id, "of_attempt": row.attempt, "now": now}
            for settle, row in late
            if settle.attempt == row.attempt and row.doubt == "lease" and not settle.lookup
        }
        many(tx, _CALL_ENDED, list(ended.values()))

    def _hand_over(self, tx: Connection, freed: dict[int, list[lanes.Place]]) -> dict[int, tuple[Ready, ...]]:
        """Claim what has a slot free in this process; the rest is to be published."""
        taken: list[tuple[Slot, lanes.Place]] = []
        for places in freed.values():
            for place in places:
                slot = (
                    self._handover.take(place.connector, place.operation) if place.state == "ready" else None
                )
                if slot is not None:
                    taken.append((slot, place))
                    place.state = "sending"
        claims = [Claim(place.id, self._store.holder, slot.lease) for slot, place in taken]
        for (slot, _), claimed in zip(taken, self._claimer.claim(tx, claims) if claims else (), strict=True):
            if claimed is not None:
                self._handover.give(slot, claimed)
        return {dossier: lanes.ready_of(places) for dossier, places in freed.items()}

    def _release(
        self, tx: Connection, mine: Sequence[tuple[Settle, _Row]], held: set[int], now: float
    ) -> dict[int, list[lanes.Place]]:
        dossiers = sorted({row.dossier for _, row in mine})
        if not dossiers:
            return {}
        touched = {(row.dossier, row.connector) for _, row in mine}
        joined = {(row.dossier, settle.moves_to) for settle, row in mine if settle.moves_to}
        freed: dict[int, list[lanes.Place]] = {}
        for key, lane in lanes.read_lanes(tx, dossiers).items():
            # what has come from another lane may stand before what is already under way in this one
            if key not in touched and (key not in joined or any(map(_is_under_way, lane))):
                continue
            drop_untold(tx, self._store, lane, self._keeper.legs.unless_refused, now)
            if place := lanes.release(lane, held=key[0] in held):
                freed.setdefault(key[0], []).append(place)
        moves = [
            {"number": place.id, "new": place.state, "now": now, "due": _due(place, now)}
            for place in sorted(chain.from_iterable(freed.values()), key=lambda place: place.id)
        ]
        many(tx, _FREE, moves)
        return freed

    def _say(
        self, tx: Connection, mine: Sequence[tuple[Settle, _Row]], ends: Sequence[LegEnd]
    ) -> tuple[dict[int, tuple[Kept, ...]], dict[int, list[Ready]]]:
        """Keep what the peers' answers say and let legs end, in the settling transaction."""
        says = [
            (row.id, replace(keep, dossier=row.dossier, route=row.route))
            for settle, row in mine
            for keep in settle.says
        ]
        if not (says or ends):
            return {}, {}
        kept: dict[int, tuple[Kept, ...]] = {}
        results, started = self._keeper.follow(tx, [keep for _, keep in says], ends)
        for (delivery, _), result in zip(says, results, strict=True):
            kept[delivery] = (*kept.get(delivery, ()), result)
        return kept, started


def _due(place: lanes.Place, now: float) -> float:
    """When the sweep looks after what is released: what has to be asked about was published by nobody."""
    return now if place.state == "unknown" else now + REPUBLISH_AFTER


def _is_under_way(place: lanes.Place) -> bool:
    return place.blocks and place.state != "waiting"


def _rounds(settles: Sequence[Settle]) -> list[list[int]]:
    """The places of some settles, so that no round has two of one delivery.

    A call that outlived its lease may end in the same group as a look-up about it: each must see what the
    other has written.
    """
    rounds: list[list[int]] = []
    seen: Counter[int] = Counter()
    for place, settle in enumerate(settles):
        if seen[settle.delivery] == len(rounds):
            rounds.append([])
        rounds[seen[settle.delivery]].append(place)
        seen[settle.delivery] += 1
    return rounds


def contradicts(settle: Settle, row: _Row) -> bool:
    """Whether a late "done" says that the peer has what the row says otherwise, or has it twice (rule 3)."""
    known = row.state == "delivered" and row.attempt == settle.attempt
    return settle.outcome == "delivered" and not known


_LEG_ENDS: dict[tuple[str, str], Any] = {
    ("", "refused"): "refused",
    ("end", "delivered"): "done",
    ("end", "superseded"): "done",
    ("end", "refused"): "refused",
    ("undo", "delivered"): "undone",
    ("undo", "superseded"): "undone",
    ("undo", "refused"): "not undone",
    ("undo", "dead"): "not undone",
}
_LATE_ENDS: dict[tuple[str, str], Any] = {
    ("", "delivered"): "sent",
    ("", "superseded"): "dropped",
    ("", "dead"): "dropped",
}
"""(a delivery's role, its end) -> what it is to its leg; the second where the dossier is withdrawn alone."""


def _leg_end(settle: Settle, row: _Row, state: str, withdrawn: bool) -> LegEnd | None:  # noqa: FBT001  the row's
    """What the end of a delivery is to its leg, if it has one and that can matter."""
    found = _LEG_ENDS.get((row.role, state)) or (withdrawn and _LATE_ENDS.get((row.role, state)))
    return LegEnd(row.dossier, row.route, found, row.id, row.message, settle.reason) if found else None


def _update(settle: Settle, row: _Row, now: float, *, held: bool, withdrawn: bool) -> dict[str, Any]:
    outcome: str = settle.outcome
    why = settle.reason
    doubt = "open" if outcome == "unknown" and not settle.lookup else row.doubt
    if row.doubt and not settle.lookup and outcome not in ("delivered", "refused"):
        outcome, doubt = "unknown", row.doubt
    elif outcome != "unknown":
        doubt = ""
        if withdrawn and not row.after_withdrawal and outcome in ("ready", "retrying"):
            outcome, why = "superseded", f"{DROPPED}; {why}"
        outcome = "held" if held and outcome in ("ready", "retrying") else outcome
        # it waits for its turn in the lane of the connector that it goes to now
        outcome = "waiting" if settle.moves_to and outcome in ("ready", "held") else outcome
    return {
        "number": row.id,
        "new": outcome,
        "in_doubt": doubt,
        "burned": row.tries if settle.burned else max(0, row.tries - 1),
        "why": why,
        "because": settle.cause,
        # what is ready again was published by nobody: the next sweep does it
        "due": now + settle.wait,
        "now": row.changed_at if settle.lookup and outcome == "unknown" else now,
    }


def _attempt(settle: Settle, row: _Row, now: float) -> dict[str, Any]:
    return {
        "delivery": row.id,
        "attempt": settle.attempt,
        "part": row.lookups + 1 if settle.lookup else 0,
        "holder": settle.holder,
        "began_at": row.claimed_at,
        "ended_at": now,
        "outcome": settle.outcome,
        "code": settle.code,
        "text": settle.reason,
        "answer": settle.answer,
    }
