"""A connector's concurrency and rate, shared by the processes that serve it on one PostgreSQL.

The ledger's rows say who has what (`bus.ledger.shares`). A process begins with nothing, looks at every sweep,
and takes or gives back where that changes anything, so all together never go over what the settings allow. An
SQLite ledger has one process, which has all.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from bus.connector import Connector
from bus.ledger.ledger import Ledger
from bus.ledger.shares import FRESH, STALE, Granted, Held, Share, divide, read_shares
from bus.ledger.store import now_of


@dataclass(slots=True)
class Shares:
    """This process's shares of its connectors; those that are off are none of it."""

    ledger: Ledger
    connectors: Mapping[str, Connector]
    _mine: dict[str, Granted] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.ledger.store.is_sqlite:
            for connector in self._served():
                self._use(connector, Granted())

    def _served(self) -> Sequence[Connector]:
        return [one for one in self.connectors.values() if one.mode != "off"]

    async def refresh(self) -> None:
        """Take or give back what is fair now; may be repeated at any time."""
        if self.ledger.store.is_sqlite:
            return
        rows = await self.ledger.ask(_rows)
        for connector in self._served():
            held = {one.holder: one for one in rows if one.connector == connector.name}
            if self._is_due(connector, held):
                wish = Share(connector.name, connector.concurrency, max(0, connector.slots.busy))
                self._use(connector, await self.ledger.act(wish))

    async def leave(self) -> None:
        """Give everything back at a stop; without the ledger the end of our lock does it."""
        if not self.ledger.store.is_sqlite:
            for connector in self._served():
                await self.ledger.act(Share(connector.name, 0, leave=True))

    def _is_due(self, connector: Connector, held: Mapping[int, Held]) -> bool:
        """Whether there is anything to write: we are to be seen, somebody is gone, or it is not fair."""
        me = self.ledger.store.holder
        mine = held.get(me)
        if mine is None or mine.age > FRESH or any(one.age > STALE for one in held.values()):
            return True
        others = {holder: one for holder, one in held.items() if holder != me}
        fair = divide(connector.concurrency, connector.slots.busy, me, others)
        return fair != Granted(mine.slots, mine.part)

    def _use(self, connector: Connector, granted: Granted) -> None:
        if self._mine.get(connector.name) != granted:
            self._mine[connector.name] = granted
            connector.slots.resize(granted.slots)
            connector.adapter.share(granted.part)


def _rows(tx: Connection) -> tuple[Held, ...]:
    return read_shares(tx, now_of(tx))
