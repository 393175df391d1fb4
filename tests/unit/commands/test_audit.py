"""`audit`: the log of actions proved whole on the command line, against a head and a backup as well."""

import sqlite3
from pathlib import Path

from tests.unit.commands.conftest import PORTAL, Run


def _cut(ledger_file: Path, *statements: str) -> None:
    """Change the file as whoever owns it can."""
    connection = sqlite3.connect(ledger_file)
    for statement in ("DROP TRIGGER action_unchanged", "DROP TRIGGER action_unremoved", *statements):
        connection.execute(statement)
    connection.commit()
    connection.close()


def test_a_whole_log_is_told_with_its_head(run: Run, ledger_file: Path) -> None:
    """The head is the same that `audit head` prints, and it proves itself."""
    assert run("hold", PORTAL, "--reason", "gọi").code == 0
    head = run("audit", "head").out.strip()
    ran = run("audit", "verify", "--head", head, "--json")
    assert (ran.code, ran.json) == (0, {"ok": True, "rows": 1, "head": head})
    assert run("audit", "head", "--json").json["head"] == head


def test_a_changed_row_is_named_with_its_time(run: Run, ledger_file: Path) -> None:
    """Exit 1; the row, when it was written, and where to read on."""
    run("hold", PORTAL, "--reason", "gọi")
    run("release", PORTAL)
    _cut(ledger_file, "UPDATE action SET who = 'ai khác' WHERE id = 1")
    ran = run("audit", "verify", "--json")
    assert ran.code == 1
    assert ran.json["broken"]["row"] == 1
    assert ran.json["broken"]["at"].endswith("+07:00")
    assert "LienThongActionLogBroken" in ran.err
    assert "BROKEN" in run("audit", "verify").err


def test_a_cut_end_is_found_by_the_head_of_a_backup(run: Run, ledger_file: Path, tmp_path: Path) -> None:
    """A backup has the head as it was; without one the rest looks whole."""
    run("hold", PORTAL, "--reason", "gọi")
    run("release", PORTAL)
    assert run("backup", str(tmp_path / "copies")).code == 0
    (here,) = (tmp_path / "copies").glob("2*")
    assert run("audit", "verify", "--head", str(here)).code == 0
    _cut(ledger_file, "DELETE FROM action WHERE id = 2")
    assert run("audit", "verify").code == 0
    ran = run("audit", "verify", "--head", str(here), "--json")
    assert (ran.code, ran.json["broken"]["row"]) == (1, 2)


def test_what_is_no_head_is_wrong_use(run: Run, ledger_file: Path) -> None:
    """Said in a sentence."""
    ran = run("audit", "verify", "--head", "12")
    assert ran.code == 2
    assert "audit head" in ran.err
