"""Retries that people ask for: in stages, at a rate, each item with exactly one outcome.

They are rows, so that a restart in the middle goes on where it was. At the end, and at any moment with what
is still under way, `requested = delivered + failed + skipped`. A stage ends when everything of it has an
outcome; where any of it failed, nothing more is sent off and the rest is skipped. Any process may look after
a run; on PostgreSQL one at a time does.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, func, select, update

from bus.errors import NotPossibleError
from bus.ledger import driver, schema
from bus.ledger.handling_records import Advance, Advanced, Cancel, Reading, Retry
from bus.ledger.people import Note, log
from bus.ledger.records import Ready
from bus.ledger.resend import Resender
from bus.ledger.schema_failures import retry_item, retry_run
from bus.ledger.store import Store

AT_ONCE = 50
"""So many are sent off, and so many outcomes read, in one step of a run."""

READING = 60.0
"""Seconds after which a message that is still not read again is given out once more: its process ended."""

_r, _i, _d, _m = retry_run, retry_item, schema.delivery.c, schema.message.c
_ITEM = (
    update(_i)
    .where(_i.c.run == bindparam("of_run"), _i.c.place == bindparam("at"))
    .values(
        state=bindparam("new"),
        why=bindparam("because"),
        target=bindparam("went"),
        changed_at=bindparam("now"),
    )
)
_OUTCOME = {"delivered": "delivered", "refused": "failed", "dead": "failed", "superseded": "skipped"}
_OUTCOME |= {"discarded": "skipped", "held": "skipped"}
_FOR_EVER = 365 * 86400.0


class Runs:
    """Retries in stages."""

    def __init__(self, store: Store, resender: Resender) -> None:
        self._store = store
        self._resender = resender

    def retries(self, tx: Connection, retries: Sequence[Retry]) -> list[int]:
        """Begin retries; answers their numbers. What cannot be retried is skipped, with the reason."""
        return [self._begin(tx, one) for one in retries]

    def _begin(self, tx: Connection, one: Retry) -> int:
        subjects = tuple(dict.fromkeys(one.subjects))
        if not subjects:
            raise NotPossibleError("there is nothing to retry")
        number, now = int(self._store.numbers(tx, _r, 1)[0]), self._store.now(tx)
        stages = stages_of(len(subjects), one.stages)
        row = {"id": number, "at": now, "who": one.who, "reason": one.reason, "state": "running", "stage": 1}
        row |= {"stages": max(stages), "rate": one.rate, "asked_at": now, "requested": len(subjects)}
        tx.execute(_r.insert(), row)
        items = [
            {"run": number, "place": place, "subject": subject, "stage": stage, "state": "waiting"}
            | {"why": "", "changed_at": now}
            for place, (subject, stage) in enumerate(zip(_in_order(subjects), stages, strict=True))
        ]
        driver.many(tx, _i.insert(), items)
        log(self._store, tx, Note(one.who, "retry", f"run {number} of {len(subjects)}", one.reason))
        return number

    def cancels(self, tx: Connection, cancels: Sequence[Cancel]) -> list[None]:
        """End retries: what they have not sent off yet is skipped."""
        for one in cancels:
            run = tx.execute(select(_r).where(_r.c.id == one.run)).one_or_none()
            if run is None or run.state != "running":
                raise NotPossibleError(f"run {one.run}: {f'it is {run.state}' if run else 'there is none'}")
            self._end(tx, one.run, "cancelled", f"{one.who} ended it: {one.reason}")
            log(self._store, tx, Note(one.who, "cancel", f"run {one.run}", one.reason))
        return [None] * len(cancels)

    def advances(self, tx: Connection, advances: Sequence[Advance]) -> list[Advanced]:
        """Look after all runs once; may be repeated at any time."""
        query = select(_r).where(_r.c.state == "running").order_by(_r.c.id)
        runs = tx.execute(query if self._store.is_sqlite else query.with_for_update(skip_locked=True)).all()
        steps = [self._step(tx, run) for run in runs]
        ready = tuple(one for step in steps for one in step.ready)
        whole = Advanced(ready, tuple(one for step in steps for one in step.readings))
        return [whole, *([Advanced()] * (len(advances) - 1))]

    def _step(self, tx: Connection, run: Any) -> Advanced:
        now = self._store.now(tx)
        again = self._note(tx, run.id, now)
        counts = self._counts(tx, run.id, run.stage)
        if counts["failed"] and run.stages > 1:
            if not counts["asked"]:
                note = f"it stopped itself: {counts['failed']} of stage {run.stage} failed"
                self._end(tx, run.id, "stopped", note)
            return Advanced(readings=again)
        if not counts["waiting"] and not counts["asked"]:
            if run.stage == run.stages:
                self._end(tx, run.id, "done", "")
                return Advanced()
            tx.execute(update(_r).where(_r.c.id == run.id).values(stage=run.stage + 1, asked_at=now))
            return Advanced()
        sent = self._send_off(tx, run, now)
        return Advanced(sent.ready, (*again, *sent.readings))

    def _counts(self, tx: Connection, run: int, stage: int) -> Counter[str]:
        where = (_i.c.run == run, _i.c.stage == stage)
        query = select(_i.c.state, func.count()).where(*where).group_by(_i.c.state)
        return Counter({row[0]: row[1] for row in tx.execute(query)})

    def _note(self, tx: Connection, run: int, now: float) -> tuple[Reading, ...]:
        """Write down what became of what went; gives the messages that are to be read once more."""
        where = (_i.c.run == run, _i.c.state == "asked")
        query = select(
            _i.c.place, _i.c.subject, _i.c.target, _i.c.changed_at, _d.state, _d.reason, _d.due_at
        ).outerjoin(schema.delivery, _d.id == _i.c.target)
        rows = tx.execute(query.where(*where).order_by(_i.c.place)).all()
        changes = [
            {"of_run": run, "at": row.place, "new": new, "because": why, "went": row.target, "now": now}
            for row in rows
            if row.target is not None
            for new, why in [_became(row, now)]
            if new
        ]
        driver.many(tx, _ITEM, changes)
        late = [row for row in rows if row.target is None and now - row.changed_at > READING]
        return tuple(Reading(run, row.place, int(row.subject[1:])) for row in late)

    def _send_off(self, tx: Connection, run: Any, now: float) -> Advanced:
        most = AT_ONCE if run.rate is None else min(AT_ONCE, int((now - run.asked_at) * run.rate))
        if most < 1:
            return Advanced()
        where = (_i.c.run == run.id, _i.c.state == "waiting", _i.c.stage == run.stage)
        rows = tx.execute(select(_i).where(*where).order_by(_i.c.place).limit(most)).all()
        if run.rate is not None:
            tx.execute(update(_r).where(_r.c.id == run.id).values(asked_at=now))
        ready: list[Ready] = []
        readings: list[Reading] = []
        for row in rows:
            new, why, target = "asked", "", None
            if row.subject.startswith("m"):
                readings.append(Reading(run.id, row.place, int(row.subject[1:])))
            else:
                one = self._resender.resend(tx, int(row.subject), self._others(tx, run.id))
                new, why, target = ("asked" if one.target else "skipped"), one.why, one.target
                ready.extend(one.ready)
            change = {
                "of_run": run.id,
                "at": row.place,
                "new": new,
                "because": why,
                "went": target,
                "now": now,
            }
            driver.many(tx, _ITEM, [change])
        return Advanced(tuple(ready), tuple(readings))

    def _others(self, tx: Connection, run: int) -> Any:
        """Whether a delivery is one of the run's own: asked by what retries an overtaken one."""

        def is_mine(delivery: int) -> bool:
            query = select(_i.c.place).where(_i.c.run == run, _i.c.subject == str(delivery)).limit(1)
            return tx.execute(query).first() is not None

        return is_mine

    def _end(self, tx: Connection, run: int, state: str, note: str) -> None:
        now = self._store.now(tx)
        left = update(_i).where(_i.c.run == run, _i.c.state == "waiting")
        tx.execute(left.values(state="skipped", why=note, changed_at=now))
        still = update(_i).where(_i.c.run == run, _i.c.state == "asked")
        tx.execute(still.values(state="skipped", why=f"it was sent off before; {note}", changed_at=now))
        values = {"state": state, "note": note, "ended_at": now}
        tx.execute(update(_r).where(_r.c.id == run).values(**values))


def stages_of(count: int, sizes: Sequence[int]) -> list[int]:
    """The stage of each of `count` items, from 1; what is left after the given sizes is the last stage."""
    stages = [stage for stage, size in enumerate(sizes, 1) for _ in range(size)]
    rest = (stages[-1] if stages else 0) + 1
    return (stages + [rest] * max(0, count - len(stages)))[:count]


def _in_order(subjects: Sequence[str]) -> list[str]:
    """Messages first, then deliveries, each in the order of keeping: no lane waits for a later one."""
    return sorted(subjects, key=lambda one: (not one.startswith("m"), int(one.removeprefix("m"))))


def _became(row: Any, now: float) -> tuple[str, str]:
    """An item's outcome by its delivery's row, and why; ("", "") while it has none."""
    if row.state == "unknown" and row.due_at > now + _FOR_EVER:
        return "failed", "its outcome is unknown and the peer cannot be asked: look there (failed told)"
    return (_OUTCOME[row.state], row.reason) if row.state in _OUTCOME else ("", "")
