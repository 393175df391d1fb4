"""RabbitMQ: publishing with confirms and consuming with acknowledgements, on one event loop.

`bus.rabbitmq*` are the only modules that know pika. One connection for a process: a channel that publishes,
a channel for each consumer. What is lost with a connection is told to its publishers and delivered again by
the broker; the connection comes back by itself, asserts the topology and subscribes again. Not thread-safe.
"""

import asyncio
import functools
import logging
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pika
import pika.exceptions as theirs
import structlog

from bus.broker_errors import (
    BrokerError,
    BrokerUnavailableError,
    MisuseError,
    NackedError,
    UnroutableError,
)
from bus.confirms import Done
from bus.errors import ConfigurationError
from bus.rabbitmq_consumer import Consumer, Handler, Received
from bus.rabbitmq_errors import translated
from bus.rabbitmq_link import Link, parameters_of
from bus.rabbitmq_properties import Properties
from bus.topology import Topology

__all__ = [
    "Broker",
    "BrokerError",
    "BrokerUnavailableError",
    "Consumer",
    "MisuseError",
    "NackedError",
    "Outgoing",
    "Received",
    "UnroutableError",
    "translated",
]

_log = structlog.get_logger("broker")
_random = random.SystemRandom()

LONGEST_PAUSE: Final = 4.0
"""Seconds between two rounds of connecting, at most; each pause is drawn between 0 and its ceiling.

Within 10 s of a broker's return its first delivery shall have succeeded (issue 5).
"""
SET_UP_WITHIN: Final = 30.0
"""Seconds for topology and subscriptions to stand: a queue without its majority answers nobody."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message to publish."""

    exchange: str
    routing_key: str
    body: bytes
    headers: Mapping[str, Any]
    message_id: str


