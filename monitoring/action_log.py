"""Watches the log of actions: follows its chain as it grows, and walks all of it now and then."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from bus.ledger import chain
from bus.ledger.chain import START, Link, Walked
from bus.ledger.ledger import Ledger

WHOLE = 3600.0
"""Seconds between two walks over all of it; between them what was added is followed."""

_log = structlog.get_logger("action log")


@dataclass(slots=True)
class LogWatch:
    """What is known of the log: `seen` is the last walk, `at` when (seconds since the epoch).

    The last sound head stays in memory: a log that is cut or written anew while we run is found by it. Every
    whole walk tells the head to the machine's log, which is usually kept elsewhere.
    """

    ledger: Ledger
    every: float = WHOLE
    clock: Callable[[], float] = time.time
    seen: Walked | None = None
    at: float = 0.0
    _whole_at: float = 0.0

    async def look(self) -> Walked:
        """Follow what was added, or walk all of it where it is time; raises `LedgerUnavailableError`."""
        now, before = self.clock(), self.seen
        is_whole = before is None or now - self._whole_at >= self.every
        if before is not None and before.broken and not is_whole:
            return before
        head = before.head if before else START
        seen = await self._follow(START if is_whole else head)
        if is_whole:
            self._whole_at = now
            # a log that is sound in itself may still not be the one that was seen before
            if lost := await self.ledger.ask(chain.missing, head):
                seen = Walked(head, seen.rows, lost)
            self._tell(seen)
        elif before is not None:
            seen = Walked(seen.head, before.rows + seen.rows, seen.broken)
            if seen.broken:
                self._tell(seen)
        self.seen, self.at = seen, now
        return seen

    async def _follow(self, head: Link) -> Walked:
        rows = 0
        while True:
            seen: Walked = await self.ledger.ask(chain.walk, head)
            head, rows = seen.head, rows + seen.rows
            if seen.broken or seen.ended:
                return Walked(head, rows, seen.broken)

    def _tell(self, seen: Walked) -> None:
        if seen.broken:
            _log.error("the action log is broken", row=seen.broken.number, reason=seen.broken.why)
        else:
            _log.info("the action log is sound", rows=seen.rows, head=str(seen.head))
