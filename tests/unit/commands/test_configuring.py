"""The commands for whoever configures: check, describe, topology, probe."""

from pathlib import Path

import pytest

from tests.unit.commands.conftest import Run

SETTINGS = """\
[installation]
name = "trial"
agency = "H12"
environment = "rehearsal"

[broker]
url = "amqp://127.0.0.1:5672/trial"
prefix = "trial"

[tables]
folder = "tables"

[retry]
first = "2 seconds"

[connector.portal]
type = "national_portal"
adapter_url = "http://127.0.0.1:1/XrdAdapter/RestService/forward"
madonvi = "000.00.00.H12"
username = "000.00.00.H12"
password = "${TRIAL_PORTAL_PASSWORD}"
"""


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    """A small installation with one connector and a folder for tables of its own."""
    (tmp_path / "tables").mkdir()
    file = tmp_path / "trial.toml"
    file.write_text(SETTINGS)
    return file


def test_describe_names_every_operation_and_what_happens_to_a_lost_answer(run: Run, settings: Path) -> None:
    """Operations with their certainty, messages with their sheets, settings with their types."""
    found = run("describe", "portal", "--settings", str(settings), "--json").json
    operations = {one["name"]: one for one in found["operations"]}
    assert operations["sync_record"]["effect"] == "replaces"
    assert operations["add_progress"]["effect"] == "appends"
    assert {one["certainty"] for one in found["operations"]} <= {"repeatable", "askable", "person"}
    assert found["messages"]["national_portal.dossier"] == "national_portal/submission"
    secrets = {row["key"] for row in found["settings"] if row["secret"]}
    assert "password" in secrets
    text = run("describe", "portal", "--settings", str(settings)).out
    assert "the peer is asked before a resend" in text


def test_describe_without_a_name_lists_the_connectors(run: Run, settings: Path) -> None:
    """Name, type, title and mode of each."""
    found = run("describe", "--settings", str(settings), "--json").json
    assert [(one["name"], one["mode"]) for one in found["connectors"]] == [("portal", "observe")]
    assert "national_portal" in found["types"]


def test_a_type_is_described_before_any_connector_is_of_it(run: Run, settings: Path) -> None:
    """What an integrator reads before writing the section: operations, messages, keys, how to begin."""
    told = run("describe", "tax", "--settings", str(settings), "--json").json
    assert (told["name"], told["type"]) == (None, "tax")
    assert "file_slip" in told["operations"]
    assert "address" in {row["key"] for row in told["settings"]}
    assert 'type = "tax"' in run("describe", "tax", "--settings", str(settings)).out
    assert "insurance, ioffice" in run("describe", "--settings", str(settings)).out


def test_describe_settings_lists_every_setting_of_every_type(run: Run) -> None:
    """Also without any installation; none of the common keys twice."""
    rows = run("describe", "settings", "--json").json["settings"]
    keys = [row["key"] for row in rows]
    assert len(keys) == len(set(keys))
    assert {"broker.url", "connector.NAME.mode", "connector.national_portal.madonvi"} <= set(keys)
    assert all(row["meaning"] for row in rows)


def test_an_unknown_connector_is_answered_by_the_near_one(run: Run, settings: Path) -> None:
    """Exit 2 and a guess, for every command that takes a name."""
    for words in (["describe", "portl"], ["connector", "probe", "portl"], ["worker", "portl"]):
        ran = run(*words, "--settings", str(settings))
        assert ran.code == 2, words
        if words[0] != "connector":
            assert 'Did you mean "portal"?' in ran.err


