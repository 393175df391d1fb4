"""Ten thousand identifiers go the whole road of a served installation; none is found beside the ledger.

Pushed and polled, refused and parked, sent to a one-stop that quotes all it got in whatever way it fails.
What is read is what people and machines see: logs, metrics, pages, exports, answers, commands, messages of
the broker, files on disk.
"""

import contextlib
import io
import json
import re
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pika
import pytest

from bus.ledger import read
from bus.ledger.ledger import read_only
from deploy.local.folder import free_ports
from deploy.local.guard import guarded_popen
from tests.contract import strict_onestop
from tests.contract.strict_onestop import TOKEN, StrictOneStop
from tests.contract.strict_portal import ACCOUNT, StrictPortal
from tests.integration.intake.conftest import KEY, ROOT, SETTINGS, Intake
from tests.integration.intake.sowing import RECORDS, Sower, found, told_in
from tests.integration.intake.test_hostile_pushes import envelope
from tests.unit.commands.conftest import run

pytestmark = pytest.mark.integration
__all__ = ["run"]

PASSWORD = "mật khẩu của ca trực"
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
    answers: list[str]
    broker: list[str] = field(default_factory=list)


def _write_settings(folder: Path, amqp_url: str, addresses: dict[str, Any], onestop: str) -> Path:
    head, _, tail = amqp_url.rpartition("@")
    login, _, password = head.rpartition(":")
    text = SETTINGS.format(broker=f"{login}@{tail}", username=ACCOUNT["username"], **addresses)
    text = text.replace('mode = "off"\n', LIVE, 1).replace("http://127.0.0.1:9/token", onestop + TOKEN)
    settings = folder / "settings.toml"
    settings.write_text(text.replace("http://127.0.0.1:9", onestop) + MORE.format(**addresses))
    secrets = {"broker": password, "portal": ACCOUNT["password"], "key": KEY}
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


@pytest.fixture(scope="module")
def night(
    portal: tuple[StrictPortal, str], amqp_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    """Sow, and wait until everything has its end."""
    folder = tmp_path_factory.mktemp("sown")
    port, metrics, console = free_ports(3)
    prefix = f"sown-{port}"
    addresses = {"port": port, "metrics": metrics, "console": console, "prefix": prefix, "portal": portal[1]}
    with _onestop() as onestop:
        settings = _write_settings(folder, amqp_url, addresses, onestop)
        command = [sys.executable, str(ROOT / "run.py"), "serve", "--settings", str(settings)]
        with (folder / "serve.log").open("wb") as log:
            process = guarded_popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=log, grace=20)
        intake = Intake(f"http://127.0.0.1:{port}/in", folder, portal[0], process)
        try:
            intake.until(lambda: "serving" in intake.log() or process.poll() is not None, 40)
            one = Installation(
                intake, Sower(), settings, f"http://127.0.0.1:{metrics}", f"http://127.0.0.1:{console}", []
            )
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


def _pages(one: Installation, login: str) -> Iterator[tuple[str, str]]:
    """Every page that a person comes to by links, as far as they go in a night."""
    with httpx.Client(base_url=one.console, timeout=20, follow_redirects=True) as client:
        cccd = next(iter(each for each in one.sower.sown if len(each) == 12 and each.isdigit()))
        yield "a wrong sign-in", client.post("/sign-in", data={"login": cccd, "password": "x" * 12}).text
        client.post("/sign-in", data={"login": login, "password": PASSWORD})
        client.get("/find", params={"q": cccd})
        ahead = ["/", "/people", "/proposals", "/retries"]
        kinds = ("dossier", "message", "delivery")
        ahead += [f"/{kind}/{number}" for kind in kinds for number in range(1, 40)]
        seen: set[str] = set()
        while ahead and len(seen) < 120:
            path = ahead.pop(0)
            if path in seen or path.startswith("/static"):
                continue
            seen.add(path)
            reply = client.get(path)
            yield path, _readable(reply)
            ahead += re.findall(r'href="(/[^"#]*)"', reply.text)


def _readable(reply: httpx.Response) -> str:
    if not reply.content.startswith(b"PK"):
        return reply.text
    with zipfile.ZipFile(io.BytesIO(reply.content)) as book:
        return " ".join(book.read(name).decode() for name in book.namelist())


def _commands(one: Installation, run: Callable[..., Any]) -> Iterator[tuple[str, str]]:
    """What the command line says, as a person and as a program reads it."""
    settings = ("--settings", str(one.settings))
    failed = run("failed", "list", "--json", *settings)
    yield "failed list --json", failed.out + failed.err
    lines = [
        ("account",), ("account", "--json"), ("failed", "list"), ("connector", "list"), ("audit", "verify"),
        ("report", "--from", "2026-01-01", "--json"), ("person", "list"),
        *(("trace", f"G22.99-260415-{number:06d}") for number in range(8)),
        *(("failed", "show", str(number)) for number in range(1, 8)),
        ("failed", "show", "m8"), ("failed", "show", "m9", "--json"),
    ]  # fmt: skip
    for words in lines:
        ran = run(*words, *settings)
        yield " ".join(words), ran.out + ran.err


def _files(folder: Path) -> Iterator[tuple[str, str]]:
    """Everything on disk that is no ledger and no stored file."""
    for file in folder.rglob("*"):
        if file.is_file() and not file.name.startswith("ledger.db") and "files" not in file.parts:
            yield f"file {file.name}", file.read_bytes().decode("utf-8", "replace")


def test_ten_thousand_identifiers_go_the_whole_road_and_none_leaves_the_ledger(
    night: Installation, run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everything that anybody can look at is looked at; and the same look finds them in the ledger."""
    sown = night.sower.sown
    assert len(sown) >= 10_000
    monkeypatch.setattr(sys, "stdin", io.StringIO(PASSWORD + "\n"))
    added = run("person", "add", "binh", "--role", "integrator", "--settings", str(night.settings))
    assert added.code == 0, added.err
    texts = [("answers of the door", "\n".join(night.answers)), ("broker", "\n".join(night.broker))]
    texts += [("metrics", httpx.get(f"{night.metrics}/metrics").text)]
    texts += [("health", httpx.get(f"{night.metrics}/health").text)]
    texts += [*_pages(night, "binh"), *_commands(night, run), *_files(night.intake.folder)]
    assert found(sown, texts) == {}
    states = read_only(f"sqlite:///{night.intake.folder / 'ledger.db'}", read.account)
    assert states.messages["kept"] >= RECORDS // 2
    assert {"dead", "delivered"} <= states.states.keys() | {"unknown"}, states
    assert len(texts) > 100
    kept = " ".join(row.raw.decode() for row in night.intake.messages())
    assert len(sown & set(told_in(kept))) > len(sown) // 2
