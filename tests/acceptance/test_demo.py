"""The demo as its users run it: real broker, real HTTP, a ledger on disk, effects counted by the peers."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(400)]


def run(folder: Path, amqp_url: str, *arguments: str) -> dict[str, Any]:
    """Run a demo in a folder of its own; its one JSON object."""
    done = subprocess.run(  # noqa: S603  our own command
        [sys.executable, str(ROOT / "run.py"), "demo", "--exit", "--json", *arguments],
        cwd=folder,
        env={**os.environ, "LIENTHONG_AMQP_URL": amqp_url},
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
    open_now = {
        name: result["states"][name] for name in ("waiting", "ready", "sending", "retrying", "unknown")
    }
    return {name: count for name, count in {**doubled, **promises, **open_now}.items() if count}


def test_every_dossier_arrives_once_and_in_order(tmp_path: Path, amqp_url: str) -> None:
    """Nothing doubled, echoed, out of order or unaccounted; every dossier known to both peers."""
    result = run(tmp_path, amqp_url, "--dossiers", "60", "--seed", "11")
    assert wrong(result) == {}, result
    assert result["dossiers"] == 60
    assert result["effects"]["onestop"]["applied"] >= 55
    assert result["effects"]["national_portal"]["applied"] >= 200


def test_killing_the_bus_loses_and_doubles_nothing(tmp_path: Path, amqp_url: str) -> None:
    """Kill -9 of the bus in the middle, several times: started again, the account is whole."""
    kills: list[int] = []
    ended = threading.Event()

    def kill() -> None:
        """Kill each new bus after it has worked for a while: by its life, for a demo may be over soon."""
        file = tmp_path / ".lienthong" / "demo" / "bus.pid"
        while len(kills) < 2 and not ended.wait(0.05):
            pid = int(file.read_text() or 0) if file.exists() else 0
            if pid and pid not in kills and not ended.wait(2.5):
                kills.append(pid)
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    killer = threading.Thread(target=kill, daemon=True)
    killer.start()
    result = run(tmp_path, amqp_url, "--dossiers", "60", "--seed", "12")
    ended.set()
    killer.join()
    assert len(set(kills)) >= 2
    assert result["bus_starts"] > 1
    assert wrong(result) == {}, result
