"""A served installation with everything switched on, and a night in it: ten thousand identifiers are sown."""

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pika

from bus.ledger import read
from bus.ledger.ledger import read_only
from deploy.local.folder import free_ports
from deploy.local.guard import guarded_popen
from tests.contract import strict_axis, strict_onestop
from tests.contract.strict_axis import StrictAxis
from tests.contract.strict_onestop import TOKEN, StrictOneStop
from tests.contract.strict_portal import ACCOUNT, StrictPortal
from tests.integration.console.provider import CLIENT, SECRET
from tests.integration.intake import quoting
from tests.integration.intake.conftest import KEY, ROOT, SETTINGS, Intake
from tests.integration.intake.sowing import ELSEWHERE, RECORDS, Sower
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
poll_every = "0.2 seconds"
"""
OTHERS = """
[files]
public_url = "http://127.0.0.1:{port}/files"
link_keys = {{ night = "file:links" }}

[connector.ioffice]
type = "ioffice"
mode = "live"
endpoint = "{axis}"
system_id = "{system}"
secret = "file:axis"
poll_every = "0.2 seconds"
breaker = {{ failures = 10000 }}

[connector.tax]
type = "tax"
mode = "live"
address = "{soap}/tax"
sender = {{ code = "H12" }}
username = "camau"
password = "file:key"
breaker = {{ failures = 10000 }}

[connector.insurance]
type = "insurance"
mode = "live"
address = "{soap}/insurance"
unit = {{ name = "Trung tâm PVHCC tỉnh", code = "YN0001Z", office = "09601" }}
username = "camau"
password = "file:key"
breaker = {{ failures = 10000 }}

[[agency]]
name       = "Sở Giáo dục và Đào tạo"
code       = "H12.09"
key        = "file:agency"
may        = ["dossier.hand_in", "dossier.replace", "dossier.withdraw", "dossier.follow"]
procedures = ["education"]
rate       = "200 per second"
"""
AGENCY_KEY = "khoa-cua-so-giao-duc-khoa-cua-so-giao-duc"


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
    peers: "Peers"
    answers: list[str] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    """Of the agencies' door, which tells a sender its own values: not among what nobody may find them in."""
    broker: list[str] = field(default_factory=list)


@dataclass
class Peers:
    """The peers that quote: what the one-stop and the axis hold, and what SOAP peers were sent."""

    onestop: StrictOneStop
    axis: StrictAxis
    soap: dict[str, list[str]]


def _write_settings(folder: Path, amqp_url: str, addresses: dict[str, Any], onestop: str) -> Path:
    head, _, tail = amqp_url.rpartition("@")
    login, _, password = head.rpartition(":")
    text = SETTINGS.format(broker=f"{login}@{tail}", username=ACCOUNT["username"], **addresses)
    text = text.replace('mode = "off"\n', LIVE, 1).replace("http://127.0.0.1:9/token", onestop + TOKEN)
    settings = folder / "settings.toml"
    text = text.replace("http://127.0.0.1:9", onestop) + MORE.format(**addresses)
    settings.write_text(text + OTHERS.format(system=strict_axis.SYSTEM, **addresses))
    secrets = {"broker": password, "portal": ACCOUNT["password"], "key": KEY, "oidc": SECRET}
    secrets |= {"axis": strict_axis.SECRET, "agency": AGENCY_KEY, "links": "0" * 64}
    for name, secret in secrets.items():
        (folder / name).touch(mode=0o600)
        (folder / name).write_text(secret)
    (folder / "client").touch(mode=0o600)
    (folder / "client").write_text(strict_onestop.FORM["client_secret"])
    changed = settings.read_text().replace('client_secret = "file:key"', 'client_secret = "file:client"')
    settings.write_text(changed)
    return settings


