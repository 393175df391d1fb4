"""Peers that fail in every way they know, and quote what they got each time."""

import base64
import contextlib
import json
import re
import threading
from collections.abc import Iterator
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.contract import strict_axis, strict_onestop
from tests.contract.strict_axis import StrictAxis
from tests.contract.strict_onestop import StrictOneStop

_SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
_BASE64 = re.compile(r"[A-Za-z0-9+/=\s]{60,}")
Reply = tuple[int, str]


class OneStop(strict_onestop.Handler):
    """A one-stop that is asked to create."""

    turn = 0

    def _answer(self, seen: Any, found: Any) -> Any:
        if seen.operation != "create":
            return super()._answer(seen, found)
        type(self).turn += 1
        said = json.dumps(seen.body, ensure_ascii=self.turn % 2 == 0)
        failures: list[tuple[int, Any]] = [
            (400, {"code": "INVALID", "message": f"Không hợp lệ: {said}", "errors": [seen.body]}),
            (500, {"error": "NullPointerException", "message": said, "path": said}),
            (409, {"code": "DOSSIER_EXISTS", "message": f"Đã có: {said}"}),
            (422, f"<html><body>Lỗi: {said}</body></html>"),
            (201, f"được rồi: {said}"),
        ]
        turn = self.turn % (len(failures) + 1)
        return failures[turn] if turn < len(failures) else super()._answer(seen, found)


class Axis(strict_axis.Handler):
    """An axis that documents are sent to."""

    turn = 0

    def _reply(self, word: str, text: str, reply: Any) -> None:
        said = self.peer.seen[-1].body.decode("utf-8", "replace") if self.peer.seen else ""
        if not self.path.endswith("/sendEdoc"):
            super()._reply(word, text, reply)
            return
        type(self).turn += 1
        answers: list[tuple[int, bytes]] = [
            (200, json.dumps(strict_axis.no("99", f"Gói tin sai: {said}")).encode()),
            (500, f"java.lang.NullPointerException: {said}".encode()),
            (200, json.dumps({"status": "OK", "ErrorCode": said}).encode()),
            (400, f"<html>{said}</html>".encode()),
        ]
        self._write(*answers[self.turn % len(answers)])


class Soap(BaseHTTPRequestHandler):
    """A SOAP endpoint; `got` is what each peer was sent, by the first word of its path."""

    protocol_version = "HTTP/1.1"
    got: dict[str, list[str]]

    def do_POST(self) -> None:
        """Fail, and say why at length."""
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        kept = self.got.setdefault(self.path.split("/")[1], [])
        kept.append(body + _opened(body))
        status, text = self._failure(kept[-1], len(kept))
        data = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/xml; charset=utf-8")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _failure(self, said: str, turn: int) -> Reply:
        quoted = escape(said)
        failures: list[Reply] = [
            (500, _fault("Client", quoted)),
            (500, _fault("Server", quoted)),
            (200, f"<html><body>Lỗi: {quoted}</body></html>"),
            (200, _envelope(f'<r:x xmlns:r="urn:x"><y>{quoted}</y></r:x>')),
            (500, f"System.NullReferenceException: {said}"),
        ]
        return failures[turn % len(failures)]

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""


def _envelope(inside: str) -> str:
    return f'<s:Envelope xmlns:s="{_SOAP}"><s:Body>{inside}</s:Body></s:Envelope>'


def _fault(code: str, quoted: str) -> str:
    text = f"<faultcode>s:{code}</faultcode><faultstring>{quoted}</faultstring>"
    return _envelope(f"<s:Fault>{text}</s:Fault>")


def _opened(body: str) -> str:
    """What stands in a body as Base64, read."""
    opened = ""
    for found in _BASE64.findall(body):
        with contextlib.suppress(ValueError):
            opened += base64.b64decode(found, validate=False).decode("utf-8", "replace")
    return opened


@contextlib.contextmanager
def onestop() -> Iterator[tuple[StrictOneStop, str]]:
    """A one-stop and its address."""

    class Bound(OneStop):
        peer = StrictOneStop()

    with _serving(Bound) as address:
        yield Bound.peer, address


@contextlib.contextmanager
def axis() -> Iterator[tuple[StrictAxis, str]]:
    """An axis and its address."""

    class Bound(Axis):
        peer = StrictAxis()

    with _serving(Bound) as address:
        yield Bound.peer, f"{address}/XrdAdapter/adapter"


@contextlib.contextmanager
def soap() -> Iterator[tuple[dict[str, list[str]], str]]:
    """What SOAP peers were sent, and the address that they share."""
    sent: dict[str, list[str]] = {}

    class Bound(Soap):
        got = sent

    with _serving(Bound) as address:
        yield sent, address


@contextlib.contextmanager
def _serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    http = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    http.daemon_threads = True
    threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    yield f"http://127.0.0.1:{http.server_address[1]}"
    http.shutdown()
    http.server_close()
