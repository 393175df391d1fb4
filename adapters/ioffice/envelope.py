"""The axis's answers: one JSON object; a package within it is taken out without being held in memory."""

import base64
import binascii
import mmap
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

import msgspec

_DATA = re.compile(rb'"data"\s*:\s*"')
_CHUNK = 1_048_576
_SMALL = 65_536


@dataclass(frozen=True, slots=True)
class Envelope:
    """`status`, `ErrorCode`, `ErrorDesc` and what came with them; names are found in any case (7.2)."""

    ok: bool
    code: str
    text: str
    fields: dict[str, Any]

    def get(self, name: str) -> Any:
        """Give a field by its name in small letters."""
        return self.fields.get(name)


def read(body: bytes) -> Envelope | None:
    """Read an answer; None where it is none of the axis."""
    try:
        value = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError):
        return None
    if not isinstance(value, dict) or not any(name.lower() == "status" for name in value):
        return None
    fields = {name.lower(): each for name, each in value.items()}
    code = str(fields.get("errorcode", "")).strip()
    good = str(fields["status"]).strip().upper() == "OK" and code in ("", "0")
    return Envelope(good, code, str(fields.get("errordesc") or ""), fields)


def read_package(answer: BinaryIO, into: BinaryIO) -> Envelope | None:
    """Read an answer whose `data` is a package in base64, from a file; the package goes to `into`.

    None where it is no answer of the axis; raises ValueError where `data` is no base64.
    """
    size = answer.seek(0, 2)
    if size == 0:
        return None
    with mmap.mmap(answer.fileno(), 0, access=mmap.ACCESS_READ) as held:
        found = _DATA.search(held)
        if found is None:
            return read(held[: 16 * _SMALL])
        start, end = found.end(), held.find(b'"', found.end())
        if end < 0 or start + size - end > 16 * _SMALL:
            return None
        envelope = read(held[:start] + held[end:])
        if envelope is not None and envelope.ok:
            into.writelines(_decoded(held, start, end))
    return envelope


def _decoded(held: mmap.mmap, start: int, end: int) -> Iterator[bytes]:
    """Decode base64 in pieces; blanks, and the backslashes and line breaks of JSON, mean nothing."""
    rest, at = b"", start
    while at < end:
        stop = min(at + _CHUNK, end)
        stop += held[stop - 1 : stop] == b"\\"  # never between a backslash and what it is before
        text = rest + re.sub(rb"\\[nrt]?|\s", b"", held[at:stop])
        at = stop
        whole = len(text) if at >= end else len(text) // 4 * 4
        rest = text[whole:]
        try:
            yield base64.b64decode(text[:whole], validate=True)
        except binascii.Error:
            raise ValueError("data is no base64") from None
