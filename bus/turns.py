"""Turns: no more is taken in than goes out, where the source can wait.

Why: what is kept faster than it is delivered only piles up, and goes the long way through the broker. A poll
or a queue loses nothing by waiting; a caller at the door is never kept waiting.
"""

import asyncio
from collections import deque
from collections.abc import Iterable

from bus.connector import Connector
from bus.slots import wake

PATIENCE = 1.0
"""Seconds that a source is held back at most: a slow peer must not close the way to the others."""


class Turns:
    """`async with turns:` around a keep: as many at once as every connector at work has slots free."""

    def __init__(self, connectors: Iterable[Connector]) -> None:
        self._connectors = [one for one in connectors if one.mode != "off"]
        self._entering = 0
        self._waiting: deque[asyncio.Future[bool]] = deque()
        for one in self._connectors:
            one.slots.on_free = self._serve

    async def __aenter__(self) -> None:
        if self._waiting or self._room() <= 0:
            await self._wait()
        else:
            self._entering += 1

    async def __aexit__(self, *_: object) -> None:
        self._entering -= 1
        self._serve()

    async def _wait(self) -> None:
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        self._waiting.append(future)
        timer = loop.call_later(PATIENCE, self._let_in, future)
        try:
            await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled():
                self._entering -= 1
            raise
        finally:
            timer.cancel()

    def _serve(self) -> None:
        while self._waiting and self._room() > 0:
            self._let_in(self._waiting.popleft())

    def _let_in(self, future: asyncio.Future[bool]) -> None:
        """Count whoever is let in at once: by the time it runs, more slots may have become free."""
        self._entering += wake(future)

    def _room(self) -> int:
        """How many more may enter; what a shut connector has to do waits in the ledger anyway."""
        free = (one.slots.free for one in self._connectors if one.slots.count and not one.gate.is_shut())
        return min(free, default=self._entering + 1) - self._entering
