"""What is deployed is what systemd and Prometheus take, and its stop is longer than ours."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from bus.settings import Seconds
from commands.parts import EXAMPLE, read_settings
from tests.unit.monitoring.test_alerts import promtool

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_systemd_stops_us_later_than_we_stop_ourselves(unit: Path) -> None:
    """Otherwise a call under way would be killed before its outcome is written."""
    given = re.search(r"^TimeoutStopSec=(\d+)$", unit.read_text(), re.MULTILINE)
    within: Seconds = read_settings(EXAMPLE, secrets=False).installation.stop_within
    assert given
    assert int(given[1]) > float(within)


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_systemd_takes_the_units(unit: Path, tmp_path: Path) -> None:
    """`systemd-analyze verify` finds nothing; the program it starts is put where this machine has one."""
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd-analyze is not on this machine: apt-get install systemd")
    name = unit.name.replace("@", "@onestop")
    copy = tmp_path / name
    copy.write_text(unit.read_text())
    command = [analyze, "verify", "--man=no", "--recursive-errors=no", str(copy)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  found above
    said = [line for line in done.stderr.splitlines() if name in line]
    assert said == []


def test_prometheus_takes_its_settings() -> None:
    """The rules are found beside them."""
    done = promtool("check", "config", str(DEPLOY / "prometheus" / "prometheus.yml"))
    assert done.returncode == 0, done.stdout + done.stderr
