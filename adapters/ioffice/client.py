"""Speaks to the axis as the vendor's library does: the VXP profile (reference 5.1). Knows no dossiers."""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from adapters._kit.http import Http, Reply, Request
from adapters._kit.wordings import Wording, meaning
from adapters.ioffice import envelope
from adapters.ioffice.envelope import Envelope
from adapters.ioffice.faults import error_of, http_error
from adapters.ioffice.outgoing import Sent, package_file
from adapters.ioffice.settings import IOfficeSettings
from adapters.ioffice.signing import file_hash, signed, stamp
from bus.errors import PermanentError, TransientError
from bus.ports import Deadline, Files, Tree
from bus.views import ListedAgency

SERVICE = "eDoc"
_JSON = "application/json"
_BYTES = "application/octet-stream"


class AxisClient:
    """One connection centre on the axis; safe for many threads. All calls raise `DeliveryError`s."""

    def __init__(
        self,
        settings: IOfficeSettings,
        http: Http,
        wordings: Sequence[Wording],
        files: Files,
        now: Callable[[], datetime] = lambda: datetime.now().astimezone(),
    ) -> None:
        self._settings = settings
        self._http = http
        self._wordings = wordings
        self._files = files
        self._now = now

    def received(self, kind: str, deadline: Deadline) -> list[dict[str, Any]]:
        """List what waits for us and is not acknowledged; `kind` is edoc or status. May be repeated."""
        return self._rows("getReceivedEdocList", {"messagetype": kind}, deadline)

    def sent(self, kind: str, deadline: Deadline) -> list[dict[str, Any]]:
        """List what we sent, as far as the axis shows it [I]. May be repeated."""
        return self._rows("getSentEdocList", {"messagetype": kind}, deadline)

    def count(self, deadline: Deadline) -> int:
        """Count the documents that wait for us: the cheapest signed question. May be repeated."""
        answer, _ = self._ask("countReceiveEdoc", {"servicetype": SERVICE, "messagetype": "edoc"}, deadline)
        count = answer.get("count")
        return int(count) if isinstance(count, int) or (isinstance(count, str) and count.isdigit()) else 0

    def login(self, deadline: Deadline) -> str:
        """Count what waits: only a signed question is answered. May be repeated."""
        waiting = self.count(deadline)
        return f"the signature of {self._settings.system_id} is taken; {waiting} documents wait"

    def agencies(self, deadline: Deadline) -> list[ListedAgency]:
        """List every agency that the axis knows (getAgenciesList). May be repeated."""
        rows = self._listed("getAgenciesList", {}, deadline)
        told = ([str(row.get(name) or "").strip() for name in ("code", "oldCode", "name")] for row in rows)
        return [ListedAgency(*one) for one in told if one[0]]

    def fetch(self, axis_id: str, into: BinaryIO, deadline: Deadline) -> None:
        """Write a package into `into`, as the sender made it; memory stays bounded. May be repeated."""
        if self._settings.fetch == "downloadEdoc":
            self._download(axis_id, into, deadline)
            return
        with tempfile.TemporaryFile() as answer:
            request = self._request("POST", "getEdoc", {"docId": axis_id}, b"{}")
            reply = self._good(self._http.send(request, deadline, answer))
            answer.flush()
            try:
                read = envelope.read_package(answer, into)
            except ValueError as error:
                raise TransientError(f"The axis gives a package that is not: {error}.", code="data") from None
        if read is None:
            raise http_error(reply, effect=False)
        self._check("getEdoc", read, reply.body, effect=False)

    def acknowledge(self, axis_id: str, state: str, deadline: Deadline) -> None:
        """Tell the axis that a package is `done` or `fail`; it is then no longer listed. May be repeated."""
        self._ask("updateStatus", {"docId": axis_id, "status": state}, deadline)

    def send(self, kind: str, sender: str, to: Sequence[str], tree: Tree, deadline: Deadline) -> Sent:
        """Send the `Package` of a tree; `kind` is edoc or status."""
        with package_file(tree, self._files, self._settings.most.limits()) as package:
            return self._send(kind, sender, to, package, deadline)

    def _send(self, kind: str, sender: str, to: Sequence[str], package: Path, deadline: Deadline) -> Sent:
        inputs = {
            "from": sender,
            "servicetype": SERVICE,
            "messagetype": kind,
            "to": msgspec.json.encode(list(to)).decode(),
            "hash-file": file_hash(package, self._settings.hash_file),
        }
        request = self._request("POST", "sendEdoc", inputs, package, effect=True)
        reply = self._good(self._http.send(request, deadline), effect=True)
        answer = envelope.read(reply.body)
        if answer is None:
            raise http_error(reply, effect=True)
        if not answer.ok and self._means("sendEdoc", answer) == "exists":
            return Sent("", reply.body, existed=True)
        self._check("sendEdoc", answer, reply.body, effect=True)
        return Sent(str(answer.get("docid") or ""), reply.body)

    def _rows(self, operation: str, inputs: Mapping[str, str], deadline: Deadline) -> list[dict[str, Any]]:
        return self._listed(operation, {"servicetype": SERVICE, **inputs}, deadline)

    def _listed(self, operation: str, inputs: Mapping[str, str], deadline: Deadline) -> list[dict[str, Any]]:
        answer, raw = self._ask(operation, inputs, deadline)
        rows = answer.get("data")
        if rows is None:
            return []
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise TransientError(f"The axis answers {operation} without a list.", code="data", answer=raw)
        return rows

    def _ask(self, operation: str, inputs: Mapping[str, str], deadline: Deadline) -> tuple[Envelope, bytes]:
        body = b"" if operation.endswith("List") else b"{}"  # as the library sends them
        reply = self._good(self._http.send(self._request("POST", operation, inputs, body), deadline))
        answer = envelope.read(reply.body)
        if answer is None:
            raise http_error(reply, effect=False)
        self._check(operation, answer, reply.body, effect=False)
        return answer, reply.body

    def _download(self, axis_id: str, into: BinaryIO, deadline: Deadline) -> None:
        request = self._request("GET", "downloadEdoc", {"docId": axis_id}, b"")
        with tempfile.TemporaryFile() as answer:
            self._good(self._http.send(request, deadline, answer))
            answer.seek(0)
            head = answer.read(1)
            answer.seek(0)
            if head == b"{":  # its own "no" is JSON, a package never begins so
                raw = answer.read(100_000)
                if (read := envelope.read(raw)) is not None:
                    self._check("downloadEdoc", read, raw, effect=False)
                raise TransientError("The axis gives JSON where a package is meant.", code="data")
            while chunk := answer.read(1_048_576):
                into.write(chunk)

    def _request(
        self,
        method: str,
        operation: str,
        inputs: Mapping[str, str],
        body: bytes | Path,
        *,
        effect: bool = False,
    ) -> Request:
        settings = self._settings
        kind = _BYTES if isinstance(body, Path) else _JSON
        whole = {
            "systemid": settings.system_id,
            "timestamp": stamp(self._now()),
            "Content-Type": kind,
            **inputs,
        }
        try:
            headers = signed(whole, settings.secret.reveal())
        except ValueError as error:
            raise PermanentError("The call cannot be written.", problems=(str(error),)) from None
        return Request(method, f"{settings.endpoint.rstrip('/')}/{operation}", body, headers, effect=effect)

    def _good(self, reply: Reply, *, effect: bool = False) -> Reply:
        """Let a 2xx pass; any other status may still carry an answer of the axis."""
        if 200 <= reply.status < 300:
            return reply
        answer = envelope.read(reply.body)
        if answer is None or answer.ok:
            raise http_error(reply, effect=effect)
        raise error_of(answer, self._wording("*", answer), reply.body, effect=effect)

    def _check(self, operation: str, answer: Envelope, raw: bytes, *, effect: bool) -> None:
        if not answer.ok:
            raise error_of(answer, self._wording(operation, answer), raw, effect=effect)

    def _wording(self, operation: str, answer: Envelope) -> Wording | None:
        return meaning(self._wordings, operation, answer.code, answer.text)

    def _means(self, operation: str, answer: Envelope) -> str:
        wording = self._wording(operation, answer)
        return wording.means if wording else ""
