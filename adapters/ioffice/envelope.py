"""The axis's answers: one JSON object; a package within it is taken out without being held in memory."""

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

import msgspec

_DATA = re.compile(rb'"data"\s*:\s*"')
_CHUNK = 262_144
_SMALL = 65_536
_ESCAPE = 5
"""So many last bytes may be an escape that is not whole yet."""
_WRITTEN = (
    (b"\\/", b"/"), (b"\\n", b""), (b"\\r", b""), (b"\\t", b""), (b"\\u003d", b"="), (b"\\u003D", b"="),
    (b"\\u002b", b"+"), (b"\\u002B", b"+"), (b"\\u002f", b"/"), (b"\\u002F", b"/"),
)  # fmt: skip
"""How letters of base64 stand in JSON: a known serialiser of Java writes = as \\u003d."""


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

    None where it is no answer of the axis; raises ValueError where `data` is no base64. Memory stays bounded.
    What is in `into` counts only where the answer is `ok`.
    """
    answer.seek(0)
    head = answer.read(_SMALL)
    found = _DATA.search(head)
    if found is None:
        return read(head + answer.read(_SMALL))
    answer.seek(found.end())
    rest = b""
    for text, ended in _pieces(answer):
        rest = _decoded(rest + text, into, ended=ended)
    tail = answer.read(_SMALL)
    return read(head[: found.end()] + b'"' + tail)


def _pieces(answer: BinaryIO) -> Iterator[tuple[bytes, bool]]:
    """Give the text up to its closing quote, in pieces, and stand behind that quote."""
    held = b""
    while piece := answer.read(_CHUNK):
        text, quote, behind = (held + piece).partition(b'"')
        cut = text.rfind(b"\\", max(0, len(text) - _ESCAPE)) if not quote else -1
        held, text = (text[cut:], text[:cut]) if cut >= 0 else (b"", text)
        yield _plain(text), bool(quote)
        if quote:
            answer.seek(-len(behind), 1)
            return


def _plain(text: bytes) -> bytes:
    """Undo what serialisers of JSON do to base64; blanks and line breaks mean nothing."""
    if b"\\" in text:
        for written, meant in _WRITTEN:
            text = text.replace(written, meant)
    return text.translate(None, b" \t\r\n")


def _decoded(text: bytes, into: BinaryIO, *, ended: bool) -> bytes:
    whole = len(text) if ended else len(text) // 4 * 4
    try:
        into.write(base64.b64decode(text[:whole], validate=True))
    except binascii.Error:
        raise ValueError("data is no base64") from None
    return text[whole:]
