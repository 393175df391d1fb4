"""A new epoch: what a restored ledger may believe of itself (rule 23).

A backup is older than the peers. What it shows as open may have been done since, by the process that is gone:
so nothing open is sent before its peer was asked. Numbers that were given out after the backup are never
given again, and an attempt of the old epoch cannot be taken for one of the new.
"""

from dataclasses import dataclass

from sqlalchemy import Connection, case, delete, func, insert, select, text, update

from bus.ledger import chain, schema
from bus.ledger.lanes import RESTORED
from bus.ledger.people import Note, log
from bus.ledger.schema_epoch import epoch
from bus.ledger.store import Store, counted_tables

GAP = 1_000_000_000
"""Numbers left out: more than any installation gave out since its last backup."""

ATTEMPTS = 1000
"""By how much the attempts of what is open grow: more than any process of the old epoch made."""

_d, _v, _g = schema.delivery.c, schema.peer_view.c, schema.gate.c
_WHY = "restored from a backup: what became of it since is not known, so its peer is asked first"


@dataclass(frozen=True, slots=True)
class Begun:
    """A new epoch: its number, and how many deliveries are to be asked about before anything is sent."""

    number: int
    asked: int


def begin(store: Store, taken_at: float, who: str) -> Begun:
    """Begin a new epoch in one transaction, over a ledger that nobody serves.

    `taken_at` is the backup's time. Repeating it begins another, which is as safe.
    """
    with store.write() as tx:
        chain.lock(tx)
        now = store.now(tx)
        floor = _top(tx) + GAP
        number = int(tx.execute(select(func.coalesce(func.max(epoch.c.number), 0))).scalar_one()) + 1
        row = {"number": number, "began_at": now, "taken_at": taken_at, "floor": floor, "who": who}
        tx.execute(insert(epoch), row)
        _never_again(store, tx, floor)
        asked = _doubt(tx, now)
        # what a peer got last may have been something newer; what was appended, it has in any case
        tx.execute(delete(schema.peer_view).where(_v.key == ""))
        # a breaker's story ended with the machine; a person's pause is a person's to end
        closed = {"breaker": "closed", "failures": 0, "probe_holder": None, "epoch": _g.epoch + 1}
        tx.execute(update(schema.gate).values(**closed))
        log(store, tx, Note(who, "restore", f"epoch {number}", f"of a backup taken at {taken_at:.0f}"))
    return Begun(number, asked)


def _top(tx: Connection) -> int:
    """The highest number of any counted table."""
    tops = [tx.execute(select(func.max(table.c.id))).scalar_one() for table in counted_tables()]
    earlier = tx.execute(select(func.max(epoch.c.floor))).scalar_one()
    return max(int(top or 0) for top in (*tops, earlier))


def _never_again(store: Store, tx: Connection, floor: int) -> None:
    if not store.is_sqlite:
        for table in counted_tables():
            tx.execute(text("SELECT setval(:name, :floor)"), {"name": f"{table.name}_number", "floor": floor})


def _doubt(tx: Connection, now: float) -> int:
    """Everything open becomes unknown; what waits for its turn becomes so when that comes."""
    waits = _d.state == "waiting"
    row = (
        update(schema.delivery)
        .where(_d.state.in_(schema.OPEN))
        .values(
            state=case((waits, "waiting"), else_="unknown"),
            doubt=case((waits, RESTORED), else_="open"),
            attempt=_d.attempt + ATTEMPTS,
            holder=None,
            cause="restored",
            reason=_WHY,
            due_at=now,
            changed_at=now,
            publishes=0,
        )
    )
    asked = int(tx.execute(row).rowcount)
    # a person may have sent what is dead again since: whoever does so now has its peer asked first
    dead = update(schema.delivery).where(_d.state == "dead", text(schema.IN_LANE))
    tx.execute(dead.values(doubt=RESTORED, attempt=_d.attempt + ATTEMPTS))
    return asked
