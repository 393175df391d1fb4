"""A running `serve` whose portal is the tests' own strict one; the one-stop is off: nothing leaves."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import Connection, select

from bus.ledger import schema
from bus.ledger.ledger import read_only
from deploy.local.folder import free_ports
from deploy.local.guard import Guarded, guarded_popen
from tests.contract.strict_portal import ACCOUNT, BASE, StrictPortal, server

ROOT = Path(__file__).resolve().parents[3]
KEY = "khoa-cua-cong-4711"
SETTINGS = """\
[installation]
name = "intake"
title = "Cửa nhận của các phép thử"
agency = "H12"
old_agency = "000.00.00.H12"
environment = "rehearsal"
data = "."

[ledger]
url = "sqlite:///ledger.db"

[broker]
url = "{broker}"
password = "file:broker"
prefix = "{prefix}"

[listen.intake]
address = "127.0.0.1:{port}"

[connector.onestop]
type = "onestop"
mode = "off"
url = "http://127.0.0.1:9"
token_url = "http://127.0.0.1:9/token"
client_id = "lien-thong"
client_secret = "file:key"
webhook = {{ secret = "file:key" }}

[connector.national_portal]
type = "national_portal"
mode = "live"
adapter_url = "{portal}"
madonvi = "000.00.00.H12"
username = "{username}"
password = "file:portal"
search = {{ every = "0.2 seconds", overlap = "1 second", rows = 50 }}
inbound = {{ allow = ["127.0.0.1/32"], key = "file:key" }}
"""


@dataclass(frozen=True)
class Intake:
    """The running installation, seen from outside: its door, its ledger, its log, and the portal it polls."""

    door: str
    folder: Path
    portal: StrictPortal
    process: Guarded

    def push(self, body: bytes, *, key: str = KEY, path: str = "national_portal/push") -> httpx.Response:
        """Call the door as the portal does."""
        headers = {b"X-Lienthong-Key": key.encode("latin-1"), b"Content-Type": b"application/json"}
        return httpx.post(f"{self.door}/{path}", content=body, headers=headers, timeout=20)

    def messages(self) -> list[Any]:
        """What was kept, with its raw bytes, in order."""

        def read(tx: Connection) -> list[Any]:
            query = select(schema.message, schema.payload.c.raw)
            query = query.join(schema.payload, schema.payload.c.message == schema.message.c.id)
            return list(tx.execute(query.order_by(schema.message.c.id)).all())

        return read_only(f"sqlite:///{self.folder / 'ledger.db'}", read)

    def log(self) -> str:
        """Everything that the process said."""
        return (self.folder / "serve.log").read_text()

    def until(self, holds: Callable[[], Any], seconds: float = 20.0) -> Any:
        """Wait until something holds."""
        until = time.monotonic() + seconds
        while not (found := holds()):
            assert time.monotonic() < until, self.log()[-3000:]
            time.sleep(0.05)
        return found


@pytest.fixture(scope="module")
def portal() -> Iterator[tuple[StrictPortal, str]]:
    """A portal of the tests' own and its address."""
    one = StrictPortal()
    http = server(one)
    threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    yield one, f"http://127.0.0.1:{http.server_address[1]}{BASE}"
    http.shutdown()
    http.server_close()


@pytest.fixture(scope="module")
def intake(
    portal: tuple[StrictPortal, str], amqp_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Intake]:
    """`run.py serve` on a ledger of this module's own; it must end with 0."""
    folder = tmp_path_factory.mktemp("intake")
    head, _, tail = amqp_url.rpartition("@")
    login, _, password = head.rpartition(":")
    port = free_ports(1)[0]
    settings = folder / "settings.toml"
    settings.write_text(
        SETTINGS.format(
            broker=f"{login}@{tail}",
            prefix=f"intake-{port}",
            port=port,
            portal=portal[1],
            username=ACCOUNT["username"],
        )
    )
    for name, secret in {"broker": password, "portal": ACCOUNT["password"], "key": KEY}.items():
        (folder / name).touch(mode=0o600)
        (folder / name).write_text(secret)
    command = [sys.executable, str(ROOT / "run.py"), "serve", "--settings", str(settings)]
    with (folder / "serve.log").open("wb") as log:
        process = guarded_popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=log, grace=20)
    one = Intake(f"http://127.0.0.1:{port}/in", folder, portal[0], process)
    try:
        one.until(lambda: "serving" in one.log())
        yield one
    finally:
        code = process.stop()
    assert code == 0, one.log()[-3000:]
