"""Keep: one transaction writes the message, finds its dossier, folds it in and writes its deliveries.

A whole batch is kept at once: rows are read by one query a table and written by one statement a table.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
from msgspec.structs import replace
from sqlalchemy import BindParameter, Connection, bindparam, select, update

from bus.fingerprint import same_content
from bus.ledger import lanes, schema
from bus.ledger.claim import read_known
from bus.ledger.driver import many
from bus.ledger.driver import select as select_rows
from bus.ledger.handover import Handover, Slot
from bus.ledger.leg_moves import LATE, Moves
from bus.ledger.leg_rows import read_legs, tied_dossiers, write_legs
from bus.ledger.lifting import lift
from bus.ledger.merge import MergedMeanwhileError, merge_dossiers
from bus.ledger.outbox import announce
from bus.ledger.pairs import NUMBERS, SECONDS, of_pairs
from bus.ledger.records import Claimed, Keep, Kept, LegEnd, Legs, Page, Plan, Ready
from bus.ledger.rows import Origin, claim_row, claimed_of_row, delivery_row, message_row, numbers_of
from bus.ledger.store import Store
from bus.ledger.untold import spare
from bus.ledger.work import Claiming, Wanted, Work, narrowed, set_aside, supersede, withdraw
from mappings.dossier import GENERAL

Planner = Callable[[bytes | None, Keep, bool], Plan]
"""(the dossier's fold so far, the message, already withdrawn) -> what keeping it means. Pure."""

Merger = Callable[[bytes, bytes], bytes]
"""Two folds that turned out to be one dossier -> their fold. Pure."""

encode = msgspec.json.Encoder().encode


class CursorMovedError(Exception):
    """Another holder of the source's lease has polled this page already; nothing was written."""


class Keeper:
    """Keeps messages. `plan` and `merge` are pure functions of the pipeline."""

    def __init__(
        self, store: Store, plan: Planner, merge: Merger, handover: Handover, legs: Legs | None = None
    ) -> None:
        self._store = store
        self.legs = legs or Legs()
        self._moves = Moves(self.legs)
        self._handover = handover
        self._plan = plan
        self._merge = merge
        self._put_state = store.upsert(schema.dossier_state, "dossier", update=("message", "body"))

    def pages(self, tx: Connection, pages: Sequence[Page]) -> list[tuple[Kept, ...]]:
        """Keep polled pages, each with its cursor, conditional on the cursor before it (rule 21)."""
        return [self._page(tx, page) for page in pages]

    def _page(self, tx: Connection, page: Page) -> tuple[Kept, ...]:
        table, now = schema.source, self._store.now(tx)
        where = (table.c.connector == page.connector, table.c.name == page.name)
        before = tx.execute(select(table.c.cursor).where(*where)).scalar_one_or_none()
        if (before or "") != page.before:
            raise CursorMovedError(f"{page.connector}/{page.name}")
        row = {"connector": page.connector, "name": page.name, "cursor": page.cursor, "polled_at": now}
        tx.execute(self._store.upsert(table, "connector", "name", update=("cursor", "polled_at")), row)
        if page.remember:
            rows = [
                {"connector": page.connector, "name": page.name, "subject": subject, "body": body}
                for subject, body in sorted(page.remember.items())
            ]
            memory = schema.source_memory
            tx.execute(self._store.upsert(memory, "connector", "name", "subject", update=("body",)), rows)
        return tuple(self.keep(tx, page.keeps)) if page.keeps else ()

    def keep(self, tx: Connection, keeps: Sequence[Keep]) -> list[Kept]:
        """Keep messages in their order; the same key again is `repeated`, with other content `conflict`."""
        return self.follow(tx, keeps, ())[0]

    def follow(
        self, tx: Connection, keeps: Sequence[Keep], ends: Sequence[LegEnd]
    ) -> tuple[list[Kept], dict[int, list[Ready]]]:
        """Keep what settled deliveries say, and let their legs end; also what may go then, by delivery."""
        work = Work(self._store.now(tx))
        known = _known(tx, keeps)
        fresh = _fresh(keeps, known)
        numbers = iter(self._store.numbers(tx, schema.message, len(fresh)))
        found = self._find_dossiers(tx, work, [keep for keep in fresh if keep.state == "kept"])
        owners = {work.moved.get(end.dossier, end.dossier) for end in ends}
        self._load(tx, work, {*found.values(), *owners})
        again = [keep for end in ends for keep in self._lifted(tx, work, end)]
        results: list[Kept] = []
        said: dict[int, tuple[int, Keep]] = {}
        for keep in keeps:
            if before := known.get((keep.source, keep.key)):
                results.append(self._again(tx, work, keep, *before))
                continue
            aside = keep.dossier if keep.state != "kept" else None
            kept = self._one(tx, work, keep, next(numbers), found.get(id(keep), aside))
            known[keep.source, keep.key] = (kept.message, keep.digest, kept.dossier)
            results.append(kept)
            if keep.answer_to is not None and kept.outcome == "kept":
                said[keep.answer_to] = (kept.message, keep)
        freed = {end.delivery: self._ended(tx, work, end, said.get(end.delivery)) for end in ends}
        for end, keep in again:
            number = int(self._store.numbers(tx, schema.message, 1)[0])
            freed[end.delivery] += self._one(tx, work, keep, number, keep.dossier).ready
        claimed = list(self._claimed(tx, work))
        self._write(tx, work)
        for one in claimed:
            self._handover.give(*one)
        return results, freed

    def _again(
        self, tx: Connection, work: Work, keep: Keep, message: int, digest: bytes, dossier: int | None
    ) -> Kept:
        """A known key: the same content is recognised, other content is kept beside it (rule 20)."""
        if same_content(digest, keep.digest):
            return Kept(message, dossier, "repeated")
        why = f"the key {keep.key} came again with other content; message {message} stands"
        key = f"{keep.key}#{hashlib.sha256(keep.digest).hexdigest()[:16]}"
        other = replace(keep, key=key, state="conflict", reason=why)
        written = next((row["id"] for row in work.messages if row["key"] == key), None)
        known = _known(tx, [other]).get((keep.source, key))
        if written is not None or known is not None:
            return Kept(written or (known[0] if known else 0), dossier, "conflict")
        return self._one(tx, work, other, int(self._store.numbers(tx, schema.message, 1)[0]), dossier)

    def _find_dossiers(self, tx: Connection, work: Work, keeps: Sequence[Keep]) -> dict[int, int]:
        """The dossier of each keep: by its call, else by any number, else a new one; several are merged."""
        pairs = {(source, code) for keep in keeps for source, code in keep.codes.items()}
        known = {(row[0], row[1]): row[2] for row in of_pairs(tx, NUMBERS, pairs)}
        tied = tied_dossiers(
            tx, [keep for keep in keeps if keep.ties and known.keys().isdisjoint(keep.codes.items())]
        )
        found: dict[int, int] = {}
        moved: dict[int, int] = {}
        for keep in keeps:
            codes = list(keep.codes.items())
            call = keep.dossier if keep.dossier is not None else tied.get(id(keep))
            called = {moved.get(call, call)} if call is not None else set()
            homes = sorted({known[pair] for pair in codes if pair in known} | called)
            if not codes and not homes:
                continue
            home = homes[0] if homes else self._new_dossier(tx, work)
            for other in homes[1:]:
                self._flush_new(tx, work)
                merge_dossiers(tx, self._store, home, other, self._merge)
                work.fresh.pop(home, None)
                known = {pair: home if owner == other else owner for pair, owner in known.items()}
                found = {key: home if owner == other else owner for key, owner in found.items()}
                moved = {old: home if new == other else new for old, new in moved.items()} | {other: home}
                work.moved = moved
            for pair in codes:
                if pair not in known:
                    known[pair] = home
                    work.identities.append({"source": pair[0], "code": pair[1], "dossier": home})
                    if (numbers := work.fresh.get(home)) is not None:
                        numbers[pair[0]] = pair[1]
            found[id(keep)] = home
        self._flush_new(tx, work)
        return found

    def _new_dossier(self, tx: Connection, work: Work) -> int:
        number = int(self._store.numbers(tx, schema.dossier, 1)[0])
        work.new_dossiers.append({"id": number, "made_at": work.now})
        work.fresh[number] = {}
        return number

    def _flush_new(self, tx: Connection, work: Work) -> None:
        if work.new_dossiers:
            many(tx, _INSERTS["dossier"], work.new_dossiers)
            work.new_dossiers.clear()
        if work.identities:
            many(tx, _INSERTS["identity"], work.identities)
            work.identities.clear()

    def _load(self, tx: Connection, work: Work, dossiers: set[int]) -> None:
        """Lock the dossiers and read what keeping needs of them; of those just made there is nothing."""
        wanted = sorted(dossiers - work.fresh.keys())
        if not wanted:
            return
        self._store.lock_dossiers(tx, wanted)
        work.lanes = lanes.read_lanes(tx, wanted)
        for dossier, message, body in select_rows(tx, _STATES, ids=wanted):
            work.states[dossier], work.last[dossier] = body, message
        for dossier, withdrawn, held_by, merged_into, reduced_at in select_rows(tx, _MARKS, ids=wanted):
            if merged_into is not None:
                raise MergedMeanwhileError(f"dossier {dossier}")
            if withdrawn:
                work.withdrawn.add(dossier)
            if held_by:
                work.held.add(dossier)
            if reduced_at is not None:
                work.reduced.add(dossier)
        for leg in read_legs(tx, wanted):
            work.legs.setdefault(leg.dossier, {})[leg.route] = leg

    def _one(self, tx: Connection, work: Work, keep: Keep, number: int, dossier: int | None) -> Kept:
        keep = set_aside(work, keep, dossier)
        is_lost = dossier is None and keep.state == "kept" and keep.kind not in GENERAL
        state: Any = "unmatched" if is_lost else keep.state
        body = encode(keep.body) if keep.body is not None else keep.tree
        row = message_row(work.now, keep, number, dossier, state, 0)
        ready: list[Ready] = []
        work.messages.append(row)
        work.payloads.append({"message": number, "raw": keep.raw, "canonical": body})
        if dossier is not None and state == "kept":
            self._planned(tx, work, keep, row, body, ready)
        return Kept(number, dossier, state, tuple(ready))

    def _planned(
        self, tx: Connection, work: Work, keep: Keep, row: dict[str, Any], body: bytes, ready: list[Ready]
    ) -> None:
        """What a kept message means for its dossier: the fold, its legs, and what is sent for them."""
        number, dossier = row["id"], row["dossier"]
        plan = narrowed(self._plan(work.states.get(dossier), keep, dossier in work.withdrawn), keep.only)
        work.states[dossier], work.last[dossier] = plan.state, number
        moves, legs = self._moves, dossier in work.legs
        more, refused = moves.hear(work, dossier, number, keep, plan) if legs else ([], False)
        starts = [one for one in plan.deliveries if not (keep.again and one.after_withdrawal)]
        wanted = [Wanted(one) for one in starts if moves.open(work, dossier, number, one)]
        wanted += more
        # what joins a dossier that was withdrawn is withdrawn with it
        if plan.withdraws or (dossier in work.withdrawn and dossier in work.moved.values()):
            dropped = withdraw(work, dossier)
            ready.extend(dropped.ready)
            teller = keep.source if plan.withdraws else ""
            wanted += moves.withdraw(work, dossier, teller, never=dropped.never, pending=dropped.pending)
        if dossier in work.legs:
            wanted += moves.start(work, dossier, number)
        if number in work.late:
            row["reason"] = LATE
        row["fanout"] = len(wanted)
        made = self._deliveries(tx, work, keep, number, dossier, wanted)
        made = spare(tx, work, dossier, self.legs.unless_refused, wanted, made)
        ready.extend(self._begun(work, keep, made, body, plan.state))
        if refused and plan.refusal is not None:
            other = int(self._store.numbers(tx, schema.message, 1)[0])
            ready.extend(self._one(tx, work, plan.refusal, other, dossier).ready)

    def _lifted(self, tx: Connection, work: Work, end: LegEnd) -> Iterator[tuple[LegEnd, Keep]]:
        """What is told again because a peer has refused a withdrawal, where it means anything."""
        if end.end != "refused" or end.route not in self.legs.unless_refused:
            return
        for keep in lift(tx, work, end, self.legs):
            plan = self._plan(work.states.get(keep.dossier or 0), keep, False)  # noqa: FBT003  the planner's signature
            if plan.told or any(not one.after_withdrawal for one in plan.deliveries):
                yield end, keep

    def _ended(self, tx: Connection, work: Work, end: LegEnd, said: tuple[int, Keep] | None) -> list[Ready]:
        """Let a leg end with its delivery, and start what waited for it: by what was said, else as before."""
        dossier = work.moved.get(end.dossier, end.dossier)
        # what is undone is undone by the dossier's last message: its first has been sent by this very leg
        number = said[0] if said else work.last.get(dossier, 0) if end.end == "sent" else end.message
        wanted = self._moves.end(work, dossier, end)
        wanted += self._moves.start(work, dossier, number)
        if not wanted:
            return []
        origin: Origin = said[1] if said else tx.execute(_ORIGIN, {"number": number}).one()
        work.fanouts[number] = work.fanouts.get(number, 0) + len(wanted)
        made = self._deliveries(tx, work, origin, number, dossier, wanted)
        return [Ready(row["id"], row["connector"], origin.traceparent) for row in made]

    def _deliveries(
        self,
        tx: Connection,
        work: Work,
        origin: Origin,
        number: int,
        dossier: int,
        wanted: Sequence[Wanted],
    ) -> list[dict[str, Any]]:
        ready: list[dict[str, Any]] = []
        for one, key in zip(wanted, self._store.numbers(tx, schema.delivery, len(wanted)), strict=True):
            leg = one.leg
            way = one.way or leg
            connector = way.connector
            if leg.to is not None and one.way is None:
                connector = leg.to(work.now, work.states[dossier], getattr(origin, "body", None))
            lane = work.lanes.setdefault((dossier, connector), [])
            if not way.appends and (old := lanes.overtaken(lane, way.operation)):
                supersede(work, lane, old, "a newer one took its place")
            # of what was said before a restore, the process that is gone may have told the peer (rule 23)
            doubt = lanes.RESTORED if origin.as_of < self._store.doubts_before else ""
            place = lanes.Place(
                key,
                dossier,
                connector,
                way.operation,
                way.appends,
                leg.after_withdrawal or one.role == "undo",
                lanes.entry_state(lane, held=dossier in work.held, doubt=doubt),
                doubt,
                origin.traceparent,
                leg.route,
                one.role,
            )
            lane.append(place)
            work.deliveries[key] = delivery_row(work.now, origin, number, place)
            if place.state == "ready":
                ready.append(work.deliveries[key])
        return ready

    def _begun(
        self, work: Work, keep: Keep, made: Sequence[dict[str, Any]], body: bytes, fold: bytes
    ) -> Iterator[Ready]:
        """Claim what has a slot free in this process; the rest is to be published."""
        for row in made:
            slot = self._handover.take(row["connector"], row["operation"])
            if slot is None:
                yield Ready(row["id"], row["connector"], keep.traceparent)
                continue
            claim_row(row, slot, self._store.holder)
            place = next(one for one in work.lanes[row["dossier"], row["connector"]] if one.id == row["id"])
            place.state = "sending"
            work.claimed.append(Claiming(slot, row, keep, body, fold))

    def _claimed(self, tx: Connection, work: Work) -> Iterator[tuple[Slot, Claimed]]:
        """What was claimed, for its slot, with all that its worker needs to know."""
        known = {one.row["dossier"] for one in work.claimed} - work.fresh.keys()
        codes, views = read_known(tx, sorted(known))
        codes |= work.fresh
        for one in work.claimed:
            place = (one.row["dossier"], one.row["connector"], one.row["operation"])
            numbers, seen = codes.get(place[0], {}), views.get(place, {})
            one.row["numbers"] = numbers_of(numbers)
            yield (
                one.slot,
                claimed_of_row(one.row, one.keep, body=one.body, fold=one.fold, codes=numbers, views=seen),
            )

    def _write(self, tx: Connection, work: Work) -> None:
        for number, more in work.fanouts.items():
            if row := next((row for row in work.messages if row["id"] == number), None):
                row["fanout"] += more
            else:
                tx.execute(_FANOUT, {"number": number, "more": more})
        for table, rows in (
            (schema.message, work.messages),
            (schema.payload, work.payloads),
            (schema.delivery, list(work.deliveries.values())),
        ):
            many(tx, _INSERTS[table.name], rows)
        write_legs(tx, (leg for known in work.legs.values() for leg in known.values()))
        many(tx, _MOVE, [work.changed[key] for key in sorted(work.changed)])
        announce(tx, self._store, work.ended, work.now)
        if work.withdrawing:
            tx.execute(_WITHDRAW, {"ids": sorted(work.withdrawing), "is_so": True})
        if work.lifted:
            tx.execute(_WITHDRAW, {"ids": sorted(work.lifted), "is_so": False})
        if work.last:
            rows = [
                {"dossier": dossier, "message": work.last[dossier], "body": work.states[dossier]}
                for dossier in sorted(work.last)
            ]
            many(tx, self._put_state, rows)


_ids: BindParameter[int] = bindparam("ids", expanding=True)
_m = schema.message.c
_KEYS = select(_m.source, _m.key, _m.id, _m.digest, _m.dossier).where(
    _m.source == bindparam("first"), _m.key.in_(SECONDS)
)
_STATES = select(schema.dossier_state).where(schema.dossier_state.c.dossier.in_(_ids))
_dossier = schema.dossier.c
_MARKS = select(
    _dossier.id, _dossier.withdrawn, _dossier.held_by, _dossier.merged_into, _dossier.reduced_at
).where(_dossier.id.in_(_ids))
_ORIGIN = select(_m.config, _m.traceparent, _m.as_of).where(_m.id == bindparam("number"))
_FANOUT = (
    update(schema.message).where(_m.id == bindparam("number")).values(fanout=_m.fanout + bindparam("more"))
)
_WRITTEN = (schema.dossier, schema.identity, schema.message, schema.payload, schema.delivery)
_INSERTS = {table.name: table.insert() for table in _WRITTEN}
_MOVE = (
    update(schema.delivery)
    .where(schema.delivery.c.id == bindparam("number"))
    .values(
        state=bindparam("new"), reason=bindparam("why"), changed_at=bindparam("now"), due_at=bindparam("due")
    )
)
_WITHDRAW = update(schema.dossier).where(schema.dossier.c.id.in_(_ids)).values(withdrawn=bindparam("is_so"))


def _known(tx: Connection, keeps: Sequence[Keep]) -> dict[tuple[str, str], tuple[int, bytes, int | None]]:
    rows = of_pairs(tx, _KEYS, {(keep.source, keep.key) for keep in keeps})
    return {(row[0], row[1]): (row[2], row[3], row[4]) for row in rows}


def _fresh(keeps: Sequence[Keep], known: Mapping[tuple[str, str], Any]) -> list[Keep]:
    """The first of each key that is not known."""
    first = {(keep.source, keep.key): keep for keep in reversed(keeps)}
    return [keep for pair, keep in reversed(first.items()) if pair not in known]
