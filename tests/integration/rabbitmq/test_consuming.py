"""Consuming: the prefetch, acknowledgements, handlers that fail, a cancelled consumer."""

import asyncio

import pytest

from bus.rabbitmq import (
    Broker,
    BrokerError,
    BrokerUnavailableError,
    MisuseError,
    Received,
)
from bus.topology import Topology
from tests.integration.rabbitmq.wires import Inbox, Wire, connected_anew, eventually, work

pytestmark = pytest.mark.integration


async def test_no_more_than_the_prefetch_is_held(broker: Broker, topology: Topology) -> None:
    """Three unacknowledged and not a fourth; one acknowledged makes room for one."""
    await broker.publish_many(work(topology, 10))
    inbox = Inbox(ack=False)
    await broker.consume(topology.work_queue("onestop"), inbox, 3)
    await inbox.until(3)
    await asyncio.sleep(0.3)
    assert len(inbox.received) == 3
    inbox.received[1].ack()
    inbox.received[1].ack()
    await inbox.until(4)
    await asyncio.sleep(0.3)
    assert len(inbox.received) == 4


async def test_unacknowledged_messages_come_again_after_a_cut_and_say_so(
    broker: Broker, topology: Topology, wire: Wire
) -> None:
    """The consumer goes on by itself; acknowledgements from before the cut touch nothing."""
    await broker.publish_many(work(topology, 4))
    inbox = Inbox(ack=False)
    await broker.consume(topology.work_queue("onestop"), inbox, 10)
    await inbox.until(4)
    inbox.received[0].ack()
    await asyncio.sleep(0.2)
    wire.cut()
    await inbox.until(7)
    again = inbox.received[4:]
    assert [each.body for each in again] == [b"1", b"2", b"3"]
    assert all(each.redelivered for each in again)
    for stale in inbox.received[:4]:
        stale.ack()
    for each in again:
        each.ack()
    await broker.publish_many(work(topology, 1))
    await inbox.until(8)
    assert broker.connected


async def test_a_cancelled_consumer_receives_nothing_and_may_finish_what_it_has(
    broker: Broker, topology: Topology, wire: Wire
) -> None:
    """What was acknowledged after the cancel never comes again, what was not does; a cut revives nothing."""
    await broker.publish_many(work(topology, 5))
    first, second = Inbox(ack=False), Inbox()
    consumer = await broker.consume(topology.work_queue("onestop"), first, 2)
    await first.until(2)
    await consumer.cancel()
    await consumer.cancel()
    for received in first.received:
        received.ack()
    await asyncio.sleep(0.2)
    before = broker._link
    wire.cut()
    await connected_anew(broker, before)
    await broker.consume(topology.work_queue("onestop"), second, 10)
    await second.until(3)
    assert second.bodies == [b"2", b"3", b"4"]
    assert len(first.received) == 2


async def test_a_handler_that_fails_takes_nobody_along(broker: Broker, topology: Topology) -> None:
    """Its message is acknowledged, since the ledger has it; the others are received as ever."""
    seen: list[bytes] = []

    def handler(received: Received) -> None:
        seen.append(received.body)
        if received.body == b"1":
            raise LookupError("a mistake of ours")
        received.ack()

    await broker.publish_many(work(topology, 3))
    consumer = await broker.consume(topology.work_queue("onestop"), handler, 1)
    await eventually(lambda: len(seen) == 3)
    await consumer.cancel()
    rest = Inbox()
    await broker.consume(topology.work_queue("onestop"), rest, 1)
    await asyncio.sleep(0.3)
    assert rest.received == []


async def test_closing_waits_for_what_is_unconfirmed(wire: Wire, topology: Topology, cleared: None) -> None:
    """Published and closed at once: all confirmed. Afterwards publishing fails, closing may be repeated."""
    broker = Broker()
    await broker.connect(wire.url, topology, client_name="test")
    told: list[BrokerError | None] = []
    for one in work(topology, 300):
        broker.send(one.exchange, one.routing_key, one.body, {}, message_id="1", done=told.append)
    assert told == []
    await broker.close()
    await broker.close()
    assert told == [None] * 300
    with pytest.raises(BrokerUnavailableError):
        await broker.publish(topology.work_exchange, "onestop", b"x", {}, message_id="1")


async def test_what_cannot_be_said_in_amqp_is_a_mistake_of_ours(broker: Broker, topology: Topology) -> None:
    """Nothing is sent, and the connection stays."""
    for key, headers in (("x" * 300, {}), ("onestop", {"when": object()})):
        with pytest.raises(MisuseError):
            await broker.publish(topology.work_exchange, key, b"x", headers, message_id="1")
    with pytest.raises(MisuseError, match="no queue of this topology"):
        await broker.consume("another", Inbox(), 1)
    with pytest.raises(MisuseError, match="connected already"):
        await broker.connect("amqp://h/", topology, client_name="test")
    assert await broker.publish_many(work(topology, 1)) == (None,)
