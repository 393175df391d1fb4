"""Scanning: what a real server speaking clamd's protocol says decides whether a file is kept."""

import io
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from bus.errors import RejectedMessageError, UnavailableError
from bus.files import FileStore
from bus.scanning import PIECE, Clamd
from bus.settings import ScannerUrl
from tests.clamd import FINDS, clamd
from tests.clamd import Clamd as Server


@pytest.fixture
def server() -> Iterator[Server]:
    """A clamd."""
    with clamd() as one:
        yield one


@pytest.fixture
def store(server: Server, tmp_path: Path) -> FileStore:
    """A store whose files go through it."""
    made = FileStore(tmp_path / "files", limit=10_000_000, scanner=Clamd(ScannerUrl(server.address)))
    made.prepare()
    return made


def test_a_file_goes_through_the_scanner_before_it_is_kept(server: Server, store: FileStore) -> None:
    """Every byte of it, in pieces."""
    content = os.urandom(2 * PIECE + 17)
    stored = store.put(io.BytesIO(content))
    assert server.taken == [content]
    assert stored.hash in store


def test_a_malicious_file_is_refused_with_what_was_found(server: Server, store: FileStore) -> None:
    """Nothing of it stays."""
    with pytest.raises(RejectedMessageError, match=r"mã độc \(Thu.Nghiem-1\)"):
        store.put(io.BytesIO(b"%PDF" + FINDS))
    assert [path for path in store.folder.rglob("*") if path.is_file()] == []
    assert len(server.taken) == 1


def test_a_file_that_the_scanner_takes_only_in_part_is_refused(server: Server, store: FileStore) -> None:
    """What nobody looked at to its end is not kept; the reason names the scanner's setting."""
    server.most = PIECE
    with pytest.raises(RejectedMessageError, match="StreamMaxLength"):
        store.put(io.BytesIO(bytes(9_000_000)))
    assert list(store.hashes()) == []


@pytest.mark.parametrize("says", [b"stream: Can't allocate memory ERROR", b"UNKNOWN COMMAND", b"\xff"])
def test_an_answer_that_is_no_judgement_keeps_nothing_and_asks_again_later(
    says: bytes, server: Server, store: FileStore
) -> None:
    """Neither clean nor malicious."""
    server.says = says
    with pytest.raises(UnavailableError, match="answers"):
        store.put(io.BytesIO(b"%PDF"))
    assert list(store.hashes()) == []


def test_without_the_scanner_nothing_is_kept(tmp_path: Path) -> None:
    """A sender is asked to come again: unseen files do not slip in while it restarts."""
    for address in ("tcp://127.0.0.1:9", f"unix:{tmp_path}/no.ctl"):
        store = FileStore(tmp_path / "files", limit=100, scanner=Clamd(ScannerUrl(address), seconds=1))
        store.prepare()
        with pytest.raises(UnavailableError, match="cannot be asked"):
            store.put(io.BytesIO(b"%PDF"))
        assert list(store.hashes()) == []


def test_a_package_that_only_holds_files_is_not_scanned_itself(server: Server, store: FileStore) -> None:
    """Its files are, one by one."""
    store.keep(io.BytesIO(FINDS), name="a.edxml", limit=1000)
    assert server.taken == []


@pytest.mark.parametrize(
    "wrong", ["http://h:1", "tcp://h", "tcp://h:1/x", "unix:run/x", "127.0.0.1:3310", "tcp://h:1 "]
)
def test_an_address_of_another_form_is_no_setting(wrong: str) -> None:
    """With the right form in the sentence."""
    with pytest.raises(ValueError, match="tcp://"):
        ScannerUrl(wrong)
