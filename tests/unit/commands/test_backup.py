"""`backup` and `restore`: from the command line, to the sentence that says what to do next."""

import shutil
from pathlib import Path

import pytest

from bus.ledger.ledger import read_only
from bus.ledger.read import account
from tests.unit.commands.conftest import Run


def _settings(folder: Path) -> Path:
    """An installation whose data lie in `folder`."""
    file = folder / "settings.toml"
    file.write_text(
        '[installation]\nname = "thu"\nagency = "H12"\nenvironment = "rehearsal"\ndata = "data"\n'
        '[broker]\nurl = "amqp://u@127.0.0.1:1/v"\n'
        '[connector.onestop]\ntype = "onestop"\nmode = "observe"\nurl = "http://127.0.0.1:1"\n'
        'token_url = "http://127.0.0.1:1/t"\nclient_id = "x"\nclient_secret = "${X_SECRET}"\n'
        'webhook = { secret = "${X_SECRET}" }\n'
    )
    return file


@pytest.fixture
def settings(tmp_path: Path, ledger_file: Path) -> Path:
    """An installation with a ledger in which something was done."""
    (tmp_path / "data").mkdir(exist_ok=True)
    shutil.copyfile(ledger_file, tmp_path / "data" / "ledger.db")
    return _settings(tmp_path)


def test_a_backup_is_restored_into_an_empty_place(run: Run, settings: Path, tmp_path: Path) -> None:
    """The same account; what was open is to be asked about; over a ledger that is there nothing is done."""
    ledger = tmp_path / "data" / "ledger.db"
    before = read_only(f"sqlite:///{ledger}", account)
    made = run("backup", str(tmp_path / "backups"), "--settings", str(settings), "--json")
    assert made.code == 0, made.err
    again = run("restore", made.json["backup"], "--settings", str(settings))
    assert (again.code, "there is a ledger already" in again.err) == (1, True)
    ledger.unlink()
    ran = run("restore", made.json["backup"], "--settings", str(settings), "--json")
    assert ran.code == 0, ran.err
    assert ran.json["epoch"] == 1
    after = read_only(f"sqlite:///{ledger}", account)
    assert after.messages == before.messages
    assert after.states["delivered"] == before.states["delivered"]
    assert after.unaccounted == 0
    assert "asked before anything is sent" in ran.err


def test_a_copy_that_was_touched_is_not_restored(run: Run, settings: Path, tmp_path: Path) -> None:
    """Its hash stands in the backup's sheet."""
    made = run("backup", str(tmp_path / "backups"), "--settings", str(settings), "--json")
    copy = Path(made.json["backup"]) / "ledger.db"
    copy.write_bytes(copy.read_bytes() + b"\0")
    (tmp_path / "data" / "ledger.db").unlink()
    ran = run("restore", made.json["backup"], "--settings", str(settings))
    assert ran.code == 1
    assert "not the copy" in ran.err
    assert not (tmp_path / "data" / "ledger.db").exists()


def test_what_is_no_backup_is_said(run: Run, settings: Path, tmp_path: Path) -> None:
    """A folder without its sheet, and a sheet that is none."""
    (tmp_path / "backup.json").write_text("{}")
    for folder in (tmp_path / "nowhere", tmp_path):
        ran = run("restore", str(folder), "--settings", str(settings))
        assert ran.code == 1
        assert "backup.json" in ran.err
