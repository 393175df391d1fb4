"""The flows with other authorities as a demo shows them, and what a leg taken out of a route file changes."""

import re
from pathlib import Path
from typing import Any

import pytest

from commands.demo_world import ROOT, hurried
from tests.acceptance.demonstration import counted, run, wrong

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(400)]
_LEGS = "SELECT route || ' ' || state, count(*) FROM leg GROUP BY 1"


def done(result: dict[str, Any], peer: str) -> dict[str, int]:
    """How often a system did each thing, counted by itself."""
    operations: dict[str, int] = result["by_operation"][peer]
    return operations


def levels(legs: dict[str, int]) -> int:
    """The transfers between levels that were answered."""
    ended = ("done", "refused")
    return sum(count for leg, count in legs.items() if leg.startswith("levels.") and leg.split()[1] in ended)


def test_every_flow_is_seen_and_every_notice_is_paid_once(tmp_path: Path, amqp_url: str) -> None:
    """Slips, notices, payments; births with cards; on the spot; elsewhere; decisions, levels: all agree."""
    result = run(tmp_path, amqp_url, "--dossiers", "40", "--seed", "7")
    assert wrong(result) == {}, result
    onestop, tax, insurance, axis = (
        done(result, name) for name in ("onestop", "tax", "insurance", "ioffice")
    )
    assert onestop["obligation"] == onestop["obligation_met"] == tax["TCT_GPC"] > 0
    assert onestop["payment"] == result["paid"] > 0
    assert {"ready", "transfer", "result_return", "supplement_request"} <= set(onestop)
    legs = counted(tmp_path, _LEGS)
    assert legs["insurance_on_the_spot.file done"] > 0
    assert legs["intake_elsewhere.bring_back done"] > 0
    decided = legs["decision.decide done"]
    assert insurance["guiHoSo"] + decided >= onestop["result"] > decided > 0
    assert axis["sendEdoc"] >= decided + levels(legs) > decided


def test_a_leg_taken_out_of_a_route_file_is_gone_from_the_account(tmp_path: Path, amqp_url: str) -> None:
    """Without `vouchers_back` no payment reaches the one-stop, and the rest goes on: flows are no Python."""
    own = tmp_path / "own"
    hurried(ROOT / "bus" / "routes", own)
    file = own / "land_tax.toml"
    text = file.read_text(encoding="utf-8")
    leg = re.compile(r'  \[\[flow\.leg\]\]\n  name    = "vouchers_back"\n(?:  .*\n)+')
    assert leg.search(text)
    file.write_text(leg.sub("", text), encoding="utf-8")
    result = run(tmp_path, amqp_url, "--dossiers", "40", "--seed", "7", "--routes", str(own))
    assert wrong(result) == {}, result
    onestop = done(result, "onestop")
    assert "payment" not in onestop
    assert onestop["obligation_met"] > 0
    assert result["paid"] > 0
