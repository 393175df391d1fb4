"""Figures behind the page: nobody waits for a long count, and what was counted says when."""

import asyncio
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager as Opened
from contextlib import contextmanager
from datetime import date
from typing import Any

import pytest

from bus.errors import LedgerUnavailableError
from monitoring.console import count_behind
from monitoring.report.period import Period
from tests.integration.console.conftest import Browser

pytestmark = pytest.mark.integration

DAY = Period(date(2026, 4, 15), date(2026, 4, 15))
PAGE = "/figures?from=2026-04-15&to=2026-04-15"


@contextmanager
def slow_ledger(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> Iterator[asyncio.Event]:
    """A ledger that answers a count only once the event is set."""
    may, ask = asyncio.Event(), browser.desk.ledger.ask

    async def late(question: Any, *given: Any) -> Any:
        if question.__module__ == "monitoring.report.gather":
            await may.wait()
        return await ask(question, *given)

    with monkeypatch.context() as patched:
        patched.setattr(browser.desk.ledger, "ask", late)
        yield may


async def test_a_page_does_not_wait_for_a_long_count_and_opens_itself_again(
    open_console: Opened[Browser], monkeypatch: pytest.MonkeyPatch
) -> None:
    """First how far the count is, then the figures with their time, then the last ones meanwhile."""
    async with open_console as browser:
        await browser.signs_in("viewer")
        with slow_ledger(browser, monkeypatch) as may:
            page = await browser.looks(PAGE)
            assert "Đang đếm" in page
            assert 'http-equiv="refresh"' in page
            assert "Đếm lúc" not in page
            may.set()
            await browser.desk.counting.whole(DAY)
        page = await browser.looks(PAGE)
        assert "Đếm lúc" in page
        assert 'http-equiv="refresh"' not in page
        monkeypatch.setattr(count_behind, "_SHARE", 0)
        with slow_ledger(browser, monkeypatch):
            page = await browser.looks(PAGE)
            assert "Đếm lúc" in page
            assert "đang đếm lại" in page
            await browser.desk.counting.stop()


async def test_a_ledger_that_is_away_is_said_and_counted_again_when_it_is_back(
    open_console: Opened[Browser], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A count that failed is not remembered."""
    async with open_console as browser:

        async def away(*_: Any) -> Any:
            raise LedgerUnavailableError("away")

        with monkeypatch.context() as patched:
            patched.setattr(browser.desk.ledger, "ask", away)
            with pytest.raises(LedgerUnavailableError):
                await browser.desk.counting.whole(DAY)
        assert await browser.desk.counting.whole(DAY)


async def test_only_so_many_periods_are_remembered(open_console: Opened[Browser]) -> None:
    """Whoever asks for a thousand periods fills no memory; the last ones stay."""
    async with open_console as browser:
        counting = browser.desk.counting
        for day in range(1, 21):
            await counting.whole(Period(date(2026, 3, day), date(2026, 3, day)))
        assert len(counting._counts) <= count_behind._KEPT + 1
        assert Period(date(2026, 3, 20), date(2026, 3, 20)) in counting._counts
