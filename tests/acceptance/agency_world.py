"""The demo's installation with two agencies that have a key, between both simulated peers."""

import hashlib
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from adapters.onestop.adapter import OneStop
from bus.ports import Deadline
from commands.demo import BusProcess
from commands.demo_settings import write_settings
from commands.demo_world import ROOT, Simulator, start_simulator
from commands.parts import read_settings
from deploy.local.folder import free_ports
from tests.contract.agency_listener import Listener

EDUCATION = "H12.09"
LAND = "H12.06"
CALLS_KEY = "khoa-ky-goi-lai-khoa-ky-goi-lai-0001"
PROCEDURE = "9.100083"
"""A procedure of the group `education`."""

_AGENCIES = """
[[agency]]
name       = "Sở Giáo dục và Đào tạo"
code       = "H12.09"
key        = "file:secrets/agency-education"
may        = ["dossier.hand_in", "dossier.replace", "dossier.withdraw", "dossier.follow"]
procedures = ["education"]
rate       = "200 per second"
calls_back = "http://127.0.0.1:{listens}/goi-lai"
calls_back_key = "file:secrets/agency-calls"

[[agency]]
name       = "Sở Nông nghiệp và Môi trường"
code       = "H12.06"
key        = "file:secrets/agency-land"
may        = ["dossier.hand_in", "dossier.follow"]
procedures = ["land_tax", "education"]
rate       = "2 per second"
"""


@dataclass
class World:
    """The running installation, and the door as each agency sees it."""

    onestop: Simulator
    bus: BusProcess
    folder: Path
    address: str
    keys: dict[str, str]
    onestop_settings: Any
    listener: Listener

    def client(self, agency: str) -> httpx.Client:
        """A client of the door that proves itself as an agency."""
        mark = {"Authorization": f"Bearer {self.keys[agency]}"}
        return httpx.Client(base_url=f"{self.address}/agencies/v1", headers=mark, timeout=30)

    def at_onestop(self, number: str) -> dict[str, Any] | None:
        """What the one-stop shows of a dossier, as a client of its search reads it."""
        with closing(OneStop("onestop", self.onestop_settings)) as adapter:
            client, deadline = adapter._client, Deadline(time.monotonic() + 10)
            rows = client.search(deadline, nation_code=number)[0]
            return client.online(str(rows[0]["id"]), deadline) if rows else None

    def log(self) -> str:
        """Everything that the bus said."""
        return (self.folder / "bus.log").read_text(encoding="utf-8")


@contextmanager
def agency_world(folder: Path, amqp_url: str) -> Iterator[World]:
    """Start it; all of it ends with the block."""
    with ExitStack() as stack:
        tables = ["--seed", "5", "--tables", str(ROOT / "deploy" / "tables")]
        portal = start_simulator(stack, "national_portal", folder, [*tables, "--citizen-delay", "0.2"])
        onestop = start_simulator(stack, "onestop", folder, [*tables, "--pace", "0.5"])
        (port,) = free_ports(1)
        settings = write_settings(folder, broker=amqp_url, portal=portal.url, onestop=onestop.url, port=port)
        keys = {EDUCATION: secrets.token_hex(32), LAND: secrets.token_hex(32)}
        (folder / "secrets" / "agency-education").write_text(keys[EDUCATION])
        (folder / "secrets" / "agency-land").write_text(keys[LAND])
        (folder / "secrets" / "agency-calls").write_text(CALLS_KEY)
        listener = Listener()
        stack.callback(listener.server_close)
        stack.callback(listener.shutdown)
        threading.Thread(target=listener.serve_forever, args=(0.05,), daemon=True).start()
        told = _AGENCIES.format(listens=listener.server_address[1])
        settings.write_text(settings.read_text(encoding="utf-8") + told, encoding="utf-8")
        bus = BusProcess(settings, folder / "bus.log")
        bus.keep_alive()
        stack.callback(bus.stop)
        peer = read_settings(settings).connectors["onestop"]
        world = World(onestop, bus, folder, f"http://127.0.0.1:{port}", keys, peer, listener)
        eventually(lambda: "serving" in world.log() or is_open(world))
        yield world


def is_open(world: World) -> bool:
    """Whether the door answers."""
    try:
        return httpx.get(f"{world.address}/agencies/v1/openapi.json", timeout=5).status_code == 200
    except httpx.TransportError:
        return False


def is_restarted(world: World) -> bool:
    """Start the bus where it has ended; whether it serves again."""
    world.bus.keep_alive()
    return world.bus.starts > 1 and is_open(world)


def dossier(serial: int, **more: Any) -> dict[str, Any]:
    """A dossier as the education department's own system writes it; invented."""
    return {
        "code": f"H12.09-260415-{serial:04d}",
        "procedure": PROCEDURE,
        "subject": "Cấp bản sao văn bằng, chứng chỉ từ sổ gốc",
        "channel": "counter",
        "owner": {
            "kind": "citizen",
            "name": "Nguyễn Thị Ánh Tuyết",
            "identities": [{"kind": "citizen_id", "number": "096190004711"}],
            "phone": "0912345678",
        },
        "submitted_at": "2026-11-25T08:30:00+07:00",
        **more,
    }


def hash_of(content: bytes) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(content).hexdigest()


def eventually(look: Callable[[], Any], seconds: float = 60) -> Any:
    """What `look` gives as soon as it gives anything."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if found := look():
            return found
        time.sleep(0.1)
    raise AssertionError(f"not within {seconds} seconds")
