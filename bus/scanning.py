"""Looking for malicious files (quét mã độc) with clamd, before a file gets its name in the store.

The protocol is clamd's INSTREAM (clamd(8)): the word, ended by a zero byte, then pieces, each behind its
length in four bytes, big end first, a length of zero at the end; one answer, ended by a zero byte. A
connection a file: a daemon that was restarted needs nothing from us.
"""

import contextlib
import socket
import struct
from typing import BinaryIO, Protocol

import structlog

from bus.errors import RejectedMessageError, UnavailableError
from bus.setting_types import ScannerUrl

PIECE = 128 * 1024
_MOST_ANSWER = 4096
_log = structlog.get_logger("files")


class Scanner(Protocol):
    """Whoever looks into a file before it is kept."""

    def check(self, content: BinaryIO) -> None:
        """Read all of it; raises `RejectedMessageError` where it must not be kept.

        Raises `UnavailableError` where nobody could look: nothing unseen is kept.
        """
        ...


class Clamd:
    """The daemon at an address; safe for many threads. `seconds` bound each step, not the whole."""

    def __init__(self, address: ScannerUrl, *, seconds: float = 60.0) -> None:
        self._address = address
        self._seconds = seconds

    def check(self, content: BinaryIO) -> None:
        """As `Scanner.check`. A file that the daemon takes only in part was not looked at: it is refused."""
        try:
            answer = self._ask(content)
        except OSError as error:
            text = f"the scanner at {self._address} cannot be asked: {error.strerror or error}"
            raise UnavailableError(text, retry_after=30.0) from error
        self._judge(answer)

    def _ask(self, content: BinaryIO) -> str:
        content.seek(0)
        with self._connected() as line:
            # one that has seen enough answers and closes before all is sent
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                line.sendall(b"zINSTREAM\0")
                while piece := content.read(PIECE):
                    line.sendall(struct.pack(">L", len(piece)) + piece)
                line.sendall(struct.pack(">L", 0))
            return _answer(line)

    def _connected(self) -> socket.socket:
        if self._address.path:
            line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            line.settimeout(self._seconds)
            try:
                line.connect(self._address.path)
            except OSError:
                line.close()
                raise
            return line
        return socket.create_connection((self._address.host, self._address.port), self._seconds)

    def _judge(self, answer: str) -> None:
        said = answer.removeprefix("stream: ")
        if said == "OK":
            return
        if said.endswith(" FOUND"):
            found = said.removesuffix(" FOUND")
            _log.warning("malicious file refused", found=found)
            raise RejectedMessageError([f"tệp có mã độc ({found})"])
        if "size limit exceeded" in said:
            _log.error("the scanner takes no file of this size: raise its StreamMaxLength", answer=said)
            raise RejectedMessageError(["tệp lớn hơn mức mà phần mềm quét mã độc nhận (StreamMaxLength)"])
        text = f"the scanner at {self._address} answers {said[:200]!r}"
        raise UnavailableError(text, retry_after=30.0)


def _answer(line: socket.socket) -> str:
    answer = b""
    while len(answer) < _MOST_ANSWER and (piece := line.recv(_MOST_ANSWER)):
        answer += piece
        if b"\0" in piece:
            break
    return answer.partition(b"\0")[0].decode("utf-8", "replace").strip()
