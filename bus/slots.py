"""Slots: how many deliveries of a connector this process works on at once.

The event loop takes and gives them; the ledger's thread may take one without waiting, for a delivery that it
claims in the very transaction that made it ready.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Callable


class Slots:
    """`count` places to work. Whoever waits is served in the order of asking, and nobody overtakes them.

    `on_free` is called on the event loop when one is free that nobody waits for. Where there is none at all,
    because other processes have them, nobody waits.
    """

    def __init__(self, count: int) -> None:
        self.count = count
        self._free = count
        self._lock = threading.Lock()
        self._waiting: deque[asyncio.Future[bool]] = deque()
        self.on_free: Callable[[], None] = _nothing

    @property
    def free(self) -> int:
        """How many are free now; below zero where more are taken than there may be from now on."""
        return self._free

    @property
    def busy(self) -> int:
        """How many are taken."""
        return self.count - self._free

    def resize(self, count: int) -> None:
        """Have so many from now on; what is taken stays taken until it is given back. On the event loop."""
        with self._lock:
            self._free += count - self.count
            self.count = count
            gone = [] if count else [self._waiting.popleft() for _ in range(len(self._waiting))]
        for future in gone:
            wake(future, taken=False)
        self._serve()

    def try_take(self) -> bool:
        """Take one if it is free and nobody waits for it. From any thread."""
        with self._lock:
            if self._free <= 0 or self._waiting:
                return False
            self._free -= 1
            return True

    async def take(self) -> bool:
        """Take one, waiting for it; False where there is none to wait for. Cancelled, none is taken."""
        if self.try_take():
            return True
        if not self.count:
            return False
        future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        with self._lock:
            self._waiting.append(future)
        self._serve()
        try:
            return await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled() and future.result():
                self.give()
            raise

    def give(self) -> None:
        """Give one back. On the event loop."""
        with self._lock:
            self._free += 1
        self._serve()

    def _serve(self) -> None:
        with self._lock:
            while self._waiting and self._free > 0:
                if wake(self._waiting.popleft()):
                    self._free -= 1
            left = self._free
        if left > 0:
            self.on_free()


def wake(future: asyncio.Future[bool], *, taken: bool = True) -> bool:
    """Let go on whoever awaits it; False where nobody does any more."""
    if future.done():
        return False
    future.set_result(taken)
    return True


def _nothing() -> None:
    """Nobody wants to know."""
