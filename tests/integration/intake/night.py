"""A served installation with everything switched on, and a night in it: ten thousand identifiers are sown."""

import contextlib
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pika

from bus.ledger import read
from bus.ledger.ledger import read_only
from deploy.local.folder import free_ports
from deploy.local.guard import guarded_popen
from tests.contract import strict_onestop
from tests.contract.strict_onestop import TOKEN, StrictOneStop
from tests.contract.strict_portal import ACCOUNT, StrictPortal
from tests.integration.console.provider import CLIENT, SECRET
from tests.integration.intake.conftest import KEY, ROOT, SETTINGS, Intake
from tests.integration.intake.sowing import RECORDS, Sower
from tests.integration.intake.test_hostile_pushes import envelope
from tests.otlp import Receiver, receiving

MORE = """
[retry]
first = "0.1 seconds"
factor = 1
ceiling = "1 second"
give_up_after = "2 seconds"

[listen.metrics]
address = "127.0.0.1:{metrics}"

[listen.console]
address = "127.0.0.1:{console}"

[traces]
otlp = "{traces}"

[oidc]
issuer        = "http://127.0.0.1:{provider}"
client_id     = "{client}"
client_secret = "file:oidc"
public_url    = "http://localhost:{console}"
title         = "Cổng của tỉnh"
roles_claim   = "groups"
roles         = {{ truc = "operator" }}
"""
LIVE = """mode = "live"
breaker = { failures = 10000 }
concurrency = 4
"""


class Quoting(strict_onestop.Handler):
    """A one-stop that fails in every way it knows, and quotes what it got each time."""

    turn = 0

    def _answer(self, seen: Any, found: Any) -> Any:
        if seen.operation != "create":
            return super()._answer(seen, found)
        type(self).turn += 1
        said = json.dumps(seen.body, ensure_ascii=self.turn % 2 == 0)
        failures: list[tuple[int, Any]] = [
            (400, {"code": "INVALID", "message": f"Không hợp lệ: {said}", "errors": [seen.body]}),
            (500, {"error": "NullPointerException", "message": said, "path": said}),
            (409, {"code": "DOSSIER_EXISTS", "message": f"Đã có: {said}"}),
            (422, f"<html><body>Lỗi: {said}</body></html>"),
            (201, f"được rồi: {said}"),
        ]
        turn = self.turn % (len(failures) + 1)
        return failures[turn] if turn < len(failures) else super()._answer(seen, found)


@dataclass
class Installation:
    """A served installation after its night, and where it can be looked at."""

    intake: Intake
    sower: Sower
    settings: Path
    metrics: str
    console: str
    provider: int
    traces: Receiver
    answers: list[str]
    broker: list[str] = field(default_factory=list)


def _write_settings(folder: Path, amqp_url: str, addresses: dict[str, Any], onestop: str) -> Path:
    head, _, tail = amqp_url.rpartition("@")
    login, _, password = head.rpartition(":")
    text = SETTINGS.format(broker=f"{login}@{tail}", username=ACCOUNT["username"], **addresses)
    text = text.replace('mode = "off"\n', LIVE, 1).replace("http://127.0.0.1:9/token", onestop + TOKEN)
    settings = folder / "settings.toml"
    settings.write_text(text.replace("http://127.0.0.1:9", onestop) + MORE.format(**addresses))
    secrets = {"broker": password, "portal": ACCOUNT["password"], "key": KEY, "oidc": SECRET}
    for name, secret in secrets.items():
        (folder / name).touch(mode=0o600)
        (folder / name).write_text(secret)
    (folder / "client").touch(mode=0o600)
    (folder / "client").write_text(strict_onestop.FORM["client_secret"])
    changed = settings.read_text().replace('client_secret = "file:key"', 'client_secret = "file:client"')
    settings.write_text(changed)
    return settings


@contextlib.contextmanager
def _onestop() -> Iterator[str]:
    class Bound(Quoting):
        peer = StrictOneStop()

    http = ThreadingHTTPServer(("127.0.0.1", 0), Bound)
    http.daemon_threads = True
    threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    yield f"http://127.0.0.1:{http.server_address[1]}"
    http.shutdown()
    http.server_close()


@contextlib.contextmanager
def spent(portal: tuple[StrictPortal, str], amqp_url: str, folder: Path) -> Iterator[Installation]:
    """Sow, and wait until everything has its end; nobody listens at the provider's port yet."""
    port, metrics, console, provider = free_ports(4)
    prefix = f"sown-{port}"
    addresses: dict[str, Any] = {"port": port, "metrics": metrics, "console": console, "provider": provider}
    with _onestop() as onestop, receiving() as traces:
        addresses |= {"prefix": prefix, "portal": portal[1], "traces": traces.url, "client": CLIENT}
        settings = _write_settings(folder, amqp_url, addresses, onestop)
        command = [sys.executable, str(ROOT / "run.py"), "serve", "--settings", str(settings)]
        with (folder / "serve.log").open("wb") as log:
            process = guarded_popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=log, grace=20)
        intake = Intake(f"http://127.0.0.1:{port}/in", folder, portal[0], process)
        try:
            intake.until(lambda: "serving" in intake.log() or process.poll() is not None, 40)
            one = Installation(
                intake, Sower(), settings, f"http://127.0.0.1:{metrics}", f"http://localhost:{console}",
                provider, traces, [],
            )  # fmt: skip
            with _listening(amqp_url, prefix, one.broker):
                _sow(one)
                assert intake.until(lambda: _rests(folder), 30), one.answers[:5]
            yield one
        finally:
            code = process.stop()
        assert code == 0, intake.log()[-3000:]


def _sow(one: Installation) -> None:
    """Push all of it: most of it well, some with a field that is wrong, some that no sheet reads."""
    sower = one.sower
    for number in range(RECORDS):
        record = sower.record(number)
        match number % 10:
            case 7:
                record["NgayNopHoSo"] = record["DinhDanhCHS"][0]["SoDinhDanh"]
            case 8:
                record["MaTTHC"] = record["SoDienThoai"]
            case 9:
                record["TaiLieuNop"] = record["TrichYeuHoSo"]
        one.answers.append(one.intake.push(envelope(record)).text)
    garbage = json.dumps({"error_code": 0, "result": [sower.record(1000)]})[:-30]
    one.intake.portal.raw.append(garbage.encode())
    one.intake.portal.raw.append(json.dumps({"error_code": 1, "message": sower.sentence()}).encode())
    one.intake.until(lambda: not one.intake.portal.raw)


def _rests(folder: Path) -> bool:
    account = read_only(f"sqlite:///{folder / 'ledger.db'}", read.account)
    waits = {state for state in account.states if state in ("waiting", "ready", "sending", "retrying")}
    return bool(account.states) and not waits


@contextlib.contextmanager
def _listening(amqp_url: str, prefix: str, heard: list[str]) -> Iterator[None]:
    """All that is published while the block runs, with headers; and what was dead-lettered."""
    with contextlib.closing(pika.BlockingConnection(pika.URLParameters(amqp_url))) as connection:
        channel = connection.channel()
        queue = channel.queue_declare("", exclusive=True).method.queue
        channel.queue_bind(queue, f"{prefix}.events", "#")
        for name in ("onestop", "national_portal"):
            channel.queue_bind(queue, f"{prefix}.work", name)
        yield
        for source in (queue, f"{prefix}.dead"):
            while (got := channel.basic_get(source, auto_ack=True))[0] is not None:
                heard.append(f"{got[1]} {got[2]!r}")
