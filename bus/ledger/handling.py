"""What people do about what failed: discard, tell an outcome, correct, have read again; each is logged.

Nothing in doubt is made dead or discarded, by anybody (rule 7). Each function raises `NotPossibleError` with
a sentence where the ledger does not allow it, and then nothing was written.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, select, update

from bus.errors import NotPossibleError
from bus.ledger import lanes, schema
from bus.ledger.handling_records import (
    Decide,
    Discard,
    Patch,
    Propose,
    Reading,
    Reread,
    Told,
)
from bus.ledger.keep import Keeper
from bus.ledger.merge import refuse_merged
from bus.ledger.outbox import announce
from bus.ledger.people import Note, log
from bus.ledger.records import Kept, LegEnd, Ready, Settle, Settled
from bus.ledger.rows import REPUBLISH_AFTER
from bus.ledger.schema_failures import patch, proposal, retry_item
from bus.ledger.settle import Settler
from bus.ledger.store import Store

ASIDE = ("parked", "unmatched", "conflict", "dead")
"""States of messages that wait for a person."""

_d, _m = schema.delivery, schema.message


class Handling:
    """What people do about single deliveries and messages."""

    def __init__(self, store: Store, keeper: Keeper, settler: Settler) -> None:
        self._store = store
        self._keeper = keeper
        self._settler = settler

    def discards(self, tx: Connection, discards: Sequence[Discard]) -> list[tuple[Ready, ...]]:
        """Give up dead deliveries and messages set aside. Answers what may go now in their stead."""
        return [self._discard(tx, one) for one in discards]

    def _discard(self, tx: Connection, one: Discard) -> tuple[Ready, ...]:
        freed: tuple[Ready, ...] = ()
        if one.subject.startswith("m"):
            message = aside(tx, int(one.subject[1:]))
            tx.execute(update(_m).where(_m.c.id == message.id).values(state="discarded", reason=one.reason))
        else:
            row = self.dead(tx, int(one.subject))
            now = self._store.now(tx)
            values = {"state": "discarded", "reason": one.reason, "cause": "discarded", "changed_at": now}
            tx.execute(update(_d).where(_d.c.id == row.id).values(**values))
            announce(tx, self._store, [(row.dossier, row.id, "discarded")], now)
            why = f"{one.who} gave up what it sends (đã bỏ): {one.reason}"
            freed = (*self.released(tx, row.dossier, row.connector), *self.leave(tx, row, why))
        log(self._store, tx, Note(one.who, "discard", _named(one.subject), one.reason))
        return freed

    def dead(self, tx: Connection, delivery: int, *, restored: bool = False) -> Any:
        """The row of a dead delivery, its dossier locked; raises `NotPossibleError` for any other.

        One that a restore made doubtful counts only where `restored`: it may have gone since (rule 23).
        """
        row = delivery_row(tx, delivery)
        self._store.lock_dossiers(tx, [row.dossier])
        refuse_merged(tx, [row.dossier])
        row = delivery_row(tx, delivery)
        if row.state != "dead" or (row.doubt and not (restored and row.doubt == lanes.RESTORED)):
            raise NotPossibleError(_not_dead(row))
        return row

    def released(self, tx: Connection, dossier: int, connector: str) -> tuple[Ready, ...]:
        """Let the next of a lane go, its dossier being locked; what may go is to be published."""
        lane = lanes.read_lanes(tx, [dossier]).get((dossier, connector), [])
        held = schema.dossier.c.held_by
        is_held = tx.execute(select(held).where(schema.dossier.c.id == dossier)).scalar() is not None
        if (place := lanes.release(lane, held=is_held)) is None:
            return ()
        now = self._store.now(tx)
        values = {"state": place.state, "changed_at": now, "due_at": now + REPUBLISH_AFTER}
        tx.execute(update(_d).where(_d.c.id == place.id).values(**values))
        return lanes.ready_of([place])

    def leave(self, tx: Connection, row: Any, why: str) -> tuple[Ready, ...]:
        """End the leg of a delivery that will never go, its dossier being locked; what may go then.

        Nobody will answer what was not sent. An undo that does not go is for a person, and a supplement that
        does not go leaves its leg as it is: the peer still has the rest.
        """
        if row.role == "resume":
            return ()
        ends: Any = "not undone" if row.role == "undo" else "given up"
        end = LegEnd(row.dossier, row.route, ends, row.id, row.message, why)
        return tuple(self._keeper.follow(tx, (), [end])[1][row.id])

    def tells(self, tx: Connection, tells: Sequence[Told]) -> list[Settled]:
        """Settle unknown deliveries by what a person saw at the peer."""
        return [self._tell(tx, one) for one in tells]

    def _tell(self, tx: Connection, one: Told) -> Settled:
        row = delivery_row(tx, one.delivery)
        if row.state != "unknown":
            raise NotPossibleError(f"delivery {row.id} is {row.state}: its outcome is not in doubt")
        over = self._store.now(tx) - row.changed_at >= one.absent_after and row.doubt != "lease"
        if not one.done and not over:
            raise NotPossibleError(
                f"delivery {row.id}: too early to say that the peer does not have it; a slow one "
                f"may still act. It counts {one.absent_after:.0f} s after the attempt ended, and once its "
                "process is gone"
            )
        tx.execute(update(_d).where(_d.c.id == row.id).values(lookups=_d.c.lookups + 1))
        outcome: Any = "delivered" if one.done else "ready"
        said = f"{one.who} looked at the peer: {'it has it' if one.done else 'it does not have it'}"
        settle = Settle(
            row.id, row.attempt, self._store.holder, outcome, reason=f"{said}. {one.reason}", cause="told",
            lookup=True,
        )  # fmt: skip
        settled = self._settler.settle(tx, [settle])[0]
        what = "tell done" if one.done else "tell not there"
        log(self._store, tx, Note(one.who, what, f"delivery {row.id}", one.reason))
        return settled

    def rereads(self, tx: Connection, rereads: Sequence[Reread]) -> list[Kept | None]:
        """Keep what messages say now that they were read again; None where they still cannot be."""
        return [self._reread(tx, one) for one in rereads]

    def _reread(self, tx: Connection, one: Reread) -> Kept | None:
        try:
            row = aside(tx, one.message)
        except NotPossibleError as error:
            if one.reading is None:
                raise
            self._of_run(tx, one, "skipped", str(error))
            return None
        if one.keep is None or one.keep.state != "kept":
            problem = one.problem or (one.keep.reason if one.keep else "")
            tx.execute(update(_m).where(_m.c.id == row.id).values(reason=problem))
            self._of_run(tx, one, "failed", problem)
            return None
        values = {"key": f"{row.key}#read-again-{row.id}", "state": "read again"}
        tx.execute(update(_m).where(_m.c.id == row.id).values(**values))
        kept = self._keeper.keep(tx, [one.keep])[0]
        why = f"{one.who} had it read again: message {kept.message}. {one.reason}".strip()
        tx.execute(update(_m).where(_m.c.id == row.id).values(reason=why, dossier=kept.dossier))
        if one.reading is None:
            log(self._store, tx, Note(one.who, "assign", f"message {row.id}", one.reason))
        self._of_run(tx, one, "delivered", f"kept as message {kept.message}")
        return kept

    def _of_run(self, tx: Connection, one: Reread, state: str, why: str) -> None:
        if one.reading is not None:
            note_reading(tx, one.reading, state, why, self._store.now(tx))

    def patches(self, tx: Connection, patches: Sequence[Patch]) -> list[int]:
        """Record corrections of requests; answers their numbers. The newest of a delivery counts."""
        return [self._patch(tx, one) for one in patches]

    def _patch(self, tx: Connection, one: Patch) -> int:
        row = self.dead(tx, one.delivery)
        number = int(self._store.numbers(tx, patch, 1)[0])
        now = self._store.now(tx)
        values = {"id": number, "delivery": row.id, "body": one.body, "who": one.who, "reason": one.reason}
        tx.execute(patch.insert(), {**values, "made_at": now})
        tx.execute(update(_d).where(_d.c.id == row.id).values(patched=number))
        log(self._store, tx, Note(one.who, "edit", f"delivery {row.id}", one.reason))
        return number

    def proposes(self, tx: Connection, proposes: Sequence[Propose]) -> list[int]:
        """Keep what waits for a second person; answers its number."""
        return [self._propose(tx, one) for one in proposes]

    def _propose(self, tx: Connection, one: Propose) -> int:
        if one.subject.startswith("m"):
            aside(tx, int(one.subject[1:]))
        else:
            self.dead(tx, int(one.subject))
        number = int(self._store.numbers(tx, proposal, 1)[0])
        values = {"id": number, "at": self._store.now(tx), "who": one.who, "what": one.what}
        more = {"subject": one.subject, "body": one.body, "reason": one.reason, "outcome": ""}
        tx.execute(proposal.insert(), values | more)
        log(self._store, tx, Note(one.who, f"propose {one.what}", _named(one.subject), one.reason))
        return number

    def decides(self, tx: Connection, decides: Sequence[Decide]) -> list[tuple[Ready, ...]]:
        """Do what a second person agreed to, or refuse it."""
        return [self._decide(tx, one) for one in decides]

    def _decide(self, tx: Connection, one: Decide) -> tuple[Ready, ...]:
        table = proposal
        query = select(table).where(table.c.id == one.proposal)
        row = tx.execute(query if self._store.is_sqlite else query.with_for_update()).one_or_none()
        if row is None or row.outcome:
            told = "there is none" if row is None else f"{row.decided_by} has {row.outcome} already"
            raise NotPossibleError(f"proposal {one.proposal}: {told}")
        if one.agree and row.who == one.who:
            raise NotPossibleError(f"proposal {row.id}: {row.who} asked for it; a second person has to agree")
        values = {"outcome": "agreed" if one.agree else "refused", "decided_by": one.who}
        tx.execute(update(table).where(table.c.id == row.id).values(**values, decided_at=self._store.now(tx)))
        what = "agree" if one.agree else "refuse"
        log(self._store, tx, Note(one.who, what, f"proposal {row.id}", one.reason))
        if not one.agree:
            return ()
        why = f"{row.reason} ({one.who} agreed)"
        if row.what == "discard":
            return self._discard(tx, Discard(row.subject, row.who, why))
        self._patch(tx, Patch(int(row.subject), row.body, row.who, why))
        return ()


def note_reading(tx: Connection, reading: Reading, state: str, why: str, now: float) -> None:
    """What became of a message that a run had read again; the first word counts."""
    table = retry_item
    where = (table.c.run == reading.run, table.c.place == reading.place, table.c.state == "asked")
    tx.execute(update(table).where(*where).values(state=state, why=why, changed_at=now))


def delivery_row(tx: Connection, delivery: int) -> Any:
    """The row of a delivery; raises `NotPossibleError` where there is none."""
    row = tx.execute(select(_d).where(_d.c.id == delivery)).one_or_none()
    if row is None:
        raise NotPossibleError(f"there is no delivery {delivery} in this ledger")
    return row


def aside(tx: Connection, message: int) -> Any:
    """The row of a message that waits for a person; raises `NotPossibleError` for any other."""
    query = select(_m).where(_m.c.id == message)
    query = query if tx.dialect.name == "sqlite" else query.with_for_update()
    row = tx.execute(query).one_or_none()
    if row is None:
        raise NotPossibleError(f"there is no message m{message} in this ledger")
    if row.state not in ASIDE:
        raise NotPossibleError(f"message m{message} is {row.state}: nothing needs to be done about it")
    return row


def _not_dead(row: Any) -> str:
    if row.state in ("unknown", "sending") or row.doubt:
        return (
            f"delivery {row.id} is {row.state}: the peer may have it. It cannot be given up or changed "
            "before its outcome is known (chưa rõ kết quả): retry it to have the peer asked, or tell what "
            "you saw there"
        )
    return f"delivery {row.id} is {row.state}: only what is dead (cần người xử lý) can be given up or changed"


def _named(subject: str) -> str:
    return f"message {subject[1:]}" if subject.startswith("m") else f"delivery {subject}"
