"""Slots: how many deliveries of a connector are worked on at once.

The event loop takes and gives them; the ledger's thread may take one without waiting, for a delivery that it
claims in the very transaction that made it ready.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Callable


class Slots:
    """`count` places to work. Whoever waits is served in the order of asking, and nobody overtakes them.

    `on_free` is called on the event loop when one is free that nobody waits for.
    """

    def __init__(self, count: int) -> None:
        self._free = count
        self._lock = threading.Lock()
        self._waiting: deque[asyncio.Future[None]] = deque()
        self.on_free: Callable[[], None] = _nothing

    @property
    def free(self) -> int:
        """How many are free now."""
        return self._free

    def try_take(self) -> bool:
        """Take one if it is free and nobody waits for it. From any thread."""
        with self._lock:
            if not self._free or self._waiting:
                return False
            self._free -= 1
            return True

    async def take(self) -> None:
        """Take one, waiting for it. May be cancelled: then none is taken."""
        if self.try_take():
            return
        future = asyncio.get_running_loop().create_future()
        with self._lock:
            self._waiting.append(future)
        self._serve()
        try:
            await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled():
                self.give()
            raise

    def give(self) -> None:
        """Give one back. On the event loop."""
        with self._lock:
            self._free += 1
        self._serve()

    def _serve(self) -> None:
        with self._lock:
            while self._waiting and self._free:
                if wake(self._waiting.popleft()):
                    self._free -= 1
            left = self._free
        if left:
            self.on_free()


def wake(future: asyncio.Future[None]) -> bool:
    """Let go on whoever awaits it; False where nobody does any more."""
    if future.done():
        return False
    future.set_result(None)
    return True


def _nothing() -> None:
    """Nobody wants to know."""
