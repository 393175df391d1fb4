"""Tells agencies of changes by calling them back (gọi lại): from the ledger, at least once, given up visibly.

A call that fails is made again by the installation's schedule, counted from when the notice was written. A
process that dies between the call and its writing calls again: the agency knows the event by its id.
"""

import asyncio
import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import structlog

from bus.errors import LedgerUnavailableError
from bus.ledger import notices
from bus.ledger.ledger import Ledger
from bus.ledger.records import DueNotice, NoticeEnded
from bus.retry import Schedule

_log = structlog.get_logger("calling back")
_jitter = random.Random()  # noqa: S311  spreads calls, hides nothing


async def call_again(ledger: Ledger, agency: str | None, why: str) -> int:
    """Have what was given up called once more, of one agency or of all; how many notices that are.

    Their time is over, so what is not taken now is given up again. May be repeated.
    """
    found = await ledger.ask(notices.given_up, agency)
    if found:
        await ledger.notices_ended([NoticeEnded(notice, "again", reason=why) for notice in found])
    return len(found)


@dataclass(slots=True)
class CallBacks:
    """`call` makes one call, blocking: "" where the agency took it, else why not.

    One process calls (`serve`); at most `at_once` calls are made at the same time, `most` a step.
    """

    ledger: Ledger
    call: Callable[[DueNotice], str]
    schedule: Schedule
    every: float = 1.0
    most: int = 40
    at_once: int = 4
    clock: Callable[[], float] = time.time
    _pool: ThreadPoolExecutor = field(init=False)

    def __post_init__(self) -> None:
        """Have threads for the calls: a slow agency holds up nobody else's work."""
        self._pool = ThreadPoolExecutor(self.at_once, thread_name_prefix="calls-back")

    async def run(self) -> None:
        """Call for ever; what fails is tried again, never the end of the loop."""
        while True:
            try:
                full = await self.step()
            except LedgerUnavailableError as error:
                full = False
                _log.warning("calls to agencies wait for the ledger", error=str(error))
            except Exception as error:  # noqa: BLE001  a loop that ends would be silence
                full = False
                _log.error("calling back failed", error=type(error).__name__)
            if not full:
                await asyncio.sleep(self.every)

    async def step(self) -> bool:
        """Make the calls that are due; true where there may be more at once."""
        found = await self.ledger.ask(notices.due, self.clock(), self.most)
        if not found:
            return False
        await self.ledger.notices_ended(await asyncio.gather(*map(self._one, found)))
        return len(found) == self.most

    async def _one(self, due: DueNotice) -> NoticeEnded:
        loop = asyncio.get_running_loop()
        why = await loop.run_in_executor(self._pool, self.call, due)
        if not why:
            return NoticeEnded(due.notice, "taken")
        if self.schedule.is_exhausted(self.clock() - due.made_at):
            _log.error("an agency was not told: given up", agency=due.agency, notice=due.event, reason=why)
            return NoticeEnded(due.notice, "given up", reason=why)
        return NoticeEnded(
            due.notice,
            "again",
            reason=why,
            wait=max(0.05, self.schedule.next_wait(due.tries + 1, _jitter.random())),
        )

    def close(self) -> None:
        """Give back the threads; what is under way ends by its own time limit."""
        self._pool.shutdown(wait=False, cancel_futures=True)
