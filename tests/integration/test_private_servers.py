"""Private servers keep what they were given, disturb nobody, and end with their owner however it ends."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pika
import psycopg
import pytest

from deploy.local.errors import ServerUnavailableError
from deploy.local.folder import free_ports, locked_folder
from deploy.local.guard import guarded_popen
from deploy.local.postgres import PROGRAMS_VARIABLE, private_postgres
from deploy.local.rabbitmq import SERVER_VARIABLE, URL_VARIABLE, find_broker, private_broker
from deploy.local.shared import shared

pytestmark = pytest.mark.integration

ROOT = Path(__file__).resolve().parents[2]
INSTALLED_BROKER_PORTS = (4369, 5672, 25672)
"""epmd, AMQP and distribution of a broker that a package installed."""
QUEUE = "survivors"

_FORKS_TWICE = "(setsid sh -c 'sleep 301 & sleep 302' {mark} &) ; sleep 303"

_OWNS_A_TREE = """
import sys, time
from pathlib import Path
from deploy.local.guard import guarded_popen
mark = sys.argv[2]
child = guarded_popen(["sh", "-c", sys.argv[1], mark], env={"MARK": mark, "PATH": "/usr/bin:/bin"})
print("ready", flush=True)
time.sleep(300)
"""

_STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print(1, flush=True)
time.sleep(99)
"""

_POLITE = """
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))
print(1, flush=True)
time.sleep(99)
"""

_OWNS_A_BROKER = """
import sys, time
from pathlib import Path
from deploy.local.rabbitmq import private_broker
with private_broker(Path(sys.argv[1]), say=lambda text: None) as url:
    print(url, flush=True)
    time.sleep(300)
"""

_OWNS_A_DATABASE = """
import sys, time
from pathlib import Path
from deploy.local.postgres import private_postgres
with private_postgres(Path(sys.argv[1]), say=lambda text: None) as url:
    print(url, flush=True)
    time.sleep(300)
"""


def _mentioning(mark: str) -> list[int]:
    """List the other processes with `mark` in their command line or environment."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
        except OSError:
            continue
        if mark.encode() in words and int(process.name) != os.getpid():
            found.append(int(process.name))
    return found


def _wait_until_nobody_mentions(mark: str, seconds: float) -> list[int]:
    deadline = time.monotonic() + seconds
    while (left := _mentioning(mark)) and time.monotonic() < deadline:
        time.sleep(0.1)
    return left


def _owner(program: str, *arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(  # noqa: S603 -- a program that stands above
        [sys.executable, "-c", program, *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )


def _first_line(owner: "subprocess.Popen[str]") -> str:
    assert owner.stdout is not None
    return owner.stdout.readline().strip()


def _end(owner: "subprocess.Popen[str]", number: int) -> None:
    owner.send_signal(number)
    with owner:
        owner.wait(20)


def _listeners() -> dict[int, set[str]]:
    """Who listens where a package's broker does: the kernel's socket numbers by port."""
    table = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    table += [line.split() for line in Path("/proc/net/tcp6").read_text().splitlines()[1:]]
    return {
        port: {row[9] for row in table if row[3] == "0A" and int(row[1].rpartition(":")[2], 16) == port}
        for port in INSTALLED_BROKER_PORTS
    }


def _publish(url: str, body: bytes) -> None:
    connection = pika.BlockingConnection(pika.URLParameters(url))
    channel = connection.channel()
    channel.queue_declare(QUEUE, durable=True, arguments={"x-queue-type": "quorum"})
    channel.confirm_delivery()
    channel.basic_publish("", QUEUE, body, pika.BasicProperties(delivery_mode=2), mandatory=True)
    connection.close()


def _take(url: str) -> bytes:
    connection = pika.BlockingConnection(pika.URLParameters(url))
    body: bytes = connection.channel().basic_get(QUEUE, auto_ack=True)[2]
    connection.close()
    return body


@pytest.fixture
def broker_installed(amqp_url: str) -> None:
    """Skip, or fail where CI=true, by the fixture of the broker that everybody shares."""


@pytest.fixture
def postgres_installed(postgres_server_url: str) -> None:
    """Skip, or fail where CI=true, by the fixture of the database that everybody shares."""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_nothing_below_an_owner_outlives_it(number: int, tmp_path: Path) -> None:
    """However the owner ends, also what detached itself by a double fork and a session of its own is gone."""
    mark = f"mark-{tmp_path}"
    owner = _owner(_OWNS_A_TREE, _FORKS_TWICE.format(mark=mark), mark)
    assert _first_line(owner) == "ready"
    deadline = time.monotonic() + 5
    while len(_mentioning(mark)) < 5 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert len(_mentioning(mark)) >= 5
    _end(owner, number)
    assert _wait_until_nobody_mentions(mark, 10) == []


def test_a_child_that_ignores_the_request_is_killed_after_its_grace() -> None:
    """`stop` returns when the child is dead, with the signal that ended it, not much later than asked for."""
    child = guarded_popen([sys.executable, "-c", _STUBBORN], stdout=subprocess.PIPE)
    assert child.stdout is not None
    assert child.stdout.readline() == b"1\n"
    began = time.monotonic()
    assert child.stop(0.5) == -signal.SIGKILL
    assert 0.4 < time.monotonic() - began < 5
    assert not Path(f"/proc/{child.pid}").exists()


def test_a_child_may_finish_its_work_when_asked_to_end() -> None:
    """The child gets the signal it was promised and its own exit code comes back; stopping twice is fine."""
    child = guarded_popen([sys.executable, "-c", _POLITE], stdout=subprocess.PIPE)
    assert child.stdout is not None
    assert child.stdout.readline() == b"1\n"
    assert child.poll() is None
    assert child.stop() == 7
    assert child.stop() == 7


def test_a_program_that_does_not_exist_is_named() -> None:
    """The error is the one that subprocess would raise, with the file's name."""
    with pytest.raises(FileNotFoundError, match="no-such-program"):
        guarded_popen(["/no-such-program"])


