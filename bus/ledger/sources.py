"""Whose a polled source is: one process polls it, the others stand by until that one is gone (rule 21)."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select, update

from bus.ledger import schema
from bus.ledger.store import Store

_s = schema.source.c


@dataclass(frozen=True, slots=True)
class Lease:
    """A process's wish to be the one that polls a source, or (`take` False) to leave it to another."""

    connector: str
    name: str
    take: bool = True


class Sources:
    """Takes and gives back sources. A holder's proof of life is its process's lock, as with deliveries."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def leases(self, tx: Connection, leases: Sequence[Lease]) -> list[bool]:
        """Take or give back sources; each answers whether it is ours now. May be repeated."""
        return [self._lease(tx, lease) for lease in leases]

    def _lease(self, tx: Connection, lease: Lease) -> bool:
        row = {"connector": lease.connector, "name": lease.name}
        tx.execute(self._store.upsert(schema.source, "connector", "name"), row)
        where = (_s.connector == lease.connector, _s.name == lease.name)
        query = select(_s.holder).where(*where)
        holder: int | None = tx.execute(
            query if self._store.is_sqlite else query.with_for_update()
        ).scalar_one()
        us = self._store.holder
        mine = holder == us
        if not lease.take:
            if mine:
                tx.execute(update(schema.source).where(*where).values(holder=None))
            return False
        if not mine and (holder is None or self._store.is_dead(tx, holder)):
            tx.execute(update(schema.source).where(*where).values(holder=us))
            mine = True
        return mine


def stand(tx: Connection, connector: str, name: str) -> tuple[str, int | None]:
    """Where a source stands ("" at first), and whose it is."""
    query = select(_s.cursor, _s.holder).where(_s.connector == connector, _s.name == name)
    row = tx.execute(query).first()
    return (row.cursor, row.holder) if row else ("", None)
