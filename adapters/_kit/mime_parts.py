"""The parts of a MIME message that lies in a file (multipart/related), by their places: nothing is held.

Memory stays bounded whatever the size of a part; only headers are read, a few kilobytes each.
"""

import binascii
import quopri
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesHeaderParser
from itertools import pairwise
from typing import BinaryIO

CHUNK = 262_144
_MOST_HEADERS = 16_384
_MOST_LINE = 1_000
_MOST_LOOKS = 10_000
_BLANKS = b" \t\r\n"


class PartsError(ValueError):
    """What came is no message of parts; the text says why and quotes nothing of it."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part: its headers and the place of its content in the file, in bytes."""

    headers: Message
    start: int
    end: int

    @property
    def identity(self) -> str:
        """Its Content-ID without angle brackets; "" where it has none."""
        return str(self.headers.get("Content-ID") or "").strip().removeprefix("<").removesuffix(">")

    @property
    def name(self) -> str:
        """The file's name, where a header tells one."""
        return self.headers.get_filename("") or ""

    @property
    def transfer(self) -> str:
        """How the content is encoded for its way, in small letters."""
        return str(self.headers.get("Content-Transfer-Encoding") or "binary").strip().lower()


def head_of(content_type: str) -> Message:
    """Read a Content-Type as the header of a message."""
    made = Message()
    made["Content-Type"] = content_type
    return made


def parts_of(source: BinaryIO, content_type: str, most: int) -> list[Part]:
    """Find the parts of a message; raises `PartsError` where it is none, is cut off, or has over `most`."""
    boundary = head_of(content_type).get_param("boundary")
    if not isinstance(boundary, str) or not 1 <= len(boundary) <= 70 or not boundary.isascii():
        raise PartsError("the message of parts names no boundary")
    mark = b"--" + boundary.encode()
    found = list(_marks(source, mark, most))
    if not found or not found[-1][2]:
        raise PartsError("the message of parts is cut off")
    return [_part(source, after, before) for (_, after, _), (before, _, _) in pairwise(found)]


def content(source: BinaryIO, part: Part) -> Iterator[bytes]:
    """Give a part's content in pieces, its transfer encoding undone; raises `PartsError`."""
    match part.transfer:
        case "binary" | "8bit" | "7bit":
            yield from raw(source, part)
        case "base64":
            yield from _unbased(raw(source, part))
        case "quoted-printable":
            yield from _unquoted(source, part)
        case _:
            raise PartsError("a part is encoded in a way that nobody knows")


def raw(source: BinaryIO, part: Part) -> Iterator[bytes]:
    """Give a part's content in pieces, as it came."""
    at = part.start
    while at < part.end:
        source.seek(at)
        piece = source.read(min(CHUNK, part.end - at))
        at += len(piece)
        yield piece


def _marks(source: BinaryIO, mark: bytes, most: int) -> Iterator[tuple[int, int, bool]]:
    """Each delimiter: where it begins with its line break, where it ends, whether it is the last."""
    count = 0
    for looks, at in enumerate(_found(source, mark)):
        if looks > _MOST_LOOKS:
            raise PartsError("the message is full of what looks like its boundary")
        source.seek(max(0, at - 2))
        before = source.read(2) if at >= 2 else b"\r\n"[2 - at :]
        if at and not before.endswith(b"\n"):
            continue
        source.seek(at + len(mark))
        line = source.readline(_MOST_LINE)
        last = line.startswith(b"--")
        if not last and line.strip(_BLANKS):
            continue  # a longer boundary, of a message within
        count += 1
        if count > most + 1:
            raise PartsError(f"the message has more than {most} parts")
        yield max(0, at - len(before) if before == b"\r\n" else at - 1), at + len(mark) + len(line), last
        if last:
            return


def _found(source: BinaryIO, mark: bytes) -> Iterator[int]:
    base, held = 0, b""
    while True:
        source.seek(base + len(held))
        piece = source.read(CHUNK)
        if not piece:
            return
        held += piece
        at = held.find(mark)
        while at >= 0:
            yield base + at
            at = held.find(mark, at + 1)
        rest = min(len(held), len(mark) - 1)
        base, held = base + len(held) - rest, held[len(held) - rest :]


def _part(source: BinaryIO, start: int, end: int) -> Part:
    source.seek(start)
    head = b""
    while len(head) < min(_MOST_HEADERS, end - start):
        line = source.readline(min(_MOST_HEADERS, end - start) - len(head))
        head += line
        if line in (b"\r\n", b"\n"):
            return Part(BytesHeaderParser().parsebytes(head), start + len(head), end)
    if len(head) >= _MOST_HEADERS:
        raise PartsError("a part has too many headers")
    return Part(BytesHeaderParser().parsebytes(head), end, end)


def _unbased(pieces: Iterator[bytes]) -> Iterator[bytes]:
    rest = b""
    for piece in pieces:
        text = rest + piece.translate(None, _BLANKS)
        whole = len(text) // 4 * 4
        yield _decoded(text[:whole])
        rest = text[whole:]
    if rest:
        raise PartsError("a part's base64 is cut off")


def _decoded(text: bytes) -> bytes:
    try:
        return binascii.a2b_base64(text, strict_mode=True)
    except binascii.Error:
        raise PartsError("a part is no base64, though it says so") from None


def _unquoted(source: BinaryIO, part: Part) -> Iterator[bytes]:
    at = part.start
    while at < part.end:
        source.seek(at)
        line = source.readline(min(_MOST_LINE, part.end - at))
        at += len(line)
        yield quopri.decodestring(line)