def test_a_probe_names_the_layer_that_fails(
    run: Run, settings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody listens on port 1: DNS is fine, TCP fails, nothing after it is tried; exit 1."""
    monkeypatch.setenv("TRIAL_PORTAL_PASSWORD", "invented")
    ran = run("connector", "probe", "portal", "--settings", str(settings), "--json")
    assert ran.code == 1
    assert [(layer["layer"], layer["ok"]) for layer in ran.json["layers"]] == [("DNS", True), ("TCP", False)]
    assert ran.json["ok"] is False
    assert "FAILED TCP" in run("connector", "probe", "portal", "--settings", str(settings)).out


def test_a_probe_without_its_secret_opens_nothing(run: Run, settings: Path) -> None:
    """The missing variable is told with its place; exit 2."""
    ran = run("connector", "probe", "portal", "--settings", str(settings))
    assert (ran.code, ran.out) == (2, "")
    assert "TRIAL_PORTAL_PASSWORD is not set" in ran.err


def test_the_topology_is_that_of_the_installation(run: Run, settings: Path) -> None:
    """Its prefix, its connectors, its schedule; no secret is needed to see them."""
    declared = run("topology", "--settings", str(settings), "--json").json
    assert [queue["name"] for queue in declared["queues"]] == ["trial.dead", "trial.work.portal"]
    times = run("topology", "--schedules", "--settings", str(settings), "--json").json
    assert times["portal"][0]["longest"] == times["[retry]"][0]["longest"] == 2.0
    assert "3 d" in run("topology", "--schedules", "--settings", str(settings)).out


def test_check_tells_a_broken_table_and_a_broken_setting_together(
    run: Run, settings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All faults at once, each with file, line and column; what hides a shipped table is said."""
    monkeypatch.setenv("TRIAL_PORTAL_PASSWORD", "invented")
    (settings.parent / "tables" / "agencies.csv").write_text("code,name,from,until\nH12,Cà Mau,1/7/2025,\n")
    ran = run("check", "--settings", str(settings), "--json")
    assert ran.code == 2
    broken = next(one for one in ran.json["problems"] if one["file"].endswith("agencies.csv"))
    assert (broken["line"], broken["column"]) == (2, 12)
    assert any("agencies.csv hides the shipped table" in note for note in ran.json["notes"])
    settings.write_text(SETTINGS.replace("prefix =", "prefx =").replace('first = "2', 'frist = "2'))
    wrong = [one["hint"] for one in run("check", "--settings", str(settings), "--json").json["problems"]]
    assert {'Did you mean "prefix"?', 'Did you mean "first"?'} <= set(wrong)


def test_a_misspelt_column_of_an_own_table_is_found(run: Run, settings: Path) -> None:
    """A column that only looks like one that is read would be without effect, in silence."""
    text = "code,name,succesor,from,until\nH12,Cà Mau,,2025-07-01,\n"
    (settings.parent / "tables" / "agencies.csv").write_text(text)
    problems = run("check", "--settings", str(settings), "--json").json["problems"]
    assert 'Did you mean "successor"?' in {one["hint"] for one in problems}


@pytest.mark.parametrize("name", ["agency", "nobody"])
def test_only_a_peer_of_the_demo_can_be_taken_away(run: Run, name: str) -> None:
    """Said before anything is started, with those there are; exit 2."""
    ran = run("demo", "--exit", "--break", name)
    assert (ran.code, ran.out) == (2, "")
    assert "national_portal, onestop, insurance, tax, ioffice" in ran.err
    assert not Path(".lienthong").exists()


def test_check_does_not_name_a_secret(run: Run, settings: Path) -> None:
    """A password written into the file is refused and not repeated."""
    settings.write_text(SETTINGS.replace("${TRIAL_PORTAL_PASSWORD}", "hunter2-invented"))
    ran = run("check", "--settings", str(settings))
    assert ran.code == 2
    assert "password" in ran.out
    assert "hunter2-invented" not in ran.out + ran.err


def test_what_is_wrong_with_an_agency_is_told_with_its_line(run: Run, settings: Path) -> None:
    """A code and a group that no table has, and a right that there is not: each at its place."""
    lines = SETTINGS.count("\n")
    agency = '[[agency]]\nname = "Sở"\ncode = "H99.98"\nkey = "file:key"\nmay = ["dossier.follow"]\n'
    (settings.parent / "key").write_text("k" * 32)
    door = '[listen.intake]\naddress = "127.0.0.1:8443"\n'
    settings.write_text(f'{SETTINGS}{agency}procedures = ["insuranse"]\n{door}')
    found = run("check", "--settings", str(settings), "--json").json["problems"]
    told = {one["line"] - lines: one for one in found if "trial.toml" in one["file"]}
    assert "H99.98" in told[3]["what"]
    assert told[6]["hint"] == 'Did you mean "insurance"?'
    settings.write_text(f'{SETTINGS}{agency.replace("follow", "folow")}procedures = ["insurance"]\n')
    found = run("check", "--settings", str(settings), "--json").json["problems"]
    assert 'Did you mean "dossier.follow"?' in {one["hint"] for one in found}


def test_describe_agency_prints_its_settings(run: Run, settings: Path) -> None:
    """Every one, with what is said of it."""
    rows = run("describe", "agency", "--settings", str(settings), "--json").json["settings"]
    assert {"code", "key", "may", "procedures", "rate", "calls_back"} <= {row["key"] for row in rows}


def test_a_route_that_sends_to_nobody_is_found_though_a_secret_is_missing(run: Run, settings: Path) -> None:
    """Everything is looked at, whatever else is wrong: routes with their place and a guess."""
    (settings.parent / "routes").mkdir()
    (settings.parent / "routes" / "mine.toml").write_text(
        '[[flow]]\nname = "mine"\ntitle = "t"\n[[flow.leg]]\nname = "one"\n'
        'on = "onestop.dossier"\nsend = "portal.sync_recrod"\n'
    )
    settings.write_text(SETTINGS.replace("[retry]", '[routes]\noverlay = "routes"\n[retry]'))
    problems = run("check", "--settings", str(settings), "--json").json["problems"]
    assert any("TRIAL_PORTAL_PASSWORD is not set" in one["what"] for one in problems)
    route = next(one for one in problems if one["file"].endswith("mine.toml"))
    assert route["line"] == 7
    assert "sync_record" in route["hint"]


def test_a_route_on_what_the_tables_never_tell_is_found(run: Run, settings: Path) -> None:
    """The group is looked for in the installation's own table; file, line and column, exit 2."""
    (settings.parent / "tables" / "procedure_groups.csv").write_text(
        "group,procedure,from,until\nland,1.1,,\n"
    )
    (settings.parent / "routes").mkdir()
    (settings.parent / "routes" / "mine.toml").write_text(
        '[[flow]]\nname = "mine"\nwhen = { procedure_group = "land_tax" }\n[[flow.leg]]\nname = "one"\n'
        'on = "onestop.dossier"\nsend = "portal.sync_record"\n'
    )
    settings.write_text(SETTINGS.replace("[retry]", '[routes]\noverlay = "routes"\n[retry]'))
    ran = run("check", "--settings", str(settings), "--json")
    route = next(one for one in ran.json["problems"] if one["file"].endswith("mine.toml"))
    assert ran.code == 2
    assert (route["line"], route["column"]) == (3, 28)
    assert route["what"] == 'procedure_group is never "land_tax"'


BROKEN_FUNCTIONS = """\
from mappings.rules import PythonRule

RULES = {"shout": PythonRule(read=str.upper, write=str.upper, make=lambda _: "quiet")}
"""

BROKEN_SHEET = """\
[sheet]
name = "portal/withdrawal"
title = "Trial"
canonical = "Withdrawal"

rows = [
  { their = "MaHoSo", ours = "code", rule = "dossier_code", required = true },
  { their = "Ma", ours = "id", required = true },
  { their = "Ngay", ours = "asked_at", rule = "time yyyyMMddHHmmss", required = true },
  { their = "LyDo", ours = "reason", rule = "python shout" },
]
"""


def test_a_sheet_that_loses_something_on_the_way_is_found(
    run: Run, settings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rule whose two directions do not fit breaks in(out(x)) = x: the sheet, the field, exit 2."""
    monkeypatch.setenv("TRIAL_PORTAL_PASSWORD", "invented")
    own = settings.parent / "sheets" / "portal"
    own.mkdir(parents=True)
    (own / "functions.py").write_text(BROKEN_FUNCTIONS)
    (own / "withdrawal.toml").write_text(BROKEN_SHEET)
    settings.write_text(SETTINGS.replace("[retry]", '[mappings]\noverlay = "sheets"\n[retry]'))
    found = run("check", "--settings", str(settings), "--json").json
    laws = {law["sheet"]: law["holds"] for law in found["laws"]}
    assert laws.pop("portal/withdrawal") is False
    assert all(laws.values())
    broken = [one["what"] for one in found["problems"] if "law does not hold" in one["what"]]
    assert len(broken) == 1
    assert "portal/withdrawal.toml" in broken[0]
    assert "LyDo" in broken[0] or "reason" in broken[0]
