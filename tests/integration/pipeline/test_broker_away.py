"""A broker that comes late, restarts, or keeps a consumer that gets nothing: the bus heals itself."""

import asyncio
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog

from bus.arrival import arrive
from bus.rabbitmq import Broker
from bus.topology import Topology
from deploy.local.broker_nodes import BrokerNodes, broker_nodes
from tests.integration.pipeline.road import Road, road, submitted

HANG = """[sys:suspend(P) || P <- rabbit_channel:list(),
  {consumer_count, N} <- rabbit_channel:info(P, [consumer_count]), N > 0]."""
"""Every channel with a consumer stops in its tracks, and nobody is told."""

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory, amqp_url: str) -> Iterator[BrokerNodes]:
    """A broker of this module's own, to be broken; `amqp_url` says that this machine can have one."""
    with broker_nodes(tmp_path_factory.mktemp("broker"), 1, say=lambda _: None) as running:
        yield running


async def test_a_start_finds_a_broker_that_was_wiped_and_comes_late(nodes: BrokerNodes, prefix: str) -> None:
    """It begins while nobody listens, and knocks all the time while the node makes its users."""
    topology, broker, said = Topology(("onestop",), prefix=prefix), Broker(), list[str]()
    await asyncio.to_thread(nodes.wipe)

    async def connect() -> None:
        await broker.connect(nodes.url, topology, client_name="test")

    arriving = asyncio.create_task(arrive(connect, within=120, say=said.append))
    await asyncio.to_thread(nodes.start)
    await arriving
    assert broker.connected
    assert "refused" in said[0]
    await broker.close()


async def test_after_a_broker_was_wiped_the_first_delivery_succeeds_within_seconds(
    nodes: BrokerNodes, prefix: str, sqlite_url: str, record_property: Callable[[str, Any], None]
) -> None:
    """What became ready while the broker was away, and whose hint nobody took, goes out as it is back.

    The limit here leaves room for a busy machine; the drill prints the figure itself.
    """
    async with road(sqlite_url, nodes.url, prefix) as bus:
        await asyncio.to_thread(nodes.wipe)
        await _only_by_hint(bus)
        assert bus.row("take_in").state == "ready"
        await asyncio.to_thread(nodes.start)
        seconds = await _until_delivered(bus)
    record_property("first_delivery_after_broker_restart_s", round(seconds, 2))
    assert seconds < 20


async def test_what_became_ready_while_the_broker_took_nothing_goes_out_as_it_takes_again(
    nodes: BrokerNodes, prefix: str, sqlite_url: str
) -> None:
    """An alarm leaves the connection standing: nobody waits for the date of a hint that was never taken."""
    async with road(sqlite_url, nodes.url, prefix) as bus:
        await asyncio.to_thread(nodes.tell, 0, "set_vm_memory_high_watermark", "absolute", "1")
        await bus.until(lambda: bus.worker.broker.blocked)
        await _only_by_hint(bus)
        assert (bus.row("take_in").state, bus.row("take_in").publishes) == ("ready", 0)
        await asyncio.to_thread(nodes.tell, 0, "set_vm_memory_high_watermark", "0.4")
        assert await _until_delivered(bus) < 20


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
