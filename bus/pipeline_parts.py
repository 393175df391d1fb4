"""What a pipeline is put together from."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from bus.connector import Connector
from bus.filing import Filing
from bus.ledger.ledger import Ledger
from bus.ledger.records import Claimed, Keep, Kept, Ready, Settle, Settled
from bus.planning import Planner
from mappings.engine import Compiled


class Observer(Protocol):
    """Whoever is told facts; the bus imports no monitoring."""

    def kept(self, keep: Keep, kept: Kept) -> None:
        """A message was handed in and is on disk (or was known)."""

    def settled(self, claimed: Claimed, settle: Settle, settled: Settled, seconds: float) -> None:
        """An attempt ended and is on disk."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What a pipeline works with. `publish` hands ready deliveries to the broker, at its leisure."""

    ledger: Ledger
    planner: Planner
    sheets: Mapping[str, Compiled]
    connectors: Mapping[str, Connector]
    publish: Callable[[Sequence[Ready]], None]
    observer: Observer
    config: int = 0
    filing: Filing = field(default_factory=Filing)
