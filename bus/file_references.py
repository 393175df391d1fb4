"""Which stored files the ledger refers to (tệp còn được tham chiếu), and taking away those it does not.

A file is referred to where its hash stands in anything that is kept: a message as it came or as it was read,
a fold, an answer. What was put and never kept (a crash in between, an upload that nobody used) is the rest.
"""

import re
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from sqlalchemy import Column, func, select

from bus.files import FileStore
from bus.ledger import schema
from bus.ledger.store import Store

_HASH = re.compile(rb"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")
_AT_ONCE = 500
_KEPT: tuple[tuple[Column[int], tuple[Column[bytes], ...]], ...] = (
    (schema.payload.c.message, (schema.payload.c.raw, schema.payload.c.canonical)),
    (schema.dossier_state.c.dossier, (schema.dossier_state.c.body,)),
    (schema.attempt.c.delivery, (schema.attempt.c.answer,)),
)
"""Where bytes of messages are kept: the number of a row, and the bytes."""


@dataclass(frozen=True, slots=True)
class Tidied:
    """What was taken away, or would be: hashes in order, and the bytes they took."""

    files: tuple[str, ...]
    bytes: int


def kept_bytes(store: Store) -> Iterator[bytes]:
    """Everything kept in which a hash may stand, in short readings (rule 19) and bounded memory."""
    for number, columns in _KEPT:
        begin = 0
        while begin <= _last(store, number):
            with store.read() as tx:
                query = select(*columns).where(number >= begin, number < begin + _AT_ONCE)
                rows = tx.execute(query).all()
            yield from (bytes(value) for row in rows for value in row if value)
            begin += _AT_ONCE
    with store.read() as tx:
        rows = tx.execute(select(schema.source_memory.c.body)).all()
    yield from (bytes(row[0]) for row in rows)


def _last(store: Store, number: Column[int]) -> int:
    with store.read() as tx:
        return int(tx.execute(select(func.coalesce(func.max(number), -1))).scalar_one())


def unreferenced(store: FileStore, kept: Iterable[bytes], before: float) -> set[str]:
    """The files of a store that were put before `before` (seconds since the epoch) and nothing kept names."""
    left = {digest for digest in store.hashes() if store.put_at(digest) < before}
    for value in kept:
        if not left:
            break
        left.difference_update(found.decode() for found in _HASH.findall(value))
    return left


def tidy(
    store: FileStore,
    kept: Iterable[bytes],
    *,
    older_than: float,
    dry_run: bool,
    watched: Callable[[list[str]], Iterable[str]] = iter,
) -> Tidied:
    """Take away what nothing refers to and was put over `older_than` seconds ago; with `dry_run` only tell.

    May be repeated, and run beside a `serve`: a file that is put again while this looks stays. `watched`
    shows the progress.
    """
    before = time.time() - older_than
    gone: list[str] = []
    size = 0
    for digest in watched(sorted(unreferenced(store, kept, before))):
        took = store.size(digest) if dry_run else store.drop(digest, before)
        if took is not None:
            gone.append(digest)
            size += took
    return Tidied(tuple(gone), size)
