"""The demo as its users run it: real broker, real HTTP, a ledger on disk, effects counted by the peers."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(400)]


def run(folder: Path, amqp_url: str, *arguments: str) -> dict[str, Any]:
    """Run a demo in a folder of its own, at the broker that is given; its one JSON object."""
    environment = {name: value for name, value in os.environ.items() if name != "LIENTHONG_AMQP_URL"}
    if amqp_url:
        environment["LIENTHONG_AMQP_URL"] = amqp_url
    done = subprocess.run(  # noqa: S603  our own command
        [sys.executable, str(ROOT / "run.py"), "demo", "--exit", "--json", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=380,
        check=False,
    )
    assert done.stdout.count("\n") == 1, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    result["exit"], result["stderr"] = done.returncode, done.stderr
    return result


def wrong(result: dict[str, Any]) -> dict[str, Any]:
    """What breaks a promise, by name; empty where all hold."""
    doubled = {name: counted["duplicates"] for name, counted in result["effects"].items()}
    promises = {name: result[name] for name in ("out_of_order", "echoes", "unaccounted", "exit")}
    states = ("waiting", "ready", "sending", "retrying", "unknown", "held", "dead")
    open_now = {name: result["states"][name] for name in states}
    return {name: count for name, count in {**doubled, **promises, **open_now}.items() if count}


def counted(folder: Path, query: str) -> dict[str, int]:
    """What stands in the ledger that a demo leaves behind."""
    connection = sqlite3.connect(folder / ".lienthong" / "demo" / "ledger.db")
    try:
        return dict(connection.execute(query).fetchall())
    finally:
        connection.close()


def test_three_hundred_dossiers_arrive_once_and_in_order(tmp_path: Path, amqp_url: str) -> None:
    """All forty awkward facts; nothing doubled, echoed, out of order or unaccounted.

    Citizens withdraw in time and too late. The broker that runs already is used, and no other is started.
    """
    result = run(tmp_path, amqp_url, "--dossiers", "300", "--seed", "7")
    assert wrong(result) == {}, result
    assert (result["dossiers"], result["taken_in"]) == (300, 300)
    assert (result["awkward_covered"], result["awkward_missing"]) == (40, [])
    assert result["effects"]["national_portal"]["applied"] >= 1500
    assert (result["bus_starts"], result["messages"]) == (1, {"kept": result["kept"]})
    withdrawals = counted(
        tmp_path,
        "SELECT state, count(*) FROM delivery WHERE route = 'every_dossier.withdraw_in' GROUP BY state",
    )
    assert {"delivered", "refused"} <= set(withdrawals), withdrawals
    told = "SELECT kind, count(*) FROM message WHERE kind = 'onestop.withdrawn' GROUP BY kind"
    assert counted(tmp_path, told)["onestop.withdrawn"] == withdrawals["delivered"]
    assert not (tmp_path / ".lienthong" / "rabbitmq").exists()


def test_a_portal_that_is_away_for_a_while_heals(tmp_path: Path, amqp_url: str) -> None:
    """Nothing goes dead because a peer is gone for twenty seconds, and nothing is sent twice."""
    result = run(tmp_path, amqp_url, "--dossiers", "60", "--seed", "9", "--break", "national_portal")
    assert wrong(result) == {}, result
    assert (result["dossiers"], result["taken_in"]) == (60, 60)
    assert "national_portal is gone for 20 seconds" in result["stderr"]
    assert '"state": "open"' in (tmp_path / ".lienthong" / "demo" / "bus.log").read_text()


def test_killing_the_bus_loses_and_doubles_nothing(tmp_path: Path, amqp_url: str) -> None:
    """Kill -9 of the bus in the middle, several times: started again, the account is whole."""
    kills: list[int] = []

    def kill() -> None:
        file = tmp_path / ".lienthong" / "demo" / "bus.pid"
        for pause in (5.0, 3.0, 3.0):
            time.sleep(pause)
            if file.exists():
                kills.append(int(file.read_text()))
                os.kill(kills[-1], signal.SIGKILL)

    killer = threading.Thread(target=kill, daemon=True)
    killer.start()
    result = run(tmp_path, amqp_url, "--dossiers", "60", "--seed", "12")
    killer.join()
    assert len(set(kills)) >= 2
    assert result["bus_starts"] > 1
    assert wrong(result) == {}, result
    assert (result["dossiers"], result["taken_in"]) == (60, 60)


def test_where_no_broker_is_named_one_is_started_and_ended(tmp_path: Path, amqp_url: str) -> None:
    """The broker that runs beside is left alone; `amqp_url` only says that this machine has RabbitMQ."""
    result = run(tmp_path, "", "--dossiers", "5", "--seed", "3")
    assert wrong(result) == {}, result
    assert (tmp_path / ".lienthong" / "rabbitmq").exists()
    assert not _alive(str(tmp_path))


def _alive(text: str) -> list[str]:
    """The processes that have a text in their command line."""
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = file.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if text in line:
            found.append(line)
    return found
