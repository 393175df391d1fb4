"""The broker's edge against a real RabbitMQ, with connections that are cut and a broker that goes away."""

import asyncio
import contextlib
import inspect
import os
import shutil
import ssl
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any, Self

import pika
import pika.exceptions
import pytest
import uvloop

from bus.errors import ConfigurationError
from bus.rabbitmq import (
    Broker,
    BrokerError,
    BrokerUnavailableError,
    MisuseError,
    NackedError,
    Outgoing,
    Received,
    UnroutableError,
    translated,
)
from bus.topology import Topology
from deploy.local.errors import ServerUnavailableError
from deploy.local.rabbitmq import find_server, private_broker

pytestmark = pytest.mark.integration

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


@pytest.fixture
def topology(prefix: str) -> Topology:
    """Two connectors' queues under names of this test's own."""
    return Topology(("onestop", "portal"), prefix=f"{prefix}x")


@pytest.fixture
def cleared(amqp_url: str, topology: Topology) -> Iterator[None]:
    """Take the test's queues and exchanges off the shared broker."""
    yield
    clear(amqp_url, topology)


def clear(url: str, topology: Topology) -> None:
    """Delete everything a topology declared."""
    with contextlib.closing(pika.BlockingConnection(pika.URLParameters(url))) as connection:
        channel = connection.channel()
        for queue in topology.queues:
            channel.queue_delete(queue.name)
        for exchange in topology.exchanges:
            channel.exchange_delete(exchange.name)


@pytest.fixture
async def wire(amqp_url: str) -> AsyncIterator[Wire]:
    """A line to the broker."""
    async with Wire(amqp_url) as line:
        yield line


@pytest.fixture
async def broker(wire: Wire, topology: Topology, cleared: None) -> AsyncIterator[Broker]:
    """A connected broker over the line."""
    made = Broker()
    await made.connect(wire.url, topology, client_name="test")
    yield made
    await made.close()


def work(topology: Topology, count: int, name: str = "onestop") -> list[Outgoing]:
    """So many messages for a connector, numbered from 0."""
    return [
        Outgoing(topology.work_exchange, name, str(number).encode(), HEADERS, str(number))
        for number in range(count)
    ]


async def test_messages_are_confirmed_and_come_in_order_with_their_headers(
    broker: Broker, topology: Topology
) -> None:
    """Five hundred published at once, all confirmed, all received in order; letters survive in headers."""
    assert await broker.publish_many(work(topology, 500)) == (None,) * 500
    assert broker.unconfirmed == 0
    inbox = Inbox()
    await broker.consume(topology.work_queue("onestop"), inbox, 50)
    await inbox.until(500)
    assert inbox.bodies == [str(number).encode() for number in range(500)]
    first = inbox.received[0]
    assert dict(first.headers) == HEADERS
    assert (first.redelivered, first.routing_key, first.delivery_tag) == (False, "onestop", 1)


async def test_what_nobody_is_bound_for_comes_back_as_unroutable(broker: Broker, topology: Topology) -> None:
    """Beside a routable message, and never for events, which may have no listener."""
    good, bad = work(topology, 1)[0], Outgoing(topology.work_exchange, "nobody", b"x", {}, "0")
    results = await broker.publish_many([good, bad, good])
    assert (results[0], results[2]) == (None, None)
    assert isinstance(results[1], UnroutableError)
    with pytest.raises(UnroutableError, match="nobody"):
        await broker.publish(topology.work_exchange, "nobody", b"x", {}, message_id="1")
    await broker.publish(
        topology.events_exchange, "agency.H12.settled", b"{}", {}, message_id="2", mandatory=False
    )


async def test_a_full_queue_refuses_and_keeps_what_it_has(wire: Wire, prefix: str, amqp_url: str) -> None:
    """reject-publish: what was confirmed is there, what was refused is not."""
    topology = Topology(("onestop",), prefix=f"{prefix}full", longest=5)
    broker = Broker()
    await broker.connect(wire.url, topology, client_name="test")
    try:
        outcomes: list[BrokerError | None] = []
        for one in work(topology, 40):
            outcomes += await broker.publish_many([one])
        refused = [error for error in outcomes if error is not None]
        assert refused
        assert all(isinstance(error, NackedError) for error in refused)
        inbox = Inbox()
        await broker.consume(topology.work_queue("onestop"), inbox, 50)
        await inbox.until(40 - len(refused))
        assert inbox.bodies == [
            str(number).encode() for number, error in enumerate(outcomes) if error is None
        ]
    finally:
        await broker.close()
        clear(amqp_url, topology)


