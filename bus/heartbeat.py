"""A heartbeat (nhịp) through each work queue and the dead letters': it goes the way of what it stands for.

It crosses the same exchange, queue and consumer as the hints at deliveries, so a consumer that hangs or a
queue that nobody consumes is seen although nothing else fails. A peer that is away does not stop it: a gate
shuts what is claimed, not what is consumed. Times are the wall clock's: sender and taker may be two machines.

Whichever process consumes a queue takes anybody's heartbeats, by turns. So a consumer that gets nothing at
all while the broker takes several of its own process's heartbeats is deaf: its process connects anew.
"""

import asyncio
import time
from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

import msgspec
import structlog

from bus.connector import Connector
from bus.envelope import headers, new_traceparent
from bus.rabbitmq import Broker, BrokerError, Consumer
from bus.topology import Topology

EVERY = 15.0
"""Seconds between two heartbeats through a queue."""
DEAD = "dead letters"
"""The dead-letter queue, where a queue is called by its connector: no connector has such a name."""
DEAF_AFTER = 3
"""So many heartbeats that the broker took, and nothing came: the consumer is deaf."""

_log = structlog.get_logger("broker")


class Beat(msgspec.Struct, frozen=True, array_like=True, tag="beat"):
    """A heartbeat as it stands in a queue; `at` is when it was sent, in seconds since the epoch."""

    at: float


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Beat).decode


def beat_of(body: bytes) -> float | None:
    """How many seconds ago a message was sent, if it is a heartbeat; None where it is none."""
    if not body.startswith(b'["beat"'):
        return None
    try:
        return max(0.0, time.time() - _decode(body).at)
    except msgspec.DecodeError:
        return None


@dataclass(slots=True)
class Heartbeats:
    """Sends a heartbeat through the work queue of each connector that this process works for.

    A deaf one of its `consumers`, by connector, has the process connect anew; so has `dead`, which drains the
    dead-letter queue and gets its heartbeats over the exchange that the broker puts dead letters on.
    """

    broker: Broker
    topology: Topology
    connectors: Mapping[str, Connector]
    source: str
    consumers: Mapping[str, Consumer] = field(default_factory=dict)
    every: float = EVERY
    dead: Consumer | None = None
    _taken: dict[str, deque[float]] = field(default_factory=lambda: defaultdict(_last_few))

    async def step(self) -> None:
        """Send one through each queue, then wait; one that the broker does not take is simply missing."""
        if self.broker.connected and not self.broker.blocked:
            for name, connector in self.connectors.items():
                if connector.mode != "off":
                    self._send(self.topology.work_exchange, name)
            if self.dead is not None:
                self._send(self.topology.dead_exchange, DEAD)
        await asyncio.sleep(self.every)
        dead = {} if self.dead is None else {DEAD: self.dead}
        for name, consumer in {**self.consumers, **dead}.items():
            if self._is_deaf(name, consumer):
                _log.warning("consumer deaf: connecting anew", connector=name)
                self._taken.clear()
                self.broker.renew(f"nothing comes through the queue of {name}, and the broker says it does")

    def _is_deaf(self, queue: str, consumer: Consumer) -> bool:
        """Whether the broker took several heartbeats since anything came, or could have come."""
        taken = self._taken[queue]
        return len(taken) == DEAF_AFTER and time.monotonic() - taken[0] < consumer.idle

    def _send(self, exchange: str, queue: str) -> None:
        now = time.time()
        name = f"beat-{queue}-{now:.3f}"
        marks = headers(
            kind="vn.lienthong.heartbeat",
            source=self.source,
            identity=name,
            subject=queue,
            traceparent=new_traceparent(),
        )
        done = partial(self._is_taken, queue)
        self.broker.send(exchange, queue, _encode(Beat(now)), marks, message_id=name, done=done)

    def _is_taken(self, queue: str, error: BrokerError | None) -> None:
        if error is None:
            self._taken[queue].append(time.monotonic())


def _last_few() -> deque[float]:
    return deque(maxlen=DEAF_AFTER)
