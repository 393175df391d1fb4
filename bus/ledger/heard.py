"""Which dossiers were heard of since a moment, each once, in short pieces. Reading only.

Found by their last message, over `message_dossier`: the cost is that of what was heard since, never of what
was ever kept, and no piece holds more than `WINDOW` folds.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, exists, func, select

from bus.ledger import schema
from bus.ledger.finding import SOURCE
from bus.ledger.overview import first_since
from bus.ledger.schema_people import promise
from bus.ledger.sources import stand

WINDOW = 1000
"""Messages that one reading transaction passes over (rule 19)."""

_m, _state, _dossier, _owed = schema.message.c, schema.dossier_state.c, schema.dossier.c, promise.c


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


def overdue(tx: Connection, window: Window, ends: datetime) -> Iterator[tuple[str, date, int]]:
    """How many dossiers are not over, their promise past at `ends`, and not heard of since the window began.

    By the agency whose they are (code, or "") and the day on which it received them, before `ends`. As far as
    promises are written, which is behind the messages: `followed` says how far.
    """
    since = select(_m.dossier).where(_m.id >= window.low, _m.state == "kept")
    query = (
        select(_owed.agency, _owed.received_on, func.count())
        .where(_owed.over_at <= ends.timestamp(), _owed.received_on < ends.date().isoformat())
        .where(_owed.dossier.not_in(since))
        .group_by(_owed.agency, _owed.received_on)
    )
    return ((row[0], date.fromisoformat(row[1]), row[2]) for row in tx.execute(query))


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
