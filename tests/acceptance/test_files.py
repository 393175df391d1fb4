"""Files across the running system: pushed as Base64, stored, named by a link that gives the same bytes."""

import hashlib
import os
import signal
import subprocess
import sys
import time
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import httpx
import pytest

from adapters.national_portal.simulator_paper import paper
from bench.province import load_tables, submissions
from bus.errors import DeliveryError
from bus.files import FileStore
from bus.links import LinkKey, Links
from bus.ports import Deadline
from commands.demo import BusProcess
from commands.demo_settings import write_settings
from commands.demo_world import ROOT, Simulator, start_simulator
from commands.parts import adapter_types, read_settings
from deploy.local.folder import free_ports
from mappings.dossier import File

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(120)]

NAME = "Đơn đăng ký – bản sao (1).pdf"
PAPER = "don-dang-ky-goc"


@dataclass
class Running:
    """Both peers simulated and the bus between them, each in a process of its own."""

    portal: Simulator
    onestop: Simulator
    bus: BusProcess
    settings: Path
    adapters: dict[str, Any]

    @property
    def data(self) -> Path:
        """The bus's data folder."""
        return self.settings.parent

    def restarted(self) -> bool:
        """Start the bus where it has ended; whether that was ever done."""
        self.bus.keep_alive()
        return self.bus.starts == 2

    def record(self, number: str) -> dict[str, Any]:
        """What the portal shows of a dossier, as a client of its look-up service reads it."""
        portal = self.adapters["national_portal"]
        with suppress(DeliveryError):
            return portal._client.find(number, Deadline(time.monotonic() + 5)) or {}
        return {}

    def dossier(self, number: str) -> dict[str, Any]:
        """What the one-stop shows of it."""
        client, deadline = self.adapters["onestop"]._client, Deadline(time.monotonic() + 5)
        rows = client.search(deadline, page="0", size="100")[0]
        row = next((row for row in rows if row.get("nationCode") == number), None)
        return (client.online(str(row["id"]), deadline) or {}) if row else {}


@pytest.fixture
def running(tmp_path: Path, amqp_url: str) -> Iterator[Running]:
    """The demo's installation, without its stream."""
    with ExitStack() as stack:
        tables = ["--seed", "5", "--tables", str(ROOT / "deploy" / "tables")]
        portal = start_simulator(stack, "national_portal", tmp_path, [*tables, "--citizen-delay", "0.2"])
        onestop = start_simulator(stack, "onestop", tmp_path, [*tables, "--pace", "0.5"])
        (port,) = free_ports(1)
        settings = write_settings(
            tmp_path, broker=amqp_url, portal=portal.url, onestop=onestop.url, port=port
        )
        key = (tmp_path / "secrets" / "inbound").read_text()
        door = f"http://127.0.0.1:{port}/in/national_portal/push"
        portal.post("/_sim/inbound", {"url": door, "header": "X-Lienthong-Key", "key": key})
        portal.post("/_sim/fetch", {"below": f"http://127.0.0.1:{port}/files/"})
        bus = BusProcess(settings, tmp_path / "bus.log")
        bus.keep_alive()
        stack.callback(bus.stop)
        types = adapter_types()
        adapters = {
            name: stack.enter_context(closing_adapter(types[each.type].build(name, each)))
            for name, each in read_settings(settings).connectors.items()
        }
        yield Running(portal, onestop, bus, settings, adapters)


class closing_adapter:  # noqa: N801 - used like a function
    """An adapter that is closed after the block."""

    def __init__(self, adapter: Any) -> None:
        self.adapter = adapter

    def __enter__(self) -> Any:
        return self.adapter

    def __exit__(self, *_: object) -> None:
        self.adapter.close()


