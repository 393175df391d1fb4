"""Polls: one process asks a source, page by page, and each page is kept together with its cursor (rule 21).

With several processes the others stand by, and take over when the holder's process is gone or gives it back.
"""

import asyncio
import contextlib
import random
from collections.abc import Mapping
from dataclasses import dataclass, field

import structlog

from bus.connector import Connector
from bus.errors import DeliveryError
from bus.ledger import read
from bus.ledger.keep import CursorMovedError
from bus.ledger.ledger import Ledger
from bus.ledger.sources import Lease, stand
from bus.pipeline import Pipeline
from bus.ports import Poll

STAND_BY = 5.0
"""Seconds, at most, until one who stands by looks again whether the source is free."""

_log = structlog.get_logger("polling")
_jitter = random.SystemRandom()


@dataclass(slots=True)
class Polling:
    """One source of one connector, as this process asks it or stands by."""

    ledger: Ledger
    pipeline: Pipeline
    connector: Connector
    poll: Poll
    pages: int = 0
    _mine: bool = False
    _wake: asyncio.Event = field(default_factory=asyncio.Event)

    def wake(self) -> None:
        """Ask at once: a webhook says there is something."""
        self._wake.set()

    async def step(self) -> None:
        """One page, then the pause until the next; a failure of the peer is logged."""
        self._wake.clear()
        name, more, pause = self.connector.name, False, self.poll.every
        try:
            if not self.connector.gate.is_shut():
                more = await self._page()
                pause = pause if self._mine else min(pause, STAND_BY)
        except CursorMovedError:
            _log.debug("another process polled this page", connector=name, poll=self.poll.name)
        except DeliveryError as error:
            self.connector.gate.failed("", error)
            _log.warning("poll failed", connector=name, poll=self.poll.name, error=error.text)
        if not more:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), pause * _jitter.uniform(0.9, 1.1))

    async def _page(self) -> bool:
        """Fetch a page and keep it; False where there is no more, or where another process polls."""
        name, poll = self.connector.name, self.poll
        before = await self._held()
        if before is None:
            return False

        def recall(subjects: list[str]) -> Mapping[str, bytes]:
            return self.ledger.look(read.memory, name, poll.name, subjects)

        loop = asyncio.get_running_loop()
        page = await loop.run_in_executor(self.connector.pool, poll.fetch, before, recall)
        self.connector.gate.answered()
        self.pages += 1
        if page.items or page.broken or page.remember or page.cursor != before:
            async with self.pipeline.turns:
                await self.pipeline.keep_page(name, poll.name, before, page)
        return page.more

    async def _held(self) -> str | None:
        """The cursor, where the source is ours; None where another process has it."""
        name, poll = self.connector.name, self.poll.name
        before, holder = await self.ledger.ask(stand, name, poll)
        mine = holder == self.ledger.store.holder or await self.ledger.act(Lease(name, poll))
        if mine != self._mine:
            self._mine = mine
            _log.debug("polls" if mine else "stands by", connector=name, poll=poll)
        return before if mine else None

    async def give_back(self) -> None:
        """Leave the source to another process, at a stop; without the ledger our lock's end does it."""
        if self._mine:
            self._mine = False
            await self.ledger.act(Lease(self.connector.name, self.poll.name, take=False))
