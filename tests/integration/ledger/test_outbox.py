"""What is settled is told once the broker has it, whatever goes away; a real broker, both ledgers."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
import pika
import pytest
from sqlalchemy import func, inspect, select, text

from bus.envelope import PREFIX
from bus.errors import LedgerUnavailableError
from bus.events import Announcer, identity
from bus.ledger import schema
from bus.ledger.ledger import Ledger
from bus.ledger.records import Claim, EventsTold, Keep, Plan, Settle, TakeEvents
from bus.ledger.store import Store
from bus.rabbitmq import Broker
from bus.topology import Topology
from tests.integration.ledger.conftest import keep_of
from tests.integration.ledger.conftest import plan as plan_of_keys
from tests.integration.ledger.test_dead_letters import worker_of
from tests.integration.rabbitmq.wires import Wire, eventually

pytestmark = pytest.mark.integration

NUMBER = "G22.99-261123-000001"
P1 = {"portal": NUMBER}
ALL = TakeEvents(1000, 60.0)
FOLD = b'{"by_source":{"o":{"status":"accepted","handling_agency":{"code":"H12.09"}}},"marks":{}}'


def plan(state: bytes | None, keep: Keep, withdrawn: bool) -> Plan:  # noqa: FBT001  the planner's signature
    """The suite's routes, with a fold of the real shape."""
    return msgspec.structs.replace(plan_of_keys(None, keep, withdrawn), state=FOLD)


@pytest.fixture
def ledger(ledger_url: str) -> Iterator[Ledger]:
    """An open ledger whose dossiers have an agency and a status."""
    ledger = Ledger(Store(ledger_url), plan, lambda one, _other: one)
    yield ledger
    ledger.close()


@pytest.fixture
async def broker(amqp_url: str, prefix: str) -> AsyncIterator[Broker]:
    """A connected broker with this test's own exchanges."""
    broker = Broker()
    await broker.connect(amqp_url, Topology((), prefix), client_name="test")
    yield broker
    await broker.close()


def announcer(ledger: Ledger, broker: Broker, prefix: str, **more: Any) -> Announcer:
    """An announcer of our own agency H12."""
    return Announcer(ledger, broker, Topology((), prefix).events_exchange, "/lienthong/test", "H12", **more)


class Listener:
    """Someone with the right to listen, who knows nothing of our code."""

    def __init__(self, channel: Any, queue: str) -> None:
        self._channel, self._queue = channel, queue

    def heard(self) -> list[tuple[str, dict[str, Any], dict[str, Any]]]:
        """What came since: routing key, headers, body."""
        found: list[tuple[str, dict[str, Any], dict[str, Any]]] = []
        while True:
            method, properties, body = self._channel.basic_get(self._queue, auto_ack=True)
            if method is None:
                return found
            found.append((method.routing_key, properties.headers, msgspec.json.decode(body)))


@contextmanager
def listening(url: str, prefix: str, key: str) -> Iterator[Listener]:
    """Listen to a routing key while the block runs."""
    connection = pika.BlockingConnection(pika.URLParameters(url))
    channel = connection.channel()
    queue = channel.queue_declare("", exclusive=True).method.queue
    channel.queue_bind(queue, f"{prefix}.events", key)
    yield Listener(channel, queue)
    connection.close()


async def settled(ledger: Ledger, kind: str, key: str, outcome: Any = "delivered") -> int:
    """Keep a message and bring its delivery to an end."""
    kept = await ledger.keep(keep_of(kind, key, P1))
    (ready,) = kept.ready
    claimed = await ledger.claim(Claim(ready.delivery, ledger.store.holder, 60.0))
    assert claimed
    await ledger.settle(Settle(ready.delivery, claimed.attempt, ledger.store.holder, outcome))
    return ready.delivery


def waiting(ledger: Ledger) -> int:
    """How many events are in the outbox."""
    with ledger.store.read() as tx:
        return int(tx.execute(select(func.count()).select_from(schema.event)).scalar_one())


