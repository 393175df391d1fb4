"""Shares: how a connector's concurrency and rate are divided among the processes that serve it.

A process takes only what no other holds, so together they never have more than the connector's own limit:
whoever has too much gives back as its calls end, whoever has too little takes that at its next look. What a
process held that is proved gone, or has not looked in for `STALE` seconds, is free again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, select

from bus.ledger import schema
from bus.ledger.gates import Gates
from bus.ledger.store import Store

FRESH = 5.0
"""Seconds after which a process says again that it is there."""
STALE = 60.0
"""Seconds of silence after which a process's part is another's: it is frozen, and calls nobody."""

_s = schema.share.c


@dataclass(frozen=True, slots=True)
class Held:
    """What one process holds of a connector: slots, a part of its rate (0 to 1), seconds since it said so."""

    connector: str
    holder: int
    slots: int
    part: float
    age: float


@dataclass(frozen=True, slots=True)
class Share:
    """A process's wish for its fair part of a connector that has `most` slots; `busy` of them it needs now.

    With `leave` it gives up what it has.
    """

    connector: str
    most: int
    busy: int = 0
    leave: bool = False


@dataclass(frozen=True, slots=True)
class Granted:
    """What a process may use from now on: at most so many slots, and this part of the rate."""

    slots: int = 0
    part: float = 0.0


def divide(most: int, busy: int, me: int, others: Mapping[int, Held]) -> Granted:
    """What a process gets beside those who hold something already. Pure.

    Fair is the same for all, what does not divide goes to those who came first; what others still hold too
    much is not taken from them.
    """
    among = sorted({me, *others})
    fair = most // len(among) + (among.index(me) < most % len(among))
    free = max(0, most - sum(one.slots for one in others.values()))
    part = min(1 / len(among), max(0.0, 1.0 - sum(one.part for one in others.values())))
    return Granted(min(free, max(fair, busy)), part)


class Shares:
    """Writes who holds what of a connector; the connector's gate is the lock between processes."""

    def __init__(self, store: Store, gates: Gates) -> None:
        self._store = store
        self._gates = gates

    def takes(self, tx: Connection, wishes: Sequence[Share]) -> list[Granted]:
        """Answer each wish with what is granted; may be repeated."""
        return [self._take(tx, wish) for wish in wishes]

    def _take(self, tx: Connection, wish: Share) -> Granted:
        self._gates.lock(tx, wish.connector)
        me, now = self._store.holder, self._store.now(tx)
        if wish.leave:
            self._forget(tx, wish.connector, [me])
            return Granted()
        held = {one.holder: one for one in read_shares(tx, now) if one.connector == wish.connector}
        gone = [one.holder for one in held.values() if one.age > STALE or self._store.is_dead(tx, one.holder)]
        self._forget(tx, wish.connector, [holder for holder in gone if holder != me])
        others = {holder: one for holder, one in held.items() if holder not in {me, *gone}}
        granted = divide(wish.most, wish.busy, me, others)
        row = {
            "connector": wish.connector,
            "holder": me,
            "slots": granted.slots,
            "part": granted.part,
            "seen_at": now,
        }
        fields = ("slots", "part", "seen_at")
        tx.execute(self._store.upsert(schema.share, "connector", "holder", update=fields), row)
        return granted

    def _forget(self, tx: Connection, connector: str, holders: Sequence[int]) -> None:
        if holders:
            tx.execute(delete(schema.share).where(_s.connector == connector, _s.holder.in_(holders)))


def read_shares(tx: Connection, now: float) -> tuple[Held, ...]:
    """Who holds what, as it was last said."""
    query = select(_s.connector, _s.holder, _s.slots, _s.part, _s.seen_at)
    return tuple(Held(*row[:4], age=now - row[4]) for row in tx.execute(query))
