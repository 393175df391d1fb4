"""The connection: cut, refused, encrypted, another node's. A broker that is broken: `test_broker_away.py`."""

import asyncio
import contextlib
import shutil
import ssl
import subprocess
from pathlib import Path

import pika
import pika.exceptions
import pytest
import uvloop

from bus.errors import ConfigurationError
from bus.rabbitmq import (
    Broker,
    BrokerUnavailableError,
)
from bus.topology import Topology
from tests.integration.rabbitmq.wires import SOON, Inbox, Wire, connected_anew, eventually, work

pytestmark = pytest.mark.integration


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
        before = broker._link
        connection.channel().queue_delete(topology.work_queue("onestop"))
    await connected_anew(broker, before)
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
