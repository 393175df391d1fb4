"""The file store: one file a content, all of it or nothing, in little memory, through crashes."""

import errno
import hashlib
import io
import os
import signal
import subprocess
import sys
import threading
import time
import unicodedata
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import msgspec
import pytest

from bus.errors import RejectedMessageError, UnavailableError
from bus.files import ABANDONED, Decision, FileStore
from bus.media_types import OTHER
from bus.ports import Attachment
from mappings.dossier import File

ROOT = Path(__file__).resolve().parents[2]
PDF = b"%PDF-1.4\n%%EOF\n"
LINK = "A" * 43


def digest(content: bytes) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def store(tmp_path: Path) -> FileStore:
    """An empty store that takes 1000 bytes."""
    made = FileStore(tmp_path / "files", limit=1000)
    made.prepare()
    return made


def everything(store: FileStore) -> list[str]:
    """Every file below the store's folder."""
    return sorted(str(file.relative_to(store.folder)) for file in store.folder.rglob("*") if file.is_file())


def test_a_file_is_stored_under_its_content_once(store: FileStore) -> None:
    """Put twice, from a stream and from pieces: one file, readable by its hash, read-only."""
    first = store.put(io.BytesIO(PDF))
    second = store.put(iter([PDF[:5], b"", PDF[5:]]), expect=digest(PDF))
    assert first == second
    assert (first.hash, first.size, first.media_type) == (digest(PDF), len(PDF), "application/pdf")
    assert everything(store) == [f"{first.hash[:2]}/{first.hash}"]
    with store.open(first.hash) as file:
        assert file.read() == PDF
    assert (store.folder / first.hash[:2] / first.hash).stat().st_mode & 0o777 == 0o440
    assert list(store.hashes()) == [first.hash]


def test_an_adapter_keeps_a_file_under_a_safe_name(store: FileStore) -> None:
    """Its type is told by its bytes; what the sender declares counts only where they tell none."""
    name = unicodedata.normalize("NFD", "c:\\Giấy khai sinh.pdf")
    told = store.keep(io.BytesIO(PDF), name=name, media_type="text/html")
    assert told == File(hash=digest(PDF), size=15, media_type="application/pdf", name="Giấy khai sinh.pdf")
    declared = store.keep(io.BytesIO(b"\x00\x01"), name="", media_type="application/pkcs7-signature")
    assert (declared.media_type, declared.name) == ("application/pkcs7-signature", "tep")
    for claim in ("text/html", "image/svg+xml", "application/pdf\r\nX: y", "application/vnd.x y"):
        assert store.keep(io.BytesIO(b"<html>"), name="a", media_type=claim).media_type == OTHER


@pytest.mark.parametrize(
    ("content", "expect", "why"),
    [(b"x" * 1001, "", "lớn hơn 1000 byte"), (PDF, "0" * 64, "mã băm")],
)
def test_what_is_refused_leaves_nothing(store: FileStore, content: bytes, expect: str, why: str) -> None:
    """Over the limit, or other bytes than were promised: the reason, and an empty folder."""
    with pytest.raises(RejectedMessageError, match=why):
        store.put(io.BytesIO(content), expect=expect)
    assert everything(store) == []


def test_a_stream_over_the_limit_is_not_read_to_its_end(store: FileStore) -> None:
    """An endless source ends at the limit."""

    def endless() -> Iterator[bytes]:
        while True:
            yield b"x" * 400

    with pytest.raises(RejectedMessageError):
        store.put(endless())


def test_all_wrong_attachments_are_named_at_once(store: FileStore) -> None:
    """Each by the sender's own path; the sound one beside them is stored, which harms nobody."""
    attachments = [
        Attachment(digest(content), path, partial(io.BytesIO, sent))
        for path, content, sent in (("a/0", PDF, PDF), ("a/1", PDF, b"other"), ("a/2", b"", b"y" * 2000))
    ]
    with pytest.raises(RejectedMessageError) as caught:
        store.take(attachments)
    assert [str(each)[:4] for each in caught.value.problems] == ["a/1:", "a/2:"]
    assert digest(PDF) in store


def test_a_source_that_fails_is_the_source_s_failure(store: FileStore) -> None:
    """A peer's broken connection is an OSError too, and none of the store's."""

    def broken() -> Iterator[bytes]:
        yield PDF
        raise ConnectionResetError("the peer has gone")

    with pytest.raises(ConnectionResetError):
        store.put(broken())
    assert everything(store) == []


