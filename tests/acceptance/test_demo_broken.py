"""The demo while things break: a peer away for a while, the bus killed in the middle."""

import contextlib
import os
import signal
import threading
import time
from pathlib import Path

import pytest

from tests.acceptance.demonstration import run, wrong

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(400)]


def test_a_portal_that_is_away_for_a_while_heals(tmp_path: Path, amqp_url: str) -> None:
    """Nothing goes dead because a peer is gone for twenty seconds, and nothing is sent twice."""
    result = run(tmp_path, amqp_url, "--dossiers", "30", "--seed", "9", "--break", "national_portal")
    assert wrong(result) == {}, result
    assert (result["dossiers"], result["taken_in"]) == (32, 32)
    assert "national_portal is gone for 20 seconds" in result["stderr"]
    assert '"state": "open"' in (tmp_path / ".lienthong" / "demo" / "bus.log").read_text()


def test_killing_the_bus_loses_and_doubles_nothing(tmp_path: Path, amqp_url: str) -> None:
    """Kill -9 of the bus in the middle, twice: started again, the account is whole."""
    kills: list[int] = []

    def kill() -> None:
        file = tmp_path / ".lienthong" / "demo" / "bus.pid"
        while len(kills) < 2:
            time.sleep(0.2)
            with contextlib.suppress(FileNotFoundError, ProcessLookupError, ValueError):
                alive = int(file.read_text())
                if alive not in kills:
                    time.sleep(2.0)
                    os.kill(alive, signal.SIGKILL)
                    kills.append(alive)

    killer = threading.Thread(target=kill, daemon=True)
    killer.start()
    result = run(tmp_path, amqp_url, "--dossiers", "40", "--seed", "12")
    assert len(kills) >= 2
    assert result["bus_starts"] > 1
    assert wrong(result) == {}, result
    assert (result["dossiers"], result["taken_in"]) == (42, 42)
