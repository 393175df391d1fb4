"""What people do about stored files from the command line."""

import hashlib
import io
import os
from datetime import date
from pathlib import Path

import pytest

from bus.files import FileStore
from bus.links import LinkKey, Links, parts_of
from mappings.dossier import File
from tests.unit.commands.conftest import Run
from tests.unit.commands.test_configuring import SETTINGS

CONTENT = b"%PDF-1.4\n%%EOF"
HASH = hashlib.sha256(CONTENT).hexdigest()
LINK = Links("https://tep.example/files", (LinkKey("k1", b"k" * 32),), 3e8).url(
    File(hash=HASH, size=len(CONTENT), media_type="application/pdf", name="Đơn.pdf"), date(2036, 12, 31)
)


@pytest.fixture
def store(tmp_path: Path, ledger_file: Path) -> FileStore:
    """An installation in its own folder, with one stored file."""
    text = SETTINGS.replace('folder = "tables"', "").replace("[broker]", 'data = "."\n[broker]')
    (ledger_file.parent / "settings.toml").write_text(text)
    made = FileStore(ledger_file.parent / "files", limit=1000)
    made.prepare()
    made.put(io.BytesIO(CONTENT))
    return made


def test_a_link_is_withdrawn_and_restored_with_who_and_why(run: Run, store: FileStore) -> None:
    """That name of the file alone, found by the link's text; the decision stands in the history."""
    mark = (parts_of(LINK) or ("", ""))[1]
    assert run("files", "withdraw", LINK, "--reason", "wrong file").code == 0
    assert store.withdrawn(HASH, mark)
    assert not store.withdrawn(HASH, "A" * 43)
    assert run("files", "restore", LINK, "--reason", "right after all", "--json").json["restored"] == HASH
    assert not store.withdrawn(HASH, mark)
    history = (store.folder / "withdrawn" / "history").read_text()
    assert "wrong file" in history
    assert "right after all" in history


def test_all_links_to_a_file_are_withdrawn_by_its_hash(run: Run, store: FileStore) -> None:
    """Any link to that content."""
    assert "all links" in run("files", "withdraw", HASH, "--reason", "x").err
    assert store.withdrawn(HASH, "A" * 43)


def test_what_is_not_there_is_said(run: Run, store: FileStore) -> None:
    """Another hash, nothing withdrawn, neither link nor hash: exit 1, 1 and 2, each with its sentence."""
    assert run("files", "withdraw", "0" * 64, "--reason", "x").code == 1
    assert run("files", "restore", HASH, "--reason", "x", "--json").json["ok"] is False
    ran = run("files", "withdraw", "https://tep.example/files/x", "--reason", "x")
    assert ran.code == 2
    assert "neither a link of ours" in ran.err
    assert run("files", "withdraw", HASH).code == 2


def test_a_damaged_file_is_found_and_named(run: Run, store: FileStore) -> None:
    """Every byte is read; a bit that turned is exit 1 with the path."""
    assert run("files", "verify", "--json").json == {"ok": True, "files": 1, "damaged": []}
    file = store.folder / HASH[:2] / HASH
    file.chmod(0o600)
    file.write_bytes(CONTENT.replace(b"4", b"5"))
    ran = run("files", "verify", "--json")
    assert (ran.code, ran.json["damaged"]) == (1, [HASH])
    assert str(file.relative_to(store.folder.parent)) in ran.err


def test_an_installation_without_a_store_is_told_apart_from_an_empty_one(run: Run, ledger_file: Path) -> None:
    """Nothing is made by looking."""
    assert run("files", "verify").code == 2
    assert not (ledger_file.parent / "files").exists()


def test_what_no_message_names_is_taken_away_and_first_only_told(run: Run, store: FileStore) -> None:
    """The ledger is read, beside a running `serve` too; what was put of late stays."""
    assert run("files", "tidy", "--json").json["files"] == []
    os.utime(store.folder / HASH[:2] / HASH, (1e9, 1e9))
    told = run("files", "tidy", "--dry-run", "--json")
    assert told.json == {"ok": True, "files": [HASH], "bytes": len(CONTENT), "dry_run": True}
    assert HASH in store
    assert "1 files of 14 bytes taken away" in run("files", "tidy").err
    assert HASH not in store
