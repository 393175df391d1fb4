"""The metrics door of a running process, and the reading of the ledger behind it."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator

import msgspec

from bus.errors import ConfigurationError
from bus.settings import Address
from commands.assemble import Bus, config_number
from commands.door import opened
from commands.tell import say
from monitoring.health import Health
from monitoring.metrics.door import MetricsDoor
from monitoring.metrics.ledger import LedgerCollector, LedgerMetrics
from monitoring.metrics.observer import Slack
from monitoring.metrics.process import Facts, ProcessCollector

PORTS = 20
"""How many ports after `serve`'s a worker tries."""


@contextlib.asynccontextmanager
async def metrics_door(bus: Bus, given: str = "", *, is_worker: bool = False) -> AsyncIterator[None]:
    """Metrics and health, open while the block runs; without an address they stay closed."""
    door = bus.assembly.installation.listen.metrics
    if given:
        door = msgspec.structs.replace(door, address=_address(given))
    listening = _listening(door.address, is_worker and not given)
    if listening is None:
        yield
        return
    host, port = listening.getsockname()[:2]
    say(f"metrics at http://{host}:{port}/metrics, health at /health")
    figures = _figures(bus)
    reading = asyncio.get_running_loop().create_task(figures.run())
    try:
        async with opened(MetricsDoor(bus.registry, _health(bus)), door, listening=listening):
            yield
    finally:
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        with contextlib.suppress(Exception):
            await asyncio.wait_for(figures.election.give_back(), 5.0)
        listening.close()


def _address(given: str) -> Address:
    try:
        return Address(given)
    except ValueError as error:
        raise ConfigurationError([f"--metrics {given}: {error}"]) from None


def _figures(bus: Bus) -> LedgerMetrics:
    """Register what is asked of the process and of the ledger; the reader of the latter."""
    installation = bus.assembly.installation
    collector = LedgerCollector(Slack(installation.calendar.working))
    figures = LedgerMetrics(bus.ledger, collector)
    facts = Facts(
        installation,
        bus.connectors,
        config_number(bus.assembly),
        bus.floor,
        broker_is_up=lambda: _is_up(bus),
        is_elected=lambda: figures.election.elected,
    )
    bus.registry.register(collector)
    bus.registry.register(ProcessCollector(facts))
    return figures


def _health(bus: Bus) -> Health:
    return Health(
        bus.ledger,
        bus.connectors,
        bus.floor,
        broker_is_up=lambda: _is_up(bus),
        is_stopping=lambda: bus.pipeline.stopping.has_begun,
        ended=lambda: bus.worker.ended,
    )


def _is_up(bus: Bus) -> bool:
    return bus.broker.connected and not bus.broker.blocked


def _listening(address: Address | None, is_worker: bool) -> socket.socket | None:  # noqa: FBT001  two callers' worth
    if address is None:
        return None
    ports = range(address.port + 1, address.port + 1 + PORTS) if is_worker else [address.port]
    for port in ports:
        with contextlib.suppress(OSError):
            return socket.create_server((address.host, port), family=_family(address.host))
    wanted = f"{ports[0]}" if len(ports) == 1 else f"{ports[0]} to {ports[-1]}"
    raise ConfigurationError([f"listen.metrics: port {wanted} of {address.host} cannot be had: is it taken?"])


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET
