"""A clamd of the tests' own: a real server that speaks INSTREAM as clamd(8) has it, strictly.

It finds what contains `FINDS`. `complaints` are breaches of the protocol; `taken` are the files it was given.
"""

import socket
import socketserver
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager

FINDS = b"MA-DOC-THU-NGHIEM"


class Clamd(socketserver.ThreadingTCPServer):
    """The server and what it saw; `most` is its StreamMaxLength, `says` an answer instead of its own."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Talk)
        self.taken: list[bytes] = []
        self.complaints: list[str] = []
        self.most = 25_000_000
        self.says = b""

    @property
    def address(self) -> str:
        """As the settings have it."""
        return f"tcp://127.0.0.1:{self.server_address[1]}"


class _Talk(socketserver.StreamRequestHandler):
    server: Clamd

    def handle(self) -> None:
        """Take one file and answer."""
        word = self.rfile.read(len(b"zINSTREAM\0"))
        if word != b"zINSTREAM\0":
            self.server.complaints.append(f"began with {word!r}")
            return
        content = b""
        while size := struct.unpack(">L", self.rfile.read(4))[0]:
            content += self.rfile.read(size)
            if len(content) > self.server.most:
                self.wfile.write(b"INSTREAM size limit exceeded. ERROR\0")
                self.connection.shutdown(socket.SHUT_WR)
                while self.rfile.read(65_536):
                    pass
                return
        self.server.taken.append(content)
        own = b"stream: Thu.Nghiem-1 FOUND" if FINDS in content else b"stream: OK"
        self.wfile.write((self.server.says or own) + b"\0")


@contextmanager
def clamd() -> Iterator[Clamd]:
    """A running one, on a free port of the loopback address; it had nothing to complain of."""
    server = Clamd()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server
        assert server.complaints == []
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
