"""A real disk that fills up: intake closes, claims stop, settles fit, and all opens again by itself."""

import asyncio
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from adapters._kit.intake import Intake
from adapters.onestop import announced
from bus.floor import RETRY_AFTER, Floor
from bus.ledger.records import Kept
from bus.ports import HttpRequest, Incoming, Received, Webhook
from tests.integration.peer import Bus, Peer, PeerAdapter, running

pytestmark = pytest.mark.integration

MB = 1_000_000
LEAST = 16 * MB


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 48 MB of its own, which only root can mount."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", str(disk)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode:  # noqa: S603  the system's own
        pytest.skip("mounting a small file system needs root with the right to mount")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)  # noqa: S603, S607  as above


def door(bus: Bus, floor: Floor) -> Intake:
    """An intake door at which a step is handed in, answered in a real peer's form."""

    def receive(request: HttpRequest) -> Received:
        tree = {"So": "H12.01-261125-0900", "Ma": "s900", "TrangThai": "2", "Luc": "20261125080000"}
        item = Incoming("onestop.step", {**tree, "NguoiXuLy": "An", "NoiDung": "x"}, request.body, key="s900")
        return Received((item,))

    async def keep(source: str, incoming: Incoming) -> Kept:
        floor.check()
        return await bus.pipeline.keep(source, incoming)

    hook = Webhook("in", "Vào", "in", receive, announced.accepted, announced.accepted, announced.rejected,
                   announced.unavailable)  # fmt: skip
    adapter = PeerAdapter(Peer())
    adapter.webhooks = (hook,)
    return Intake({"source": adapter}, keep, lambda _connector, _poll: None, body_limit=1000)


async def post(app: Intake) -> tuple[int, dict[str, str]]:
    """Hand in a message; status and headers of the answer."""
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"body": b"{}", "more_body": False}

    async def send(part: Any) -> None:
        sent.append(part)

    scope = {"type": "http", "method": "POST", "path": "/in/source/in", "headers": []}
    await app(scope, receive, send)
    headers = {name.decode().lower(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], headers


async def test_a_full_disk_closes_the_door_and_stops_claims_and_settles_still_fit(
    small_disk: Path, amqp_url: str, prefix: str
) -> None:
    """What is under way is settled, what is ready waits, the door says when to come again; then all goes."""
    peer, floor = Peer(slow=0.5), Floor(small_disk, LEAST)
    async with running(f"sqlite:///{small_disk / 'ledger.db'}", amqp_url, prefix, peer, floor=floor) as bus:
        app = door(bus, floor)
        await bus.hand_in(1)
        await bus.until(peer.begun.is_set)
        (small_disk / "filler").write_bytes(bytes(floor.read(small_disk) - LEAST // 2))
        await bus.until(lambda: floor.is_low)
        status, headers = await post(app)
        assert (status, float(headers["retry-after"])) == (503, RETRY_AFTER)
        await bus.hand_in(2)
        await bus.until(lambda: bus.states == {"delivered": 1, "ready": 1})
        await asyncio.sleep(0.3)
        assert peer.calls == 1
        (small_disk / "filler").unlink()
        await bus.until(lambda: bus.states == {"delivered": 2})
        assert (await post(app))[0] < 300
