"""Two processes whose groups are about the same dossiers, in opposite order: none waits for the other."""

import asyncio
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from sqlalchemy import event

from bus.ledger.ledger import Ledger
from bus.ledger.records import Claimed, Settle
from bus.ledger.sources import Lease
from bus.ledger.store import Store
from tests.integration.ledger.conftest import keep_of, merge, plan
from tests.integration.ledger.test_behaviour import claim, only, state_of

pytestmark = pytest.mark.integration

ONE, TWO = {"portal": "P-1"}, {"portal": "P-2"}


class Process:
    """A ledger of its own on the database, whose next group waits until it is let go."""

    def __init__(self, url: str, meeting: threading.Barrier) -> None:
        self.held, self.go = threading.Event(), threading.Event()
        self.ledger = Ledger(Store(url), plan, merge, passing=self._passing)
        self.meeting = meeting
        self.failed: list[str] = []

    def _passing(self, when: str, kinds: Collection[str]) -> None:
        if when == "before" and "Lease" in kinds:
            self.held.set()
            self.go.wait(10)

    async def together(self, *writes: Any) -> asyncio.Future[list[Any]]:
        """Hand writes in so that they are one group: while another is on its way."""
        first = asyncio.ensure_future(self.ledger.act(Lease("", f"of {id(self)}")))
        await asyncio.to_thread(self.held.wait, 10)
        return asyncio.gather(first, *(self.ledger.act(write) for write in writes))

    @contextmanager
    def watched(self) -> Iterator[None]:
        """After its first lock of dossiers it waits a moment for the other's; errors are noted."""
        engine, met = self.ledger.store.writer, threading.Event()

        def locked(_conn: Any, _cursor: Any, statement: str, *_: Any) -> None:
            if "FOR UPDATE" in statement and "dossier" in statement and not met.is_set():
                met.set()
                with suppress(threading.BrokenBarrierError):
                    self.meeting.wait(1.0)

        def failed(context: Any) -> None:
            self.failed.append(type(context.original_exception).__name__)

        event.listen(engine, "after_cursor_execute", locked)
        event.listen(engine, "handle_error", failed)
        yield
        event.remove(engine, "after_cursor_execute", locked)
        event.remove(engine, "handle_error", failed)


def done(ledger: Ledger, claimed: Claimed) -> Settle:
    """It was delivered."""
    return Settle(claimed.delivery, claimed.attempt, ledger.store.holder, "delivered")


async def test_two_groups_in_opposite_order_do_not_lock_each_other_out(postgres_url: str) -> None:
    """One settles the first dossier and keeps of the second, the other the reverse, at the same moment."""
    meeting = threading.Barrier(2)
    here, there = Process(postgres_url, meeting), Process(postgres_url, meeting)
    first = await claim(here.ledger, only(await here.ledger.keep(keep_of("portal.dossier", "k1", ONE))))
    second = await claim(there.ledger, only(await there.ledger.keep(keep_of("portal.dossier", "k2", TWO))))
    one = await here.together(done(here.ledger, first), keep_of("portal.supplement", "k3", TWO))
    other = await there.together(done(there.ledger, second), keep_of("portal.supplement", "k4", ONE))
    with here.watched(), there.watched():
        here.go.set()
        there.go.set()
        results = [*(await one)[1:], *(await other)[1:]]
    assert (here.failed, there.failed) == ([], [])
    assert [results[0].applied, results[2].applied] == [True, True]
    assert [results[1].outcome, results[3].outcome] == ["kept", "kept"]
    assert [state_of(here.ledger, each.delivery) for each in (first, second)] == ["delivered", "delivered"]
    for process in (here, there):
        process.ledger.close()
