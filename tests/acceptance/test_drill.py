"""The drill: short ones that hold every promise, and known bugs that it finds."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from commands.drill import drill
from commands.drill_plan import Fault, Wish
from commands.tell import NEEDS_YOU

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(280)]

ROOT = Path(__file__).resolve().parents[2]
PLANTED = ("-m", "tests.acceptance.planted")
PROMISES = ("lost", "duplicate_effects", "out_of_order", "echoes", "unaccounted", "illegal_transitions")


def run(folder: Path, *words: str) -> dict[str, Any]:
    """Run `run.py drill WORDS` in a folder as its users do; its one JSON object, `exit` and `stderr`."""
    done = subprocess.run(  # noqa: S603  our own command
        [sys.executable, str(ROOT / "run.py"), "drill", "--json", *words],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=270,
        check=False,
    )
    assert done.stdout.count("\n") == 1, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return result | {"exit": done.returncode, "stderr": done.stderr}


def test_several_processes_on_postgresql_hold_every_promise(
    tmp_path: Path, amqp_url: str, postgres_server_url: str
) -> None:
    """Kills at named points and at random times, outages, bad answers: nothing is lost or doubled.

    The fixtures only say that this machine has RabbitMQ and PostgreSQL: a drill starts its own.
    """
    result = run(tmp_path, "--seed", "11", "--dossiers", "40", "--kills", "8", "--faults", "12")
    assert {name: result[name] for name in (*PROMISES, "exit")} == dict.fromkeys((*PROMISES, "exit"), 0), (
        result
    )
    assert result["kills"] >= 8
    assert sum(result["faults"].values()) == 12
    assert result["for_a_person"].keys() <= {"poison"}
    assert result["moves_audited"] > 500


def drilled(
    folder: Path, wish: Wish, bug: str, plan: tuple[Fault, ...], capsys: Any, monkeypatch: Any
) -> Any:
    """Run a drill over a bus with a known bug; how it ended, its object, and what it told of it."""
    monkeypatch.chdir(folder)
    ended = drill(wish, entry=(*PLANTED, bug), plan=plan)
    told = capsys.readouterr()
    return ended, json.loads(told.out), told.err


def test_it_finds_that_late_settles_are_not_fenced_off(
    tmp_path: Path,
    amqp_url: str,
    postgres_server_url: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A worker that wakes up after its lease writes over what another found out: told with its timeline."""
    slow = [Fault(place / 20, "peer", "peer slow", place, 0.9) for place in range(20)]
    stops = [Fault(0.2, "process", "process stopped longer than a lease", 1, 0.5)]
    wish = Wish(5, 40, 0, workers=1, patience=20.0, as_json=True)
    ended, result, told = drilled(tmp_path, wish, "no_fencing", (*slow, *stops), capsys, monkeypatch)
    assert ended == NEEDS_YOU
    assert result["illegal_transitions"] > 0, result
    assert "VIOLATION (seed 5): illegal_transitions" in told


def test_it_finds_that_work_is_acknowledged_before_it_is_settled(
    tmp_path: Path, amqp_url: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a killed process had under way is never taken up again: lost, and the drill says so."""
    slow = [Fault(place / 20, "peer", "peer slow", place, 0.9) for place in range(20)]
    kills = [Fault(at, "process", "whole bus killed", 0, 0.5) for at in (0.3, 0.6, 0.9)]
    wish = Wish(6, 40, 0, ledger="sqlite", patience=5.0, as_json=True)
    ended, result, told = drilled(tmp_path, wish, "ack_before_settle", (*slow, *kills), capsys, monkeypatch)
    assert ended == NEEDS_YOU
    assert result["lost"] > 0, result
    assert not result["quiet"]
    assert "VIOLATION (seed 6): lost" in told
