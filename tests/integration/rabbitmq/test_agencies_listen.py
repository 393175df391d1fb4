"""An agency's own queue on a real broker, as `topology --agencies` makes it: what its user may, and not."""

import asyncio
import contextlib
import json
import re
import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pika
import pika.exceptions
import pytest

from bus.rabbitmq import Broker
from bus.topology import Topology
from commands.demo_settings import write_settings
from commands.main import main
from commands.parts import ROOT, read_settings
from commands.topology_agencies import set_up_agencies
from deploy.local.broker_nodes import BrokerNodes, broker_nodes
from deploy.local.errors import ServerUnavailableError
from deploy.local.rabbitmq import USER, environment
from tests.conftest import missing

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]

EDUCATION, LAND = "H12.09", "H12.06"
PASSWORDS = {EDUCATION: "mat-khau-hang-doi-so-giao-duc-0001", LAND: "mat-khau-hang-doi-so-nn-mt-00002"}
_AGENCY = """
[[agency]]
name = "Sở {code}"
code = "{code}"
key = "file:secrets/key-{code}"
may = ["dossier.follow"]
procedures = ["education"]
events_password = "file:secrets/events-{code}"
"""


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrokerNodes]:
    """A node of our own: what is administered is all of it, and the shared one may be somebody else's."""
    with contextlib.ExitStack() as stack:
        folder = tmp_path_factory.mktemp("managed")
        try:
            made = stack.enter_context(broker_nodes(folder, 1, say=lambda _: None, managed=True))
        except ServerUnavailableError as error:
            missing(error)
        yield made
        made.kill(0)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, nodes: BrokerNodes) -> Path:
    """An installation's settings on that node, without agencies yet."""
    folder = tmp_path_factory.mktemp("listen")
    somewhere = "http://127.0.0.1:9"
    file = write_settings(folder, broker=nodes.url, portal=somewhere, onestop=somewhere, port=9)
    (folder / "secrets" / "management").write_text(nodes.password)
    for code, password in PASSWORDS.items():
        (folder / "secrets" / f"events-{code}").write_text(password)
        (folder / "secrets" / f"key-{code}").write_text(f"{code}-{'k' * 32}")
    (folder / "bare.toml").write_text(file.read_text())
    return folder


def guide(kind: str, beginning: str) -> str:
    """The one block of the guide of this kind that has such a line."""
    text = (ROOT / "docs" / "agencies.md").read_text(encoding="utf-8")
    (found,) = (block for block in re.findall(rf"```{kind}\n(.*?)```", text, re.DOTALL) if beginning in block)
    return str(found)


def configured(home: Path, *agencies: str, by: str) -> Path:
    """The settings with these agencies, the broker administered so."""
    bare = (home / "bare.toml").read_text().replace("[broker]\n", f"[broker]\n{by}\n")
    told = bare + "".join(_AGENCY.format(code=code) for code in agencies)
    (home / "settings.toml").write_text(told)
    return home / "settings.toml"


def api(nodes: BrokerNodes) -> str:
    """By the management HTTP API."""
    port = nodes.nodes[0].management_port
    secret = f'management_user = "{USER}"\nmanagement_password = "file:secrets/management"'
    return f'management = "http://127.0.0.1:{port}"\n{secret}'


def tool(nodes: BrokerNodes) -> str:
    """By `rabbitmqctl`."""
    node = nodes.nodes[0]
    words = ["/usr/bin/env", *(f"{key}={value}" for key, value in environment(node).items())]
    words += [str(nodes.server.with_name("rabbitmqctl")), "--node", node.name]
    return f"rabbitmqctl = {json.dumps(words)}"


@contextmanager
def connected(nodes: BrokerNodes, user: str, password: str) -> Iterator[pika.BlockingConnection]:
    """A connection of somebody who knows nothing of our code."""
    mark = pika.PlainCredentials(user, password)
    place = pika.ConnectionParameters("127.0.0.1", nodes.nodes[0].amqp_port, credentials=mark)
    connection = pika.BlockingConnection(place)
    try:
        yield connection
    finally:
        if connection.is_open:
            connection.close()