async def test_no_more_than_the_prefetch_is_held(broker: Broker, topology: Topology) -> None:
    """Three unacknowledged and not a fourth; one acknowledged makes room for one."""
    await broker.publish_many(work(topology, 10))
    inbox = Inbox(ack=False)
    await broker.consume(topology.work_queue("onestop"), inbox, 3)
    await inbox.until(3)
    await asyncio.sleep(0.3)
    assert len(inbox.received) == 3
    inbox.received[1].ack()
    inbox.received[1].ack()
    await inbox.until(4)
    await asyncio.sleep(0.3)
    assert len(inbox.received) == 4


async def test_unacknowledged_messages_come_again_after_a_cut_and_say_so(
    broker: Broker, topology: Topology, wire: Wire
) -> None:
    """The consumer goes on by itself; acknowledgements from before the cut touch nothing."""
    await broker.publish_many(work(topology, 4))
    inbox = Inbox(ack=False)
    await broker.consume(topology.work_queue("onestop"), inbox, 10)
    await inbox.until(4)
    inbox.received[0].ack()
    await asyncio.sleep(0.2)
    wire.cut()
    await inbox.until(7)
    again = inbox.received[4:]
    assert [each.body for each in again] == [b"1", b"2", b"3"]
    assert all(each.redelivered for each in again)
    for stale in inbox.received[:4]:
        stale.ack()
    for each in again:
        each.ack()
    await broker.publish_many(work(topology, 1))
    await inbox.until(8)
    assert broker.connected


async def test_a_cut_fails_what_is_unconfirmed_and_publishing_goes_on_after(
    broker: Broker, topology: Topology, wire: Wire
) -> None:
    """Every publish has an outcome; those confirmed are in the queue, nothing waits for ever."""
    async with asyncio.timeout(SOON):
        under_way = asyncio.create_task(broker.publish_many(work(topology, 2000)))
        await asyncio.sleep(0)
        wire.cut()
        outcomes = await under_way
    lost = [error for error in outcomes if error is not None]
    assert lost
    assert all(isinstance(error, BrokerUnavailableError) for error in lost)
    await eventually(lambda: broker.connected)
    await broker.publish(topology.work_exchange, "onestop", b"after", {}, message_id="after")
    inbox = Inbox()
    await broker.consume(topology.work_queue("onestop"), inbox, 100)
    await eventually(lambda: b"after" in inbox.bodies)
    assert {str(n).encode() for n, error in enumerate(outcomes) if error is None} <= set(inbox.bodies)


async def test_without_a_connection_publishing_fails_at_once_and_subscribing_waits(
    broker: Broker, topology: Topology, wire: Wire, amqp_url: str
) -> None:
    """A line that leads nowhere; when it leads back everything goes on."""
    wire.lead("amqp://x@127.0.0.1:1/")
    wire.cut()
    await eventually(lambda: not broker.connected)
    with pytest.raises(BrokerUnavailableError, match="not connected"):
        await broker.publish(topology.work_exchange, "onestop", b"x", {}, message_id="1")
    inbox = Inbox()
    await broker.consume(topology.work_queue("onestop"), inbox, 5)
    wire.lead(amqp_url)
    await eventually(lambda: broker.connected)
    await broker.publish_many(work(topology, 3))
    await inbox.until(3)


async def test_a_deleted_queue_is_made_again(broker: Broker, topology: Topology, amqp_url: str) -> None:
    """The broker cancels its consumer; topology and subscription come back by themselves."""
    inbox = Inbox()
    await broker.consume(topology.work_queue("onestop"), inbox, 5)
    with contextlib.closing(pika.BlockingConnection(pika.URLParameters(amqp_url))) as connection:
        connection.channel().queue_delete(topology.work_queue("onestop"))
    await eventually(lambda: not broker.connected)
    await eventually(lambda: broker.connected)
    await broker.publish_many(work(topology, 2))
    await inbox.until(2)


