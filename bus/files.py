"""The file store (kho tệp): files by content, below the installation's data folder.

    FOLDER/ab/abcdef…          a file under its SHA-256, read-only; the same content twice is one file
    FOLDER/.part-…             being written: no name that anybody asks for
    FOLDER/withdrawn/abcdef…   says that links to a content are withdrawn, by whom and why
    FOLDER/withdrawn/history   every withdrawal and every one taken back, a line of JSON each

A file gets its name when all of it is on disk, so a crash leaves a part and never half a file. Blocking: call
it from a thread. Several processes may share a folder, also over a network, if it keeps renaming atomic.
"""

import contextlib
import errno
import hashlib
import os
import re
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Literal

import msgspec

from bus.errors import RejectedMessageError, UnavailableError
from bus.file_names import safe_name
from bus.media_types import OTHER, media_type
from bus.ports import Attachment
from bus.scanning import Scanner
from mappings.dossier import File

CHUNK = 256 * 1024
ABANDONED = 86_400.0
"""Seconds after which a part that nobody writes to any more is taken away."""

_PART = ".part-"
_DROPPED = ".dropped-"
WITHDRAWN = "withdrawn"
"""The folder of what people decided about links."""
_HASH = re.compile(r"[0-9a-f]{64}")
_LINK = re.compile(r"[A-Za-z0-9_-]{43}")
_HARMLESS = re.compile(r"application/(?:(?:x-)?pkcs7-[a-z]+|vnd\.[a-z0-9.+-]+|msword)")
"""Types that a sender may declare where the bytes tell none: nothing that a browser would run."""

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


@dataclass(frozen=True, slots=True)
class Stored:
    """A file that is on disk: `hash` is SHA-256 in hex, `size` in bytes, `media_type` told by its bytes."""

    hash: str
    size: int
    media_type: str


class Decision(msgspec.Struct, frozen=True):
    """What a person decided about links to a content; `link` is the mark of one name of it, "" for all."""

    what: Literal["withdrawn", "restored"]
    hash: str
    who: str
    reason: str
    at: datetime
    link: str = ""


