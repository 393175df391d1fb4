"""Endpoints that behave as the reference's table of broken ones (2.4), over real sockets."""

import contextlib
import gzip
import socket
import threading
import time
from collections.abc import Callable

Conversation = Callable[[socket.socket, bytes], None]
"""What is done with a connection on which a whole request came."""

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
GOOD = (
    '<r:fileResponse xmlns:r="urn:lab"><r:receipt>B-1</r:receipt><r:taken>2026-11-23T14:05:00+07:00</r:taken>'
    "<r:state>OPEN</r:state><r:person>Đặng Thị Mỹ</r:person></r:fileResponse>"
)
FAULT = "<s:Fault><faultcode>{code}</faultcode><faultstring>{text}</faultstring>{detail}</s:Fault>"


class BrokenEndpoint:
    """Reads one request after another and hands each to a conversation."""

    def __init__(self, conversation: Conversation) -> None:
        self._conversation = conversation
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self.requests: list[bytes] = []
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}/lab"

    def close(self) -> None:
        """Stop listening and drop everybody."""
        for one in (self._listener, *self._open):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(connection)
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while request := _request(connection):
                self.requests.append(request)
                self._conversation(connection, request)


def _request(connection: socket.socket) -> bytes:
    received = b""
    while b"\r\n\r\n" not in received:
        chunk = connection.recv(65536)
        if not chunk:
            return b""
        received += chunk
    head, _, body = received.partition(b"\r\n\r\n")
    lengths = [line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
    length = int(lengths[0].partition(b":")[2]) if lengths else 0
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


def answers(
    body: str | bytes,
    status: str = "200 OK",
    media: str = "text/xml; charset=utf-8",
    *,
    length: int | None = None,
    more: str = "",
) -> Conversation:
    """Answer so; `length` lies about the length, `more` are further header lines."""
    content = body.encode() if isinstance(body, str) else body
    kind = f"Content-Type: {media}\r\n" if media else ""
    count = len(content) if length is None else length
    head = f"HTTP/1.1 {status}\r\n{kind}{more}Content-Length: {count}\r\n\r\n".encode()

    def answer(connection: socket.socket, _request: bytes) -> None:
        connection.sendall(head + content)
        if length is not None:
            connection.close()

    return answer


def envelope(content: str, namespace: str = SOAP) -> str:
    """An answer's envelope."""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="{namespace}"><s:Body>{content}</s:Body>'
        "</s:Envelope>"
    )


def fault(code: str, text: str, detail: str = "") -> str:
    """A SOAP 1.1 fault."""
    return envelope(FAULT.format(code=code, text=text, detail=detail))


def silent(_connection: socket.socket, _request: bytes) -> None:
    """Say nothing until the caller gives up."""
    time.sleep(10)


def reset(connection: socket.socket, _request: bytes) -> None:
    """Break the connection after the request came."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    connection.close()


def dripping(connection: socket.socket, _request: bytes) -> None:
    """Answer a byte at a time, never late for a timeout that counts per read."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: 4000\r\n\r\n")
    for _ in range(4000):
        connection.sendall(b" ")
        time.sleep(0.05)


def gzipped(body: str) -> Conversation:
    """Answer compressed."""
    return answers(gzip.compress(body.encode()), more="Content-Encoding: gzip\r\n")