def test_a_full_disk_is_told_so_that_the_sender_comes_again(
    store: FileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is half kept: no name, no part, and a hint when to come again."""

    def full(_handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UnavailableError, match="No space left") as caught:
        store.put(io.BytesIO(PDF))
    assert caught.value.retry_after == 300.0
    assert everything(store) == []


def test_no_name_is_given_before_the_bytes_are_on_disk(
    store: FileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The order that a crash of the machine depends on: bytes, name, folder."""
    done: list[str] = []
    fsync, replace = os.fsync, Path.replace

    def synced(handle: int) -> None:
        done.append("folder" if os.path.isdir(f"/proc/self/fd/{handle}") else "bytes")  # noqa: PTH112  a link
        fsync(handle)

    def renamed(path: Path, target: Path) -> Path:
        done.append("name")
        return replace(path, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "replace", renamed)
    store.put(io.BytesIO(PDF))
    assert done == ["folder", "bytes", "name", "folder"]


def test_a_file_gone_bad_is_noticed_and_mended_by_the_next_that_comes(store: FileStore) -> None:
    """A put writes over what is there: the same content, or better."""
    stored = store.put(io.BytesIO(PDF))
    file = store.folder / stored.hash[:2] / stored.hash
    file.chmod(0o600)
    file.write_bytes(b"%PDX-1.4\n%%EOF\n")
    assert not store.is_sound(stored.hash)
    store.put(io.BytesIO(PDF))
    assert store.is_sound(stored.hash)


@pytest.mark.parametrize("name", ["..", "../x", "", "A" * 64, f"{'0' * 64}\n", "/etc/passwd"])
def test_only_a_hash_is_ever_looked_up(store: FileStore, name: str) -> None:
    """No text from outside becomes part of a path."""
    with pytest.raises(FileNotFoundError):
        store.open(name)
    with pytest.raises(FileNotFoundError):
        store.withdrawn("0" * 64, name or "x")


def test_a_withdrawal_outlives_the_process_and_can_be_taken_back(store: FileStore) -> None:
    """One link or all links to a content; another store on the same folder sees it at once."""
    again = FileStore(store.folder, limit=1)
    store.put(io.BytesIO(PDF))
    for link in ("", LINK):
        withdrawn = Decision("withdrawn", digest(PDF), "an", "nhầm tệp", datetime.now(UTC), link=link)
        restored = Decision("restored", digest(PDF), "binh", "đúng rồi", datetime.now(UTC), link=link)
        store.decide(withdrawn)
        store.decide(withdrawn)
        assert again.withdrawn(digest(PDF), LINK)
        assert again.withdrawn(digest(PDF), "B" * 43) is (link == "")
        assert not again.withdrawn(digest(b""), LINK)
        again.decide(restored)
        assert not store.withdrawn(digest(PDF), LINK)
    lines = (store.folder / "withdrawn" / "history").read_bytes().splitlines()
    told = [msgspec.json.decode(line, type=Decision) for line in lines]
    assert [each.what for each in told] == ["withdrawn", "withdrawn", "restored"] * 2
    assert told[-1] == restored


def test_nothing_is_decided_about_what_is_not_there(store: FileStore) -> None:
    """A hash that is no file's, and a withdrawal that never was."""
    for what in ("withdrawn", "restored"):
        with pytest.raises(FileNotFoundError):
            store.decide(Decision(what, digest(b"never"), "an", "", datetime.now(UTC)))
    assert everything(store) == []


def test_many_at_once_put_the_same_file(store: FileStore) -> None:
    """Threads that store one content at the same time leave one sound file."""
    threads = [threading.Thread(target=store.put, args=(io.BytesIO(PDF),)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert everything(store) == [f"{digest(PDF)[:2]}/{digest(PDF)}"]
    assert store.is_sound(digest(PDF))


_SLOW = """
import sys
from pathlib import Path
from bus.files import FileStore
store = FileStore(Path(sys.argv[1]), limit=10**9)
store.prepare()
def pieces():
    yield b"x" * 1_000_000
    print("half", flush=True)
    sys.stdin.read()
store.put(pieces())
"""


def test_a_crash_in_the_middle_leaves_no_file(tmp_path: Path) -> None:
    """Kill -9 while a file comes in: a part that nobody takes for a file, gone at a later start."""
    child = subprocess.Popen(  # noqa: S603  our own code
        [sys.executable, "-c", _SLOW, str(tmp_path)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdin
    assert child.stdout
    with child, child.stdin, child.stdout:
        assert child.stdout.readline() == "half\n"
        child.send_signal(signal.SIGKILL)
        child.wait(10)
    store = FileStore(tmp_path, limit=1000)
    (part,) = everything(store)
    assert part.startswith(".part-")
    assert list(store.hashes()) == []
    store.prepare()
    assert everything(store) == [part], "another process may be writing it now"
    old = time.time() - ABANDONED - 60
    os.utime(tmp_path / part, (old, old))
    store.prepare()
    assert everything(store) == []


_LARGE = """
import resource, sys
from pathlib import Path
from bus.files import FileStore
store = FileStore(Path(sys.argv[1]), limit=10**9)
store.prepare()
piece = bytes(1_000_000)
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
store.put([piece])
before = peak()
stored = store.put(piece for _ in range(200))
with store.open(stored.hash) as file:
    again = store.put(file)
assert store.is_sound(stored.hash)
assert again == stored and stored.size == 200_000_000
print(peak() - before)
"""


def test_a_large_file_passes_in_little_memory(tmp_path: Path) -> None:
    """200 MB put, put again from a file and read: the process grows by less than 16 MB."""
    done = subprocess.run(  # noqa: S603  our own code
        [sys.executable, "-c", _LARGE, str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 16_000_000
