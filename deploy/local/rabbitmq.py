"""A RabbitMQ broker to work with: the one that is given, or a private node of the installed server.

A private node runs as any user, on loopback alone, on free ports, with its own epmd; it neither needs nor
touches a broker that already runs on the machine. Works with RabbitMQ 3.10 to 4.x.
"""

import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from deploy.local import packages
from deploy.local.errors import ServerUnavailableError
from deploy.local.folder import free_ports, kept_secret, last_lines, locked_folder
from deploy.local.guard import Guarded, guarded_popen

URL_VARIABLE = "LIENTHONG_AMQP_URL"
SERVER_VARIABLE = "LIENTHONG_RABBITMQ_SERVER"
"""Names the server's start script where it is in no usual place; then no other place is looked at."""

NODE = "lienthong@localhost"
USER = "lienthong"
START_WAIT = 90.0
"""Seconds that a node gets to answer; a slow disk with many queues needs some."""
ATTEMPTS = 3
"""A free port may be taken between asking and listening, so a start is tried so often."""

_FOLDERS = ("/usr/lib/rabbitmq/lib", "/usr/local/lib/rabbitmq/lib", "/opt/rabbitmq", "/opt")
_GREETING = b"AMQP\x00\x00\x09\x01"
_METHOD_FRAME = b"\x01"


@dataclass(frozen=True)
class Node:
    """Where one start of a node listens and keeps its files; `joins` is the node whose cluster it joins.

    With a `management_port` it has the management plugin, whose HTTP API answers there.
    """

    data: Path
    amqp_port: int
    distribution_port: int
    epmd_port: int
    name: str = NODE
    joins: str = ""
    management_port: int = 0


@contextlib.contextmanager
def find_broker(data: Path, *, say: Callable[[str], None], interactive: bool | None = None) -> Iterator[str]:
    """Yield the AMQP URL of a broker: `LIENTHONG_AMQP_URL`, else a private node on `data`.

    Where no server is installed, root installs the distribution's package (on a terminal after asking, see
    `packages.install`). Raises ServerUnavailableError with one sentence that says what to do.
    """
    given = os.environ.get(URL_VARIABLE)
    if given:
        yield given
        return
    if find_server() is None:
        packages.install("RabbitMQ", "rabbitmq-server", say=say, interactive=interactive)
    with private_broker(data, say=say) as url:
        yield url


@contextlib.contextmanager
def private_broker(data: Path, *, say: Callable[[str], None]) -> Iterator[str]:
    """Start a private node on the folder `data` and yield its AMQP URL, which holds a secret: never print it.

    Durable queues and messages in `data` survive from start to start. The node ends with the context, and
    with this process however that ends. Raises ServerUnavailableError where no server is installed, where it
    does not start, or where another one runs on `data`.
    """
    server = find_server()
    if server is None:
        raise ServerUnavailableError(packages.advice("RabbitMQ", "rabbitmq-server"))
    with locked_folder(data.resolve(), say=say) as lock:
        password = kept_secret(data.resolve() / "password")
        running, node = _start(server, data.resolve(), password, lock, say)
        with running:
            yield f"amqp://{USER}:{password}@127.0.0.1:{node.amqp_port}/%2F"


def find_server() -> Path | None:
    """Find the server's start script itself, not the wrapper that switches user; None where there is none."""
    named = os.environ.get(SERVER_VARIABLE)
    if named:
        return Path(named) if os.access(named, os.X_OK) else None
    found = [
        script
        for folder in _FOLDERS
        for script in Path(folder).glob("rabbitmq_server-*/sbin/rabbitmq-server")
    ]
    if found:
        return max(found, key=_version)
    return _from_path()


def _version(script: Path) -> tuple[int, ...]:
    name = script.parent.parent.name.partition("-")[2]
    return tuple(int(part) for part in name.split(".") if part.isdecimal())


def _from_path() -> Path | None:
    """Find a generic installation in `PATH`, recognised by the environment script beside the start script."""
    which = shutil.which("rabbitmq-server")
    script = Path(which).resolve() if which else None
    return script if script and script.with_name("rabbitmq-env").exists() else None


