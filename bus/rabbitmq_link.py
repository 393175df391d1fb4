"""One live connection to RabbitMQ, over pika's asyncio adapter: what is set up again and again."""

import asyncio
import contextlib
import functools
import re
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

import pika
import pika.exceptions as theirs
import structlog
from pika.adapters.asyncio_connection import AsyncioConnection

from bus.broker_errors import BrokerUnavailableError
from bus.confirms import Confirms, Done, Key
from bus.errors import ConfigurationError
from bus.rabbitmq_errors import translated
from bus.rabbitmq_frames import frames_of
from bus.setting_types import BrokerUrl
from bus.topology import Topology

_log = structlog.get_logger("broker")


OPEN_WITHIN: Final = 15.0
"""Seconds for a connection to stand: DNS, TCP, TLS, login."""

CLOSE_WITHIN: Final = 3.0
"""Seconds that a broker has to say good-bye: a channel of its own that hangs never does."""


class Connection(AsyncioConnection):  # type: ignore[misc]  # pika publishes no types
    """Writes to the socket once a turn of the loop: pika alone makes a system call of every frame.

    `confirming` is a channel whose confirms go straight to `on_confirm`: by pika's own way each is looked
    up in two tables of callbacks.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self._chunks: list[bytes] = []
        self.confirming = -1
        self.on_confirm: Callable[[Any], None] = _ignore
        super().__init__(*arguments, **options)

    def _process_frame(self, frame_value: Any) -> None:
        if type(frame_value) is pika.frame.Method and frame_value.channel_number == self.confirming:
            kind = type(frame_value.method)
            if kind is pika.spec.Basic.Ack or kind is pika.spec.Basic.Nack:
                self.frames_received += 1
                self.on_confirm(frame_value)
                return
        super()._process_frame(frame_value)

    def publish(
        self, channel: Any, key: Key, body: bytes, properties: pika.BasicProperties, *, mandatory: bool
    ) -> None:
        """As the channel's `basic_publish`; in one go where the body fits into one frame."""
        if len(body) > self._body_max_length or not channel.is_open:
            channel.basic_publish(key[0], key[1], body, properties, mandatory)
            return
        packed = b"".join(properties.encode())
        number = channel.channel_number
        self._output_marshaled_frames([frames_of(number, key[0], key[1], body, packed, mandatory=mandatory)])

    def cut(self, reason: Exception) -> None:
        """End it without a word to the broker; may be repeated."""
        if not self.is_closed:
            self._terminate_stream(reason)

    def _adapter_emit_data(self, data: bytes) -> None:
        if not self._chunks:
            self.ioloop.call_soon(self._emit)
        self._chunks.append(data)

    def _emit(self) -> None:
        chunks, self._chunks = self._chunks, []
        if self._transport is not None:
            self._transport.write(b"".join(chunks))


class Channel:
    """A pika channel whose calls are awaited; when it closes, what waits fails and `on_closed` hears why."""

    def __init__(self, on_closed: Callable[[BaseException], None]) -> None:
        self.raw: Any = None
        self._on_closed = on_closed
        self._waiting: set[asyncio.Future[Any]] = set()

    async def open(self, connection: "Connection") -> None:
        """Open it; raises what a closed channel or connection is translated to."""
        try:
            future = self._future()
            self.raw = connection.channel(on_open_callback=functools.partial(give, future))
            self.raw.add_on_close_callback(self._closed)
            await future
        except theirs.AMQPError as error:
            raise translated(error) from None

    async def call(self, method: str, **arguments: Any) -> Any:
        """Call a method of the channel and wait for the broker's answer; raises as `open`."""
        future = self._future()
        try:
            getattr(self.raw, method)(**arguments, callback=functools.partial(give, future))
            return await future
        except theirs.AMQPError as error:
            raise translated(error) from None

    def close(self) -> None:
        """Close it on purpose: nobody is told."""
        self._on_closed = _ignore
        with contextlib.suppress(theirs.AMQPError):
            self.raw.close()

    def _future(self) -> asyncio.Future[Any]:
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting.add(future)
        future.add_done_callback(self._waiting.discard)
        return future

    def _closed(self, _channel: object, reason: BaseException) -> None:
        for future in list(self._waiting):
            if not future.done():
                future.set_exception(translated(reason))
        self._on_closed(reason)


