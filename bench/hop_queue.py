"""The broker's side of `bench hop`, over one plain blocking connection: declare, fill, count, delete."""

import time
from collections.abc import Iterable
from types import TracebackType
from typing import Any, Self

import pika

from bench.hop_child import SINK, SOURCE
from bench.hop_message import KIND, Dossier
from bus.envelope import PREFIX
from bus.topology import Topology


class Queues:
    """The queues of one topology. Ours alone: names are drawn anew for each run and deleted at its end."""

    def __init__(self, url: str, topology: Topology) -> None:
        self._topology = topology
        self._connection = pika.BlockingConnection(pika.URLParameters(url))
        self._channel: Any = self._connection.channel()

    def renew(self) -> None:
        """Make everything anew and empty."""
        self.delete()
        for exchange in self._topology.exchanges:
            self._channel.exchange_declare(exchange.name, exchange.kind, durable=True)
        for queue in self._topology.queues:
            self._channel.queue_declare(queue.name, durable=True, arguments=dict(queue.arguments))
        for binding in self._topology.bindings:
            self._channel.queue_bind(binding.queue, binding.exchange, binding.routing_key)

    def fill(self, messages: Iterable[Dossier], count: int) -> None:
        """Put messages on the source queue; returns when all `count` are there."""
        for message in messages:
            properties = pika.BasicProperties(
                content_type="application/json",
                headers={
                    f"{PREFIX}specversion": "1.0",
                    f"{PREFIX}type": KIND,
                    f"{PREFIX}source": "/bench/hop",
                    f"{PREFIX}id": message.key,
                },
                delivery_mode=2,
                message_id=message.key,
            )
            self._channel.basic_publish(self._topology.work_exchange, SOURCE, message.body, properties)
        deadline = time.monotonic() + 60
        while self.waiting(SOURCE) < count:
            if time.monotonic() > deadline:
                raise RuntimeError(f"the source queue has {self.waiting(SOURCE)} messages instead of {count}")
            time.sleep(0.05)

    def waiting(self, name: str) -> int:
        """How many messages a queue has that nobody is working on, as its leader counts them now."""
        declared = self._channel.queue_declare(self._topology.work_queue(name), passive=True)
        return int(declared.method.message_count)

    def arrived(self) -> int:
        """How many messages have come out of the hop."""
        return self.waiting(SINK)

    def delete(self) -> None:
        """Delete all of it; what is not there is no error."""
        for queue in self._topology.queues:
            self._channel.queue_delete(queue.name)
        for exchange in self._topology.exchanges:
            self._channel.exchange_delete(exchange.name)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._connection.is_open:
            self.delete()
            self._connection.close()
