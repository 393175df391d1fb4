"""`bench province`: the published load as its users replay it, a little of it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench.province.load import draw_up
from bus.ledger.read import Account
from commands.testing import holds

ROOT = Path(__file__).resolve().parents[2]
_ZERO = {"lost": 0, "duplicate_effects": 0, "out_of_order": 0, "unaccounted": 0}
_RIGHT = {"dossiers": 10, "duplicates": 0, "out_of_order": 0, "attachments": {"wrong": 0}}


@pytest.mark.parametrize(
    ("expected", "planned", "portal", "onestop", "fault"),
    [
        (10, 3, {}, {}, {}),
        (11, 3, {}, {}, {"lost": 1}),
        (10, 3, {"attachments": {"wrong": 2}}, {}, {"lost": 2}),
        (10, 3, {}, {"duplicates": 1}, {"duplicate_effects": 1}),
        (10, 3, {"out_of_order": 4}, {}, {"out_of_order": 4}),
        (10, 5, {}, {}, {"unaccounted": 2}),
    ],
)
def test_each_fault_of_an_account_is_seen_and_fails_the_run(
    expected: int,
    planned: int,
    portal: dict[str, object],
    onestop: dict[str, object],
    fault: dict[str, int],
) -> None:
    """What a peer or the ledger tells stands in the account under its name, and decides the exit code."""
    ledger = Account({"kept": 3}, planned, {"delivered": 3}, 10, {}, {}, 0, {})
    effects = {"national_portal": _RIGHT | portal, "onestop": _RIGHT | onestop}
    drawn_up = draw_up(expected, ledger, effects)
    assert drawn_up == _ZERO | fault
    assert holds({"account": drawn_up, "open": 0}) is not bool(fault)
    assert not holds({"account": drawn_up, "open": 1})


@pytest.mark.acceptance
@pytest.mark.timeout(120)
def test_a_small_part_of_the_load_is_replayed_and_its_account_holds(tmp_path: Path, amqp_url: str) -> None:
    """Real processes, at full speed: every dossier is at the one-stop once, and the peers saw it in order."""
    done = subprocess.run(  # noqa: S603  our own command
        [sys.executable, str(ROOT / "run.py"), "bench", "province", "--json", "--scale", "0.0005"],
        cwd=tmp_path,
        env=os.environ | {"LIENTHONG_AMQP_URL": amqp_url},
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    assert set(figures["account"].values()) | {figures["open"]} == {0}
    assert figures["effects"]["onestop"] >= figures["dossiers"] == 29
    rates = ("dossiers_per_s", "deliveries_per_s", "peak_rss_mb", "ledger_bytes_per_delivery")
    assert all(figures[name] > 0 for name in rates), figures