def test_messages_survive_the_death_of_the_owner_and_nothing_else_does(
    broker_installed: None, tmp_path: Path
) -> None:
    """After SIGKILL of the owner no process is left; the next start on the same folder has the message.

    A package's broker, its epmd and its distribution port are at no moment touched.
    """
    data = tmp_path / "broker"
    before = _listeners()
    owner = _owner(_OWNS_A_BROKER, str(data))
    _publish(_first_line(owner), "hồ sơ".encode())
    assert len(_mentioning(str(data))) >= 3  # the guardian, Erlang and its epmd, next to the owner
    assert _listeners() == before
    _end(owner, signal.SIGKILL)
    with private_broker(data, say=lambda _text: None) as url:
        assert _take(url).decode() == "hồ sơ"
        assert _listeners() == before
    assert _wait_until_nobody_mentions(str(data), 1) == []
    assert _listeners() == before


@pytest.fixture
def everybodys_folder() -> Iterator[Path]:
    """Make a folder below which any user may read and write, with a copy of what a private server needs."""
    folder = Path(tempfile.mkdtemp(prefix="lienthong-anyone-"))
    folder.chmod(0o777)
    shutil.copytree(ROOT / "deploy" / "local", folder / "deploy" / "local")
    yield folder
    shutil.rmtree(folder)