async def test_every_end_is_told_once_also_one_that_nobody_settled(ledger: Ledger) -> None:
    """Delivered; superseded by a newer one and by a withdrawal, without a settle of their own."""
    await settled(ledger, "onestop.dossier", "k1")
    await settled(ledger, "onestop.dossier", "k2", "retrying")
    await ledger.keep(keep_of("onestop.dossier", "k3", P1))
    await ledger.keep(keep_of("onestop.dossier", "k4", P1))
    await ledger.keep(keep_of("portal.supplement", "k5", P1))
    await ledger.keep(keep_of("portal.withdrawn", "k6", P1))
    events = await ledger.take_events(ALL)
    with ledger.store.read() as tx:
        ends = {
            (row.id, row.state)
            for row in tx.execute(select(schema.delivery).where(schema.delivery.c.state.in_(schema.ENDS)))
        }
    assert len(ends) == 5
    assert sorted((event.delivery, event.kind) for event in events) == sorted(ends)
    assert {(event.codes["portal"], event.fold) for event in events} == {(NUMBER, FOLD)}


async def test_a_transition_that_is_rolled_back_is_not_told(ledger: Ledger) -> None:
    """The event is of the transaction that ends the delivery."""
    first = await ledger.keep(keep_of("portal.supplement", "k1", P1))
    bad = keep_of("portal.withdrawn", "k2", P1, traceparent=None)
    with pytest.raises(LedgerUnavailableError):
        await ledger.keep(bad)
    assert first.ready
    assert waiting(ledger) == 0


async def test_what_one_process_is_telling_another_does_not_take(ledger_url: str, ledger: Ledger) -> None:
    """Lent for a while on PostgreSQL; SQLite has one process, which takes the same again after a restart."""
    deliveries = [await settled(ledger, "portal.supplement", f"k{number}") for number in range(5)]
    first = await ledger.take_events(TakeEvents(3, 60.0))
    assert [event.delivery for event in first] == deliveries[:3]
    if ledger.store.is_sqlite:
        assert await ledger.take_events(TakeEvents(3, 60.0)) == first
        return
    other = Ledger(Store(ledger_url), plan, lambda one, _other: one)
    second = await other.take_events(ALL)
    assert [event.delivery for event in second] == deliveries[3:]
    await other.events_told(EventsTold((second[0].id,), (second[1].id,)))
    assert [event.delivery for event in await other.take_events(ALL)] == deliveries[4:]
    await ledger.events_told(EventsTold((), tuple(event.id for event in first)))
    assert [event.delivery for event in await other.take_events(TakeEvents(9, 0.0))] == deliveries[:3]
    assert [event.delivery for event in await other.take_events(ALL)] == deliveries[:3]
    other.close()


async def test_who_may_listen_hears_number_status_and_agency(
    ledger: Ledger, broker: Broker, amqp_url: str, prefix: str
) -> None:
    """By agency and kind, with CloudEvents attributes; an agency with a queue what it may follow, unseen."""
    delivery = await settled(ledger, "onestop.dossier", "k1", "refused")
    (event,) = await ledger.take_events(TakeEvents(1, 0.0))
    with (
        listening(amqp_url, prefix, "agency.H12.#") as ours,
        listening(amqp_url, prefix, "agency.H04.#") as theirs,
        listening(amqp_url, prefix, "#.delivered") as good_news,
        listening(amqp_url, prefix, "to.H12.36.*") as entitled,
        listening(amqp_url, prefix, "to.H12.09.*") as without_queue,
    ):
        assert not await announcer(ledger, broker, prefix, listening=lambda _: ["H12.36"]).tell()
        ((key, marks, body),) = ours.heard()
        assert [told for _, _, told in entitled.heard()] == [body]
        assert without_queue.heard() == []
        assert "BCC" not in marks
        assert (theirs.heard(), good_news.heard()) == ([], [])
    assert key == "agency.H12.09.refused"
    assert (body["dossier"], body["status"], body["agency"]) == (NUMBER, "accepted", "H12.09")
    assert marks[f"{PREFIX}id"] == identity(event)
    assert marks[f"{PREFIX}id"].startswith(f"{delivery}-refused-")
    assert marks[f"{PREFIX}type"] == "vn.lienthong.delivery.refused"
    assert marks[f"{PREFIX}subject"] == NUMBER
    assert waiting(ledger) == 0