async def test_publishing_to_an_exchange_that_is_gone_makes_it_again(
    broker: Broker, topology: Topology, amqp_url: str
) -> None:
    """The broker closes the channel: the publish fails, the next one after reconnecting arrives."""
    with contextlib.closing(pika.BlockingConnection(pika.URLParameters(amqp_url))) as connection:
        connection.channel().exchange_delete(topology.work_exchange)
    (lost,) = await broker.publish_many(work(topology, 1))
    assert isinstance(lost, BrokerUnavailableError)
    await eventually(lambda: broker.connected)
    assert await broker.publish_many(work(topology, 1)) == (None,)


async def test_a_cancelled_consumer_receives_nothing_and_may_finish_what_it_has(
    broker: Broker, topology: Topology, wire: Wire
) -> None:
    """What was acknowledged after the cancel never comes again, what was not does; a cut revives nothing."""
    await broker.publish_many(work(topology, 5))
    first, second = Inbox(ack=False), Inbox()
    consumer = await broker.consume(topology.work_queue("onestop"), first, 2)
    await first.until(2)
    await consumer.cancel()
    await consumer.cancel()
    for received in first.received:
        received.ack()
    await asyncio.sleep(0.2)
    wire.cut()
    await eventually(lambda: not broker.connected)
    await eventually(lambda: broker.connected)
    await broker.consume(topology.work_queue("onestop"), second, 10)
    await second.until(3)
    assert second.bodies == [b"2", b"3", b"4"]
    assert len(first.received) == 2


async def test_a_handler_that_fails_takes_nobody_along(broker: Broker, topology: Topology) -> None:
    """Its message is acknowledged, since the ledger has it; the others are received as ever."""
    seen: list[bytes] = []

    def handler(received: Received) -> None:
        seen.append(received.body)
        if received.body == b"1":
            raise LookupError("a mistake of ours")
        received.ack()

    await broker.publish_many(work(topology, 3))
    consumer = await broker.consume(topology.work_queue("onestop"), handler, 1)
    await eventually(lambda: len(seen) == 3)
    await consumer.cancel()
    rest = Inbox()
    await broker.consume(topology.work_queue("onestop"), rest, 1)
    await asyncio.sleep(0.3)
    assert rest.received == []


async def test_closing_waits_for_what_is_unconfirmed(wire: Wire, topology: Topology, cleared: None) -> None:
    """Published and closed at once: all confirmed. Afterwards publishing fails, closing may be repeated."""
    broker = Broker()
    await broker.connect(wire.url, topology, client_name="test")
    told: list[BrokerError | None] = []
    for one in work(topology, 300):
        broker.send(one.exchange, one.routing_key, one.body, {}, message_id="1", done=told.append)
    assert told == []
    await broker.close()
    await broker.close()
    assert told == [None] * 300
    with pytest.raises(BrokerUnavailableError):
        await broker.publish(topology.work_exchange, "onestop", b"x", {}, message_id="1")


async def test_what_cannot_be_said_in_amqp_is_a_mistake_of_ours(broker: Broker, topology: Topology) -> None:
    """Nothing is sent, and the connection stays."""
    for key, headers in (("x" * 300, {}), ("onestop", {"when": object()})):
        with pytest.raises(MisuseError):
            await broker.publish(topology.work_exchange, key, b"x", headers, message_id="1")
    with pytest.raises(MisuseError, match="no queue of this topology"):
        await broker.consume("another", Inbox(), 1)
    with pytest.raises(MisuseError, match="connected already"):
        await broker.connect("amqp://h/", topology, client_name="test")
    assert await broker.publish_many(work(topology, 1)) == (None,)


async def test_a_queue_that_was_made_otherwise_is_named_with_what_differs(
    wire: Wire, topology: Topology, cleared: None, amqp_url: str
) -> None:
    """The sentence says which queue, which argument, what it has and what it is to have."""
    name = topology.work_queue("onestop")
    arguments = {**topology.queues[1].arguments, "x-delivery-limit": 20}
    with contextlib.closing(pika.BlockingConnection(pika.URLParameters(amqp_url))) as connection:
        connection.channel().exchange_declare(topology.dead_exchange, "fanout", durable=True)
        connection.channel().queue_declare(name, durable=True, arguments=arguments)
    with pytest.raises(ConfigurationError) as caught:
        await Broker().connect(wire.url, topology, client_name="test")
    said = str(caught.value)
    assert name in said
    assert "x-delivery-limit" in said
    assert "'20'" in said
    assert "'50'" in said


