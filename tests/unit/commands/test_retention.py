"""`retention` on the command line: counted first, then removed, by the installation's own rules."""

import sqlite3
from pathlib import Path

from tests.unit.commands.conftest import Run
from tests.unit.commands.test_configuring import SETTINGS

RULES = '\n[retention]\nraw = "1 day"\nwords = "1 day"\n'


def _settings(ledger_file: Path, more: str) -> None:
    text = SETTINGS.replace('folder = "tables"', "") + more
    (ledger_file.parent / "settings.toml").write_text(text)


def test_nothing_that_is_not_over_is_counted_or_removed(run: Run, ledger_file: Path) -> None:
    """The dry run says the same as the removal, with its exact counts."""
    _settings(ledger_file, RULES)
    nothing = {"dossiers": 0, "rows": 0, "bytes": 0}
    ran = run("retention", "--dry-run", "--json")
    assert (ran.code, ran.json) == (0, {"dry_run": True, "removed": {"words": nothing, "raw": nothing}})
    ran = run("retention")
    assert ran.code == 0
    assert "bản gốc" in ran.out
    assert "account" in ran.err


def test_without_rules_everything_stays_and_that_is_said(run: Run, ledger_file: Path) -> None:
    """Wrong use: somebody believes that data go."""
    _settings(ledger_file, "")
    ran = run("retention", "--dry-run")
    assert ran.code == 2
    assert "[retention]" in ran.err


def test_words_may_not_outlive_contents(run: Run, ledger_file: Path) -> None:
    """They would be names of people whose dossiers have none any more."""
    _settings(ledger_file, '\n[retention]\ncontent = "1 day"\n')
    ran = run("check", "--settings", str(ledger_file.parent / "settings.toml"))
    assert ran.code == 2
    assert '"words"' in ran.out + ran.err


def test_who_removed_stands_in_the_log(run: Run, ledger_file: Path) -> None:
    """Nothing was due, so nothing is in it."""
    _settings(ledger_file, RULES)
    run("retention")
    rows = sqlite3.connect(ledger_file)
    assert rows.execute("SELECT count(*) FROM action").fetchone() == (0,)
    rows.close()
