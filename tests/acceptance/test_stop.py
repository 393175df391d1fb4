"""A stop as a service manager does it, while the ledger's database is away: in time, and in a sentence."""

import asyncio
import signal
import socketserver
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import psycopg
import pytest

from bus.ledger import read
from bus.ledger.ledger import Ledger
from bus.ledger.records import Keep
from bus.ledger.store import Store
from bus.ledger.sweep_records import Sweep
from bus.planning import Planner
from commands.assemble import assemble
from commands.demo_settings import write_settings
from mappings.dossier import Withdrawal

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.acceptance


class _Silent(socketserver.BaseRequestHandler):
    """Takes what is sent and never answers."""

    def handle(self) -> None:
        """Read until the other side gives up."""
        while self.request.recv(65_536):
            pass


@pytest.fixture
def nobody() -> Iterator[str]:
    """The address of a peer that takes connections and never answers."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Silent) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.fixture
def settings(tmp_path: Path, amqp_url: str, postgres_url: str, nobody: str) -> Path:
    """The demo's installation with its ledger on PostgreSQL, both peers silent, and short deadlines."""
    (tmp_path / "data").mkdir()
    file = write_settings(tmp_path / "data", broker=amqp_url, portal=nobody, onestop=nobody, port=0)
    login, _, place = postgres_url.rpartition("@")
    user, _, password = login.removeprefix("postgresql+psycopg://").partition(":")
    (tmp_path / "data" / "secrets" / "ledger").write_text(password)
    text = file.read_text().replace(
        'url = "sqlite:///ledger.db"',
        f'url = "postgresql+psycopg://{user}@{place}"\npassword = "file:secrets/ledger"',
    )
    text = text.replace('data = "."', 'data = "."\nstop_within = "4 seconds"')
    text = text.replace("breaker = { failures = 3", "breaker = { failures = 1000")
    text = text.replace(
        "concurrency = 4\n",
        'concurrency = 4\ntimeout = { connect = "0.2 seconds", answer = "0.8 seconds" }\n',
    )
    file.write_text(text)
    return file


async def keep_withdrawal(settings: Path, url: str) -> None:
    """A message whose delivery is to be sent at once by whoever serves this ledger."""
    planner = Planner(assemble(settings).routes, {})
    ledger = Ledger(Store(url), planner.plan, planner.merge)
    code = "000.00.00.H12-261125-0001"
    body = Withdrawal(id="w1", asked_at=datetime.fromisoformat("2026-11-25T08:00:00+07:00"), code=code)
    keep = Keep("national_portal", "national_portal.withdrawn", "w1", b"d", b"{}", body,
                {"national_portal": code}, 1.0, "")  # fmt: skip
    assert len((await ledger.keep(keep)).ready) == 1
    ledger.close()


def state(database: "psycopg.Connection[tuple[str]]") -> str:
    """The state of the one delivery."""
    found = database.execute("SELECT state FROM delivery").fetchone()
    assert found is not None
    return found[0]


def test_a_stop_while_the_database_is_away_ends_in_time_and_says_what_becomes_of_the_call(
    settings: Path, postgres_url: str
) -> None:
    """SIGTERM in the middle of a call: exit 1 and a sentence; the next start finds the delivery unknown."""
    asyncio.run(keep_withdrawal(settings, postgres_url))
    url = postgres_url.replace("+psycopg", "")
    server, _, name = url.rpartition("/")
    with psycopg.connect(url, autocommit=True) as database:
        database.execute("UPDATE delivery SET due_at = 0")
        command = [sys.executable, "-m", "commands.serving", str(settings)]
        bus = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)  # noqa: S603  our own program
        end = time.monotonic() + 30
        while state(database) != "sending" and time.monotonic() < end:
            time.sleep(0.02)
    with psycopg.connect(f"{server}/postgres", autocommit=True) as other:
        other.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false".encode())
        other.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))
        began = time.monotonic()
        bus.send_signal(signal.SIGTERM)
        _, said = bus.communicate(timeout=30)
        took = time.monotonic() - began
        other.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true".encode())
    assert bus.returncode == 1, said
    assert took < 4.0 + 8.0
    assert said.splitlines()[-1].startswith("stopped while the ledger's database was away: 1 call was made")
    ledger = Ledger(Store(postgres_url), lambda *_: None, lambda one, _: one)  # type: ignore[arg-type]  # keeps nothing
    asyncio.run(ledger.sweep(Sweep({"": 0.0})))
    states = ledger.look(read.account).states
    ledger.close()
    assert states == {"unknown": 1}
