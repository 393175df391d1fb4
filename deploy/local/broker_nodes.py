"""A private broker that can be broken on purpose: one node, or a cluster of several on loopback.

Its ports stay the same from start to start, so that clients find a node again that was restarted, killed or
wiped. Every node has its own folder; a cluster shares one epmd and one cookie.
"""

import contextlib
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from deploy.local import packages
from deploy.local.errors import ServerUnavailableError
from deploy.local.folder import free_ports, kept_secret, last_lines
from deploy.local.guard import Guarded, guarded_popen
from deploy.local.rabbitmq import (
    START_WAIT,
    USER,
    Node,
    answers,
    environment,
    find_server,
    launch,
    write_configuration,
)

_TOOL_WAIT = 60.0
"""Seconds that a tool of the server may take."""


@dataclass
class BrokerNodes:
    """Running nodes. A node is named by its place, from 0."""

    server: Path
    nodes: tuple[Node, ...]
    password: str
    running: dict[int, Guarded] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """The AMQP URL with all nodes; it holds a secret."""
        hosts = ",".join(f"127.0.0.1:{node.amqp_port}" for node in self.nodes)
        return f"amqp://{USER}:{self.password}@{hosts}/%2F"

    def start(self, *places: int) -> float:
        """Start nodes (none named: all) one after the other; the seconds until the last one answered.

        Raises `ServerUnavailableError` with the end of the log of one that does not answer.
        """
        began = time.monotonic()
        for place in places or range(len(self.nodes)):
            node = self.nodes[place]
            write_configuration(node, self.password)
            self.running[place] = launch(self.server, node)
            if not answers(node, self.running[place], began + START_WAIT):
                log = last_lines(node.data / "start.log")
                raise ServerUnavailableError(f"RabbitMQ does not start again on {node.data}:\n{log}")
        return time.monotonic() - began

    def stop(self, *places: int) -> None:
        """Stop nodes as an administrator would; none named: all."""
        for place in places or tuple(self.running):
            if running := self.running.pop(place, None):
                running.stop()

    def kill(self, place: int) -> None:
        """End a node as a power cut would."""
        self.running.pop(place).stop(timeout=0.0)

    def wipe(self) -> None:
        """Stop all nodes and take away everything they had; `start` begins from nothing."""
        self.stop()
        for node in self.nodes:
            shutil.rmtree(node.data / "mnesia", ignore_errors=True)

    def tell(self, place: int, *words: str) -> str:
        """Run `rabbitmqctl WORDS` on a node; what it printed. Raises `ServerUnavailableError` if it fails."""
        node = self.nodes[place]
        done = subprocess.run(  # noqa: S603  the server's own tool
            [str(self.server.with_name("rabbitmqctl")), "--quiet", "--node", node.name, *words],
            env=environment(node),
            capture_output=True,
            text=True,
            timeout=_TOOL_WAIT,
            check=False,
        )
        if done.returncode:
            raise ServerUnavailableError(
                f"rabbitmqctl {words[0]}: {done.stderr.strip() or done.stdout.strip()}"
            )
        return done.stdout


@contextlib.contextmanager
def broker_nodes(
    data: Path, count: int, *, say: Callable[[str], None], managed: bool = False
) -> Iterator[BrokerNodes]:
    """Start `count` empty nodes below `data`, joined into one cluster; they end with the context and us.

    `managed` nodes have the management HTTP API, each at its own `management_port`.

    Raises `ServerUnavailableError` where no server is installed or where it does not start.
    """
    server = find_server()
    if server is None:
        raise ServerUnavailableError(packages.advice("RabbitMQ", "rabbitmq-server"))
    data.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        epmd_port = free_ports(1)[0]
        if count > 1:
            stack.enter_context(_epmd(epmd_port))
        places = _places(data.resolve(), count, epmd_port, managed=managed)
        nodes = BrokerNodes(server, places, kept_secret(data / "password"))
        _share_cookie(nodes.nodes, kept_secret(data / "cookie"))
        stack.callback(nodes.stop)
        say(f"starting {'a private RabbitMQ node' if count == 1 else f'{count} private RabbitMQ nodes'}")
        nodes.wipe()
        nodes.start()
        yield nodes


def _places(data: Path, count: int, epmd_port: int, *, managed: bool) -> tuple[Node, ...]:
    ports = iter(free_ports(3 * count))
    first = "drill1@localhost"
    return tuple(
        Node(
            data / f"node{number}",
            next(ports),
            next(ports),
            epmd_port,
            name=f"drill{number}@localhost",
            joins=first if number > 1 else "",
            management_port=next(ports) if managed else 0,
        )
        for number in range(1, count + 1)
    )


def _share_cookie(nodes: Sequence[Node], cookie: str) -> None:
    for node in nodes:
        home = node.data / "home"
        home.mkdir(parents=True, exist_ok=True)
        file = home / ".erlang.cookie"
        file.unlink(missing_ok=True)
        file.touch(mode=0o600)
        file.write_text(cookie, encoding="ascii")
        file.chmod(0o400)


@contextlib.contextmanager
def _epmd(port: int) -> Iterator[Guarded]:
    """The nodes' name server, apart from all of them: it must outlive each."""
    found = shutil.which("epmd")
    if found is None:
        raise ServerUnavailableError("a cluster needs Erlang's epmd in PATH")
    with guarded_popen([found, "-port", str(port), "-address", "127.0.0.1"]) as running:
        yield running
