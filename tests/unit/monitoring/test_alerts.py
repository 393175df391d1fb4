"""Alerts fire on their symptom and stay silent without it; every name in rules and dashboards exists."""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.local.errors import ServerUnavailableError
from deploy.local.promtool import find_promtool
from monitoring.metrics.catalogue import asked_names

ROOT = Path(__file__).resolve().parents[3]
RULES = ROOT / "deploy" / "prometheus" / "lienthong.rules.yml"
DASHBOARDS = sorted((ROOT / "deploy" / "grafana").glob("*.json"))
SAYS = ("summary", "dossiers", "first_step", "duty", "morning", "runbook")
INFO = (
    'lienthong_connector_info{connector="onestop",type="onestop",mode="live",title="Một cửa",duty="0290 000"}'
)

Case = tuple[str, dict[str, str], str, bool]
"""An alert, its series as promtool writes them, when it is looked at, and whether it fires."""

CASES: tuple[Case, ...] = (
    ("LienThongWatchdog", {}, "1m", True),
    ("LienThongDown", {'up{job="lienthong",instance="a"}': "0x30"}, "5m", True),
    ("LienThongDown", {'up{job="lienthong",instance="a"}': "1x30"}, "5m", False),
    ("LienThongPeerDown", {'lienthong_breaker_open{connector="onestop",operation=""}': "1x60"}, "15m", True),
    (
        "LienThongPeerDown",
        {'lienthong_breaker_open{connector="onestop",operation=""}': "1x5 0x60"},
        "15m",
        False,
    ),
    (
        "LienThongPeerDown",
        {
            'lienthong_breaker_open{connector="onestop",operation=""}': "1x60",
            'lienthong_connector_paused{connector="onestop"}': "1x60",
        },
        "15m",
        False,
    ),
    (
        "LienThongDossiersDead",
        {
            'lienthong_dossiers_stuck{connector="onestop",state="dead"}': "3x60",
            'lienthong_deliveries{connector="onestop",operation="create",state="dead"}': "3x60",
        },
        "10m",
        True,
    ),
    (
        "LienThongDossiersDead",
        {'lienthong_dossiers_stuck{connector="onestop",state="retrying"}': "3x60"},
        "10m",
        False,
    ),
    (
        "LienThongUnknownOld",
        {'lienthong_oldest_seconds{connector="onestop",state="unknown"}': "4000x60"},
        "10m",
        True,
    ),
    (
        "LienThongUnknownOld",
        {'lienthong_oldest_seconds{connector="onestop",state="unknown"}': "60x60"},
        "10m",
        False,
    ),
    (
        "LienThongStuckInQueue",
        {'lienthong_oldest_seconds{connector="onestop",state="ready"}': "4000x60"},
        "15m",
        True,
    ),
    (
        "LienThongStuckInQueue",
        {
            'lienthong_oldest_seconds{connector="onestop",state="ready"}': "4000x60",
            'lienthong_breaker_open{connector="onestop",operation=""}': "1x60",
        },
        "15m",
        False,
    ),
    (
        "LienThongHeartbeatMissing",
        {'lienthong_heartbeat_timestamp_seconds{connector="onestop"}': "0x60"},
        "10m",
        True,
    ),
    (
        "LienThongHeartbeatMissing",
        {'lienthong_heartbeat_timestamp_seconds{connector="onestop"}': "0+60x60"},
        "10m",
        False,
    ),
    (
        "LienThongDeadLettersSilent",
        {"lienthong_dead_letters_heartbeat_timestamp_seconds": "0x60"},
        "10m",
        True,
    ),
    (
        "LienThongDeadLettersSilent",
        {"lienthong_dead_letters_heartbeat_timestamp_seconds": "0+60x60"},
        "10m",
        False,
    ),
    (
        "LienThongFailing",
        {
            'lienthong_attempts_total{connector="onestop",cause="transient",fault="network"}': "0+2x60",
            'lienthong_attempts_total{connector="onestop",cause="done",fault="none"}': "0+2x60",
        },
        "45m",
        True,
    ),
    (
        "LienThongFailing",
        {'lienthong_attempts_total{connector="onestop",cause="transient",fault="network"}': "0x30 1x30 2x30"},
        "60m",
        False,
    ),
    (
        "LienThongSourceSilent",
        {
            'lienthong_messages_kept_total{source="onestop",kind="k",outcome="kept"}': "0+10x990 9900x60",
            "lienthong_working_time": "1x1100",
        },
        "10200m",
        True,
    ),
    (
        "LienThongSourceSilent",
        {
            'lienthong_messages_kept_total{source="onestop",kind="k",outcome="kept"}': "0+10x990 9900x60",
            "lienthong_working_time": "0x1100",
        },
        "10200m",
        False,
    ),
    ("LienThongUnaccounted", {"lienthong_unaccounted": "1x60"}, "5m", True),
    ("LienThongUnaccounted", {"lienthong_unaccounted": "0x60"}, "5m", False),
    (
        "LienThongUnmappedCodes",
        {'lienthong_unmapped_codes_total{connector="onestop",direction="in"}': "0x5 3x60"},
        "10m",
        True,
    ),
    (
        "LienThongUnmappedCodes",
        {'lienthong_unmapped_codes_total{connector="onestop",direction="in"}': "3x90"},
        "80m",
        False,
    ),
    (
        "LienThongMessagesAside",
        {'lienthong_messages_aside{source="onestop",state="parked"}': "2x60"},
        "15m",
        True,
    ),
    (
        "LienThongMessagesAside",
        {'lienthong_messages_aside{source="onestop",state="parked"}': "0x60"},
        "15m",
        False,
    ),
    ("LienThongLegsLate", {'lienthong_legs_late{route="every_dossier.take_in"}': "1x60"}, "20m", True),
    ("LienThongLegsLate", {'lienthong_legs_late{route="every_dossier.take_in"}': "0x60"}, "20m", False),
    ("LienThongDeadlineNear", {'lienthong_slack_left_seconds{connector="onestop"}': "-60x60"}, "10m", True),
    (
        "LienThongDeadlineNear",
        {'lienthong_slack_left_seconds{connector="onestop"}': "90000x60"},
        "10m",
        False,
    ),
    ("LienThongBrokerAway", {'lienthong_broker_connected{instance="a"}': "0x60"}, "5m", True),
    ("LienThongBrokerAway", {'lienthong_broker_connected{instance="a"}': "1x60"}, "5m", False),
    (
        "LienThongDiskLow",
        {"lienthong_disk_free_bytes": "200x60", "lienthong_disk_floor_bytes": "100x60"},
        "10m",
        True,
    ),
    (
        "LienThongDiskLow",
        {"lienthong_disk_free_bytes": "900x60", "lienthong_disk_floor_bytes": "100x60"},
        "10m",
        False,
    ),
    (
        "LienThongCertificateEnds",
        {'lienthong_certificate_expiry_timestamp_seconds{certificate="connector.tax.signer"}': "0x60"},
        "15m",
        True,
    ),
    (
        "LienThongCertificateEnds",
        {'lienthong_certificate_expiry_timestamp_seconds{certificate="connector.tax.signer"}': "9000000x60"},
        "15m",
        False,
    ),
    ("LienThongFiguresStale", {}, "10m", True),
    ("LienThongFiguresStale", {"lienthong_ledger_read_timestamp_seconds": "0+60x60"}, "15m", False),
    ("LienThongLateDone", {"lienthong_late_done": "1x60"}, "5m", True),
    ("LienThongLateDone", {"lienthong_late_done": "0x60"}, "5m", False),
    ("LienThongActionLogBroken", {"lienthong_action_log_broken": "1x60"}, "5m", True),
    ("LienThongActionLogBroken", {"lienthong_action_log_number": "70x20 60+1x40"}, "25m", True),
    (
        "LienThongActionLogBroken",
        {"lienthong_action_log_broken": "0x60", "lienthong_action_log_number": "60+1x60"},
        "25m",
        False,
    ),
)


