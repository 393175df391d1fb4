"""The broker's exchanges, queues and bindings as one value, computed from the names of the connectors.

Everything is durable. Queues are quorum queues: RabbitMQ 3.10 to 4.x. The ledger is the authority, so any
of this may be deleted on the broker: it is asserted again and the sweeper publishes anew.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any, Literal

DELIVERY_LIMIT = 50
"""Deliveries that ended with their consumer, after which a message is dead-lettered (protocol 14)."""

_NEVER = 1_000_000
# from RabbitMQ 4.0 a queue without a limit has one of 20, and 3.10 refuses -1 for none


@dataclass(frozen=True, slots=True)
class Exchange:
    """A durable exchange."""

    name: str
    kind: Literal["direct", "topic", "fanout"]


@dataclass(frozen=True, slots=True)
class Queue:
    """A durable queue with its `x-` arguments."""

    name: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Binding:
    """What an exchange gives to a queue."""

    exchange: str
    queue: str
    routing_key: str


@dataclass(frozen=True)
class Topology:
    """What one installation declares. `prefix` begins every name, so that installations share a broker.

    `longest` bounds each work queue: what is published beyond it is refused to the publisher, and waits in
    the ledger. The sweeper keeps far below it (protocol 12).
    """

    connectors: tuple[str, ...]
    prefix: str = "lienthong"
    longest: int = 100_000

    def __post_init__(self) -> None:
        if len(set(self.connectors)) < len(self.connectors):
            raise ValueError("two connectors have one name")
        if any(len(queue.name.encode()) > 255 for queue in self.queues):
            raise ValueError("a queue's name has more than 255 bytes; shorten the prefix")

    @property
    def work_exchange(self) -> str:
        """Where work is published, with the connector's name as routing key."""
        return f"{self.prefix}.work"

    @property
    def events_exchange(self) -> str:
        """Where settled facts are told to whoever has the right to listen: `agency.CODE.KIND`."""
        return f"{self.prefix}.events"

    @property
    def dead_exchange(self) -> str:
        """Where the broker puts what crashed its consumers too often."""
        return f"{self.prefix}.dead"

    @property
    def dead_queue(self) -> str:
        """What the sweeper drains into marks on the ledger's rows."""
        return f"{self.prefix}.dead"

    def work_queue(self, connector: str) -> str:
        """Name a connector's queue; KeyError where there is no such connector."""
        if connector not in self.connectors:
            raise KeyError(connector)
        return f"{self.prefix}.work.{connector}"

    @property
    def exchanges(self) -> tuple[Exchange, ...]:
        """All exchanges."""
        return (
            Exchange(self.work_exchange, "direct"),
            Exchange(self.events_exchange, "topic"),
            Exchange(self.dead_exchange, "fanout"),
        )

    @cached_property
    def queues(self) -> tuple[Queue, ...]:
        """All queues: one for the dead letters, one for each connector."""
        work = {
            "x-queue-type": "quorum",
            "x-delivery-limit": DELIVERY_LIMIT,
            "x-dead-letter-exchange": self.dead_exchange,
            "x-dead-letter-strategy": "at-least-once",
            "x-overflow": "reject-publish",
            "x-max-length": self.longest,
        }
        dead = Queue(
            self.dead_queue, MappingProxyType({"x-queue-type": "quorum", "x-delivery-limit": _NEVER})
        )
        names = (self.work_queue(name) for name in self.connectors)
        return (dead, *(Queue(name, MappingProxyType(work)) for name in names))

    @property
    def bindings(self) -> tuple[Binding, ...]:
        """All bindings."""
        dead = Binding(self.dead_exchange, self.dead_queue, "")
        work = (Binding(self.work_exchange, self.work_queue(name), name) for name in self.connectors)
        return (dead, *work)

    def rows(self) -> Iterator[tuple[str, str, str]]:
        """List what is declared for a reader: what, name, and how it is made."""
        for exchange in self.exchanges:
            yield "exchange", exchange.name, exchange.kind
        for queue in self.queues:
            yield "queue", queue.name, " ".join(f"{key}={value}" for key, value in queue.arguments.items())
        for binding in self.bindings:
            key = f" [{binding.routing_key}]" if binding.routing_key else ""
            yield "binding", f"{binding.exchange} → {binding.queue}", key.strip()

    def __str__(self) -> str:
        rows = list(self.rows())
        wide = max(len(name) for _what, name, _how in rows)
        return "\n".join(f"{what:9}{name:{wide}}  {how}".rstrip() for what, name, how in rows)


def prefetch_of(concurrency: int) -> int:
    """How many messages a connector's consumer holds: twice its pool, so that waiting spends no lease."""
    return 2 * concurrency


def rhythm_problems(
    longest_calls: Mapping[str, float], concurrency: Mapping[str, int], consumer_timeout: float
) -> Iterable[str]:
    """Tell which connectors may hold a message longer than the broker allows (protocol 15).

    `longest_calls` are the longest deadlines in seconds, by connector; `consumer_timeout` is the broker's.
    A message waits behind those fetched with it: prefetch × longest deadline ÷ slots stays below.
    """
    for name, seconds in longest_calls.items():
        slots = concurrency[name]
        held = prefetch_of(slots) * seconds / slots
        if held >= consumer_timeout:
            yield (
                f"{name}: a message may be held for {held:.0f} s, and the broker takes it back after"
                f" {consumer_timeout:.0f} s. Shorten its timeout, or raise the broker's consumer_timeout"
            )
