"""One process of the bus: hints, polls, pauses, and a stop that leaves nothing half done."""

import asyncio
import contextlib
import threading
import time
from collections.abc import Mapping

import pika
import pytest
import structlog
from sqlalchemy import create_engine, text

from bus.errors import TransientError
from bus.ports import Page, Poll
from tests.integration.pipeline.conftest import Open
from tests.integration.pipeline.peers import portal, raises, waits
from tests.integration.pipeline.road import record_of, submitted, with_rhythm

pytestmark = pytest.mark.integration


class Feed:
    """A source that is polled: pages by cursor, and what it was asked."""

    def __init__(self, *pages: Page | Exception) -> None:
        self.pages = list(pages)
        self.asked: list[str] = []
        self.recalled: list[Mapping[str, bytes]] = []

    def fetch(self, cursor: str, recall: object) -> Page:
        """Give the next page; the last one again where there is no other."""
        self.asked.append(cursor)
        self.recalled.append(recall(["s"]))  # type: ignore[operator]  # the port's function
        page = self.pages.pop(0) if self.pages else Page((), cursor)
        if isinstance(page, Exception):
            raise page
        return page

    def poll(self, every: float = 3600.0) -> Poll:
        """The poll of this feed."""
        return Poll("submitted", "a feed of the test's own", every, self.fetch)


async def test_a_hint_of_anything_else_than_work_that_can_be_done_is_acked(open_either: Open) -> None:
    """Garbage, an unknown delivery, one that has ended: the queue empties, and nobody is called."""
    async with open_either() as road:
        await road.keep(submitted())
        row = await road.becomes("take_in", "delivered")
        with structlog.testing.capture_logs() as lines:
            for body in (b"", b"\xff", b"{}", b'{"delivery": "x"}', b'{"delivery": 1e99}', b"[" * 5000):
                await road.send("onestop", body)
            road.publish(10**9, "onestop")
            road.publish(row.id, "onestop")
            garbage = "work message not understood"
            await road.until(lambda: [line["event"] for line in lines].count(garbage) == 6)
            await road.until(lambda: road.queued("onestop") == 0)
        assert len(road.onestop.calls) == 1
        await road.keep(submitted("G22.99-260415-000002"))
        await road.until(lambda: len(road.onestop.effects) == 2)


async def test_a_hint_many_times_has_one_effect(open_either: Open) -> None:
    """Published again and again while the call runs: one claimer wins, the others are acked."""
    async with open_either() as road:
        go = threading.Event()
        road.onestop.will("create_dossier", waits(go))
        await road.keep(submitted())
        row = await road.becomes("take_in", "sending")
        for _ in range(20):
            road.publish(row.id, "onestop")
        await asyncio.sleep(0.2)
        go.set()
        await road.becomes("take_in", "delivered")
        await road.until(lambda: road.queued("onestop") == 0)
        assert len(road.onestop.calls) == 1


async def test_a_stop_lets_calls_end_and_begins_no_other(open_either: Open) -> None:
    """What is called is settled, what is not called stays ready; stopping twice is stopping once."""
    async with open_either() as road:
        go = threading.Event()
        road.onestop.will("create_dossier", *[waits(go)] * 2)
        await road.keep(*(submitted(f"G22.99-260415-{n:06d}") for n in range(5)))
        await road.until(lambda: len(road.onestop.calls) == 2)
        stopping = asyncio.get_running_loop().create_task(road.worker.stop())
        await asyncio.sleep(0.3)
        assert not stopping.done()
        go.set()
        await asyncio.wait_for(stopping, 5)
        await road.worker.stop()
        states = [row.state for row in road.rows()]
        assert sorted(states) == ["delivered"] * 2 + ["ready"] * 3
        assert len(road.onestop.calls) == 2
    async with open_either(to_onestop=road.onestop) as road:
        await road.rests()
        assert len(road.onestop.effects) == 5