class Broker:
    """A connection that comes back. `connect` begins it, `close` ends it."""

    def __init__(self) -> None:
        self._addresses: tuple[pika.ConnectionParameters, ...] = ()
        self._topology = Topology(())
        self._link: Link | None = None
        self._consumers: list[Consumer] = []
        self._keeper: asyncio.Task[None] | None = None
        self.connections = 0
        """How often it connected so far."""

    async def connect(
        self,
        url: str,
        topology: Topology,
        *,
        client_name: str,
        ca: Path | None = None,
        heartbeat: float = 30.0,
    ) -> None:
        """Connect, assert the topology and stay connected.

        `url` is amqp:// or amqps://, with user and password, several hosts of a cluster with commas. `ca`
        is the file of certificates that are trusted; `heartbeat` in seconds. Raises `ConfigurationError`
        where an existing queue does not fit, `NotLetInError` where user or rights do not, and
        `BrokerUnavailableError` where no host answers; then it may be repeated.
        """
        if self._keeper is not None:
            raise MisuseError("this broker is connected already")
        # whatever pika would log is raised or logged here, in a sentence
        logging.getLogger("pika").setLevel(logging.CRITICAL + 1)
        self._addresses = parameters_of(url, client_name=client_name, ca=ca, heartbeat=heartbeat)
        self._topology = topology
        await self._connect_once()
        self._keeper = asyncio.get_running_loop().create_task(self._keep())

    @property
    def connected(self) -> bool:
        """Whether there is a connection now."""
        return self._link is not None

    @property
    def blocked(self) -> bool:
        """Whether the broker takes no messages now, for want of memory or disk."""
        return self._link is not None and bool(self._link.blocked)

    @property
    def unconfirmed(self) -> int:
        """How many published messages are not confirmed yet."""
        return len(self._link.confirms) if self._link else 0

    def send(
        self,
        exchange: str,
        routing_key: str,
        body: bytes,
        headers: Mapping[str, Any],
        *,
        message_id: str,
        done: Done,
        mandatory: bool = True,
    ) -> None:
        """Publish without waiting, the cheapest way; `done` is called once, never from within this call.

        It gets None where the broker has the message on disk, else why not (`UnroutableError` only with
        `mandatory`). Raises `MisuseError` where the message cannot be said in AMQP. May be repeated.
        """
        link = self._link
        if link is None or link.blocked:
            why = f"takes nothing now: {link.blocked}" if link else "is not connected"
            asyncio.get_running_loop().call_soon(done, BrokerUnavailableError(f"the broker {why}"))
            return
        key = (exchange, routing_key, message_id)
        try:
            link.send(key, body, Properties(headers, message_id), done, mandatory=mandatory)
        except (theirs.AMQPError, AssertionError, ValueError) as error:
            self._refused(error, done)

    def _refused(self, error: Exception, done: Done) -> None:
        said = translated(error)
        if not isinstance(error, theirs.AMQPError) or isinstance(said, MisuseError):
            raise MisuseError(f"this message cannot be published: {error!r}") from error
        asyncio.get_running_loop().call_soon(done, BrokerUnavailableError(str(said)))

    async def publish(
        self,
        exchange: str,
        routing_key: str,
        body: bytes,
        headers: Mapping[str, Any],
        *,
        message_id: str,
        mandatory: bool = True,
    ) -> None:
        """Publish; returns when the broker has the message on disk.

        Raises `UnroutableError` (nothing bound there), `NackedError` (queue full), `BrokerUnavailableError`
        (no connection, or lost before the confirm: it may have been published), `MisuseError`.
        """
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.send(
            exchange,
            routing_key,
            body,
            headers,
            message_id=message_id,
            done=functools.partial(_settle, future),
            mandatory=mandatory,
        )
        await future

    async def publish_many(self, messages: Sequence[Outgoing]) -> tuple[BrokerError | None, ...]:
        """Publish all, then wait for all; gives for each what `publish` would raise, or None."""
        results: list[BrokerError | None] = [None] * len(messages)
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        left = len(messages)

        def done(place: int, error: BrokerError | None) -> None:
            nonlocal left
            results[place] = error
            left -= 1
            if not left and not future.done():
                future.set_result(None)

        for place, one in enumerate(messages):
            told = functools.partial(done, place)
            self.send(
                one.exchange, one.routing_key, one.body, one.headers, message_id=one.message_id, done=told
            )
        if messages:
            await future
        return tuple(results)

    async def consume(self, queue: str, handler: Handler, prefetch: int) -> Consumer:
        """Call `handler` for each message of a queue, at most `prefetch` of them unacknowledged.

        The handler is a plain function on the event loop and must be quick. What it raises is logged, and
        its message acknowledged: the ledger has it. While there is no connection the subscription waits.
        Raises `MisuseError` where the topology has no such queue.
        """
        if queue not in {each.name for each in self._topology.queues}:
            raise MisuseError(f"{queue} is no queue of this topology")
        consumer = Consumer(queue, handler, prefetch)
        self._consumers.append(consumer)
        if link := self._link:
            try:
                await consumer.subscribe(link)
            except BrokerUnavailableError as error:
                link.drop(error)
        return consumer

    def renew(self, reason: str) -> None:
        """Drop the connection and set everything up anew; what is unacknowledged comes again.

        For a connection that stands and does not work. Does nothing while there is none.
        """
        if self._link is not None:
            self._link.drop(BrokerUnavailableError(reason))

    async def close(self, *, drain: float = 10.0) -> None:
        """Wait up to `drain` seconds for confirms, then disconnect; what is unacknowledged comes again.

        May be repeated.
        """
        keeper, self._keeper = self._keeper, None
        if keeper is not None:
            keeper.cancel()
            await asyncio.gather(keeper, return_exceptions=True)
        for consumer in self._consumers:
            await consumer.cancel()
        link = self._link
        if link is None:
            return
        ends: list[asyncio.Future[Any]] = [link.drained(), link.lost]
        await asyncio.wait(ends, timeout=drain, return_when=asyncio.FIRST_COMPLETED)
        link.drop(BrokerUnavailableError("closed by us"))
        await asyncio.wait([link.lost], timeout=5.0)
        self._down(link)

    async def _connect_once(self) -> None:
        """Try each host in turn; raises the last host's error."""
        for place, address in enumerate(self._addresses):
            try:
                await self._establish(address)
            except (BrokerError, ConfigurationError):
                if place == len(self._addresses) - 1:
                    raise
            else:
                return

    async def _establish(self, address: pika.ConnectionParameters) -> None:
        link = Link()
        await link.open(address)
        try:
            async with asyncio.timeout(SET_UP_WITHIN):
                await self._set_up(link)
        except TimeoutError:
            self._given_up(link)
            raise BrokerUnavailableError(f"the broker set nothing up in {SET_UP_WITHIN:g} s") from None
        except BaseException:
            self._given_up(link)
            raise
        self.connections += 1

    async def _set_up(self, link: Link) -> None:
        await link.prepare(self._topology)
        self._link = link
        self._consumers = [each for each in self._consumers if not each.is_cancelled]
        for consumer in self._consumers:
            await consumer.subscribe(link)

    def _given_up(self, link: Link) -> None:
        self._down(link)
        link.drop(BrokerUnavailableError("not set up"))

    async def _keep(self) -> None:
        while True:
            link = self._link
            if link is not None:
                reason = await asyncio.shield(link.lost)
                self._down(link)
                _log.warning("broker connection lost", reason=str(translated(reason)))
            await self._reconnect()
            _log.warning("broker connected again")

    async def _reconnect(self) -> None:
        ceiling = 0.1
        said = ""
        while True:
            await asyncio.sleep(_random.uniform(0, ceiling))
            ceiling = min(LONGEST_PAUSE, 2 * ceiling)
            try:
                await self._connect_once()
            except Exception as error:  # noqa: BLE001 - it comes back, whatever it was
                if str(error) != said:
                    _log.warning("broker not reached", reason=str(error))
                said = str(error)
            else:
                return

    def _down(self, link: Link) -> None:
        """Tell everybody who waits for a confirm that it will not come."""
        if self._link is link:
            self._link = None
        link.confirms.fail(BrokerUnavailableError("the connection to the broker was lost before the confirm"))


def _settle(future: asyncio.Future[None], error: BrokerError | None) -> None:
    if future.done():
        return
    if error is None:
        future.set_result(None)
    else:
        future.set_exception(error)