async def test_who_cannot_log_in_is_told_in_a_sentence(amqp_url: str, topology: Topology) -> None:
    """Password, virtual host, address: each its own sentence, none with the password in it."""
    login, _, place = amqp_url.rpartition("@")
    user, host = login.rpartition(":")[0], place.partition("/")[0]
    cases = [
        (f"{user}:wr0ng@{host}/%2F", ConfigurationError, "refuses user and password"),
        (f"{login}@{host}/nowhere", ConfigurationError, "virtual host"),
        ("amqp://u:wr0ng@127.0.0.1:1/", BrokerUnavailableError, "Connection refused"),
        ("http://u:wr0ng@127.0.0.1/", ConfigurationError, "url must be"),
    ]
    for url, kind, said in cases:
        with pytest.raises(kind, match=said) as caught:
            await Broker().connect(url, topology, client_name="test")
        assert "wr0ng" not in str(caught.value)


async def test_the_next_node_of_a_cluster_is_tried_when_one_is_away(
    wire: Wire, topology: Topology, cleared: None
) -> None:
    """Hosts stand with commas; the first that answers is taken."""
    login, _, place = wire.url.rpartition("@")
    broker = Broker()
    await broker.connect(f"{login}@127.0.0.1:1,{place}", topology, client_name="test")
    assert await broker.publish_many(work(topology, 1)) == (None,)
    await broker.close()


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, ssl.SSLContext]:
    """A certificate for localhost that signs itself, and a server's context with it."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl makes the certificate and is not installed")
    made, key = tmp_path / "server.pem", tmp_path / "server.key"
    subprocess.run(  # noqa: S603 - our own arguments
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",  # noqa: S607
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-days", "2",
         "-keyout", str(key), "-out", str(made)],
        check=True,
        capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made, key)
    return made, context


async def test_an_encrypted_broker_is_trusted_only_by_its_certificate(
    amqp_url: str, topology: Topology, cleared: None, certificate: tuple[Path, ssl.SSLContext]
) -> None:
    """With its authority everything goes; without, nothing is sent."""
    ca, context = certificate
    async with Wire(amqp_url, context) as line:
        with pytest.raises(BrokerUnavailableError, match="CERTIFICATE_VERIFY_FAILED"):
            await Broker().connect(line.url, topology, client_name="test")
        broker = Broker()
        await broker.connect(line.url, topology, client_name="test", ca=ca)
        assert await broker.publish_many(work(topology, 50)) == (None,) * 50
        await broker.close()


def test_everything_runs_on_uvloop_too(amqp_url: str, topology: Topology, cleared: None) -> None:
    """The loop that serves in production."""

    async def exchange() -> list[bytes]:
        broker, inbox = Broker(), Inbox()
        await broker.connect(amqp_url, topology, client_name="test")
        await broker.consume(topology.work_queue("onestop"), inbox, 10)
        await broker.publish_many(work(topology, 100))
        await inbox.until(100)
        await broker.close()
        return inbox.bodies

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(exchange()) == [str(number).encode() for number in range(100)]


def _environment_of(data: Path) -> dict[str, str]:
    """The environment of the private node on a folder, by which its own tool finds it."""
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            pairs = (process / "environ").read_bytes().split(b"\0")
            found = dict(pair.decode().partition("=")[::2] for pair in pairs)
            if found.get("RABBITMQ_MNESIA_BASE") == str(data / "mnesia"):
                return found
    raise LookupError(f"no node runs on {data}")


async def _control(data: Path, *arguments: str) -> None:
    """Run the broker's own tool on the private node."""
    server = find_server()
    assert server
    environment = _environment_of(data)
    tool = await asyncio.create_subprocess_exec(
        str(server.with_name("rabbitmqctl")), "-n", environment["RABBITMQ_NODENAME"], *arguments,
        env={**environment, "LC_ALL": "C.UTF-8"},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    said, _ = await tool.communicate()
    assert tool.returncode == 0, said.decode()


async def test_a_broker_without_memory_is_blocked_and_one_that_restarts_is_found_again(
    tmp_path: Path, topology: Topology
) -> None:
    """Blocked: publishing fails at once until the alarm ends. Restarted: messages and consumers are there."""
    data = tmp_path / "node"
    inbox, broker = Inbox(), Broker()
    async with contextlib.AsyncExitStack() as stack:
        with _private(data) as url:
            line = await stack.enter_async_context(Wire(url))
            await broker.connect(line.url, topology, client_name="test")
            await _alarm(broker, topology, data)
            assert await broker.publish_many(work(topology, 20)) == (None,) * 20
        await eventually(lambda: not broker.connected)
        with _private(data) as url:
            line.lead(url)
            await eventually(lambda: broker.connected)
            await broker.consume(topology.work_queue("onestop"), inbox, 10)
            await eventually(lambda: inbox.bodies[-1:] == [b"19"])
            assert [body for body in inbox.bodies if body != b"alarm"] == [
                str(number).encode() for number in range(20)
            ]
            await broker.close()


async def _alarm(broker: Broker, topology: Topology, data: Path) -> None:
    await _control(data, "set_vm_memory_high_watermark", "0.00001")
    told: list[BrokerError | None] = []
    broker.send(topology.work_exchange, "onestop", b"alarm", {}, message_id="a", done=told.append)
    await eventually(lambda: broker.blocked)
    with pytest.raises(BrokerUnavailableError, match="takes nothing now"):
        await broker.publish(topology.work_exchange, "onestop", b"x", {}, message_id="b")
    await _control(data, "set_vm_memory_high_watermark", "0.4")
    await eventually(lambda: not broker.blocked and told == [None])


@contextlib.contextmanager
def _private(data: Path) -> Iterator[str]:
    try:
        with private_broker(data, say=lambda _text: None) as url:
            yield url
    except ServerUnavailableError as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(error))


