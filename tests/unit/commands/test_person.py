"""`person`: letting people into the console from the command line."""

import io
import sys
from pathlib import Path

import pytest

from tests.unit.commands.conftest import Run

PASSWORD = "một câu dài dễ nhớ"


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A password comes on standard input."""
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{PASSWORD}\n"))


@pytest.mark.usefixtures("typed")
def test_a_person_is_let_in_listed_and_taken_out(run: Run, ledger_file: Path) -> None:
    """The password is nowhere to be seen; who is out stays in the list."""
    assert run("person", "add", "binh", "--name", "Trần Thị Bình", "--role", "approver").code == 0
    listed = run("person", "list", "--json")
    assert listed.json["people"] == [
        {"login": "binh", "name": "Trần Thị Bình", "role": "approver", "is_active": True}
    ]
    assert run("person", "out", "binh").code == 0
    assert run("person", "list", "--json").json["people"][0]["is_active"] is False
    assert PASSWORD not in run("person", "list").out


def test_everything_that_is_wrong_is_said_at_once(
    run: Run, ledger_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No name, too short, no such role: exit 2, nothing written."""
    monkeypatch.setattr(sys, "stdin", io.StringIO("ngắn\n"))
    ran = run("person", "add", "Bình Trần", "--role", "boss")
    assert ran.code == 2
    assert "no name to sign in with" in ran.err
    assert "shorter than 12" in ran.err
    assert 'no role "boss"' in ran.err
    assert run("person", "list", "--json").json["people"] == []


def test_taking_out_nobody_is_said(run: Run, ledger_file: Path) -> None:
    """Exit 1 and where to look."""
    ran = run("person", "out", "ai-do")
    assert ran.code == 1
    assert "person list" in ran.err