async def test_what_was_ready_when_a_process_ended_is_taken_up_at_the_next_start(open_either: Open) -> None:
    """Its hints died with it, or were acked: nobody waits for the date of the next one."""
    async with open_either(mode="off") as road:
        await road.keep(submitted())
    began = time.monotonic()
    async with open_either() as road:
        await road.becomes("take_in", "delivered")
    assert time.monotonic() - began < 10


async def test_a_paused_connector_gets_nothing_and_the_other_one_goes_on(open_either: Open) -> None:
    """Until a person lets it go on; then at once."""
    async with open_either() as road:
        await road.pauses("onestop")
        await road.keep(submitted())
        await asyncio.sleep(0.3)
        assert (road.row("take_in").state, road.onestop.calls) == ("ready", [])
        resumed = time.monotonic()
        await road.resumes("onestop")
        await road.becomes("take_in", "delivered")
        assert time.monotonic() - resumed < 10, "no waiting for a hint that was acked long ago"


async def test_a_feed_is_read_page_after_page_and_remembered(open_either: Open) -> None:
    """`more` asks again at once; the cursor and what is remembered are those of the last page kept."""
    numbers = [f"G22.99-260415-{n:06d}" for n in range(3)]
    pages = [
        Page((submitted(number),), f"c{n}", {"s": f"m{n}".encode()}, more=n < 2)
        for n, number in enumerate(numbers)
    ]
    feed = Feed(*pages)
    async with open_either(to_portal=portal(polls=(feed.poll(),))) as road:
        await road.until(lambda: len(road.onestop.effects) == 3)
        assert feed.asked == ["", "c0", "c1"]
        assert feed.recalled == [{}, {"s": b"m0"}, {"s": b"m1"}]
        road.worker.wake("national_portal", "submitted")
        await road.until(lambda: len(feed.asked) == 4)
        assert feed.asked[-1] == "c2"


async def test_a_feed_that_fails_is_asked_again_from_where_it_stood(open_road: Open) -> None:
    """Whatever it raised: told in a line, and the loop goes on."""
    feed = Feed(
        Page((submitted(),), "c1"), TransientError("the portal is away"), ZeroDivisionError("a bug of ours")
    )
    with structlog.testing.capture_logs() as lines:
        async with open_road(to_portal=portal(polls=(feed.poll(every=0.05),))) as road:
            await road.until(lambda: len(feed.asked) >= 5)
    assert feed.asked[1:5] == ["c1"] * 4
    assert {"poll failed", "step failed"} <= {line["event"] for line in lines}


async def test_a_page_that_cannot_be_kept_now_is_read_again(open_either: Open, ledger_url: str) -> None:
    """The database was away: neither the cursor nor a message is lost."""
    page = Page((submitted(),), "c1")
    feed = Feed(Page((), ""), page, page)
    async with open_either(to_portal=portal(polls=(feed.poll(),))) as road:
        await road.until(lambda: feed.asked)
        engine = create_engine(ledger_url)
        with engine.begin() as connection:
            connection.execute(text("ALTER TABLE payload RENAME TO payload_away"))
        road.worker.wake("national_portal", "submitted")
        await road.until(lambda: len(feed.asked) == 2)
        await asyncio.sleep(0.8)
        with engine.begin() as connection:
            connection.execute(text("ALTER TABLE payload_away RENAME TO payload"))
        engine.dispose()
        await road.becomes("take_in", "delivered")
        assert set(feed.asked) == {""}, "the cursor stood until the page was kept"
        assert [message.state for message in road.messages()] == ["kept"]


async def test_while_the_breaker_is_open_nothing_is_polled(open_road: Open) -> None:
    """A peer that is away is asked by its probe alone."""
    feed = Feed()
    rhythm = with_rhythm(failures=1, open_for=0.5)
    async with open_road(to_portal=portal(polls=(feed.poll(every=0.05),)), rhythm=rhythm) as road:
        await road.until(lambda: feed.asked)
        gate = road.connectors["national_portal"].gate
        gate.failed("", TransientError("gone"))
        await asyncio.sleep(0.2)
        asked = len(feed.asked)
        await asyncio.sleep(0.2)
        assert (len(feed.asked), gate.is_shut()) == (asked, True)
        await road.until(lambda: road.portal.pings and len(feed.asked) > asked)


