"""One process of several does what is to be done once: it holds a lease as polled sources have (rule 21)."""

from dataclasses import dataclass

from bus.errors import LedgerUnavailableError
from bus.ledger.ledger import Ledger
from bus.ledger.sources import Lease


@dataclass(slots=True)
class Election:
    """A process's standing for a task, named like no source of a connector: its connector's name is empty."""

    ledger: Ledger
    task: str
    elected: bool = False

    async def stand(self) -> bool:
        """Whether the task is ours now; another's when it ends. False while the ledger does not answer."""
        try:
            self.elected = bool(await self.ledger.act(Lease("", self.task)))
        except LedgerUnavailableError:
            self.elected = False
        return self.elected

    async def give_back(self) -> None:
        """Leave the task to another process, at a stop; without the ledger our lock's end does it."""
        if self.elected:
            self.elected = False
            await self.ledger.act(Lease("", self.task, take=False))
