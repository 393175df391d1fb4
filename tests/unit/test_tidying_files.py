"""Files that nothing refers to go, those that something does stay; copies; what a dossier's files weigh."""

import io
import os
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bus.errors import RejectedMessageError
from bus.file_backup import copy_files
from bus.file_limit import check_together, files_of
from bus.file_references import tidy, unreferenced
from bus.files import Decision, FileStore
from mappings.dossier import Document, Dossier, File, Result
from tests.stores import file_store

NOW = time.time()
WEEK = 7 * 86_400.0


def put(store: FileStore, content: bytes, *, days_ago: float = 0) -> str:
    """A stored file that was put so long ago."""
    digest = store.put(io.BytesIO(content)).hash
    path = store.folder / digest[:2] / digest
    os.utime(path, (NOW - days_ago * 86_400, NOW - days_ago * 86_400))
    return digest


def test_only_what_is_old_and_named_nowhere_goes(tmp_path: Path) -> None:
    """Named means: its hash stands in something kept, as a value, a link or "sha256:…"."""
    store = file_store(tmp_path / "files")
    named, linked, lost = (put(store, name, days_ago=8) for name in (b"1", b"2", b"3"))
    fresh = put(store, b"4", days_ago=6)
    kept = [f'{{"hash":"{named}"}}'.encode(), f"https://x/1.k1.20360101.{linked}.l.m/a.pdf".encode()]
    told = tidy(store, kept, older_than=WEEK, dry_run=True)
    assert (told.files, told.bytes) == ((lost,), 1)
    assert len(list(store.hashes())) == 4
    assert tidy(store, kept, older_than=WEEK, dry_run=False).files == (lost,)
    assert sorted(store.hashes()) == sorted((named, linked, fresh))
    assert tidy(store, kept, older_than=WEEK, dry_run=False).files == ()


def test_a_longer_row_of_digits_is_no_hash(tmp_path: Path) -> None:
    """Only 64 of them between others are one."""
    store = file_store(tmp_path / "files")
    lost = put(store, b"1", days_ago=8)
    assert unreferenced(store, [f"a{lost}".encode(), f"{lost}0".encode()], NOW - WEEK) == {lost}


def test_a_file_that_is_put_again_meanwhile_stays(tmp_path: Path) -> None:
    """Whoever put it is about to keep the message that names it."""
    store = file_store(tmp_path / "files")
    digest = put(store, b"1", days_ago=8)
    store.put(io.BytesIO(b"1"))
    assert store.drop(digest, NOW - WEEK) is None
    assert store.is_sound(digest)


def test_a_drop_that_a_crash_cut_off_is_undone_at_the_next_start(tmp_path: Path) -> None:
    """Nothing is lost between two names."""
    store = file_store(tmp_path / "files")
    digest = put(store, b"1", days_ago=8)
    (store.folder / digest[:2] / digest).rename(store.folder / f".dropped-{digest}")
    assert digest not in store
    store.prepare()
    assert store.is_sound(digest)


def test_a_copy_has_every_file_and_decision_and_goes_on_where_it_was(tmp_path: Path) -> None:
    """Only what is new is copied again; a damaged file is named and never passes for sound."""
    store = file_store(tmp_path / "files")
    one, two, bad = (put(store, name) for name in (b"1", b"2", b"3"))
    damaged = store.folder / bad[:2] / bad
    damaged.chmod(0o600)
    damaged.write_bytes(b"?")
    store.decide(Decision("withdrawn", one, "ai", "nhầm", _at()))
    first = copy_files(store.folder, tmp_path / "copy")
    assert (first.files, first.bytes, first.there, first.damaged) == (2, 2, 0, (bad,))
    store.decide(Decision("restored", one, "ai", "đúng", _at()))
    again = copy_files(store.folder, tmp_path / "copy")
    assert (again.files, again.there) == (0, 2)
    copy = FileStore(tmp_path / "copy", limit=1)
    assert sorted(copy.hashes()) == sorted((one, two))
    assert not copy.withdrawn(one, "A" * 43)
    assert (copy.folder / "withdrawn" / "history").read_text().count("nhầm") == 1


def test_all_files_of_a_dossier_are_weighed_together() -> None:
    """At any depth, each content once; what brings nothing new passes though the limit was lowered."""
    held = Dossier(documents=(Document(id="1", name="a", file=_file("1", 60)),))
    more = Dossier(results=(Result(name="b", file=_file("2", 50)),), documents=held.documents)
    assert [file.size for file in files_of(more)] == [60, 50]
    check_together(more, files_of(held), 110)
    with pytest.raises(RejectedMessageError, match="110 byte, vượt quá 109 byte"):
        check_together(more, files_of(held), 109)
    check_together(held, files_of(held), 10)


def _file(letter: str, size: int) -> File:
    return File(hash=letter * 64, size=size, media_type="application/pdf", name="a.pdf")


def _at() -> datetime:
    return datetime.now(UTC)
