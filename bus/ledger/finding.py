"""Dossiers found by words: the words are written behind the messages, never in a message's own transaction.

Why behind: they serve people who search, a second late is soon enough, and keeping stays as quick as it is.
"""

from collections.abc import Iterable, Mapping, Sequence

import msgspec
from sqlalchemy import Connection, delete, select

from bus.found_by import compact, is_number, plain
from bus.ledger import read, schema
from bus.ledger.schema_people import promise, term
from bus.ledger.store import Store, now_of

SOURCE = ("", "words")
"""The row of `source` that tells up to which message the words are written, and by which process."""

MOST = 50
"""Dossiers that one search answers with."""

_SETTLED = 2.0
"""Seconds after which a number is passed over: of several processes, one commits a lower number later."""

_LAST = "\U0010ffff"


class Owed(msgspec.Struct, frozen=True):
    """A dossier that is not over: when its promise is (seconds since the epoch), and whose it is.

    `agency` is the code of who works on it, or took it in, "" where nobody said; `received_on` a day,
    2026-11-25.
    """

    over_at: float
    agency: str
    received_on: str


class Terms(msgspec.Struct, frozen=True):
    """The words of some dossiers, as they stood at the message `upto`.

    `promises`: of those of them that are promised for a moment and not over.
    """

    words: Mapping[int, frozenset[str]]
    upto: int
    promises: Mapping[int, Owed] = {}


class Finding:
    """Writes the words."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def write(self, tx: Connection, many: Sequence[Terms]) -> list[None]:
        """Replace words and promises of dossiers, and remember how far that is. May be repeated."""
        for terms in many:
            rows = [
                {"word": word, "dossier": dossier} for dossier, words in terms.words.items() for word in words
            ]
            tx.execute(delete(term).where(term.c.dossier.in_(list(terms.words))))
            if rows:
                tx.execute(term.insert(), rows)
            tx.execute(delete(promise).where(promise.c.dossier.in_(list(terms.words))))
            gone = _merged(tx, terms.promises)
            owed = [(one, owed) for one, owed in sorted(terms.promises.items()) if one not in gone]
            if rows := [{"dossier": one, **msgspec.structs.asdict(owed)} for one, owed in owed]:
                tx.execute(promise.insert(), rows)
            row = {"connector": SOURCE[0], "name": SOURCE[1], "cursor": str(terms.upto)}
            tx.execute(self._store.upsert(schema.source, "connector", "name", update=("cursor",)), row)
        return [None] * len(many)


def _merged(tx: Connection, dossiers: Iterable[int]) -> set[int]:
    """Those that have become another since their words were read."""
    table = schema.dossier.c
    gone = select(table.id).where(table.id.in_(list(dossiers)), table.merged_into.is_not(None))
    return {row[0] for row in tx.execute(gone)}


def unwritten(tx: Connection, after: int, most: int) -> tuple[int, dict[int, tuple[float, bytes]]]:
    """The next messages behind `after`: the last one's number, and each dossier's making and fold."""
    table = schema.message.c
    query = select(table.id, table.dossier).where(table.id > after).order_by(table.id).limit(most)
    if tx.dialect.name != "sqlite":
        query = query.where(table.kept_at < now_of(tx) - _SETTLED)
    rows = tx.execute(query).all()
    dossiers = {row.dossier for row in rows if row.dossier is not None}
    state, made = schema.dossier_state.c, schema.dossier.c
    found = select(state.dossier, made.made_at, state.body).join(schema.dossier, made.id == state.dossier)
    folds = tx.execute(found.where(state.dossier.in_(dossiers)))
    return (rows[-1].id if rows else after), {row[0]: (row[1], row[2]) for row in folds}


def find(tx: Connection, typed: str) -> list[int]:
    """Dossiers by a number of theirs, a name or an identifier (or its beginning), the newest first."""
    known = read.find_dossier(tx, typed.strip()) or read.find_dossier(tx, typed.strip().upper())
    word = compact(typed) if is_number(typed) else plain(typed)
    if not word:
        return []
    query = select(term.c.dossier).where(term.c.word >= word, term.c.word < word + _LAST).distinct()
    found = [int(row[0]) for row in tx.execute(query.order_by(term.c.dossier.desc()).limit(MOST))]
    return list(dict.fromkeys([*([known] if known else []), *_present(tx, found)]))[:MOST]


def _present(tx: Connection, dossiers: list[int]) -> list[int]:
    """The same with those that became one with another as what they are now."""
    table = schema.dossier.c
    rows = tx.execute(select(table.id, table.merged_into).where(table.id.in_(dossiers)))
    now = {row.id: row.merged_into or row.id for row in rows}
    return [now.get(dossier, dossier) for dossier in dossiers]
