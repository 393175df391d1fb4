"""A broker that comes late, restarts, or keeps a consumer that gets nothing: the bus heals itself."""

import asyncio
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog

from bus.arrival import arrive
from bus.rabbitmq import Broker, BrokerError, BrokerUnavailableError
from bus.topology import Topology
from deploy.local.broker_nodes import BrokerNodes, broker_nodes
from tests.integration.pipeline.road import Road, road, submitted
from tests.integration.rabbitmq.wires import Inbox, eventually, work

HANG = """[sys:suspend(P) || P <- rabbit_channel:list(),
  {consumer_count, N} <- rabbit_channel:info(P, [consumer_count]), N > 0]."""
"""Every channel with a consumer stops in its tracks, and nobody is told."""

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory, amqp_url: str) -> Iterator[BrokerNodes]:
    """A broker of this module's own, to be broken; `amqp_url` says that this machine can have one."""
    with broker_nodes(tmp_path_factory.mktemp("broker"), 1, say=lambda _: None) as running:
        yield running


async def test_a_broker_that_was_wiped_is_found_by_a_start_and_delivers_within_seconds(
    nodes: BrokerNodes, prefix: str, sqlite_url: str, record_property: Callable[[str, Any], None]
) -> None:
    """A start knocks while nobody listens and while the node makes its users; the bus at work goes on.

    What became ready while the broker was away, and whose hint nobody took, goes out as it is back. The limit
    here leaves room for a busy machine; the drill prints the figure itself.
    """
    other, said = Broker(), list[str]()

    async def connect() -> None:
        await other.connect(nodes.url, Topology(("onestop",), prefix=f"{prefix}x"), client_name="test")

    async with road(sqlite_url, nodes.url, prefix) as bus:
        await asyncio.to_thread(nodes.wipe)
        arriving = asyncio.create_task(arrive(connect, within=120, say=said.append))
        await _only_by_hint(bus)
        assert bus.row("take_in").state == "ready"
        await asyncio.to_thread(nodes.start)
        seconds = await _until_delivered(bus)
        await arriving
    assert other.connected
    await other.close()
    assert "refused" in said[0]
    record_property("first_delivery_after_broker_restart_s", round(seconds, 2))
    assert seconds < 20


async def test_an_alarm_holds_everything_up_and_loses_nothing_and_so_does_a_restart(
    nodes: BrokerNodes, prefix: str, sqlite_url: str
) -> None:
    """Blocked, publishing fails at once; what became ready meanwhile goes out as the broker takes again.

    Nobody waits for the date of a hint that was never taken. Restarted: messages and consumers are there.
    """
    topology, other, inbox = Topology(("onestop",), prefix=f"{prefix}x"), Broker(), Inbox()
    told: list[BrokerError | None] = []
    await other.connect(nodes.url, topology, client_name="test")
    async with road(sqlite_url, nodes.url, prefix) as bus:
        await asyncio.to_thread(nodes.tell, 0, "set_vm_memory_high_watermark", "absolute", "1")
        other.send(topology.work_exchange, "onestop", b"alarm", {}, message_id="a", done=told.append)
        await bus.until(lambda: bus.worker.broker.blocked and other.blocked)
        with pytest.raises(BrokerUnavailableError, match="takes nothing now"):
            await other.publish(topology.work_exchange, "onestop", b"x", {}, message_id="b")
        await _only_by_hint(bus)
        assert (bus.row("take_in").state, bus.row("take_in").publishes) == ("ready", 0)
        await asyncio.to_thread(nodes.tell, 0, "set_vm_memory_high_watermark", "0.4")
        assert await _until_delivered(bus) < 20
    await eventually(lambda: told == [None])
    assert await other.publish_many(work(topology, 20)) == (None,) * 20
    await asyncio.to_thread(nodes.stop)
    await eventually(lambda: not other.connected)
    await asyncio.to_thread(nodes.start)
    await eventually(lambda: other.connected)
    await other.consume(topology.work_queue("onestop"), inbox, 10)
    await eventually(lambda: inbox.bodies[-1:] == [b"19"])
    assert [body for body in inbox.bodies if body != b"alarm"] == [str(n).encode() for n in range(20)]
    await other.close()


async def test_a_consumer_that_gets_nothing_is_connected_anew(
    nodes: BrokerNodes, prefix: str, sqlite_url: str
) -> None:
    """Its channel hangs in the broker: the connection stands, nothing is cancelled, and nothing comes."""
    with structlog.testing.capture_logs() as lines:
        async with road(sqlite_url, nodes.url, prefix, beat_every=0.2) as bus:
            await asyncio.to_thread(nodes.tell, 0, "eval", HANG)
            assert bus.worker.broker.connected
            await _only_by_hint(bus)
            await _until_delivered(bus)
            await bus.until(lambda: bus.queued("onestop") == 0)
    told = [line["event"] for line in lines]
    assert "consumer deaf: connecting anew" in told
    assert "broker connected again" in told


async def test_a_consumer_of_dead_letters_that_gets_nothing_is_connected_anew(
    nodes: BrokerNodes, prefix: str, sqlite_url: str
) -> None:
    """It alone consumes here, and hangs. Its heartbeats come back before and after, and nothing is marked."""
    with structlog.testing.capture_logs() as lines:
        async with road(sqlite_url, nodes.url, prefix, mode="off", beat_every=0.2) as bus:
            beats = bus.told.dead_beats
            await bus.until(lambda: beats)
            await asyncio.to_thread(nodes.tell, 0, "eval", HANG)
            deaf = {"event": "consumer deaf: connecting anew", "connector": "dead letters"}
            await bus.until(lambda: any(deaf.items() <= line.items() for line in lines), seconds=30.0)
            before = len(beats)
            await bus.until(lambda: len(beats) > before, seconds=30.0)
            assert bus.account().given_up == 0
    assert "dead letter not understood" not in [line["event"] for line in lines]


async def _only_by_hint(bus: Road) -> None:
    """Keep a dossier whose delivery this process may not hand itself: a hint must come through the queue."""
    await bus.pauses("onestop")
    await bus.keep(submitted())
    await bus.resumes("onestop")
    await asyncio.sleep(0.5)


async def _until_delivered(bus: Road) -> float:
    began = time.monotonic()
    await bus.until(lambda: bus.row("take_in").state == "delivered", seconds=60.0)
    return time.monotonic() - began