class FileStore:
    """The files of one installation. `limit` is the largest in bytes; `scanner` sees each before."""

    def __init__(self, folder: Path, *, limit: int, scanner: Scanner | None = None) -> None:
        self.folder = folder
        self.limit = limit
        self._scanner = scanner

    def prepare(self) -> None:
        """Make the folder, take away parts that a crash left, undo a drop it cut off; may be repeated."""
        with _translated():
            for folder in (self.folder, self.folder / WITHDRAWN):
                folder.mkdir(parents=True, exist_ok=True, mode=0o750)
            old = time.time() - ABANDONED
            for part in self.folder.glob(f"{_PART}*"):
                with contextlib.suppress(FileNotFoundError):
                    if part.stat().st_mtime < old:
                        part.unlink()
            for aside in self.folder.glob(f"{_DROPPED}*"):
                with contextlib.suppress(FileNotFoundError):
                    self._bring_back(aside)

    def put(
        self, source: BinaryIO | Iterable[bytes], *, expect: str = "", limit: int | None = None
    ) -> Stored:
        """Take a file in, piece by piece; on disk, folder and all, when this returns. May be repeated.

        Raises `RejectedMessageError` where it is larger than `limit` (by itself the store's), its hash is
        not `expect` or the scanner finds something, and `UnavailableError` where the disk does not take it or
        the scanner is away: then nothing of it stays. What reading from the source raises goes through.
        """
        with self._part() as (path, part):
            digest, size = self._write(part, source, self.limit if limit is None else limit)
            if expect and digest != expect:
                raise RejectedMessageError(["tệp không đúng như mã băm SHA-256 đã nêu"])
            if self._scanner is not None and limit is None:
                part.flush()
                self._scanner.check(part)
            with _translated():
                kind = media_type(part)
                self._place(path, part, digest)
        return Stored(digest, size, kind)

    def take(self, attachments: Iterable[Attachment]) -> None:
        """Put everything that a message refers to; raises as `put`, and names the file in the problem."""
        problems: list[object] = []
        for one in attachments:
            try:
                with contextlib.closing(one.open()) as source:
                    self.put(source, expect=one.hash)
            except RejectedMessageError as error:
                problems += [f"{one.path}: {problem}" for problem in error.problems]
        if problems:
            raise RejectedMessageError(problems)

    def keep(self, content: BinaryIO, *, name: str, media_type: str = "", limit: int | None = None) -> File:
        """As `put`, for an adapter (`bus.ports.Files`): the file with a safe name."""
        stored = self.put(content, limit=limit)
        declared = media_type if _HARMLESS.fullmatch(media_type) else OTHER
        kind = declared if stored.media_type == OTHER else stored.media_type
        return File(hash=stored.hash, size=stored.size, media_type=kind, name=safe_name(name))

    def open(self, file: str) -> BinaryIO:
        """Open a file for reading; raises FileNotFoundError where the store has none of this hash."""
        return self._path(file).open("rb")

    def __contains__(self, digest: str) -> bool:
        return self._path(digest).is_file()

    def size(self, digest: str) -> int:
        """Bytes of a file; raises FileNotFoundError where the store has none of this hash."""
        return self._path(digest).stat().st_size

    def put_at(self, digest: str) -> float:
        """When a file was last put, in seconds since the epoch; raises FileNotFoundError where it is not."""
        return self._path(digest).stat().st_mtime

    def drop(self, digest: str, before: float) -> int | None:
        """Take a file away that was last put before `before` (seconds since the epoch); gives its bytes.

        None where it was put again meanwhile: then it stays, for somebody is about to refer to it. Raises
        FileNotFoundError where it is gone already. Links to it answer 404 from now on.
        """
        path = self._path(digest)
        aside = self.folder / f"{_DROPPED}{digest}"
        path.replace(aside)
        found = aside.stat()
        if found.st_mtime >= before:
            self._bring_back(aside)
            return None
        aside.unlink()
        return found.st_size

    def _bring_back(self, aside: Path) -> None:
        """Give a file its name again, unless it was put anew."""
        path = self._path(aside.name.removeprefix(_DROPPED))
        if path.exists():
            aside.unlink()
        else:
            aside.replace(path)

    def hashes(self) -> Iterator[str]:
        """All files of the store, in the order of their hashes."""
        for folder in sorted(self.folder.glob("[0-9a-f][0-9a-f]")):
            yield from sorted(file.name for file in folder.iterdir() if _HASH.fullmatch(file.name))

    def is_sound(self, digest: str) -> bool:
        """Whether a file still has the content it is named by; reads all of it."""
        with self._path(digest).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == digest

    def decide(self, decision: Decision) -> None:
        """Withdraw a content under one name, or all links to it, or take that back; on disk at the return.

        Raises FileNotFoundError where there is nothing to be decided about. May be repeated.
        """
        mark = self._mark(decision.hash, decision.link)
        if decision.what == "restored":
            mark.stat()
        elif decision.hash not in self:
            raise FileNotFoundError(errno.ENOENT, "no such file in the store", decision.hash)
        with _translated():
            self._remember(decision)
            if decision.what == "restored":
                mark.unlink()
                _sync(mark.parent)
        if decision.what == "withdrawn":
            with self._part() as (path, part), _translated():
                part.write(msgspec.json.encode(decision))
                _finish(path, part, mark)

    def withdrawn(self, digest: str, link: str) -> bool:
        """Whether this content under this name, or every link to it, is withdrawn."""
        return self._mark(digest, "").exists() or self._mark(digest, link).exists()

    def _remember(self, decision: Decision) -> None:
        with (self.folder / WITHDRAWN / "history").open("ab") as file:
            file.write(msgspec.json.encode(decision) + b"\n")
            file.flush()
            os.fsync(file.fileno())

    def _path(self, digest: str) -> Path:
        return self.folder / _checked(digest)[:2] / digest

    def _mark(self, digest: str, link: str) -> Path:
        if link and not _LINK.fullmatch(link):
            raise FileNotFoundError(errno.ENOENT, "no mark of a link", link)
        return self.folder / WITHDRAWN / (f"{_checked(digest)}.{link}" if link else _checked(digest))

    @contextlib.contextmanager
    def _part(self) -> Iterator[tuple[Path, BinaryIO]]:
        """A file that is gone after the block unless it was renamed."""
        with _translated():
            handle, name = tempfile.mkstemp(dir=self.folder, prefix=_PART)
        try:
            with os.fdopen(handle, "w+b") as part:
                yield Path(name), part
        finally:
            Path(name).unlink(missing_ok=True)

    def _write(self, part: BinaryIO, source: BinaryIO | Iterable[bytes], limit: int) -> tuple[str, int]:
        digest, size = hashlib.sha256(), 0
        for piece in _pieces(source):
            size += len(piece)
            if size > limit:
                raise RejectedMessageError([f"tệp lớn hơn {limit} byte"])
            digest.update(piece)
            with _translated():
                part.write(piece)
        return digest.hexdigest(), size

    def _place(self, path: Path, part: BinaryIO, digest: str) -> None:
        """Give a part its name. One that is there already is written over: that mends one gone bad."""
        target = self._path(digest)
        target.parent.mkdir(exist_ok=True, mode=0o750)
        _sync(self.folder)
        _finish(path, part, target)


def _pieces(source: BinaryIO | Iterable[bytes]) -> Iterator[bytes]:
    read = getattr(source, "read", None)
    if read is None:
        yield from source
        return
    while piece := read(CHUNK):
        yield piece


def _finish(path: Path, part: BinaryIO, target: Path) -> None:
    """Bytes first, then the name, then the folder that has it: after a crash there is all or nothing."""
    part.flush()
    os.fchmod(part.fileno(), 0o440)
    os.fsync(part.fileno())
    path.replace(target)
    _sync(target.parent)


def _sync(folder: Path) -> None:
    """Have the names of a folder on disk."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _checked(digest: str) -> str:
    """A hash, so that no other text ever becomes part of a path."""
    if not _HASH.fullmatch(digest):
        raise FileNotFoundError(errno.ENOENT, "no SHA-256 in hex", digest)
    return digest


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    """A disk that does not take a file: the sender shall come again."""
    try:
        yield
    except OSError as error:
        wait = 300.0 if error.errno in _FULL else 30.0
        text = f"the file store cannot be written: {error.strerror}"
        raise UnavailableError(text, retry_after=wait) from error