def parameters_of(
    url: str, *, client_name: str, ca: Path | None, heartbeat: float
) -> tuple[pika.ConnectionParameters, ...]:
    """Read an AMQP URL with its password: what pika needs for each of its hosts, in their order.

    Raises `ConfigurationError`, which does not repeat the URL.
    """
    parts = re.fullmatch(r"(amqps?://)(?:([^@/:]*)(?::([^@/]*))?@)?(.*)", url)
    try:
        place = BrokerUrl(f"{parts[1]}{f'{parts[2]}@' if parts[2] else ''}{parts[4]}" if parts else "")
    except ValueError as error:
        raise ConfigurationError([f"the broker's url must be {error}"]) from None
    password = unquote(parts[3] or "guest") if parts else ""
    context = ssl.create_default_context(cafile=ca) if place.tls else None
    return tuple(
        pika.ConnectionParameters(
            host=host,
            port=port,
            virtual_host=place.vhost,
            credentials=pika.PlainCredentials(place.user, password),
            heartbeat=int(heartbeat),
            socket_timeout=OPEN_WITHIN,
            stack_timeout=OPEN_WITHIN,
            ssl_options=pika.SSLOptions(context, host) if context else None,
            client_properties={"connection_name": client_name},
        )
        for host, port in place.hosts
    )


def give(future: asyncio.Future[Any], result: Any) -> None:
    """Answer whoever still waits."""
    if not future.done():
        future.set_result(result)


def _ignore(_what: object) -> None:
    """A channel that was closed on purpose, a confirm before anything was published."""


class Link:
    """One live connection, with its publishing channel."""

    def __init__(self) -> None:
        self.confirms = Confirms()
        self.lost: asyncio.Future[BaseException] = asyncio.get_running_loop().create_future()
        self.why: BaseException | None = None
        self.blocked = ""
        self.connection: Any = None
        self.publisher = Channel(self.drop)
        self._drained: asyncio.Future[None] | None = None

    async def open(self, parameters: pika.ConnectionParameters) -> None:
        """Connect and log in; raises `BrokerUnavailableError` or `ConfigurationError`."""
        opened: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

        def failed(_connection: object, error: BaseException) -> None:
            if not opened.done():
                opened.set_exception(translated(error))

        self.connection = Connection(
            parameters,
            on_open_callback=functools.partial(give, opened),
            on_open_error_callback=failed,
            on_close_callback=lambda _connection, reason: give(self.lost, self.why or reason),
        )
        try:
            await opened
        except asyncio.CancelledError:
            self.drop(BrokerUnavailableError("given up"))
            raise
        self.connection.add_on_connection_blocked_callback(self._block)
        self.connection.add_on_connection_unblocked_callback(self._unblock)

    async def prepare(self, topology: Topology) -> None:
        """Assert the topology, then publish with confirms on the same channel."""
        channel = self.publisher
        await channel.open(self.connection)
        for exchange in topology.exchanges:
            await channel.call(
                "exchange_declare", exchange=exchange.name, exchange_type=exchange.kind, durable=True
            )
        for queue in topology.queues:
            await channel.call(
                "queue_declare", queue=queue.name, durable=True, arguments=dict(queue.arguments)
            )
        for binding in topology.bindings:
            await channel.call(
                "queue_bind", queue=binding.queue, exchange=binding.exchange, routing_key=binding.routing_key
            )
        await channel.call("confirm_delivery", ack_nack_callback=self._confirmed)
        channel.raw.add_on_return_callback(self._returned)
        self.connection.confirming, self.connection.on_confirm = channel.raw.channel_number, self._confirmed

    def send(self, key: Key, body: bytes, properties: Any, done: Done, *, mandatory: bool) -> None:
        """Publish; `key` is exchange, routing key and message id."""
        self.connection.publish(self.publisher.raw, key, body, properties, mandatory=mandatory)
        self.confirms.published(key, done)

    def drop(self, reason: BaseException) -> None:
        """Close the whole connection, so that everything is set up anew; may be repeated.

        It is over after `CLOSE_WITHIN` seconds, whether the broker answers or not.
        """
        if self.why is None:
            asyncio.get_running_loop().call_later(CLOSE_WITHIN, self._cut)
        self.why = self.why or reason
        with contextlib.suppress(theirs.AMQPError):
            self.connection.close()

    def _cut(self) -> None:
        if not self.lost.done():
            self.connection.cut(BrokerUnavailableError("the broker did not answer our good-bye"))

    def _confirmed(self, frame: Any) -> None:
        method = frame.method
        if isinstance(method, pika.spec.Basic.Ack):
            self.confirms.acked(method.delivery_tag, multiple=method.multiple)
        else:
            self.confirms.nacked(method.delivery_tag, multiple=method.multiple)
        if self._drained and not self.confirms:
            give(self._drained, None)

    def drained(self) -> asyncio.Future[None]:
        """Wait for this until every published message is confirmed."""
        self._drained = asyncio.get_running_loop().create_future()
        if not self.confirms:
            self._drained.set_result(None)
        return self._drained

    def _returned(self, _channel: object, method: Any, properties: Any, _body: bytes) -> None:
        self.confirms.returned((method.exchange, method.routing_key, properties.message_id))

    def _block(self, _connection: object, frame: Any) -> None:
        self.blocked = frame.method.reason or "no reason given"
        _log.warning("broker blocks publishing", reason=self.blocked)

    def _unblock(self, _connection: object, _frame: object) -> None:
        self.blocked = ""
        _log.warning("broker takes messages again")
