"""A heartbeat (nhịp) through each work queue: published and consumed as work is, it proves the way open.

It crosses the same exchange, queue and consumer as the hints at deliveries, so a consumer that hangs or a
queue that nobody consumes is seen although nothing else fails. A peer that is away does not stop it: a gate
shuts what is claimed, not what is consumed. Times are the wall clock's: sender and taker may be two machines.
"""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from bus.connector import Connector
from bus.envelope import headers, new_traceparent
from bus.rabbitmq import Broker
from bus.topology import Topology

EVERY = 15.0
"""Seconds between two heartbeats through a queue."""


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


@dataclass(frozen=True, slots=True)
class Heartbeats:
    """Sends a heartbeat through the work queue of each connector that this process works for."""

    broker: Broker
    topology: Topology
    connectors: Mapping[str, Connector]
    source: str
    every: float = EVERY

    async def step(self) -> None:
        """Send one through each queue, then wait; one that the broker does not take is simply missing."""
        if self.broker.connected and not self.broker.blocked:
            for name, connector in self.connectors.items():
                if connector.mode != "off":
                    self._send(name)
        await asyncio.sleep(self.every)

    def _send(self, connector: str) -> None:
        now = time.time()
        name = f"beat-{connector}-{now:.3f}"
        marks = headers(
            kind="vn.lienthong.heartbeat",
            source=self.source,
            identity=name,
            subject=connector,
            traceparent=new_traceparent(),
        )
        exchange = self.topology.work_exchange
        self.broker.send(exchange, connector, _encode(Beat(now)), marks, message_id=name, done=_missing)


def _missing(_error: object) -> None:
    """Whether the broker took it shows where it comes out again."""
