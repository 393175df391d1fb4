"""A wire to a real broker that can be cut, and what arrives over it, made for each test."""

from collections.abc import AsyncIterator, Iterator

import pytest

from bus.rabbitmq import (
    Broker,
)
from bus.topology import Topology
from tests.integration.rabbitmq.wires import Wire, clear


@pytest.fixture
def topology(prefix: str) -> Topology:
    """Two connectors' queues under names of this test's own."""
    return Topology(("onestop", "portal"), prefix=f"{prefix}x")


@pytest.fixture
def cleared(amqp_url: str, topology: Topology) -> Iterator[None]:
    """Take the test's queues and exchanges off the shared broker."""
    yield
    clear(amqp_url, topology)


@pytest.fixture
async def wire(amqp_url: str) -> AsyncIterator[Wire]:
    """A line to the broker."""
    async with Wire(amqp_url) as line:
        yield line


@pytest.fixture
async def broker(wire: Wire, topology: Topology, cleared: None) -> AsyncIterator[Broker]:
    """A connected broker over the line."""
    made = Broker()
    await made.connect(wire.url, topology, client_name="test")
    yield made
    await made.close()
