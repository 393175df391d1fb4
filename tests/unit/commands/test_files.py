"""What people do about stored files from the command line."""

import asyncio
import base64
import hashlib
import io
import os
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import select

from adapters.ioffice.edxml.outline import keep_once
from bus.files import FileStore
from bus.ledger import schema
from bus.ledger.ledger import Ledger
from bus.ledger.store import Store
from bus.links import LinkKey, Links, parts_of
from mappings.dossier import File
from tests.integration.ledger.conftest import keep_of, merge, plan
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


def _packaged(store: FileStore, ledger_file: Path) -> bytes:
    """A package that a message names, and that the store has as an outline."""
    scan = bytes(range(256)) * 30
    put = store.put([scan], limit=10_000)
    file = File(hash=put.hash, size=put.size, media_type=put.media_type, name="don.pdf")
    package = b"<edXML><c>" + base64.b64encode(scan) + b"</c></edXML>"
    one = keep_once(io.BytesIO(package), store, [file], name="goi.edxml", most=20_000)
    raw = f'<Package package="{one.whole}" outline="{one.outline}"><FileId>{put.hash}</FileId></Package>'
    ledger = Ledger(Store(f"sqlite:///{ledger_file}"), plan, merge)
    message = keep_of("agency.dossier", "p1", {"agency.H12.09": "H12.09-260415-0001"}, raw=raw.encode())
    asyncio.run(ledger.keep(message))
    ledger.close()
    return package


def test_a_package_is_written_as_it_came_and_whoever_reads_it_is_recorded(
    run: Run, store: FileStore, ledger_file: Path, tmp_path: Path
) -> None:
    """By the hash that its sender has and a day's list shows; for its owner alone, never over a file."""
    package = _packaged(store, ledger_file)
    digest = hashlib.sha256(package).hexdigest()
    assert digest not in store
    ran = run("files", "package", digest, "goi.edxml", "--reason", "disputed", "--json")
    assert ran.json == {"ok": True, "package": digest, "bytes": len(package), "file": "goi.edxml"}
    written = tmp_path / "goi.edxml"
    assert written.read_bytes() == package
    assert written.stat().st_mode & 0o077 == 0
    assert run("files", "package", digest, "goi.edxml", "--reason", "again").code == 2
    assert run("files", "package", HASH, "whole", "--reason", "kept whole").code == 0
    assert (tmp_path / "whole").read_bytes() == CONTENT
    ledger = Store(f"sqlite:///{ledger_file}", serve=False)
    with ledger.read() as tx:
        found = [(one.what, one.subject, one.reason) for one in tx.execute(select(schema.action))]
    ledger.close()
    assert ("reveal", f"package {digest}", "disputed") in found


def test_nothing_that_a_package_is_made_of_is_tidied_away(
    run: Run, store: FileStore, ledger_file: Path
) -> None:
    """The message names the outline as well as the files."""
    package = _packaged(store, ledger_file)
    for digest in store.hashes():
        os.utime(store.folder / digest[:2] / digest, (1e9, 1e9))
    assert run("files", "tidy", "--json").json["files"] == [HASH]
    digest = hashlib.sha256(package).hexdigest()
    assert run("files", "package", digest, "goi.edxml", "--reason", "x").code == 0


def test_a_package_that_is_not_there_or_spoilt_is_said_and_no_file_is_left(
    run: Run, store: FileStore, ledger_file: Path, tmp_path: Path
) -> None:
    """Nobody's hash, no hash, a file of it that is gone or has turned: each its own sentence."""
    package = _packaged(store, ledger_file)
    digest = hashlib.sha256(package).hexdigest()
    assert run("files", "package", "0" * 64, "goi.edxml", "--reason", "x", "--json").json["ok"] is False
    assert run("files", "package", "x", "goi.edxml", "--reason", "x").code == 2
    scan = hashlib.sha256(bytes(range(256)) * 30).hexdigest()
    file = store.folder / scan[:2] / scan
    file.chmod(0o600)
    file.write_bytes(bytes(range(255, -1, -1)) * 30)
    ran = run("files", "package", digest, "goi.edxml", "--reason", "x")
    assert (ran.code, "damaged" in ran.err) == (1, True)
    file.unlink()
    assert run("files", "package", digest, "goi.edxml", "--reason", "x").code == 1
    assert not list(tmp_path.glob("goi.edxml*"))
