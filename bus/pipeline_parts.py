"""What a pipeline is put together from."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from bus.connector import Connector
from bus.filing import Filing
from bus.ledger.ledger import Ledger
from bus.ledger.records import Ready
from bus.observer import Observer
from bus.planning import Planner
from mappings.engine import Compiled


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