def rules() -> list[dict[str, Any]]:
    """The alert rules as they are shipped."""
    groups: list[dict[str, Any]] = yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def promtool(*words: str) -> subprocess.CompletedProcess[str]:
    """Run Prometheus's own judge."""
    try:
        command = [find_promtool(), *words]
    except ServerUnavailableError as error:
        if os.environ.get("CI") == "true":
            pytest.fail(str(error), pytrace=False)
        pytest.skip(str(error))
    return subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  found above


def test_promtool_takes_the_rules() -> None:
    """Expressions and templates are what Prometheus reads."""
    done = promtool("check", "rules", str(RULES))
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_fires_on_its_symptom_and_is_silent_without_it(tmp_path: Path) -> None:
    """Low traffic, a pause by a person, nights and a source's own habit silence what they should.

    Whether it fires is the matter here: `fires` is asked as Prometheus's own series of alerts.
    """
    for interval in ("1m", "10m"):
        cases = [case for case in CASES if is_of_weeks(case) == (interval == "10m")]
        tests = [fires_or_not(case, interval) for case in cases]
        file = tmp_path / f"cases-{interval}.yml"
        whole = {"rule_files": [str(RULES)], "evaluation_interval": interval, "tests": tests}
        file.write_text(yaml.safe_dump(whole))
        done = promtool("test", "rules", str(file))
        assert done.returncode == 0, done.stdout + done.stderr


