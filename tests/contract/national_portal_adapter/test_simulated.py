"""The adapter against the simulator: each effect once, one fact by push and by search."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from adapters.national_portal.settings import Inbound
from bus.errors import OutcomeUnknownError
from bus.ports import Adapter, HttpRequest, Incoming
from bus.settings import Secret
from tests.contract.national_portal_adapter.portals import (
    RECORD,
    ROW,
    adapter,
    call,
    drained,
    poll_of,
    simulator,
    submitted,
)
from tests.contract.strict_portal import BASE

pytestmark = pytest.mark.contract


@pytest.fixture
def simulated(tmp_path: Path) -> Iterator[tuple[Adapter, httpx.Client]]:
    """A connector to a simulated portal, and a way to its control desk."""
    with simulator(tmp_path, "--citizen-delay", "0.05") as url, httpx.Client(base_url=url) as desk:
        one = adapter(f"{url}{BASE}", password="mat-khau-thu", inbound=Inbound(key=Secret("k")))
        yield one, desk
        one.close()


def switch(desk: httpx.Client, operation: str, mode: str, **more: Any) -> None:
    """Make the simulator misbehave."""
    desk.post("/_sim/switch", json={"mode": mode, "operation": operation, **more})


def test_the_simulator_sees_each_effect_once_through_lost_answers_and_dead_sessions(
    simulated: tuple[Adapter, httpx.Client],
) -> None:
    """Records and progress, with sessions expiring and answers lost after acting: no duplicate, no echo."""
    one, desk = simulated
    desk.post("/_sim/submit", json={"records": [submitted(n) for n in range(5)]})
    items, _ = drained(poll_of(one, "submitted"), {})
    assert len(items) == 5
    sync, add = one.operations["sync_record"], one.operations["add_progress"]
    assert add.lookup is not None
    for item in items:
        number = item.tree["MaHoSo"]
        switch(desk, "DongBoHoSoMC", "expire_sessions")
        sync.call(call(RECORD | {"MaHoSo": number}))
        desk.post(
            "/_sim/switch",
            json={"mode": "lose_answer", "operation": "CapNhatTienDoHoSoMC", "times": 1, "seconds": 0},
        )
        row = ROW | {"MaHoSo": number}
        with pytest.raises(OutcomeUnknownError):
            add.call(call(row))
        assert add.lookup(call(row)).outcome == "done"
        add.call(call(row, attempt=2))
    effects = desk.get("/_sim/effects").json()
    counted = {name: effects[name] for name in ("applied", "duplicates", "echoes", "out_of_order", "refused")}
    assert counted == {"applied": 10, "duplicates": 0, "echoes": 0, "out_of_order": 0, "refused": 0}


def test_a_citizens_answer_is_one_fact_by_push_and_by_search(simulated: tuple[Adapter, httpx.Client]) -> None:
    """What the simulated portal pushes and what its search shows have the same keys."""
    one, desk = simulated
    record = submitted(1)
    desk.post("/_sim/submit", json={"records": [{"record": record, "via": "both"}]})
    asked = {"HoSoBoSungId": "BS-H12.06-260415-0001-1", "NoiDungBoSung": "Bổ sung", "TrangThaiBoSung": False}
    ours = RECORD | {"MaHoSo": record["MaHoSo"], "TrangThaiHoSo": "5", "DanhSachHoSoBoSung": [asked]}
    poll = poll_of(one, "submitted")
    memory: dict[str, bytes] = {}
    searched, cursor = drained(poll, memory)
    one.operations["sync_record"].call(call(ours))
    deadline = time.monotonic() + 5
    while len(searched) < 2 and time.monotonic() < deadline:
        time.sleep(0.1)
        found, cursor = drained(poll, memory, cursor)
        searched += found
    pushed = pushes_of(one, desk, 2)
    assert [(item.kind, item.key) for item in pushed] == [(item.kind, item.key) for item in searched]


def pushes_of(one: Adapter, desk: httpx.Client, count: int) -> list[Incoming]:
    """Open a door for the simulator's pushes and take `count` messages."""
    (hook,) = one.webhooks
    taken: list[Incoming] = []
    done = threading.Event()

    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer  # noqa: PLC0415 - this door alone

    class Door(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            """Hand a call to the adapter's webhook and answer as it does."""
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            received = hook.receive(HttpRequest("POST", self.path, headers, body, self.client_address[0]))
            reply = received.reply or hook.accepted()
            taken.extend(received.items)
            self.send_response(reply.status)
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body)
            if len(taken) >= count:
                done.set()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Door) as door:
        threading.Thread(target=door.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        url = f"http://127.0.0.1:{door.server_address[1]}/in/national_portal/push"
        desk.post("/_sim/inbound", json={"url": url, "header": "X-Lienthong-Key", "key": "k"})
        assert done.wait(10)
        door.shutdown()
    return taken
