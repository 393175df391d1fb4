"""Which dossiers were heard of since a moment, each once, in short pieces. Reading only.

Found by their last message, over `message_dossier`: the cost is that of what was heard since, never of what
was ever kept, and no piece holds more than `WINDOW` folds.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, exists, func, select

from bus.ledger import schema
from bus.ledger.finding import SOURCE
from bus.ledger.overview import first_since
from bus.ledger.schema_people import promise
from bus.ledger.sources import stand

WINDOW = 1000
"""Messages that one reading transaction passes over (rule 19)."""

_m, _state, _dossier = schema.message.c, schema.dossier_state.c, schema.dossier.c


@dataclass(frozen=True, slots=True)
class Window:
    """Messages numbered from `low` up to `high`; `last` is the last that counts at all."""

    low: int
    high: int
    last: int


NONE = Window(2**63 - 1, 0, 0)
"""A window behind every message."""


def windows(tx: Connection, since: float, upto: int | None = None) -> Iterator[Window]:
    """The pieces in which to read what was heard since a moment (seconds, epoch), or after message `upto`."""
    last = int(tx.execute(select(func.coalesce(func.max(_m.id), 0))).scalar_one())
    first = first_since(tx, since, schema.message)
    first = first if upto is None else min(first, upto + 1)
    return (Window(low, min(low + WINDOW - 1, last), last) for low in range(first, last + 1, WINDOW))


def overdue(tx: Connection, window: Window, until: float) -> Iterator[tuple[float, bytes]]:
    """The same of dossiers promised for before `until`, not over, and last heard of before the window.

    As far as promises are written, which is behind the messages: `followed` says how far.
    """
    query = (
        select(_dossier.made_at, _state.body)
        .select_from(promise)
        .join(schema.dossier_state, _state.dossier == promise.c.dossier)
        .join(schema.dossier, _dossier.id == promise.c.dossier)
        .where(promise.c.due_at < until, _state.message < window.low, _dossier.merged_into.is_(None))
    )
    return ((row[0], row[1]) for row in tx.execute(query))


def followed(tx: Connection) -> int:
    """Up to which message words and promises are written."""
    return int(stand(tx, *SOURCE)[0] or 0)


def folds(tx: Connection, window: Window) -> Iterator[tuple[float, bytes]]:
    """When a dossier was made and its fold, of each whose last message lies in a window."""
    later = schema.message.alias()
    is_later = (later.c.dossier == _m.dossier, later.c.id > _m.id, later.c.id <= window.last)
    query = (
        select(_dossier.made_at, _state.body)
        .select_from(schema.message)
        .join(schema.dossier_state, _state.dossier == _m.dossier)
        .join(schema.dossier, _dossier.id == _m.dossier)
        .where(_m.id >= window.low, _m.id <= window.high)
        .where(~exists().where(*is_later, later.c.state == "kept"), _m.state == "kept")
    )
    return ((row[0], row[1]) for row in tx.execute(query))