def pushed_dossier() -> dict[str, Any]:
    """A record of the stream with one paper, whose name is in decomposed letters."""
    record = next(each.record for each in submissions(20, 5, load_tables()) if not each.facts)
    document = {
        "TepDinhKemId": PAPER,
        "TenTepDinhKem": unicodedata.normalize("NFD", NAME),
        "IsDeleted": "False",
        "MaThanhPhanHoSo": "",
        "DuongDanTaiTepTin": "/tai-lieu/x",
    }
    return {**record, "TaiLieuNop": [document]}


def eventually(look: Callable[[], Any], seconds: float = 60) -> Any:
    """What `look` gives as soon as it gives anything."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if found := look():
            return found
        time.sleep(0.3)
    pytest.fail("did not happen in time")


def links(listed: Any, field: str) -> list[str]:
    """The addresses of ours among listed documents."""
    return [each[field] for each in listed or [] if "/files/1." in str(each.get(field) or "")]


def test_a_pushed_file_is_named_to_both_peers_by_a_link_that_gives_its_bytes(running: Running) -> None:
    """Stored before it is kept, told to the one-stop and back to the portal, fetched, withdrawn."""
    submitted = running.portal.post(
        "/_sim/submit", {"records": [{"record": pushed_dossier(), "via": "push"}]}
    )
    number, content = submitted["records"][0]["MaHoSo"], paper(PAPER)
    digest = hashlib.sha256(content).hexdigest()

    (at_onestop,) = eventually(lambda: links(running.dossier(number).get("files"), "url"))
    (at_portal,) = eventually(lambda: links(running.record(number).get("TAILIEUNOP"), "DUONGDANTAITEPTIN"))
    assert at_portal == at_onestop, "one file of one dossier has one link"
    stored = running.data / "files" / digest[:2] / digest
    assert stored.read_bytes() == content

    answer = httpx.get(at_portal, trust_env=False)
    assert (answer.status_code, answer.content) == (200, content)
    assert answer.headers["content-type"] == "application/pdf"
    assert unquote(answer.headers["content-disposition"].partition("UTF-8''")[2]) == NAME
    eventually(lambda: running.portal.effects()["attachments"] == {"fetched": 1, "wrong": 0})

    os.kill(int((running.data / "bus.pid").read_text()), signal.SIGKILL)
    eventually(running.restarted)
    answer = eventually(lambda: fetched(at_portal))
    assert answer.content == content, "a link outlives the process that made it"
    command = [sys.executable, str(ROOT / "run.py"), "files", "withdraw", at_portal, "--reason", "nhầm"]
    subprocess.run([*command, "--settings", str(running.settings)], check=True, timeout=30)  # noqa: S603  our own
    assert httpx.get(at_portal, trust_env=False).status_code == 410
    stops_in_the_middle_of_a_download(running)
    secret = (running.data / "secrets" / "links").read_text()
    assert secret not in (running.data / "bus.log").read_text()
    assert "/files/1." not in (running.data / "bus.log").read_text(), "a link is a key: none in a log"


def stops_in_the_middle_of_a_download(running: Running) -> None:
    """SIGTERM while somebody reads slowly: the bus ends by itself, with 0; the reader resumes later."""
    settings = read_settings(running.settings)
    store = FileStore(settings.files.place(settings.installation.data), limit=10**9)
    stored = store.put(bytes(1_000_000) for _ in range(50))
    key = LinkKey("demo", settings.files.link_keys["demo"].reveal().encode())
    file = File(hash=stored.hash, size=stored.size, media_type=stored.media_type, name="a.bin")
    url = Links(str(settings.files.public_url), (key,), 3e8).url(file, date(2040, 1, 1))
    with httpx.Client(trust_env=False) as client, client.stream("GET", url) as answer:
        assert answer.status_code == 200
        os.kill(int((running.data / "bus.pid").read_text()), signal.SIGTERM)
        child = running.bus._child
        assert child
        assert eventually(lambda: child.poll() is not None, 20)
        assert child.poll() == 0


def fetched(url: str) -> httpx.Response | None:
    """An answer, where anybody answers."""
    with suppress(httpx.TransportError):
        return httpx.get(url, trust_env=False)
    return None