def refused(connection: pika.BlockingConnection, act: Callable[[Any], object]) -> bool:
    """Whether the broker refuses something for want of a permission; a refusal ends the channel."""
    channel = connection.channel()
    channel.confirm_delivery()
    try:
        act(channel)
    except pika.exceptions.ChannelClosedByBroker as error:
        return bool(error.reply_code == 403)
    return False


def _bind(queue: str, exchange: str, key: str, channel: Any) -> None:
    channel.queue_bind(queue, exchange, key)


@pytest.fixture(scope="module")
def prefix(home: Path) -> str:
    """What the names of this installation begin with."""
    return read_settings(configured(home, by="")).broker.prefix


@pytest.fixture(scope="module")
def _declared(nodes: BrokerNodes, prefix: str) -> None:
    """Exchanges and work queues, as `serve` has them."""

    async def declare() -> None:
        broker = Broker()
        await broker.connect(nodes.url, Topology(("onestop",), prefix), client_name="test")
        await broker.close()

    asyncio.run(declare())


@pytest.mark.usefixtures("_declared")
def test_an_agency_reads_its_own_events_and_the_broker_refuses_all_else(
    nodes: BrokerNodes, home: Path, prefix: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither another's events nor wider keys, no publishing, no work, nothing declared, deleted or bound."""
    file = configured(home, EDUCATION, LAND, by=api(nodes))
    assert set_up_agencies(file, dry_run=False, as_json=True) == 0
    told = capsys.readouterr()
    assert json.loads(told.out)["new"] == [f"{prefix}.agency.{LAND}", f"{prefix}.agency.{EDUCATION}"]
    assert not any(secret in told.out + told.err for secret in ('"password_hash"', *PASSWORDS.values()))
    events, own, other = f"{prefix}.events", f"{prefix}.agency.{EDUCATION}", f"{prefix}.agency.{LAND}"
    with connected(nodes, USER, nodes.password) as bus:
        channel = bus.channel()
        for number, headers in enumerate(
            (
                {"BCC": [f"to.{EDUCATION}.delivered", f"to.{LAND}.delivered"]},
                {"CC": [f"to.{EDUCATION}.dead"]},
                {"BCC": [f"to.{LAND}.delivered", f"to.{EDUCATION}.01.delivered"]},
            )
        ):
            marks = pika.BasicProperties(headers=headers)
            channel.basic_publish(events, "agency.H12.36.delivered", str(number).encode(), marks)
    with connected(nodes, own, PASSWORDS[EDUCATION]) as agency:
        channel = agency.channel()
        heard = [channel.basic_get(own, auto_ack=True) for _ in range(3)]
        assert [body for _, _, body in heard] == [b"0", b"1", None]
        assert "BCC" not in (heard[0][1].headers or {})
        channel.queue_bind(own, events, f"to.{EDUCATION}.dead")
        wider = (f"to.{LAND}.*", f"to.{LAND}.dead", "to.#", "#", "to.*.*.*", f"to.{EDUCATION}.#")
        for key in (*wider, f"agency.{EDUCATION}.*", f"to.{EDUCATION}.01.*", f"to.{EDUCATION}.\n*"):
            assert refused(agency, partial(_bind, own, events, key)), key
        acts: dict[str, Callable[[Any], object]] = {
            "bind another's queue": lambda one: one.queue_bind(other, events, f"to.{EDUCATION}.dead"),
            "publish an event": lambda one: one.basic_publish(events, f"to.{EDUCATION}.dead", b""),
            "publish into its queue": lambda one: one.basic_publish("", own, b""),
            "publish work": lambda one: one.basic_publish(f"{prefix}.work", "onestop", b""),
            "read work": lambda one: one.basic_get(f"{prefix}.work.onestop"),
            "read the dead letters": lambda one: one.basic_get(f"{prefix}.dead"),
            "read another's queue": lambda one: one.basic_get(other),
            "declare a queue": lambda one: one.queue_declare("", exclusive=True),
            "declare an exchange": lambda one: one.exchange_declare("mine"),
            "delete its queue": lambda one: one.queue_delete(own),
            "bind exchanges": lambda one: one.exchange_bind(events, f"{prefix}.work"),
        }
        assert [name for name, act in acts.items() if not refused(agency, act)] == []


@pytest.mark.usefixtures("_declared")
def test_setting_up_again_loses_no_event_and_who_may_no_longer_listen_is_cut_off(
    nodes: BrokerNodes, home: Path, prefix: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A dry run changes nothing and names who goes; by `rabbitmqctl` it is done, an open connection ends."""
    set_up_agencies(configured(home, EDUCATION, LAND, by=api(nodes)), dry_run=False, as_json=True)
    own, other = f"{prefix}.agency.{EDUCATION}", f"{prefix}.agency.{LAND}"
    with connected(nodes, USER, nodes.password) as bus, connected(nodes, other, PASSWORDS[LAND]) as gone:
        bus.channel().basic_publish(f"{prefix}.events", f"to.{EDUCATION}.dead", b"waits")
        capsys.readouterr()
        assert set_up_agencies(configured(home, EDUCATION, by=api(nodes)), dry_run=True, as_json=False) == 0
        said = capsys.readouterr()
        assert (other in said.out, "1 would be taken away" in said.err) == (True, True)
        gone.channel().basic_get(other)
        assert set_up_agencies(configured(home, EDUCATION, by=tool(nodes)), dry_run=False, as_json=True) == 0
        told = json.loads(capsys.readouterr().out)
        assert (told["new"], told["taken_away"], told["missing"]) == ([], [other], [])
        with pytest.raises(pika.exceptions.AMQPError):
            gone.channel().basic_get(other)
    with pytest.raises(pika.exceptions.AMQPConnectionError), connected(nodes, other, PASSWORDS[LAND]):
        pass
    with connected(nodes, own, PASSWORDS[EDUCATION]) as agency:
        assert agency.channel().basic_get(own, auto_ack=True)[2] == b"waits"


@pytest.mark.usefixtures("_declared")
def test_the_guides_commands_set_up_a_queue_and_read_it(
    nodes: BrokerNodes,
    home: Path,
    prefix: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The operator's lines through the command line itself, then the agency's own few lines of Python."""
    monkeypatch.setenv("LIENTHONG_SETTINGS", str(configured(home, EDUCATION, by=api(nodes))))
    for line in guide("console", "topology --agencies").splitlines():
        monkeypatch.setattr(sys, "argv", shlex.split(line.removeprefix("$ python3 "), comments=True))
        with pytest.raises(SystemExit) as ended:
            main()
        assert ended.value.code in (0, None)
    assert f"to.{EDUCATION}.*" in capsys.readouterr().out
    with connected(nodes, USER, nodes.password) as bus:
        bus.channel().basic_publish(f"{prefix}.events", f"to.{EDUCATION}.dead", b'{"outcome": "dead"}')
    script = guide("python", "import pika").replace("lienthong.agency", f"{prefix}.agency")
    at = f"127.0.0.1:{nodes.nodes[0].amqp_port}"
    script = script.replace("amqps://", "amqp://").replace("rabbitmq.camau.example:5671", at)
    (home / "mat-khau-hang-doi").write_text(PASSWORDS[EDUCATION] + "\n")
    monkeypatch.chdir(home)
    exec(compile(script, "docs/agencies.md", "exec"), {})  # noqa: S102  the guide's own lines
    assert '{"outcome": "dead"}' in capsys.readouterr().out
