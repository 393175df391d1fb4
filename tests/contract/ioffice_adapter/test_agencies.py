"""Which agencies the axis knows, in both profiles, and which of ours it does not."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from bus.files import FileStore
from bus.peer_settings import Timeout
from bus.settings import Seconds
from bus.views import ListedAgency, ListsAgencies
from commands.connector_agencies import compared
from commands.parts import TABLES
from mappings.tables import load
from tests.contract.ioffice_adapter.axes import Connect, adapter, simulator
from tests.contract.strict_axis import StrictAxis
from tests.unit.commands.conftest import Run, run

__all__ = ["run"]

pytestmark = pytest.mark.contract
DAY = date(2026, 11, 25)
SETTINGS = """\
[installation]
name = "trial"
agency = "H12"
environment = "rehearsal"

[broker]
url = "amqp://127.0.0.1:5672/trial"

[connector.axis]
type = "ioffice"
endpoint = "{url}"
profile = "{profile}"
system_id = "H12"
secret = "${{TRIAL_AXIS_SECRET}}"
"""


@pytest.fixture(scope="module")
def axis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The simulated axis with two agencies that are not its units; its address."""
    folder = tmp_path_factory.mktemp("axis")
    with listing(folder, "H12.01=Sở Xây dựng\n000.00.09.H12=Sở Giáo dục") as (url, _):
        yield url


def listing(folder: Path, agencies: str) -> AbstractContextManager[tuple[str, str]]:
    """A simulated axis that lists these, CODE=NAME a line, beside its unit and one of the government."""
    (folder / "agencies").write_text(agencies, encoding="utf-8")
    options = ("--system", "H12", "--units", "H12", "--agencies", str(folder / "agencies"))
    return simulator(folder / "sim", *options)


@pytest.fixture
def settings(axis: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, profile: str) -> Path:
    """An installation joined to it."""
    monkeypatch.setenv("TRIAL_AXIS_SECRET", "bi-mat-truc")
    file = tmp_path / "trial.toml"
    url = f"{axis}/edoc" if profile == "soap" else axis
    file.write_text(SETTINGS.format(url=url, profile=profile))
    return file


@pytest.mark.parametrize("profile", ["vxp", "soap"])
def test_the_command_names_agencies_of_ours_that_the_axis_does_not_know(run: Run, settings: Path) -> None:
    """Exit 1, each with its name; what it knows by an old code alone stands by itself."""
    ran = run("connector", "agencies", "axis", "--settings", str(settings), "--json")
    told = ran.json
    assert (ran.code, told["ok"], told["listed"]) == (1, False, 4)
    assert told["ours"] - len(told["lacking"]) == 3
    assert list(told["by_old_code"]) == ["H12.09"]
    assert "H12.06" in told["lacking"]
    said = run("connector", "agencies", "axis", "--settings", str(settings)).out
    assert "3 of our" in said
    assert "H12.06  Sở Nông nghiệp" in said


@pytest.mark.parametrize("profile", ["vxp"])
def test_who_lists_no_agencies_and_who_cannot_be_asked_is_said(
    run: Run, settings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another type of system is wrong use; an axis that does not let us in needs somebody."""
    monkeypatch.setenv("TRIAL_AXIS_SECRET", "sai")
    ran = run("connector", "agencies", "axis", "--settings", str(settings), "--json")
    assert (ran.code, ran.json["ok"]) == (1, False)
    assert "secret" in ran.json["error"]
    portal = '[connector.portal]\ntype = "national_portal"\nadapter_url = "http://127.0.0.1:1/f"\n'
    portal += 'madonvi = "H12"\nusername = "H12"\npassword = "${TRIAL_AXIS_SECRET}"\n'
    settings.write_text(settings.read_text() + portal)
    ran = run("connector", "agencies", "portal", "--settings", str(settings))
    assert (ran.code, "lists no agencies" in ran.err) == (2, True)


def test_the_vxp_profile_tells_old_codes_too(peer: StrictAxis, connect: Connect) -> None:
    """By getAgenciesList (reference 5.1); a row without a code is none."""
    row: dict[str, Any] = {
        "id": 1,
        "pid": 0,
        "code": "H12.09",
        "name": "Sở GDĐT",
        "mail": "",
        "oldCode": None,
    }
    peer.agencies = [row, {**row, "oldCode": "000.00.09.H12"}, {**row, "code": ""}]
    one = connect()
    assert isinstance(one, ListsAgencies)
    assert one.agencies() == [
        ListedAgency("H12.09", "", "Sở GDĐT"),
        ListedAgency("H12.09", "000.00.09.H12", "Sở GDĐT"),
    ]


@pytest.mark.parametrize("profile", ["vxp", "soap"])
def test_a_catalogue_of_the_size_that_was_seen_is_read(
    tmp_path: Path, files: FileStore, profile: str
) -> None:
    """120,000 agencies (reference 6) in one answer."""
    known = "\n".join(f"H12.{number:06d}=Ủy ban nhân dân xã số {number}" for number in range(120_000))
    with listing(tmp_path, known) as (url, _):
        address = f"{url}/edoc" if profile == "soap" else url
        patient = Timeout(answer=Seconds("60 seconds"))
        one = adapter(address, files, secret="bi-mat-truc", system_id="H12", profile=profile, timeout=patient)
        assert len(one.agencies()) == 120_002
        one.close()


def test_an_agency_counts_as_known_by_either_of_its_codes() -> None:
    """Ours by a peer's old code, and the other way round; abolished ones are not missed."""
    table = load([TABLES])["agencies"]
    ours = {row["code"]: row for row in table.rows(DAY)}
    every = [ListedAgency(code) for code in ours]
    assert compared(table, every, DAY).lacking == {}
    old = [ListedAgency(row["old_code"]) for row in ours.values()]
    both = compared(table, old, DAY)
    assert (both.lacking, set(both.by_old_code)) == ({}, set(ours))
    swapped = [ListedAgency(row["old_code"], row["code"]) for row in ours.values()]
    assert compared(table, swapped, DAY).by_old_code == {}
    assert compared(table, [], DAY).lacking.keys() == ours.keys()
