"""The chassis of the simulators, driven over HTTP in a process of its own."""

import os
import signal
import subprocess
import sys
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from adapters._kit.simulator import Simulation, Workshop, main
from adapters._kit.simulator_http import Answer, Request, Route, json_answer
from adapters._kit.simulator_journal import Journal
from adapters._kit.simulator_switchboard import Switch, Switchboard

ROOT = Path(__file__).parents[2]


def letter_box(_options: Namespace, workshop: Workshop) -> Simulation:
    """Build the smallest system there is: letters are put into a box and looked up again."""
    box = workshop.shelf("box")

    def put(request: Request) -> Answer:
        key = request.parts["key"]
        workshop.journal.record("put", key, "duplicate" if key in box else "applied", request.request_id)
        box.put(key, request.json())
        return json_answer({"put": key})

    def get(request: Request) -> Answer:
        key = request.parts["key"]
        return json_answer({"letter": box.get(key)}, 200 if key in box else 404)

    routes = [Route("POST", "/box/{key}", "put", put), Route("GET", "/box/{key}", "get", get)]
    return Simulation(routes, state=lambda: {"letters": len(box)})


@contextmanager
def running(
    data: Path, *arguments: str
) -> Iterator[tuple[httpx.Client, httpx.Client, "subprocess.Popen[bytes]"]]:
    """Run the letter box in its own process: its client, its control client, the process."""
    command = [sys.executable, __file__, "--data", str(data), "--seed", "3", *arguments]
    process = subprocess.Popen(  # noqa: S603 - our own file under our own interpreter
        command, stdout=subprocess.PIPE, stdin=subprocess.PIPE, env=os.environ | {"PYTHONPATH": str(ROOT)}
    )
    assert process.stdout is not None
    assert process.stdin is not None
    try:
        ready = msgspec.json.decode(process.stdout.readline(), type=dict[str, str])
        with (
            httpx.Client(base_url=ready["url"], timeout=5) as public,
            httpx.Client(base_url=ready["control_url"], timeout=5) as control,
        ):
            yield public, control, process
    finally:
        process.terminate()
        process.wait(5)
        process.stdout.close()
        process.stdin.close()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[httpx.Client, httpx.Client]]:
    """One letter box for the tests that do not end it."""
    with running(tmp_path_factory.mktemp("box")) as (public, control, _):
        yield public, control


@pytest.fixture
def box(shared: tuple[httpx.Client, httpx.Client]) -> tuple[httpx.Client, httpx.Client]:
    """Public and control client of the shared letter box, all switches off."""
    shared[1].post("/_sim/switch", json={"mode": "off"}).raise_for_status()
    return shared


def entries(client: httpx.Client, key: str) -> list[dict[str, Any]]:
    """Return the journal of one key."""
    found: list[dict[str, Any]] = client.get("/_sim/journal", params={"key": key}).json()
    return found


def test_every_effect_is_counted_with_the_callers_request_id(box: tuple[httpx.Client, httpx.Client]) -> None:
    """The second time a key is put is a duplicate, and the journal says whose request it was."""
    public, _ = box
    for request_id in ("r-1", "r-2"):
        public.post("/box/counted", json={}, headers={"X-Request-Id": request_id}).raise_for_status()
    assert [(e["effect"], e["request_id"]) for e in entries(public, "counted")] == [
        ("applied", "r-1"),
        ("duplicate", "r-2"),
    ]


def test_an_unknown_path_and_a_broken_body_are_the_callers_mistakes(
    box: tuple[httpx.Client, httpx.Client],
) -> None:
    """A wrong path is 404, an undecodable body 400, an unknown switch 400."""
    public, _ = box
    assert public.get("/nowhere").status_code == 404
    assert public.post("/box/broken", content=b"{").status_code == 400
    assert public.post("/_sim/switch", json={"mode": "sleepy"}).status_code == 400


@pytest.mark.parametrize(
    ("switch", "acted"),
    [({"mode": "lose_answer", "seconds": 0}, ["applied"]), ({"mode": "dead"}, []), ({"mode": "silent"}, [])],
)
def test_a_request_without_an_answer(
    box: tuple[httpx.Client, httpx.Client], switch: dict[str, Any], acted: list[str]
) -> None:
    """`lose_answer` has acted, `dead` and `silent` have not, and the caller cannot tell which."""
    public, control = box
    key = f"unanswered-{switch['mode']}"
    control.post("/_sim/switch", json=switch | {"operation": "put"}).raise_for_status()
    with pytest.raises(httpx.TransportError):
        public.post(f"/box/{key}", json={}, timeout=0.3)
    assert [e["effect"] for e in entries(control, key)] == acted


def test_a_delayed_effect_happens_after_a_look_up_said_not_there(
    box: tuple[httpx.Client, httpx.Client],
) -> None:
    """Between the lost answer and the effect the look-up says 404; afterwards 200, with one effect."""
    public, control = box
    control.post(
        "/_sim/switch", json={"mode": "delay_effect", "operation": "put", "seconds": 0.3, "times": 1}
    )
    with pytest.raises(httpx.TransportError):
        public.post("/box/late", json={})
    assert public.get("/box/late").status_code == 404
    deadline = time.monotonic() + 3
    while public.get("/box/late").status_code == 404 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert public.get("/box/late").status_code == 200
    assert len(entries(control, "late")) == 1


