"""Connectors that have slots and get no hints: theirs may have died with a queue, as only the ledger knows.

A queue that is deleted, or a broker that is wiped, takes the hints of thousands of ready deliveries with it.
The sweeper would bring each again at its own date, later every time; whoever has nothing to do asks for them.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from bus.connector import Connector

IDLE = 2.0
"""Seconds without a hint, beside a free slot, after which what is ready is published again."""


@dataclass(slots=True)
class Hunger:
    """When each connector of this process last got a hint, on the monotonic clock."""

    connectors: Mapping[str, Connector]
    _fed: dict[str, float] = field(default_factory=dict)

    def fed(self, connector: str) -> None:
        """A hint has come, or some are on their way."""
        self._fed[connector] = time.monotonic()

    def hungry(self) -> frozenset[str]:
        """Those with a free slot and no hint for `IDLE` seconds; each is named once in that time."""
        now = time.monotonic()
        found = frozenset(
            name
            for name, one in self.connectors.items()
            if one.mode != "off" and one.slots.free > 0 and now - self._fed.setdefault(name, now) > IDLE
        )
        for name in found:
            self.fed(name)
        return found
