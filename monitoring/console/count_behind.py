"""Figures counted behind the page: it never waits for a long period, and tells how far the count is."""

import asyncio
import time
from collections import OrderedDict
from dataclasses import dataclass, field

from bus.ledger.ledger import Ledger
from monitoring.report.gather import gather_behind
from monitoring.report.period import Period
from monitoring.report.tables import Figures, tables
from monitoring.report.tally import Reporter

PATIENCE = 0.1
"""Seconds that a page waits for a count: most are done by then."""

_KEPT, _SHARE = 8, 20
"""Periods that are remembered; a count stands for this many times what it took."""


@dataclass(slots=True)
class Count:
    """A period's figures as counted `at` (seconds since the epoch), and how far the next count is."""

    tables: tuple[Figures, ...] = ()
    at: float = 0.0
    took: float = 0.0
    share: float = 0.0
    behind: asyncio.Task[None] | None = None

    @property
    def is_known(self) -> bool:
        """Whether there are figures to show, of whatever age."""
        return self.at > 0

    @property
    def is_fresh(self) -> bool:
        """Whether they are not worth counting again yet."""
        return self.is_known and time.time() - self.at < _SHARE * self.took


@dataclass(slots=True)
class Counting:
    """Counts, one period at a time; what was counted is remembered and counted again once it is old."""

    ledger: Ledger
    reporter: Reporter
    _counts: OrderedDict[Period, Count] = field(default_factory=OrderedDict)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def so_far(self, period: Period) -> Count:
        """The figures within moments: new ones, else the last ones, else none yet.

        Raises `LedgerUnavailableError` where the ledger does not answer in that time.
        """
        count = self._count(period)
        if not count.is_fresh:
            await asyncio.wait([self._begun(period, count)], timeout=PATIENCE)
            self._raise(count)
        return count

    async def whole(self, period: Period) -> tuple[Figures, ...]:
        """The figures however long they take; raises `LedgerUnavailableError`."""
        count = self._count(period)
        if not count.is_fresh:
            await asyncio.wait([self._begun(period, count)])
            self._raise(count)
        return count.tables

    async def stop(self) -> None:
        """End what is being counted; may be repeated."""
        under_way = [count.behind for count in self._counts.values() if count.behind]
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)

    def _count(self, period: Period) -> Count:
        count = self._counts.setdefault(period, Count())
        self._counts.move_to_end(period)
        for old in [one for one, other in self._counts.items() if other.behind is None][:-_KEPT]:
            del self._counts[old]
        return count

    def _begun(self, period: Period, count: Count) -> asyncio.Task[None]:
        if count.behind is None:
            count.behind = asyncio.create_task(self._tell(period, count))
        return count.behind

    async def _tell(self, period: Period, count: Count) -> None:
        def progress(done: int, of: int) -> None:
            count.share = done / of

        async with self._turn:
            began, count.share = time.monotonic(), 0.0
            tally = await gather_behind(self.ledger, self.reporter.begin(period), progress)
            count.tables, count.at, count.took = tables(tally), time.time(), time.monotonic() - began

    @staticmethod
    def _raise(count: Count) -> None:
        """Let the next one count anew where this one is over, and say why where it failed."""
        if count.behind is not None and count.behind.done():
            done, count.behind = count.behind, None
            done.result()
