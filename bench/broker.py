"""What our edge to RabbitMQ costs beside raw pika: consume, publish with confirm, acknowledge.

`python -m bench.broker AMQP_URL [MESSAGES]` carries messages of 2 KB from one quorum queue to another, first
with bare pika callbacks, then through `bus.rabbitmq`, three rounds of each on uvloop, and prints both rates.
Names begin with a prefix of its own and are deleted afterwards.
"""

import asyncio
import functools
import sys
import time
import uuid
from typing import Any

import pika
import uvloop
from pika.adapters.asyncio_connection import AsyncioConnection

from bus.rabbitmq import Broker, BrokerError, Outgoing, Received
from bus.topology import Topology

PREFETCH = 200
BODY = b"x" * 2048
HEADERS = {
    "cloudEvents:type": "vn.lienthong.delivery.ready",
    "traceparent": f"00-{'a' * 32}-{'b' * 16}-01",
}


async def fill(url: str, topology: Topology, count: int) -> None:
    """Put messages into the first queue and empty the second."""
    connection = pika.BlockingConnection(pika.URLParameters(url))
    broker = Broker()
    await broker.connect(url, topology, client_name="bench")
    connection.channel().queue_purge(topology.work_queue("sink"))
    connection.close()
    one = Outgoing(topology.work_exchange, "source", BODY, HEADERS, "0")
    for begun in range(0, count, 2000):
        refused = await broker.publish_many([one] * min(2000, count - begun))
        if any(refused):
            raise SystemExit(f"the broker refused messages: {refused}")
    await broker.close()


async def ours(url: str, topology: Topology, count: int) -> float:
    """Messages a second through `bus.rabbitmq`."""
    broker, ended, done = Broker(), asyncio.Event(), 0
    await broker.connect(url, topology, client_name="bench")

    def confirmed(received: Received, error: BrokerError | None) -> None:
        nonlocal done
        if error is not None:
            raise SystemExit(str(error))
        received.ack()
        done += 1
        if done == count:
            ended.set()

    def take(received: Received) -> None:
        told = functools.partial(confirmed, received)
        broker.send(
            topology.work_exchange, "sink", received.body, received.headers, message_id="0", done=told
        )

    began = time.perf_counter()
    await broker.consume(topology.work_queue("source"), take, PREFETCH)
    await ended.wait()
    took = time.perf_counter() - began
    await broker.close()
    return count / took


class _Raw:
    """Bare callbacks on one connection, a channel each way; the broker's ranges are used as they come."""

    def __init__(self, url: str, topology: Topology, count: int) -> None:
        self._topology = topology
        self._count = count
        self._done = self._published = 0
        self._tags: dict[int, int] = {}
        self._in: Any = None
        self._out: Any = None
        self.ended = asyncio.Event()
        self.connection = AsyncioConnection(
            pika.URLParameters(url), on_open_callback=lambda made: made.channel(on_open_callback=self._open)
        )

    def _open(self, channel: Any) -> None:
        self._out = channel
        channel.confirm_delivery(self._told, lambda _: self.connection.channel(on_open_callback=self._begin))

    def _begin(self, channel: Any) -> None:
        self._in = channel
        channel.basic_qos(prefetch_count=PREFETCH)
        channel.basic_consume(self._topology.work_queue("source"), self._take)

    def _take(self, _channel: object, method: Any, properties: Any, body: bytes) -> None:
        self._published += 1
        self._tags[self._published] = method.delivery_tag
        sent = pika.BasicProperties(
            content_type="application/json", headers=properties.headers, delivery_mode=2, message_id="0"
        )
        self._out.basic_publish(self._topology.work_exchange, "sink", body, sent, mandatory=True)

    def _told(self, frame: Any) -> None:
        last = frame.method.delivery_tag
        first = next(iter(self._tags)) if frame.method.multiple else last
        for tag in range(first, last + 1):
            mine = self._tags.pop(tag, 0)
            if mine:
                self._in.basic_ack(mine)
                self._done += 1
        if self._done == self._count:
            self.ended.set()


async def raw(url: str, topology: Topology, count: int) -> float:
    """Messages a second with bare pika, setting up included."""
    began = time.perf_counter()
    bare = _Raw(url, topology, count)
    await bare.ended.wait()
    took = time.perf_counter() - began
    bare.connection.close()
    await asyncio.sleep(0.2)
    return count / took


def clear(url: str, topology: Topology) -> None:
    """Delete what was declared."""
    connection = pika.BlockingConnection(pika.URLParameters(url))
    channel = connection.channel()
    for queue in topology.queues:
        channel.queue_delete(queue.name)
    for exchange in topology.exchanges:
        channel.exchange_delete(exchange.name)
    connection.close()


def main(url: str, count: int) -> None:
    """Run the rounds and print them."""
    topology = Topology(("source", "sink"), prefix=f"bench-{uuid.uuid4().hex[:8]}")
    try:
        for _round in range(3):
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(fill(url, topology, count))
                limit = runner.run(raw(url, topology, count))
                runner.run(fill(url, topology, count))
                rate = runner.run(ours(url, topology, count))
            print(f"raw pika {limit:6.0f} a second, ours {rate:6.0f}, ratio {rate / limit:.2f}", flush=True)
    finally:
        clear(url, topology)


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        raise SystemExit(__doc__)
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) == 3 else 20_000)
