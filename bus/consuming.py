"""The work queues that a process consumes: of every connector of which it has a slot (rule 15).

Where other processes have all slots of a connector, a hint would only wait here while they are free.
"""

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from bus.connector import Connector
from bus.rabbitmq import Broker, BrokerError, Consumer, Received
from bus.topology import Topology


@dataclass(slots=True)
class Consuming:
    """Subscriptions to the work queues of some connectors; `handler` makes what takes a connector's hints."""

    broker: Broker
    topology: Topology
    connectors: Mapping[str, Connector]
    handler: Callable[[Connector], Callable[[Received], None]]
    consumers: dict[str, Consumer] = field(default_factory=dict)

    async def tend(self) -> None:
        """Consume where there is a slot, and no longer where there is none; may be repeated."""
        for name, connector in self.connectors.items():
            if connector.mode == "off":
                continue
            if connector.slots.count and name not in self.consumers:
                queue = self.topology.work_queue(name)
                handler = self.handler(connector)
                self.consumers[name] = await self.broker.consume(queue, handler, connector.prefetch)
            elif not connector.slots.count and name in self.consumers:
                await self.consumers.pop(name).cancel()

    async def cancel(self) -> None:
        """Receive nothing more; what was received can still be acknowledged. May be repeated."""
        for consumer in self.consumers.values():
            with contextlib.suppress(BrokerError):
                await consumer.cancel()