@contextlib.contextmanager
def spent(portal: tuple[StrictPortal, str], amqp_url: str, folder: Path) -> Iterator[Installation]:
    """Sow, and wait until everything has its end; nobody listens at the provider's port yet."""
    port, metrics, console, provider = free_ports(4)
    prefix = f"sown-{port}"
    addresses: dict[str, Any] = {"port": port, "metrics": metrics, "console": console, "provider": provider}
    with (
        quoting.onestop() as (one_stop, onestop),
        quoting.axis() as (axis, axis_at),
        quoting.soap() as (got, soap),
        receiving() as traces,
    ):
        addresses |= {"prefix": prefix, "portal": portal[1], "traces": traces.url, "client": CLIENT}
        addresses |= {"axis": axis_at, "soap": soap}
        settings = _write_settings(folder, amqp_url, addresses, onestop)
        command = [sys.executable, str(ROOT / "run.py"), "serve", "--settings", str(settings)]
        with (folder / "serve.log").open("wb") as log:
            process = guarded_popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=log, grace=20)
        intake = Intake(f"http://127.0.0.1:{port}/in", folder, portal[0], process)
        try:
            intake.until(lambda: "serving" in intake.log() or process.poll() is not None, 40)
            one = Installation(
                intake, Sower(), settings, f"http://127.0.0.1:{metrics}", f"http://localhost:{console}",
                provider, traces, Peers(one_stop, axis, got),
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

    _sow_at_peers(one)
    _sow_at_the_agencies_door(one)


def _sow_at_peers(one: Installation) -> None:
    """Dossiers of the one-stop that go on to tax, insurance and the axis; documents that come over it."""
    sower, peers = one.sower, one.peers
    with peers.onestop.lock:
        for number in range(ELSEWHERE):
            peers.onestop.open(None, **sower.at_the_onestop(number))
    with peers.axis.lock:
        for number in range(ELSEWHERE):
            package = sower.package(number)
            peers.axis.arrives(f"doc-{number}", package[: -300 * (number % 3 == 2) or None])
    one.intake.until(lambda: not peers.axis.inbox and {"tax", "insurance"} <= peers.soap.keys(), 30)


def _sow_at_the_agencies_door(one: Installation) -> None:
    """Dossiers that are taken, some refused with what is wrong in them, one replaced, one withdrawn."""
    door = one.intake.door.removesuffix("/in") + "/agencies/v1"
    mark = {"Authorization": f"Bearer {AGENCY_KEY}"}
    with httpx.Client(base_url=door, headers=mark, timeout=20) as agency:
        for number in range(ELSEWHERE):
            dossier = one.sower.of_an_agency(number)
            if number % 2:
                dossier |= {"channel": dossier["subject"], "procedure": dossier["owner"]["phone"]}
            reply = agency.post("/dossiers", json=dossier)
            (one.refusals if number % 2 else one.answers).append(reply.text)
            assert reply.status_code == (422 if number % 2 else 202), reply.text
        first = one.sower.of_an_agency(0)
        one.answers.append(agency.put(f"/dossiers/{first['code']}", json=first).text)
        why = {"reason": one.sower.sentence()}
        one.answers.append(agency.post(f"/dossiers/{first['code']}/withdrawal", json=why).text)


def _rests(folder: Path) -> bool:
    account = read_only(f"sqlite:///{folder / 'ledger.db'}", read.account)
    waits = {state for state in account.states if state in ("ready", "sending", "retrying")}
    return bool(account.states) and not waits


@contextlib.contextmanager
def _listening(amqp_url: str, prefix: str, heard: list[str]) -> Iterator[None]:
    """All that is published while the block runs, with headers; and what was dead-lettered."""
    with contextlib.closing(pika.BlockingConnection(pika.URLParameters(amqp_url))) as connection:
        channel = connection.channel()
        queue = channel.queue_declare("", exclusive=True).method.queue
        channel.queue_bind(queue, f"{prefix}.events", "#")
        for name in ("onestop", "national_portal", "ioffice", "tax", "insurance"):
            channel.queue_bind(queue, f"{prefix}.work", name)
        yield
        for source in (queue, f"{prefix}.dead"):
            while (got := channel.basic_get(source, auto_ack=True))[0] is not None:
                heard.append(f"{got[1]} {got[2]!r}")