async def test_a_claim_that_the_database_does_not_take_is_made_later(
    open_either: Open, ledger_url: str
) -> None:
    """The hint is acked, the delivery stays ready, the sweeper brings it back."""
    async with open_either() as road:
        await road.pauses("onestop")
        await road.keep(submitted())
        engine = create_engine(ledger_url)
        with engine.begin() as connection:
            connection.execute(text("ALTER TABLE peer_view RENAME TO peer_view_away"))
        road.connectors["onestop"].gate.paused = False
        road.publish(road.row("take_in").id, "onestop")
        await asyncio.sleep(1.0)
        assert (road.row("take_in").state, road.onestop.calls) == ("ready", [])
        with engine.begin() as connection:
            connection.execute(text("ALTER TABLE peer_view_away RENAME TO peer_view"))
        engine.dispose()
        await road.resumes("onestop")
        await road.becomes("take_in", "delivered")
        await road.until(lambda: road.queued("onestop") == 0)


async def test_hints_that_died_in_their_queue_are_missed_by_whoever_has_nothing_to_do(
    open_either: Open,
) -> None:
    """Purged behind calls that hang: delivered as those end, before the sweeper's date of half a minute."""
    async with open_either() as road:
        go, count = threading.Event(), 12
        road.onestop.will("create_dossier", *[waits(go)] * 2)
        await road.keep(*(submitted(f"G22.99-260415-{n:06d}") for n in range(count)))
        await road.until(lambda: len(road.onestop.calls) == 2)
        with contextlib.closing(pika.BlockingConnection(pika.URLParameters(road.amqp_url))) as connection:
            queue = road.worker.topology.work_queue("onestop")
            gone = await asyncio.to_thread(connection.channel().queue_purge, queue)
        assert gone.method.message_count >= 4
        go.set()
        await road.until(lambda: len(road.onestop.effects) == count, seconds=25.0)
        await road.rests()
        assert [row.state for row in road.rows("take_in")] == ["delivered"] * count


async def test_what_waits_for_a_slot_as_the_breaker_opens_is_not_claimed(open_road: Open) -> None:
    """The one call under way finds the peer gone: the hints that waited behind it burn nothing."""
    async with open_road(rhythm=with_rhythm(failures=2, open_for=0.5)) as road:
        go = threading.Event()
        road.onestop.will("create_dossier", *[waits(go, raises(TransientError("no connection")))] * 2)
        await road.keep(*(submitted(f"G22.99-260415-{n:06d}") for n in range(4)))
        await road.until(lambda: len(road.onestop.calls) == 2)
        go.set()
        await road.until(road.connectors["onestop"].gate.is_shut)
        assert len(road.onestop.calls) == 2
        await road.rests()
        assert [row.state for row in road.rows()] == ["delivered"] * 4
        assert sum(row.tries for row in road.rows()) == 6


async def test_a_slow_peer_starves_nobody(open_road: Open) -> None:
    """All slots of one connector hang; the other one's deliveries pass meanwhile."""
    async with open_road() as road:
        go = threading.Event()
        road.onestop.will("create_dossier", *[waits(go)] * 2)
        no = raises(TransientError("busy", retry_after=60, peer_down=False))
        road.onestop.will("create_dossier", *[no] * 2)
        await road.keep(*(submitted(f"G22.99-260415-{n:06d}") for n in range(4)))
        await road.until(lambda: len(road.onestop.calls) == 2)
        await road.keep(record_of(id="another", nationCode="G22.99-260415-000099"))
        await road.becomes("record_out", "delivered")
        assert len(road.onestop.calls) == 2
        go.set()
        await road.until(lambda: len(road.onestop.calls) == 4)