def test_bad_answers_look_like_those_of_a_sick_server(box: tuple[httpx.Client, httpx.Client]) -> None:
    """`faulty` is HTML, `retry_after` names its seconds, `malformed` is no JSON, `slow` takes its time."""
    public, control = box

    def put(**switch: Any) -> httpx.Response:
        control.post("/_sim/switch", json=switch | {"operation": "put", "times": 1}).raise_for_status()
        return public.post("/box/sick", json={})

    faulty = put(mode="faulty", status=502)
    assert (faulty.status_code, faulty.headers["content-type"]) == (502, "text/html; charset=utf-8")
    assert put(mode="retry_after", seconds=7).headers["retry-after"] == "7"
    with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
        put(mode="malformed").json()
    started = time.monotonic()
    assert put(mode="slow", seconds=0.2).json() == {"put": "sick"}
    assert time.monotonic() - started >= 0.2
    assert public.post("/box/sick", json={}).is_success


def test_a_dead_system_refuses_connections_and_comes_back_at_the_same_port(
    box: tuple[httpx.Client, httpx.Client],
) -> None:
    """While everything is dead the port is closed; the control port still answers and revives it."""
    public, control = box
    control.post("/_sim/switch", json={"mode": "dead"}).raise_for_status()
    time.sleep(0.15)
    with pytest.raises(httpx.ConnectError):
        public.get("/box/any")
    control.post("/_sim/switch", json={"mode": "off"}).raise_for_status()
    time.sleep(0.15)
    assert public.get("/_sim/state").is_success


def test_what_was_done_survives_a_kill(tmp_path: Path) -> None:
    """After SIGKILL and a restart over the same folder, state and counts are as before."""
    with running(tmp_path) as (public, _, process):
        public.post("/box/kept", json={"text": "thư"}).raise_for_status()
        process.send_signal(signal.SIGKILL)
        process.wait(5)
    with (tmp_path / "journal.jsonl").open("ab") as torn:
        torn.write(b'{"at":"2026')
    with running(tmp_path) as (public, _, _process):
        assert public.get("/box/kept").json() == {"letter": {"text": "thư"}}
        assert public.get("/_sim/effects").json()["applied"] == 1
        public.post("/box/kept", json={}).raise_for_status()
        assert public.get("/_sim/effects").json()["by_operation"]["put"]["duplicates"] == 1


def test_it_ends_with_exit_code_0_when_told(tmp_path: Path) -> None:
    """SIGTERM and, where asked for, the closing of its parent's pipe end it without an error."""
    with running(tmp_path / "signal") as (_, _, process):
        process.terminate()
        assert process.wait(5) == 0
    with running(tmp_path / "pipe", "--until-stdin-closes") as (_, _, process):
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(5) == 0


def test_the_switchboard_repeats_itself_with_the_same_seed() -> None:
    """Two boards of one seed strike the same requests; a switch with `for_seconds` ends by the clock."""
    now = [0.0]
    boards = [Switchboard(11, clock=lambda: now[0]) for _ in range(2)]
    for board in boards:
        board.set(Switch("faulty", probability=0.5, for_seconds=10))
    struck = [[board.strike("any") is not None for _ in range(50)] for board in boards]
    assert struck[0] == struck[1]
    assert 0 < sum(struck[0]) < 50
    now[0] = 10.0
    assert [board.strike("any") for board in boards] == [None, None]


def test_the_latest_matching_switch_wins_and_off_takes_only_its_operation_back() -> None:
    """Switches of several operations live side by side."""
    board = Switchboard(0)
    board.set(Switch("slow"))
    board.set(Switch("faulty", operation="put"))
    struck = board.strike("put")
    assert struck is not None
    assert struck.mode == "faulty"
    board.set(Switch("off", operation="put"))
    assert [switch.mode for switch in board.in_force()] == ["slow"]


def test_the_totals_are_the_sum_of_the_operations(tmp_path: Path) -> None:
    """Whatever was recorded appears once in the totals and once under its operation."""
    journal = Journal(tmp_path / "journal.jsonl")
    journal.record("a", "1", "applied")
    journal.record("b", "1", "echo")
    journal.record("b", "2", "out_of_order", reason="late")
    effects = journal.effects()
    journal.close()
    assert {name: effects[name] for name in ("applied", "echoes", "out_of_order", "refused")} == {
        "applied": 1,
        "echoes": 1,
        "out_of_order": 1,
        "refused": 0,
    }
    assert sum(sum(counts.values()) for counts in effects["by_operation"].values()) == 3


def _no_options(_parser: ArgumentParser) -> None:
    return


if __name__ == "__main__":
    sys.exit(main("letter_box", _no_options, letter_box))
