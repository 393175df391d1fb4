"""The breaker: when a peer is down, its deliveries stay where they are and one probe asks again.

The simplest honest form: one breaker a connector, counted in this process, written to the ledger so that
everybody sees it. While it is open nothing is claimed, so no attempt is burned and nothing goes dead.
"""

import time
from dataclasses import dataclass
from typing import Literal


@dataclass(slots=True)
class Gate:
    """Whether a connector's deliveries may go. `paused` is a person's, the rest is the breaker's."""

    most_failures: int
    open_for: float
    state: Literal["closed", "open"] = "closed"
    failures: int = 0
    reason: str = ""
    paused: bool = False
    probe_at: float = 0.0
    epoch: int = 0
    told: Literal["closed", "open"] = "closed"
    """The breaker's state as the ledger was told last."""

    @property
    def is_shut(self) -> bool:
        """Whether nothing is to be claimed now."""
        return self.paused or self.state == "open"

    def succeeded(self) -> bool:
        """The peer answered, a refusal included; True where this closes the breaker."""
        closes = self.state == "open"
        self.state, self.failures, self.reason = "closed", 0, ""
        return closes

    def failed(self, reason: str) -> bool:
        """The peer could not be reached; True where this opens the breaker."""
        self.failures += 1
        self.reason = reason
        if self.state == "open" or self.failures < self.most_failures:
            return False
        self.state = "open"
        self.probe_at = time.monotonic() + self.open_for
        return True

    def wants_probe(self) -> bool:
        """Whether it is time to ask an absent peer again; asking sets the next time."""
        if self.state != "open" or self.paused or time.monotonic() < self.probe_at:
            return False
        self.probe_at = time.monotonic() + self.open_for
        return True
