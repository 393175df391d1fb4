"""A wire to a real broker that can be cut, and what arrives over it."""

import asyncio
import contextlib
import ssl
import time
from collections.abc import Callable
from typing import Self

import pika
import pika.exceptions

from bus.rabbitmq import (
    Broker,
    Outgoing,
    Received,
)
from bus.topology import Topology

SOON = 15.0
HEADERS = {"cloudEvents:subject": "H12.09-250812-0007", "title": "Cấp giấy chứng nhận lần đầu"}


class Wire:
    """A TCP line between client and broker that a test can cut, lead elsewhere, and encrypt."""

    def __init__(self, url: str, tls: ssl.SSLContext | None = None) -> None:
        self.url = ""
        self.lead(url)
        self._tls = tls
        self._ends: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None

    def lead(self, url: str) -> None:
        """Connect what comes from now on to another broker."""
        self._login, _, rest = url.rpartition("@")
        place, _, self._vhost = rest.partition("/")
        self._target = (place.partition(":")[0], int(place.partition(":")[2]))

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._pass, "127.0.0.1", 0, ssl=self._tls)
        port = self._server.sockets[0].getsockname()[1]
        login = self._login.replace("amqp:", "amqps:") if self._tls else self._login
        self.url = f"{login}@{'localhost' if self._tls else '127.0.0.1'}:{port}/{self._vhost}"
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server
        self._server.close()
        self.cut()
        await self._server.wait_closed()

    def cut(self) -> None:
        """Break every connection without a word."""
        for end in self._ends:
            end.transport.abort()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._ends.add(writer)
        with contextlib.suppress(OSError):
            there, back = await asyncio.open_connection(*self._target)
            self._ends.add(back)
            await asyncio.gather(_copy(reader, back), _copy(there, writer))
            self._ends.discard(back)
        writer.transport.abort()
        self._ends.discard(writer)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    writer.transport.abort()


class Inbox:
    """What a consumer received."""

    def __init__(self, *, ack: bool = True) -> None:
        self.received: list[Received] = []
        self.ack = ack

    def __call__(self, received: Received) -> None:
        """Receive one."""
        self.received.append(received)
        if self.ack:
            received.ack()

    @property
    def bodies(self) -> list[bytes]:
        """The bodies in the order in which they came."""
        return [each.body for each in self.received]

    async def until(self, count: int) -> None:
        """Wait for so many."""
        await eventually(lambda: len(self.received) >= count)
        assert len(self.received) == count


async def eventually(holds: Callable[[], bool]) -> None:
    """Wait until something is so; fails after a while."""
    end = time.monotonic() + SOON
    while not holds():
        assert time.monotonic() < end, "waited in vain"
        await asyncio.sleep(0.01)


async def connected_anew(broker: Broker, before: object) -> None:
    """Wait for another connection than `before`: the moment between two may be too short to be seen."""
    await eventually(lambda: broker._link not in (None, before))


def clear(url: str, topology: Topology) -> None:
    """Delete everything a topology declared."""
    with contextlib.closing(pika.BlockingConnection(pika.URLParameters(url))) as connection:
        channel = connection.channel()
        for queue in topology.queues:
            channel.queue_delete(queue.name)
        for exchange in topology.exchanges:
            channel.exchange_delete(exchange.name)


def work(topology: Topology, count: int, name: str = "onestop") -> list[Outgoing]:
    """So many messages for a connector, numbered from 0."""
    return [
        Outgoing(topology.work_exchange, name, str(number).encode(), HEADERS, str(number))
        for number in range(count)
    ]
