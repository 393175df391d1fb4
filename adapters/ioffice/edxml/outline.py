"""A package kept once (khung gói tin): its bytes without those of its files, and the whole made of both.

A store that has the files of a package has most of its bytes already, only not in base64. What else there is
of it is its outline, one file: a line of JSON that says how its parts follow each other, then the bytes that
stand between the files.
"""

import binascii
import hashlib
import os
import re
import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import islice, pairwise, zip_longest
from typing import BinaryIO, cast

import msgspec

from adapters.ioffice.edxml.base64_text import Base64Text, Base64TextError
from adapters.ioffice.edxml.content import spool
from adapters.ioffice.edxml.files import CHUNK, NoFiles
from bus.ports import Files
from mappings.dossier import File

EDXML = "application/vnd.edxml+xml"
OUTLINE = "application/vnd.lienthong.package-outline"
LEAST = 4096
"""Letters of base64 from which on they are left out: a smaller file takes a block of the disk anyway."""

_MOST = 10_000
"""Stretches of base64 that are looked at; what is behind stays in the outline."""
_RUN = re.compile(rb"[A-Za-z0-9+/= \t\r\n]+")
_LINE = re.compile(rb"([A-Za-z0-9+/=]+)([ \t\r\n]+)")
_BLANKS = b" \t\r\n"
_LONGEST_HEAD = 64_000_000


class Encoded(msgspec.Struct, frozen=True, omit_defaults=True):
    """A file of the store in base64: in lines of so many letters, with this between them; 0: in one line."""

    file: str
    line: int = 0
    between: str = ""


class Head(msgspec.Struct, frozen=True):
    """How a package follows from its outline: bytes of the outline, or a file; `package` is its SHA-256."""

    package: str
    parts: tuple[int | Encoded, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """A file in a package: from which byte to which, and how it is written there."""

    begin: int
    end: int
    encoded: Encoded


@dataclass(slots=True)
class Digest:
    """Takes what is written and keeps its SHA-256 alone."""

    sha256: "hashlib._Hash" = field(default_factory=hashlib.sha256)

    def write(self, piece: bytes) -> None:
        """Take a piece."""
        self.sha256.update(piece)


@dataclass(frozen=True, slots=True)
class Kept:
    """A package on disk: the SHA-256 of its bytes, and of the `outline` that they are made of, if any."""

    whole: str
    outline: str = ""

    def marks(self) -> dict[str, str]:
        """What a message says of its package, as attributes."""
        return {"package": self.whole} | ({"outline": self.outline} if self.outline else {})


def keep_once(package: BinaryIO, files: Files, kept: Collection[File], *, name: str, most: int) -> Kept:
    """Store a package whose files `kept` are in the store; on disk when this returns. May be repeated.

    As an outline where outline and files give the very bytes again, which is tried before; else as it is, at
    most `most` bytes. Memory stays bounded. Raises as `Files.keep`.
    """
    package.seek(0)
    whole = NoFiles().keep(package, name=name).hash
    found = list(_found(package, {file.hash for file in kept}))
    if found:
        with spool() as outline:
            _write(outline, package, whole, found)
            if _gives(outline, files, whole):
                size = outline.seek(0, os.SEEK_END)
                outline.seek(0)
                stored = files.keep(outline, name=f"{name}.outline", media_type=OUTLINE, limit=size)
                return Kept(whole, stored.hash)
    package.seek(0)
    return Kept(files.keep(package, name=name, media_type=EDXML, limit=most).hash)


def put_together(outline: BinaryIO, stored: Callable[[str], BinaryIO]) -> Iterator[bytes]:
    """The bytes of a package, from its outline and the store's files, piece by piece.

    Raises ValueError where it is no outline, and FileNotFoundError where a file is gone.
    """
    outline.seek(0)
    try:
        head = msgspec.json.decode(outline.readline(_LONGEST_HEAD), type=Head)
    except msgspec.DecodeError as error:
        raise ValueError("this file is no outline of a package") from error
    for part in head.parts:
        if isinstance(part, int):
            yield from _copied(outline, part)
        else:
            with closing(stored(part.file)) as content:
                yield from _in_base64(content, part)


def _gives(outline: BinaryIO, files: Files, whole: str) -> bool:
    """Whether the package comes out byte by byte."""
    digest = hashlib.sha256()
    try:
        for piece in put_together(outline, files.open):
            digest.update(piece)
    except FileNotFoundError:
        return False
    return digest.hexdigest() == whole


def _write(outline: BinaryIO, package: BinaryIO, whole: str, found: Sequence[Found]) -> None:
    """The head, then what stands between the files."""
    size = package.seek(0, os.SEEK_END)
    gaps = list(pairwise([0, *(at for one in found for at in (one.begin, one.end)), size]))[::2]
    parts: list[int | Encoded] = []
    for (begin, end), one in zip_longest(gaps, found):
        parts += [end - begin, *([one.encoded] if one else [])]
    outline.write(msgspec.json.encode(Head(whole, tuple(parts))) + b"\n")
    for begin, end in gaps:
        package.seek(begin)
        outline.writelines(_copied(package, end - begin))


def _found(package: BinaryIO, known: Collection[str]) -> Iterator[Found]:
    """Where the package has files that are known, in order."""
    for run in list(islice(_runs(package), _MOST)):
        begin, end = _stripped(package, *run)
        package.seek(begin)
        lines = _LINE.match(package.read(min(CHUNK, end - begin)))
        line, between = (len(lines[1]), lines[2].decode()) if lines else (0, "")
        package.seek(begin)
        file = _decoded(_copied(package, end - begin))
        if file in known:
            yield Found(begin, end, Encoded(file, line, between))


def _stripped(package: BinaryIO, begin: int, end: int) -> tuple[int, int]:
    """A run without the blanks at its ends, as far as one reading shows them."""
    package.seek(begin)
    head = package.read(min(CHUNK, end - begin))
    first = begin + len(head) - len(head.lstrip(_BLANKS))
    package.seek(max(first, end - CHUNK))
    tail = package.read(end - package.tell())
    return first, end - (len(tail) - len(tail.rstrip(_BLANKS)))


def _runs(package: BinaryIO) -> Iterator[tuple[int, int]]:
    """Where letters of base64 and blanks stand, `LEAST` or more together: begin and end."""
    package.seek(0)
    begin = end = at = 0
    while chunk := package.read(CHUNK):
        for run in _RUN.finditer(chunk):
            if at + run.start() != end:
                if end - begin >= LEAST:
                    yield begin, end
                begin = at + run.start()
            end = at + run.end()
        at += len(chunk)
    if end - begin >= LEAST:
        yield begin, end


def _decoded(pieces: Iterator[bytes]) -> str:
    """SHA-256 of what stands in base64; "" where it is none."""
    digest = Digest()
    text = Base64Text(cast("BinaryIO", digest), sys.maxsize)
    try:
        for piece in pieces:
            text.feed(piece)
        text.finish()
    except Base64TextError:
        return ""
    return digest.sha256.hexdigest()


def _copied(source: BinaryIO, size: int) -> Iterator[bytes]:
    while size and (piece := source.read(min(CHUNK, size))):
        size -= len(piece)
        yield piece


def _in_base64(content: BinaryIO, how: Encoded) -> Iterator[bytes]:
    line = how.line or CHUNK
    between, first = how.between.encode(), True
    while block := content.read(3 * line * max(1, CHUNK // line)):
        text = binascii.b2a_base64(block, newline=False)
        if not first:
            yield between
        yield between.join(text[at : at + line] for at in range(0, len(text), line))
        first = False