def _start(
    server: Path, data: Path, password: str, lock: int, say: Callable[[str], None]
) -> tuple[Guarded, Node]:
    for _attempt in range(ATTEMPTS):
        say(f"starting a private RabbitMQ node in {data}")
        began = time.monotonic()
        amqp_port, distribution_port, epmd_port = free_ports(3)
        node = Node(data, amqp_port, distribution_port, epmd_port)
        write_configuration(node, password)
        running = launch(server, node, lock)
        if answers(node, running, began + START_WAIT):
            say(f"RabbitMQ answers after {time.monotonic() - began:.1f} s")
            return running, node
        running.stop()
    raise ServerUnavailableError(
        f"RabbitMQ ({server}) did not start on {data}; the end of its log:\n{last_lines(data / 'start.log')}"
    )


def write_configuration(node: Node, password: str) -> None:
    """Make the node's folders and files; may be repeated. The password is for its one user."""
    for folder in ("mnesia", "log", "home", "generated"):
        (node.data / folder).mkdir(exist_ok=True)
    plugins = "rabbitmq_management" if node.management_port else ""
    (node.data / "enabled_plugins").write_text(f"[{plugins}].\n", encoding="ascii")
    configuration = node.data / "rabbitmq.conf"
    configuration.touch(mode=0o600)
    configuration.write_text(_configuration(node, password), encoding="ascii")


def _configuration(node: Node, password: str) -> str:
    return "\n".join(
        (
            f"listeners.tcp.1 = 127.0.0.1:{node.amqp_port}",
            f"default_user = {USER}",
            f"default_pass = {password}",
            "loopback_users.guest = true",
            "log.console = false",
            "log.file.level = warning",
            "raft.wal_max_size_bytes = 67108864",
            *_joining(node),
            *_managing(node),
            "",
        )
    )


def _joining(node: Node) -> tuple[str, ...]:
    if not node.joins:
        return ()
    return (
        "cluster_formation.peer_discovery_backend = classic_config",
        f"cluster_formation.classic_config.nodes.1 = {node.joins}",
        f"cluster_formation.classic_config.nodes.2 = {node.name}",
    )


def _managing(node: Node) -> tuple[str, ...]:
    if not node.management_port:
        return ()
    return ("management.tcp.ip = 127.0.0.1", f"management.tcp.port = {node.management_port}")


def environment(node: Node) -> dict[str, str]:
    """The whole environment of the node and its tools: nothing of an installed broker's settings gets in."""
    data = node.data
    return {
        "PATH": os.environ.get("PATH", "") + ":/usr/sbin:/usr/bin:/sbin:/bin",
        "LANG": "C.UTF-8",
        "HOME": str(data / "home"),
        "RABBITMQ_NODENAME": node.name,
        "RABBITMQ_CONF_ENV_FILE": str(data / "no-such-file"),
        "RABBITMQ_CONFIG_FILE": str(data / "rabbitmq.conf"),
        "RABBITMQ_ADVANCED_CONFIG_FILE": str(data / "no-such-file.config"),
        "RABBITMQ_GENERATED_CONFIG_DIR": str(data / "generated"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(data / "enabled_plugins"),
        "RABBITMQ_MNESIA_BASE": str(data / "mnesia"),
        "RABBITMQ_LOG_BASE": str(data / "log"),
        "RABBITMQ_DIST_PORT": str(node.distribution_port),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
        "ERL_EPMD_PORT": str(node.epmd_port),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        # Erlang itself takes the place of the script, so that signals and the guardian reach it directly
        "RUNNING_UNDER_SYSTEMD": "true",
    }


def launch(server: Path, node: Node, *locks: int) -> Guarded:
    """Start the node; it ends with this process. `locks` are kept until it is gone."""
    with (node.data / "start.log").open("wb") as log:
        return guarded_popen(
            ["/bin/sh", str(server)],
            env=environment(node),
            cwd=node.data,
            stdout=log,
            stderr=subprocess.STDOUT,
            grace=20,
            keep_fds=locks,
        )


def answers(node: Node, running: Guarded, deadline: float) -> bool:
    """Wait until the node greets a client; False when it ended or `deadline` (monotonic seconds) passed."""
    while time.monotonic() < deadline and running.poll() is None:
        if _greets(node.amqp_port):
            return True
        time.sleep(0.1)
    return False


def _greets(port: int) -> bool:
    """Tell whether an AMQP 0-9-1 broker answers the protocol header with its first method frame."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
        connection.sendall(_GREETING)
        return connection.recv(1) == _METHOD_FRAME
    return False
