"""Turns: no more is taken in than goes out, where the source can wait.

Why: what is kept faster than it is delivered only piles up, and goes the long way through the broker. A poll
or a queue loses nothing by waiting; a caller at the door is never kept waiting.
"""

import asyncio
from collections import deque
from collections.abc import Iterable

from bus.connector import Connector
from bus.slots import wake

PATIENCE = 0.25
"""Seconds that a source is held back at most: a slow peer must not close the way to the others."""


class Turns:
    """`async with turns:` around a keep: as many at once as every connector at work has slots free."""

    def __init__(self, connectors: Iterable[Connector]) -> None:
        self._connectors = [one for one in connectors if one.mode != "off"]
        self._entering = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        for one in self._connectors:
            one.slots.on_free = self._serve

    async def __aenter__(self) -> None:
        if self._waiting or not self._has_room():
            await self._wait()
        self._entering += 1

    async def __aexit__(self, *_: object) -> None:
        self._entering -= 1
        self._serve()

    async def _wait(self) -> None:
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        self._waiting.append(future)
        timer = loop.call_later(PATIENCE, wake, future)
        try:
            await future
        finally:
            timer.cancel()

    def _serve(self) -> None:
        room = self._room()
        while self._waiting and room > 0:
            room -= wake(self._waiting.popleft())

    def _has_room(self) -> bool:
        return self._room() > 0

    def _room(self) -> int:
        """How many more may enter; what a shut connector has to do waits in the ledger anyway."""
        free = (one.slots.free for one in self._connectors if not one.gate.is_shut())
        return min(free, default=self._entering + 1) - self._entering
