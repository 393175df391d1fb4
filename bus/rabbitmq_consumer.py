"""Consuming from one queue: deliveries, their acknowledgements, and a subscription that comes back."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping
from typing import Any

import structlog

from bus.acks import Acks
from bus.broker_errors import BrokerUnavailableError
from bus.rabbitmq_link import Channel, Link

_log = structlog.get_logger("broker")


class Received:
    """A delivery of the broker. It is acknowledged or left alone, never refused (protocol 14)."""

    __slots__ = ("_acks", "body", "delivery_tag", "headers", "redelivered", "routing_key")

    def __init__(self, method: Any, headers: Mapping[str, Any], body: bytes, acks: Acks) -> None:
        self.body = body
        self.headers = headers
        self.redelivered: bool = method.redelivered
        self.delivery_tag: int = method.delivery_tag
        self.routing_key: str = method.routing_key
        self._acks = acks

    def ack(self) -> None:
        """Let the broker forget it. May be repeated; after a lost connection it does nothing."""
        self._acks.done(self.delivery_tag)


Handler = Callable[[Received], None]


class Consumer:
    """A subscription to one queue; it survives reconnections until it is cancelled."""

    def __init__(self, queue: str, handler: Handler, prefetch: int) -> None:
        self.queue = queue
        self._handler = handler
        self._prefetch = prefetch
        self._link: Link | None = None
        self._channel: Channel | None = None
        self._acks = Acks(_nowhere, asyncio.get_running_loop().call_soon)
        self._tag = ""
        self._taken = 0
        self._heard = 0.0
        self._ending = False

    async def subscribe(self, link: Link) -> None:
        """Begin to receive over a new connection; acknowledgements of the old one mean nothing any more."""
        self._acks.close()
        self._heard = time.monotonic()
        channel = Channel(self._lost)
        await channel.open(link.connection)
        self._link, self._channel, self._taken = link, channel, 0
        self._acks = Acks(channel.raw.basic_ack, self._soon)
        channel.raw.add_on_cancel_callback(self._cancelled)
        await channel.call("basic_qos", prefetch_count=self._prefetch)
        began = await channel.call("basic_consume", queue=self.queue, on_message_callback=self._take)
        self._tag = began.method.consumer_tag

    @property
    def is_cancelled(self) -> bool:
        """Whether it receives no more."""
        return self._ending

    @property
    def idle(self) -> float:
        """For how many seconds nothing came although there was room for it."""
        if self._channel is None or self._ending or self._taken - self._acks.settled >= self._prefetch:
            return 0.0
        return time.monotonic() - self._heard

    async def cancel(self) -> None:
        """Receive nothing more; what was received can still be acknowledged. May be repeated.

        What the broker sent before it heard of this goes back to the queue.
        """
        if self._ending:
            return
        self._ending = True
        if self._channel is None or not self._channel.raw.is_open:
            return
        with contextlib.suppress(BrokerUnavailableError):
            await self._channel.call("basic_cancel", consumer_tag=self._tag)
        self._turn()

    def _take(self, _channel: object, method: Any, properties: Any, body: bytes) -> None:
        self._taken += 1
        self._heard = time.monotonic()
        received = Received(method, properties.headers, body, self._acks)
        try:
            self._handler(received)
        except Exception:  # noqa: BLE001 - whatever a handler does, the channel goes on
            # the ledger still has it and the sweeper publishes it again: keeping it here would only fill
            # the prefetch, refusing it would count against its delivery limit
            _log.exception("consumer failed", queue=self.queue)
            received.ack()

    def _soon(self, _flush: Callable[[], None]) -> None:
        asyncio.get_running_loop().call_soon(self._turn)

    def _turn(self) -> None:
        """Send what is due; a cancelled consumer's channel closes with its last acknowledgement."""
        if self._channel is None or not self._channel.raw.is_open:
            return
        self._acks.flush()
        # who was full could receive nothing until now
        self._heard = time.monotonic()
        if self._ending and self._acks.settled == self._taken:
            channel, self._channel = self._channel, None
            channel.close()

    def _cancelled(self, _frame: object) -> None:
        self._lost(BrokerUnavailableError(f"the broker cancelled the consumer of {self.queue}"))

    def _lost(self, reason: BaseException) -> None:
        self._acks.close()
        if self._link is not None:
            self._link.drop(reason)


def _nowhere(_tag: int, _multiple: bool) -> None:  # noqa: FBT001 - the protocol's own shape
    """Before the first connection there is nothing to acknowledge."""
