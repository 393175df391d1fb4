"""Base64 that comes in pieces, decoded strictly into a file: newlines are allowed, nothing else is."""

import binascii
from typing import BinaryIO

_BLANKS = b" \t\r\n"


class Base64TextError(Exception):
    """The text is no base64; the message says why."""


class TooLargeError(Exception):
    """There is more of it than is allowed."""


class Base64Text:
    """Takes pieces of text and writes the bytes they stand for; holds at most three characters back."""

    def __init__(self, target: BinaryIO, limit: int) -> None:
        self._target = target
        self._limit = limit
        self._rest = b""
        self._ended = False
        self.size = 0

    def feed(self, piece: bytes) -> None:
        """Take a piece; raises `Base64TextError` or `TooLargeError`, after which no more is taken."""
        text = self._rest + piece.translate(None, _BLANKS)
        whole = len(text) // 4 * 4
        self._rest = text[whole:]
        if not text:
            return
        if self._ended:
            raise Base64TextError("goes on after its padding")
        if whole:
            self._write(text[:whole])

    def finish(self) -> None:
        """Say that there is no more; raises `Base64TextError` where something is missing."""
        if self._rest:
            raise Base64TextError("is cut off: its length is no multiple of four")

    def _write(self, text: bytes) -> None:
        try:
            content = binascii.a2b_base64(text, strict_mode=True)
        except binascii.Error:
            raise Base64TextError("is no base64") from None
        self._ended = text.endswith(b"=")
        self.size += len(content)
        if self.size > self._limit:
            raise TooLargeError
        self._target.write(content)
