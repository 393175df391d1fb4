"""Hand-over: a delivery that becomes ready while this process has a slot free is claimed in that transaction.

Why: it saves a work message, a claim of its own and their waits. It is a keep (or settle) and a claim with
nothing between them, so every rule of the protocol holds as it stands (decision 14). Only what has no slot
here goes through the broker.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import msgspec

from bus.ledger.records import Claimed


class Handed(msgspec.Struct, frozen=True, gc=False):
    """A claimed delivery on its way to the slot that was taken for it; `until` ends its lease (monotonic)."""

    claimed: Claimed
    until: float


class Hands(Protocol):
    """The free slots of this process."""

    def take(self, connector: str, operation: str) -> float | None:
        """Take a slot, on the ledger's thread: the lease in seconds, None where nothing may go now."""

    def begin(self, handed: Sequence[Handed]) -> None:
        """Work on what was claimed, each in its slot. On the event loop, after the commit."""

    def give_back(self, connectors: Sequence[str]) -> None:
        """Free slots whose transaction was rolled back. On the event loop."""


class Slot(msgspec.Struct, frozen=True, gc=False):
    """A slot taken in an open transaction, for a lease of `lease` seconds from before it."""

    connector: str
    lease: float
    until: float


class Handover:
    """What an open transaction has taken from the hands; told to them when it is over."""

    def __init__(self) -> None:
        self._hands: Hands | None = None
        self._offers = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._taken: list[str] = []
        self._handed: list[Handed] = []

    def open(self, hands: Hands) -> None:
        """From now on offer these hands' slots. On the event loop that they work on."""
        self._loop = asyncio.get_running_loop()
        self._hands = hands
        self._offers = True

    def shut(self) -> None:
        """Offer none any more. What an open transaction has taken still comes, until the next barrier."""
        self._offers = False

    def take(self, connector: str, operation: str) -> Slot | None:
        """Take a slot for a delivery that is claimed in this transaction; None where there is none."""
        if self._hands is None or not self._offers:
            return None
        began = time.monotonic()
        lease = self._hands.take(connector, operation)
        if lease is None:
            return None
        self._taken.append(connector)
        return Slot(connector, lease, began + lease)

    def give(self, slot: Slot, claimed: Claimed) -> None:
        """Name what is worked on in a slot that was taken."""
        self._handed.append(Handed(claimed, slot.until))

    def committed(self) -> None:
        """The transaction is on disk: work begins."""
        if not self._taken or self._hands is None:
            return
        handed, taken = self._handed, self._taken
        self._handed, self._taken = [], []
        self._tell(self._hands.begin, handed)
        if len(taken) > len(handed):
            idle = Counter(taken) - Counter(one.claimed.connector for one in handed)
            self._tell(self._hands.give_back, list(idle.elements()))

    def rolled_back(self) -> None:
        """The transaction left nothing: its slots are free again."""
        taken, self._handed, self._taken = self._taken, [], []
        if taken and self._hands is not None:
            self._tell(self._hands.give_back, taken)

    def _tell(self, tell: Callable[[Any], None], what: Any) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(tell, what)
