"""An axis of the tests' own, written from the reference (5.1) alone; it shares no code with us.

Strict: what the reference does not allow stands in `complaints`, which every test checks. `script` holds what
to do instead of answering well, per operation, used up one by one: an HTTP status with a text, `lost` (act,
then cut), `half` (act, answer half), `never` (cut without acting), or `FAIL code text`.
"""

import base64
import hashlib
import hmac
import json
import re
import threading
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SYSTEM, SECRET = "00.00.H12", "mật-khẩu-trục-97"
STANDARD = "http://www.mic.gov.vn/TBT/QCVN_102_2016"
INPUTS = {
    "getReceivedEdocList": {"servicetype", "messagetype"},
    "getSentEdocList": {"servicetype", "messagetype"},
    "countReceiveEdoc": {"servicetype", "messagetype"},
    "getEdoc": {"docId"},
    "downloadEdoc": {"docId"},
    "updateStatus": {"docId", "status"},
    "getAgenciesList": set(),
    "sendEdoc": {"from", "servicetype", "messagetype", "to", "hash-file"},
}
"""operation -> its inputs beside systemid, timestamp and Content-Type"""
EMPTY = {"getAgenciesList", "getReceivedEdocList", "getSentEdocList", "downloadEdoc"}
Reply = dict[str, Any]


@dataclass
class Seen:
    """One call as it came: the operation, its inputs as they were signed, its body."""

    operation: str
    inputs: dict[str, str]
    body: bytes


@dataclass
class StrictAxis:
    """The axis's state, and what was asked of it."""

    inbox: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    """docId -> (messagetype, package); what is acknowledged leaves it"""
    acknowledged: list[tuple[str, str]] = field(default_factory=list)
    sent: list[Seen] = field(default_factory=list)
    agencies: list[Reply] = field(default_factory=list)
    """Rows of getAgenciesList"""
    script: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    seen: list[Seen] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    secret: str = SECRET
    lock: threading.Lock = field(default_factory=threading.Lock)

    def operations(self) -> list[str]:
        """What was asked, in order."""
        return [one.operation for one in self.seen]

    def arrives(self, axis_id: str, package: bytes, kind: str = "edoc") -> None:
        """Put a package into the inbox."""
        self.inbox[axis_id] = (kind, package)

    def check(
        self, operation: str, headers: dict[str, str], pairs: list[tuple[str, str]]
    ) -> dict[str, str] | None:
        """Verify the signature; gives the inputs, or None where it is wrong. Notes every other breach."""
        text = headers.get("xroadvnpt-sign-header", "")
        expected = hmac.new(self.secret.encode(), text.encode(), hashlib.sha256).hexdigest()
        if headers.get("xroadvnpt-hash-header") != expected:
            return None
        keys = headers.get("xroadvnpt-sign-header-key", "").split(";")
        inputs = {key: headers.get(f"xroadvnpt-{key.lower()}", "<missing>") for key in keys}
        compact = (
            "{"
            + ",".join(
                f"{json.dumps(f'XroadVnpt-{k}')}:{json.dumps(v, ensure_ascii=False)}"
                for k, v in inputs.items()
            )
            + "}"
        )
        own = {"sign-header", "sign-header-key", "hash-header", "version"}
        carried = {
            name.lower().removeprefix("xroadvnpt-")
            for name, _ in pairs
            if name.lower().startswith("xroadvnpt-")
        }
        for good, complaint in (
            (compact == text, f"sign-header {text}"),
            (set(keys) == INPUTS[operation] | {"systemid", "timestamp", "Content-Type"}, f"inputs {keys}"),
            (carried == {key.lower() for key in keys} | own, f"headers {carried}"),
            (inputs.get("systemid") == SYSTEM, "systemid"),
            (
                re.fullmatch(
                    r"[0-3]\d[01]\d20\d\dT[0-2]\d[0-5]\d[0-5]\d\+0\d{3}", inputs.get("timestamp", "")
                ),
                "timestamp",
            ),
            (inputs.get("Content-Type") == headers.get("content-type"), "Content-Type"),
            (headers.get("xroadvnpt-version") == "3.0.201608", "version"),
            (headers.get("user-agent") == "JAVASDKAgent/1.0.0 XRoad/VPCP", "User-Agent"),
            (inputs.get("servicetype", "eDoc") == "eDoc", "servicetype"),
            (inputs.get("messagetype", "edoc") in ("edoc", "status"), "messagetype"),
        ):
            if not good:
                self.complaints.append(f"{operation}: {complaint}")
        return inputs

    def answer(self, seen: Seen) -> Reply | bytes:
        """Act and answer."""
        acts: dict[str, Callable[[], Reply | bytes]] = {
            "getReceivedEdocList": lambda: ok(data=self._rows(seen.inputs["messagetype"])),
            "countReceiveEdoc": lambda: ok(count=str(len(self.inbox))),
            "getSentEdocList": lambda: ok(data=[self._row(one) for one in self.sent]),
            "getAgenciesList": lambda: ok(data=self.agencies),
            "getEdoc": lambda: self._package(seen),
            "downloadEdoc": lambda: self._package(seen),
            "updateStatus": lambda: self._update(seen.inputs),
            "sendEdoc": lambda: self._send(seen),
        }
        return acts[seen.operation]()

    def _rows(self, kind: str) -> list[Reply]:
        return [
            {"docId": known, "serviceType": "eDoc", "messageType": kind, "from": "000.00.00.G22"}
            for known, (of, _) in self.inbox.items()
            if of == kind
        ]

    def _package(self, seen: Seen) -> Reply | bytes:
        if seen.inputs["docId"] not in self.inbox:
            return no("20", "docId not found")
        package = self.inbox[seen.inputs["docId"]][1]
        return package if seen.operation == "downloadEdoc" else ok(data=base64.b64encode(package).decode())

    def _update(self, inputs: dict[str, str]) -> Reply:
        if inputs["status"] not in ("processing", "done", "fail"):
            self.complaints.append(f"updateStatus {inputs['status']}")
        self.acknowledged.append((inputs["docId"], inputs["status"]))
        return ok() if self.inbox.pop(inputs["docId"], None) else no("20", "docId not found")

    def _send(self, seen: Seen) -> Reply:
        digest = hashlib.sha256(seen.body).digest()
        if seen.inputs["hash-file"] != "".join(format(byte, "x") for byte in digest):
            self.complaints.append("hash-file is not as the library makes it (7.3)")
        recipients = json.loads(seen.inputs["to"])
        if not isinstance(recipients, list) or not all(isinstance(each, str) for each in recipients):
            self.complaints.append(f"to {recipients}")
        self.sent.append(seen)
        return ok(DocId=f"sent-{len(self.sent)}")

    @staticmethod
    def _row(sent: Seen) -> Reply:
        text = sent.body.decode()

        def said(name: str) -> str:
            found = re.search(rf"<edXML:{name}>([^<]*)<", text)
            return found[1] if found else ""

        return {
            "senderDocId": "sent-1",
            "fromCode": sent.inputs["from"],
            "toCode": next(iter(json.loads(sent.inputs.get("to", "[]"))), ""),
            "title": said("Subject"),
            "notation": f"{said('CodeNumber')}/{said('CodeNotation')}",
        }


