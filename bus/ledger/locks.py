"""Lock all dossiers of a group at once (rule 9), so that two processes never wait for each other.

A group does its writes kind by kind, and each locks what it is about: of two groups, one might have a dossier
that the other wants next. Here all are locked first, in key order, by one statement. SQLite has one writer.
What only turns up later, two dossiers that become one, is left to the database and a second try.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import BindParameter, Connection, bindparam, select

from bus.ledger import chain, driver, schema
from bus.ledger.handling_records import Again, Cancel, Decide, Discard, Patch, Propose, Reread, Retry, Told
from bus.ledger.leg_rows import tied_dossiers
from bus.ledger.pairs import NUMBERS, of_pairs
from bus.ledger.people import Enrol, Note, SignIn
from bus.ledger.records import Claim, Hold, Keep, Page, Pause, Settle, Undone
from bus.ledger.retention import Remove
from bus.ledger.store import Store

_ids: BindParameter[int] = bindparam("ids", expanding=True)
_LOGGED = frozenset(
    {
        Hold,
        Undone,
        Pause,
        Enrol,
        SignIn,
        Note,
        Retry,
        Cancel,
        Discard,
        Told,
        Reread,
        Again,
        Patch,
        Propose,
        Decide,
        Remove,
    }
)
"""Writes that a person asked for: each appends to the log of actions."""
_OWNERS = select(schema.delivery.c.dossier).where(schema.delivery.c.id.in_(_ids))


class Locks:
    """Takes the dossiers' locks of a whole group of writes."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def take(self, tx: Connection, writes: Sequence[Any]) -> None:
        """Lock every dossier that the writes are about; nothing where one step locks them anyway.

        The log of actions is locked before: who waits for its end has no dossier that another wants.
        """
        if self._store.is_sqlite:
            return
        if not _LOGGED.isdisjoint(map(type, writes)):
            chain.lock(tx)
        if len(writes) < 2 or _steps(writes) < 2:
            return
        self._store.lock_dossiers(tx, self._dossiers(tx, writes))

    def _dossiers(self, tx: Connection, writes: Sequence[Any]) -> set[int]:
        keeps = list(_keeps(writes))
        found = {write.dossier for write in writes if isinstance(write, Hold | Undone)}
        found |= {one for write in writes if isinstance(write, Remove) for one in write.dossiers}
        found |= {keep.dossier for keep in keeps if keep.dossier is not None}
        numbers = {pair for keep in keeps for pair in keep.codes.items()}
        found |= {row[2] for row in of_pairs(tx, NUMBERS, numbers)}
        found |= set(tied_dossiers(tx, keeps).values())
        deliveries = sorted({write.delivery for write in writes if isinstance(write, Settle | Claim)})
        if deliveries:
            found |= {dossier for (dossier,) in driver.select(tx, _OWNERS, ids=deliveries)}
        return found


def _keeps(writes: Sequence[Any]) -> Iterator[Keep]:
    """Every message that the writes keep."""
    for write in writes:
        if isinstance(write, Keep):
            yield write
        elif isinstance(write, Page):
            yield from write.keeps
        elif isinstance(write, Settle):
            yield from write.says


def _steps(writes: Sequence[Any]) -> int:
    """How many times the writes would lock by themselves: a kind at once, but each page and person alone.

    Claims lock deliveries alone, but what they lock a settlement of another group may want.
    """
    at_once = {type(write) for write in writes if isinstance(write, Settle | Keep | Claim)}
    says = any(isinstance(write, Settle) and write.says for write in writes)
    return len(at_once) + says + sum(isinstance(write, Page | Hold | Undone | Remove) for write in writes)