def is_of_weeks(case: Case) -> bool:
    """Whether a case looks back a week: it is told in steps of ten minutes."""
    return len(case[2]) > 4


def fires_or_not(case: Case, interval: str) -> dict[str, Any]:
    """A case as promtool reads it."""
    alert, series, at, fires = case
    told = {INFO: "1x1100" if is_of_weeks(case) else "1x100", **series}
    asked = {
        "expr": f'count(ALERTS{{alertname="{alert}",alertstate="firing"}})',
        "eval_time": at,
        "exp_samples": [{"labels": "{}", "value": 1}] if fires else [],
    }
    return {
        "interval": interval,
        "input_series": [{"series": name, "values": values} for name, values in told.items()],
        "promql_expr_test": [asked],
    }


def test_what_an_alert_says_names_the_dossiers_the_duty_phone_and_whether_it_can_wait(tmp_path: Path) -> None:
    """A peer away with three stuck dossiers, the nearest due in two hours: it cannot wait."""
    series = {
        INFO: "1x60",
        'lienthong_breaker_open{connector="onestop",operation=""}': "1x60",
        'lienthong_dossiers_stuck{connector="onestop",state="retrying"}': "3x60",
        'lienthong_slack_left_seconds{connector="onestop"}': "7200x60",
    }
    expected = {
        "summary": "Không nối được Một cửa (onestop) đã 10 phút",
        "dossiers": "3 hồ sơ đang mắc",
        "first_step": "python3 run.py connector probe onestop",
        "duty": "Trực Một cửa: 0290 000",
        "morning": "KHÔNG chờ được: có hồ sơ còn dưới nửa ngày làm việc.",
        "runbook": "docs/runbook/LienThongPeerDown.md",
    }
    labels = {"severity": "page", "connector": "onestop", "title": "Một cửa", "duty": "0290 000"}
    case = {
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "alert_rule_test": [
            {
                "eval_time": "15m",
                "alertname": "LienThongPeerDown",
                "exp_alerts": [{"exp_labels": labels, "exp_annotations": expected}],
            }
        ],
    }
    file = tmp_path / "says.yml"
    file.write_text(
        yaml.safe_dump({"rule_files": [str(RULES)], "evaluation_interval": "1m", "tests": [case]})
    )
    done = promtool("test", "rules", str(file))
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_has_both_cases_and_a_page_and_says_all_that_is_asked_of_it() -> None:
    """What, how many dossiers, the first step, whom to call, whether it can wait, and where to read on."""
    tested: dict[str, set[bool]] = {}
    for alert, _, _, fires in CASES:
        tested.setdefault(alert, set()).add(fires)
    for rule in rules():
        name = rule["alert"]
        assert tested.pop(name) == ({True} if name == "LienThongWatchdog" else {True, False})
        assert set(rule["annotations"]) == set(SAYS)
        runbook = ROOT / rule["annotations"]["runbook"]
        assert runbook.read_text(encoding="utf-8").startswith(f"# {name}\n")
        assert f"]({name}.md)" in (runbook.parent / "README.md").read_text(encoding="utf-8")
    assert not tested


def expressions() -> Iterator[tuple[str, str]]:
    """Every expression of ours, with where it stands."""
    for rule in rules():
        yield rule["alert"], " ".join((rule["expr"], *rule["annotations"].values()))
    for file in DASHBOARDS:
        for panel in json.loads(file.read_text(encoding="utf-8"))["panels"]:
            for target in panel.get("targets", ()):
                yield f"{file.name}: {panel['title']}", target["expr"]


def test_no_rule_and_no_panel_names_a_metric_that_does_not_exist() -> None:
    """A renamed metric would make an alert silent for ever."""
    known, found = set(asked_names()), list(expressions())
    for where, expression in found:
        for name in re.findall(r"\blienthong_\w+", expression):
            assert name in known, f"{where}: {name}"
    assert {file.stem for file in DASHBOARDS} == {"overview", "connector", "flow", "broker"}
    assert len(found) > 30