def _as_nobody(command: list[str], folder: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(  # noqa: S603 -- a program that stands above
        command,
        cwd=folder,
        user="nobody",
        group=65534,
        extra_groups=[],
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_private_broker_runs_as_any_user(broker_installed: None, everybodys_folder: Path) -> None:
    """A user without rights and without a home gets a node that answers, as that user."""
    if os.geteuid() != 0:
        pytest.skip("every other test here already runs without root's rights")
    new_enough = ["-c", "import sys; sys.exit(sys.version_info < (3, 11))"]
    if _as_nobody(["/usr/bin/python3", *new_enough], everybodys_folder).returncode != 0:
        pytest.skip("there is no Python 3.11 that every user may start")
    program = _OWNS_A_BROKER.replace("time.sleep(300)", "import os; print(os.geteuid())")
    ended = _as_nobody(
        ["/usr/bin/python3", "-c", program, str(everybodys_folder / "data")], everybodys_folder
    )
    assert ended.returncode == 0, ended.stderr
    url, user = ended.stdout.split()
    assert url.startswith("amqp://lienthong:")
    assert user != "0"
    mnesia = everybodys_folder / "data" / "mnesia"
    assert {path.stat().st_uid for path in mnesia.rglob("*")} == {int(user)}


def test_a_missing_broker_is_one_sentence_that_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Where no server is installed the error names the package, on one line."""
    monkeypatch.setenv(SERVER_VARIABLE, str(tmp_path / "nowhere"))
    with pytest.raises(ServerUnavailableError) as caught, private_broker(tmp_path, say=lambda _text: None):
        pass
    assert "apt-get install rabbitmq-server" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_database_is_one_sentence_that_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As for the broker."""
    monkeypatch.setenv(PROGRAMS_VARIABLE, str(tmp_path))
    with pytest.raises(ServerUnavailableError) as caught, private_postgres(tmp_path, say=lambda _text: None):
        pass
    assert "apt-get install postgresql" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_broker_that_cannot_start_shows_the_end_of_its_log(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What the server said last is in the error, so that a person need not look for the file."""
    broken = tmp_path / "rabbitmq-server"
    broken.write_text("#!/bin/sh\necho this machine has no Erlang\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setenv(SERVER_VARIABLE, str(broken))
    with (
        pytest.raises(ServerUnavailableError, match="this machine has no Erlang"),
        private_broker(tmp_path / "data", say=lambda _text: None),
    ):
        pass


def test_a_given_broker_is_used_and_none_is_started(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The address in the environment wins, and the data folder is not even made."""
    monkeypatch.setenv(URL_VARIABLE, "amqp://given.example/")
    with find_broker(tmp_path / "data", say=lambda _text: None) as url:
        assert url == "amqp://given.example/"
    assert not (tmp_path / "data").exists()


def test_two_servers_never_share_a_folder(tmp_path: Path) -> None:
    """The second one is refused with a sentence that names the folder; when the first is gone it may."""
    said: list[str] = []
    with (
        locked_folder(tmp_path, say=said.append),
        pytest.raises(ServerUnavailableError, match="another server is running on"),
        locked_folder(tmp_path, say=said.append, wait=0.2),
    ):
        pass
    with locked_folder(tmp_path, say=said.append, wait=0):
        assert len(said) == 1


def test_free_ports_are_different_and_free() -> None:
    """A node needs several at once; none may be given twice."""
    assert len(set(free_ports(20))) == 20


def test_a_database_survives_the_death_of_its_owner_and_its_processes_do_not(
    postgres_installed: None, tmp_path: Path
) -> None:
    """After SIGKILL of the owner no process is left, and the next start has what was committed."""
    folder = Path(tempfile.mkdtemp(prefix="lienthong-database-"))
    folder.chmod(0o755)
    data = folder / "data"
    owner = _owner(_OWNS_A_DATABASE, str(data))
    address = _first_line(owner).replace("+psycopg", "")
    with psycopg.connect(address) as connection:
        connection.execute("CREATE TABLE kept (text text)")
        connection.execute("INSERT INTO kept VALUES ('hồ sơ')")
    _end(owner, signal.SIGKILL)
    assert _wait_until_nobody_mentions(str(data), 20) == []
    with (
        private_postgres(data, say=lambda _text: None) as url,
        psycopg.connect(url.replace("+psycopg", "")) as connection,
    ):
        assert connection.execute("SELECT text FROM kept").fetchall() == [("hồ sơ",)]
        assert 0 not in {path.stat().st_uid for path in (data / "cluster").iterdir()}
    shutil.rmtree(folder)


def test_each_module_has_an_empty_database_of_its_own(postgres_url: str, postgres_server_url: str) -> None:
    """The fixture's database is not the server's administrative one, and nothing is in it."""
    assert postgres_url != postgres_server_url
    with psycopg.connect(postgres_url.replace("+psycopg", "")) as connection:
        tables = connection.execute(
            "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'"
        )
        assert tables.fetchone() == (0,)


def test_the_shared_broker_takes_and_gives_a_message(amqp_url: str, prefix: str) -> None:
    """The fixture's broker is a real one with quorum queues."""
    connection = pika.BlockingConnection(pika.URLParameters(amqp_url))
    channel = connection.channel()
    channel.queue_declare(f"{prefix}q", durable=True, arguments={"x-queue-type": "quorum"})
    channel.confirm_delivery()
    channel.basic_publish("", f"{prefix}q", b"one", mandatory=True)
    assert channel.basic_get(f"{prefix}q", auto_ack=True)[2] == b"one"
    channel.queue_delete(f"{prefix}q")
    connection.close()


def test_one_shared_server_lives_exactly_as_long_as_somebody_uses_it(tmp_path: Path) -> None:
    """Of many users at once one starts it, all get the same address, and it ends after the last has left."""
    events: list[str] = []

    @contextmanager
    def server() -> Iterator[str]:
        events.append("begin")
        yield f"address {len(events)}"
        events.append("end")

    def use(number: int) -> str:
        with shared(tmp_path, server) as address:
            everybody_in.wait(10)
            time.sleep(0.02 * number)
            events.append("used")
        return address

    everybody_in = threading.Barrier(4)
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(use, range(4))) == ["address 1"] * 4
    assert events == ["begin", "used", "used", "used", "used", "end"]
    with shared(tmp_path, server) as address:
        assert address == "address 7"