async def test_nobody_listening_is_no_error(ledger: Ledger, broker: Broker, prefix: str) -> None:
    """An exchange without bindings takes everything and the outbox is emptied, batch after batch."""
    for number in range(5):
        await settled(ledger, "portal.supplement", f"k{number}")
    small = announcer(ledger, broker, prefix, most=2)
    assert [await small.tell() for _ in range(3)] == [True, True, False]
    assert waiting(ledger) == 0


async def test_a_broker_that_is_away_loses_nothing(ledger: Ledger, amqp_url: str, prefix: str) -> None:
    """Not connected: nothing is taken. Cut before the confirm: it stays, and is told with the same id."""
    async with Wire(amqp_url) as wire:
        broker = Broker()
        tells = announcer(ledger, broker, prefix, every=0.01)
        await settled(ledger, "portal.supplement", "k1")
        assert not await tells.tell()
        assert waiting(ledger) == 1
        await broker.connect(wire.url, Topology((), prefix), client_name="test")
        with listening(amqp_url, prefix, "agency.#") as listener:
            # nobody to connect to meanwhile: else it may be connected again before it tells
            wire.lead("amqp://x@127.0.0.1:1/")
            wire.cut()
            await tells.tell()
            assert waiting(ledger) == 1
            wire.lead(amqp_url)
            await eventually(lambda: broker.connected)
            assert not await tells.tell()
            heard = {marks[f"{PREFIX}id"] for _key, marks, _body in listener.heard()}
        assert len(heard) == 1
        assert waiting(ledger) == 0
        await broker.close()


async def test_several_processes_tell_each_event_once(
    ledger_url: str, ledger: Ledger, broker: Broker, amqp_url: str, prefix: str
) -> None:
    """While nothing fails nothing is told twice, however many tell."""
    count = 60
    for number in range(count):
        await settled(ledger, "portal.supplement", f"k{number}")
    others = [] if ledger.store.is_sqlite else [Ledger(Store(ledger_url), plan, lambda one, _: one)]
    crowd = [announcer(each, broker, prefix, most=7) for each in (ledger, *others)]

    async def empty(one: Announcer) -> None:
        while waiting(ledger):
            await one.tell()

    with listening(amqp_url, prefix, "agency.#") as listener:
        await asyncio.gather(*(empty(one) for one in crowd))
        ids = [marks[f"{PREFIX}id"] for _key, marks, _body in listener.heard()]
    assert len(ids) == len(set(ids)) == count
    for each in others:
        each.close()


async def test_a_worker_tells_what_was_settled_until_it_stops(
    ledger: Ledger, broker: Broker, amqp_url: str, prefix: str
) -> None:
    """One loop of the worker; it ends with it, and what is settled later waits for the next start."""
    tells = announcer(ledger, broker, prefix, every=0.02)
    worker = worker_of(ledger, broker, Topology((), prefix), tells)
    with listening(amqp_url, prefix, "agency.#") as listener:
        await worker.start()
        await settled(ledger, "portal.supplement", "k1")
        await eventually(lambda: waiting(ledger) == 0)
        await worker.stop()
        await settled(ledger, "portal.supplement", "k2")
        assert [key for key, _marks, _body in listener.heard()] == ["agency.H12.09.delivered"]
    assert waiting(ledger) == 1


async def test_a_ledger_of_the_first_release_is_brought_up_to_date(ledger_url: str) -> None:
    """What an older one lacks is added; what is in its outbox is told."""
    old = Ledger(Store(ledger_url), plan, lambda one, _other: one)
    await settled(old, "portal.supplement", "k1")
    with old.store.write() as tx:
        for statement in (
            "DROP INDEX delivery_given_up",
            "ALTER TABLE delivery DROP COLUMN given_up",
            "ALTER TABLE event DROP COLUMN taken_until",
            "UPDATE alembic_version SET version_num = '0001'",
        ):
            tx.execute(text(statement))
    old.close()
    ledger = Ledger(Store(ledger_url), plan, lambda one, _other: one)
    with ledger.store.read() as tx:
        assert "delivery_given_up" in {each["name"] for each in inspect(tx).get_indexes("delivery")}
    assert len(await ledger.take_events(ALL)) == 1
    ledger.close()