def ok(**more: Any) -> Reply:
    """The envelope of a success; its mixed case is real."""
    return {"status": "OK", "ErrorCode": "0", "ErrorDesc": "", **more}


def no(code: str, text: str) -> Reply:
    """The envelope of a failure."""
    return {"status": "FAIL", "ErrorCode": code, "ErrorDesc": text}


def server(peer: StrictAxis) -> ThreadingHTTPServer:
    """An HTTP server that answers for `peer` on a free port; the caller runs and closes it."""

    class Bound(Handler):
        """Answers for this axis."""

    Bound.peer = peer
    made = ThreadingHTTPServer(("127.0.0.1", 0), Bound)
    made.daemon_threads = True
    return made


class Handler(BaseHTTPRequestHandler):
    """HTTP before an axis, at `/XrdAdapter/adapter`."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    peer: StrictAxis

    def do_GET(self) -> None:
        """Take a download."""
        self._take()

    def do_POST(self) -> None:
        """Take any other call."""
        self._take()

    def _take(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        operation = self.path.removeprefix("/XrdAdapter/adapter/")
        headers = {name.lower(): value for name, value in self.headers.items()}
        with self.peer.lock:
            inputs = self.peer.check(operation, headers, list(self.headers.items()))
            seen = Seen(operation, inputs or {}, body)
            self.peer.seen.append(seen)
            if (operation in EMPTY) != (body == b""):
                self.peer.complaints.append(f"{operation}: a body of {len(body)} bytes")
            if (self.command == "GET") != (operation == "downloadEdoc"):
                self.peer.complaints.append(f"{self.command} {operation}")
            script = self.peer.script[operation]
            act = script.pop(0) if script else ""
            word, _, text = act.partition(" ")
            if inputs is None:
                reply: Reply | bytes = no("15", "wrong SystemId or SecretKey")
            elif word == "FAIL":
                reply = no(*text.split(" ", 1))
            elif word.isdigit() or word == "never":
                reply = b""
            else:
                reply = self.peer.answer(seen)
        self._reply(word, text, reply)

    def _reply(self, word: str, text: str, reply: Reply | bytes) -> None:
        if word in ("lost", "never"):
            self.close_connection = True
            self.connection.close()
            return
        if word.isdigit():
            self._write(int(word), text.encode())
            return
        data = reply if isinstance(reply, bytes) else json.dumps(reply).replace("/", "\\/").encode()
        self._write(200, data[: len(data) // 2] if word == "half" else data)

    def _write(self, status: int, data: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""
