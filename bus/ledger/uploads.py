"""Files that agencies uploaded themselves, so that nobody can refer to a file by knowing its hash."""

from collections.abc import Collection, Sequence

import msgspec
from sqlalchemy import Connection, select

from bus.ledger.schema_uploads import upload
from bus.ledger.store import Store


class Uploaded(msgspec.Struct, frozen=True, gc=False):
    """A source (`bus.desk.source_of`) has brought a file, by its hash."""

    source: str
    hash: str


class Uploads:
    """Notes uploads."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def notes(self, tx: Connection, uploads: Sequence[Uploaded]) -> list[None]:
        """Note who brought what; may be repeated."""
        put, now = self._store.upsert(upload, "source", "hash", update=["at"]), self._store.now(tx)
        for each in uploads:
            tx.execute(put, {"source": each.source, "hash": each.hash, "at": now})
        return [None] * len(uploads)


def among(tx: Connection, sources: Sequence[str], hashes: Collection[str]) -> frozenset[str]:
    """Which of these files one of these sources has uploaded."""
    columns = upload.c
    query = select(columns.hash).where(columns.source.in_(list(sources)), columns.hash.in_(list(hashes)))
    return frozenset(tx.scalars(query))
