"""The drill: a short one that holds every promise, and known bugs that it finds."""

import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from commands.tell import NEEDS_YOU
from deploy.local.guard import Guarded, guarded_popen

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(280)]

ROOT = Path(__file__).resolve().parents[2]
PROMISES = ("lost", "duplicate_effects", "out_of_order", "echoes", "unaccounted", "illegal_transitions")
COMMANDS: Mapping[str, tuple[str, ...]] = {
    "no_fencing": ("-m", "tests.acceptance.planted_drill", "no_fencing"),
    "sound": (
        *(str(ROOT / "run.py"), "drill", "--json", "--seed", "11", "--workers", "1"),
        *("--dossiers", "24", "--kills", "6", "--faults", "10"),
    ),
    "ack_before_settle": ("-m", "tests.acceptance.planted_drill", "ack_before_settle"),
}


@dataclass(frozen=True)
class Drill:
    """A drill under way in a folder of its own."""

    folder: Path
    running: Guarded

    def result(self) -> tuple[int, dict[str, Any], str]:
        """Wait for its end: the exit code, its last JSON object, and what it said beside."""
        code = self.running.wait(270)
        out, err = ((self.folder / name).read_text() for name in ("out", "err"))
        assert out, err
        return code, json.loads(out.splitlines()[-1]), err


@pytest.fixture(scope="module")
def drills(
    tmp_path_factory: pytest.TempPathFactory, amqp_url: str, postgres_server_url: str
) -> Iterator[Mapping[str, Drill]]:
    """All of them at once, for each waits most of its time: for leases, outages and starts.

    The fixtures only say that this machine has RabbitMQ and PostgreSQL: a drill starts its own.
    """
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with ExitStack() as stack:
        started = {}
        for name, words in COMMANDS.items():
            folder = tmp_path_factory.mktemp(name)
            out, err = (stack.enter_context((folder / each).open("wb")) for each in ("out", "err"))
            running = guarded_popen(
                [sys.executable, *words], cwd=folder, env=environment, stdout=out, stderr=err, grace=60
            )
            stack.callback(running.stop)
            started[name] = Drill(folder, running)
        yield started


def test_several_processes_on_postgresql_hold_every_promise(drills: Mapping[str, Drill]) -> None:
    """Kills at named points and at random times, outages, bad answers: nothing is lost or doubled.

    Four peers: one-stop, portal, insurance and tax; each counts its own effects.
    """
    code, result, told = drills["sound"].result()
    assert {name: result[name] for name in PROMISES} == dict.fromkeys(PROMISES, 0), told
    assert code == 0, (result, told)
    assert result["quiet"]
    assert result["kills"] >= 6
    assert sum(result["faults"].values()) >= 9
    assert result["for_a_person"].keys() <= {"poison"}
    assert result["moves_audited"] > 500
    assert all(result["effects"][peer]["applied"] for peer in ("onestop", "national_portal", "insurance"))
    assert result["effects"].keys() == {"onestop", "national_portal", "insurance", "tax"}


def test_it_finds_that_late_settles_are_not_fenced_off(drills: Mapping[str, Drill]) -> None:
    """A worker that wakes up after its lease writes over what another found out.

    Told with the seed, the fault before it and the dossier's timeline.
    """
    code, result, told = drills["no_fencing"].result()
    assert code == NEEDS_YOU
    assert result["illegal_transitions"] > 0, result
    assert "VIOLATION (seed 5): illegal_transitions" in told
    assert "the last fault before it: " in told
    assert "create_dossier" in told, "the timeline"


def test_it_finds_that_work_is_acknowledged_before_it_is_settled(drills: Mapping[str, Drill]) -> None:
    """What a killed process had under way is never taken up again: lost, and the drill says so."""
    code, result, told = drills["ack_before_settle"].result()
    assert code == NEEDS_YOU
    assert result["lost"] > 0, result
    assert not result["quiet"]
    assert "VIOLATION (seed 6): lost" in told