def _made(kind: type[BaseException]) -> BaseException:
    """An instance of a foreign exception, whatever it is made of."""
    samples: dict[str, Any] = {"reply_code": 320, "reply_text": "CONNECTION_FORCED"}
    own = inspect.isfunction(kind.__init__)
    names = list(inspect.signature(kind.__init__).parameters)[1:] if own else []
    return kind(*(samples.get(name, ()) for name in names))


FOREIGN = [
    kind
    for _name, kind in inspect.getmembers(pika.exceptions, inspect.isclass)
    if issubclass(kind, BaseException) and kind.__module__ == "pika.exceptions"
]


@pytest.mark.parametrize("kind", FOREIGN)
def test_every_exception_of_the_library_is_said_in_our_words(kind: type[BaseException]) -> None:
    """By what is to be done: none is left over, and none of theirs is shown as ours by accident."""
    ours = translated(_made(kind))
    unavailable = issubclass(kind, pika.exceptions.AMQPConnectionError | pika.exceptions.AMQPChannelError)
    misuse = {
        "BodyTooLongError", "ChannelError", "DuplicateConsumerTag", "DuplicateGetOkCallback",
        "InvalidChannelNumber", "InvalidFieldTypeException", "MethodNotImplemented", "NoFreeChannels",
        "ReentrancyError", "ShortStringTooLong", "UnsupportedAMQPFieldException",
    }  # fmt: skip
    broken = {
        "AMQPError", "InvalidFrameError", "ProtocolSyntaxError", "ProtocolVersionMismatch",
        "UnexpectedFrameError",
    }  # fmt: skip
    expected: dict[str, type[Exception]] = {
        "UnroutableError": UnroutableError,
        "NackError": NackedError,
        "AuthenticationError": ConfigurationError,
        "ProbableAuthenticationError": ConfigurationError,
        "ProbableAccessDeniedError": ConfigurationError,
        **dict.fromkeys(misuse, MisuseError),
        **dict.fromkeys(broken, BrokerUnavailableError),
    }
    assert unavailable or kind.__name__ in expected
    assert type(ours) is expected.get(kind.__name__, BrokerUnavailableError)


def test_what_closed_a_channel_is_told_by_its_code() -> None:
    """Rights are a matter of configuration, a delivery held too long is not."""
    closed = pika.exceptions.ChannelClosedByBroker
    assert isinstance(translated(closed(403, "ACCESS_REFUSED")), ConfigurationError)
    late = "PRECONDITION_FAILED - delivery acknowledgement on channel 2 timed out"
    assert isinstance(translated(closed(406, late)), BrokerUnavailableError)
