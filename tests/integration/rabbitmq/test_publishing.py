"""Publishing: confirmed, in order, or told why not."""

import pytest

from bus.rabbitmq import (
    Broker,
    BrokerError,
    NackedError,
    Outgoing,
    UnroutableError,
)
from bus.topology import Topology
from tests.integration.rabbitmq.wires import HEADERS, Inbox, Wire, clear, work

pytestmark = pytest.mark.integration


async def test_messages_are_confirmed_and_come_in_order_with_their_headers(
    broker: Broker, topology: Topology
) -> None:
    """Five hundred published at once, all confirmed, all received in order; letters survive in headers."""
    assert await broker.publish_many(work(topology, 500)) == (None,) * 500
    assert broker.unconfirmed == 0
    inbox = Inbox()
    await broker.consume(topology.work_queue("onestop"), inbox, 50)
    await inbox.until(500)
    assert inbox.bodies == [str(number).encode() for number in range(500)]
    first = inbox.received[0]
    assert dict(first.headers) == HEADERS
    assert (first.redelivered, first.routing_key, first.delivery_tag) == (False, "onestop", 1)


async def test_what_nobody_is_bound_for_comes_back_as_unroutable(broker: Broker, topology: Topology) -> None:
    """Beside a routable message, and never for events, which may have no listener."""
    good, bad = work(topology, 1)[0], Outgoing(topology.work_exchange, "nobody", b"x", {}, "0")
    results = await broker.publish_many([good, bad, good])
    assert (results[0], results[2]) == (None, None)
    assert isinstance(results[1], UnroutableError)
    with pytest.raises(UnroutableError, match="nobody"):
        await broker.publish(topology.work_exchange, "nobody", b"x", {}, message_id="1")
    await broker.publish(
        topology.events_exchange, "agency.H12.settled", b"{}", {}, message_id="2", mandatory=False
    )


async def test_a_full_queue_refuses_and_keeps_what_it_has(wire: Wire, prefix: str, amqp_url: str) -> None:
    """reject-publish: what was confirmed is there, what was refused is not."""
    topology = Topology(("onestop",), prefix=f"{prefix}full", longest=5)
    broker = Broker()
    await broker.connect(wire.url, topology, client_name="test")
    try:
        outcomes: list[BrokerError | None] = []
        for one in work(topology, 40):
            outcomes += await broker.publish_many([one])
        refused = [error for error in outcomes if error is not None]
        assert refused
        assert all(isinstance(error, NackedError) for error in refused)
        inbox = Inbox()
        await broker.consume(topology.work_queue("onestop"), inbox, 50)
        await inbox.until(40 - len(refused))
        assert inbox.bodies == [
            str(number).encode() for number, error in enumerate(outcomes) if error is None
        ]
    finally:
        await broker.close()
        clear(amqp_url, topology)
