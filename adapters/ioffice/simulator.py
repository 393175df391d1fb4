"""The document exchange axis with the agencies behind it, simulated: a real server with state of its own.

`python -m adapters.ioffice.simulator --data DIR` prints `{"url", "control_url"}`. Strict after the reference:
signatures (5.1), packages (1, 2, 3, 7), one document id once (4); packets wait until they are acknowledged.
At `/edoc` the same axis speaks the eDoc profile (5.3): OrganId is `--system`, Token is `--secret`.
Control: `POST /_sim/arrive {"package": base64, "to", "kind"}` puts any bytes into an inbox,
`POST /_sim/documents {"to", "count"}` lets an agency send, `POST /_sim/ask-back {"docId"}` ask back (13).
Agencies that are nobody's units answer what they get: 01, 03, 05, an answering document, 06; or 02; and 15 or
16 to a 13. With `--offices` units do so too.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from adapters._kit.simulator import Simulation, Workshop, main
from adapters._kit.simulator_http import Answer, Request, Route, json_answer
from adapters.ioffice.simulator_axis import Axis, Conduct, Packet
from adapters.ioffice.simulator_edoc import Service, operation_of
from adapters.ioffice.simulator_package import look
from adapters.ioffice.simulator_signature import Call, Refusal, check

Handle = Callable[[Axis, Call, Request], Answer]
_CODE = re.compile(r"[0-9A-Za-z]+(?:\.[0-9A-Za-z]+)*", re.ASCII)


class Arrival(msgspec.Struct, frozen=True):
    """What is put into an inbox: a package in base64, for a unit."""

    package: str
    to: str
    kind: str = "edoc"


class Wanted(msgspec.Struct, frozen=True):
    """Documents that an agency shall send to a unit."""

    to: str
    count: int = 1
    sender: str = "000.00.00.G22"


class Taken(msgspec.Struct, frozen=True):
    """A packet whose sender shall ask for its document back."""

    doc_id: str = msgspec.field(name="docId")


def add_options(parser: ArgumentParser) -> None:
    """Declare this simulator's own options; times in seconds, shares from 0 to 1."""
    parser.add_argument("--system", default="00.00.H12", help="code of the connection centre that may call")
    parser.add_argument("--secret", default="bi-mat-truc", help="its secret")
    parser.add_argument("--units", default="H12,H12.01,000.00.00.H12", help="its units, with commas")
    parser.add_argument("--agencies", type=Path, help="a file of others that it lists: CODE=NAME a line")
    parser.add_argument("--pace", type=float, default=1.0, help="seconds a step of an agency takes")
    parser.add_argument("--reject", type=_share, default=0.05, help="share of documents that are rejected")
    parser.add_argument("--offices", action="store_true", help="units have offices of their own, that answer")
    parser.add_argument("--give-back", type=_share, default=0.5, help="share of asked documents given back")


def build(options: Namespace, workshop: Workshop) -> Simulation:
    """Put the axis together from its options."""
    units = dict.fromkeys(options.units.split(","), options.system)
    shares = (options.pace, options.reject, options.give_back)
    conduct = Conduct(*shares, workshop.seed, offices=options.offices)
    shelves = (workshop.shelf("packets"), workshop.shelf("known"))
    listed = dict(map(_named, options.agencies.read_text("utf-8").splitlines())) if options.agencies else {}
    axis = Axis(units, conduct, shelves, workshop.journal, listed)
    secrets = {options.system: options.secret}
    edoc = Service(axis, options.system, options.secret)
    routes = [*_routes(axis, secrets), Route("POST", "/edoc", operation_of, edoc.serve)]
    return Simulation(routes=routes, control=_control(axis), state=axis.state)


def _routes(axis: Axis, secrets: Mapping[str, str]) -> list[Route]:
    def guarded(operation: str, handle: Handle, method: str = "POST") -> Route:
        def serve(request: Request) -> Answer:
            call = check(request.headers, secrets)
            return _no(call.code, call.text) if isinstance(call, Refusal) else handle(axis, call, request)

        return Route(method, f"/{operation}", operation, serve)

    return [
        guarded("getReceivedEdocList", _received),
        guarded("getSentEdocList", _sent),
        guarded("countReceiveEdoc", _count),
        guarded("getEdoc", _get),
        guarded("downloadEdoc", _download, "GET"),
        guarded("sendEdoc", _send),
        guarded("getAgenciesList", _agencies),
        guarded("updateStatus", _update),
    ]


def _control(axis: Axis) -> list[Route]:
    def arrive(request: Request) -> Answer:
        asked = msgspec.json.decode(request.body, type=Arrival)
        return json_answer({"docId": axis.arrive(base64.b64decode(asked.package), asked.to, asked.kind)})

    def documents(request: Request) -> Answer:
        asked = msgspec.json.decode(request.body, type=Wanted)
        return json_answer({"docIds": [axis.document(asked.sender, asked.to) for _ in range(asked.count)]})

    def ask_back(request: Request) -> Answer:
        return json_answer({"docId": axis.ask_back(msgspec.json.decode(request.body, type=Taken).doc_id)})

    return [
        Route("POST", "/_sim/ask-back", "ask back", ask_back),
        Route("POST", "/_sim/arrive", "arrive", arrive),
        Route("POST", "/_sim/documents", "documents", documents),
    ]


def _received(axis: Axis, call: Call, _request: Request) -> Answer:
    if problem := _asked(call):
        return problem
    rows = [_row(each) for each in axis.waiting(call.system, call.inputs["messagetype"])]
    return _yes(data=rows)


def _row(packet: Packet) -> dict[str, str]:
    return {
        "docId": packet.axis_id,
        "serviceType": "eDoc",
        "messageType": packet.kind,
        "created_time": packet.created,
        "updated_time": packet.created,
        "from": packet.sender,
        "to": packet.to,
        "status": packet.state,
        "status_desc": "",
    }


def _sent(axis: Axis, call: Call, _request: Request) -> Answer:
    if problem := _asked(call):
        return problem
    return _yes(
        data=[
            {
                "senderDocId": each.sender_id,
                "receiverDocId": each.axis_id,
                "fromCode": each.sender,
                "toCode": each.to,
                "title": each.title,
                "notation": each.sign,
                "sentTime": each.created,
                "serviceType": "eDoc",
                "messageType": each.kind,
            }
            for each in axis.sent(call.system, call.inputs["messagetype"])
        ]
    )


def _count(axis: Axis, call: Call, _request: Request) -> Answer:
    return _asked(call) or _yes(count=len(axis.waiting(call.system, call.inputs["messagetype"])))


def _agencies(axis: Axis, _call: Call, _request: Request) -> Answer:
    rows = enumerate(axis.catalogue.items(), start=1)
    return _yes(
        data=[
            {"id": number, "pid": 0, "code": code, "name": name, "mail": "", "oldCode": ""}
            for number, (code, name) in rows
        ]
    )


def _get(axis: Axis, call: Call, _request: Request) -> Answer:
    packet = _packet(axis, call)
    return _yes(data=packet.content) if packet else _no("20", "docId không tồn tại")


def _download(axis: Axis, call: Call, _request: Request) -> Answer:
    packet = _packet(axis, call)
    if packet is None:
        return _no("100", "FAIL")
    return Answer(200, base64.b64decode(packet.content), content_type="application/octet-stream")


def _packet(axis: Axis, call: Call) -> Packet | None:
    packet = axis.packets.get(call.inputs.get("docid", ""))
    return packet if packet and axis.units.get(packet.to) == call.system else None


def _update(axis: Axis, call: Call, _request: Request) -> Answer:
    packet, state = _packet(axis, call), call.inputs.get("status", "")
    if state not in ("processing", "done", "fail"):
        return _no("21", "status: processing, done, fail")
    if packet is None:
        return _no("20", "docId không tồn tại")
    axis.acknowledge(packet, state)
    return _yes()


def _send(axis: Axis, call: Call, request: Request) -> Answer:
    content = request.body.removesuffix(b"\r\n") if not _hashed(call, request.body) else request.body
    if problem := _asked(call) or _wrong_call(axis, call, content, request):
        return problem
    seen, why = look(content)
    if seen is None:
        axis.journal.record("sendEdoc", "", "refused", reason=why)
        return _no("22", why)
    if seen.kind != call.inputs["messagetype"] or seen.sender != call.inputs["from"]:
        return _no("22", "messagetype or from differ from what the package says")
    if not all(_CODE.fullmatch(to) and len(to) <= 35 for to in seen.recipients):
        return _no("18", "đơn vị nhận không tồn tại")
    known = axis.send(seen, content)
    return _yes(DocId=known) if known else _no("M.Exist", "Document already exists")


def _wrong_call(axis: Axis, call: Call, content: bytes, request: Request) -> Answer | None:
    if axis.units.get(call.inputs.get("from", "")) != call.system:
        return _no("19", "đơn vị gửi chưa đăng ký")
    if request.headers.get("content-type") != "application/octet-stream" or not content:
        return _no("10", "file không hợp lệ")
    if not _hashed(call, content):
        return _no("10", "hash-file does not fit the file")
    try:
        to = json.loads(call.inputs.get("to", "[]"))
    except ValueError:
        to = None
    return None if isinstance(to, list) else _no("21", "to is no JSON array")


def _hashed(call: Call, content: bytes) -> bool:
    """Whether hash-file fits; the vendor library's own form lacks leading zeros of bytes (7.3)."""
    digest = hashlib.sha256(content).digest()
    return call.inputs.get("hash-file") in (digest.hex(), "".join(f"{byte:x}" for byte in digest))


def _asked(call: Call) -> Answer | None:
    if call.inputs.get("servicetype") != "eDoc" or call.inputs.get("messagetype") not in ("edoc", "status"):
        return _no("21", "servicetype=eDoc, messagetype=edoc|status")
    return None


def _yes(**more: object) -> Answer:
    return json_answer({"status": "OK", "ErrorCode": "0", "ErrorDesc": "", **more})


def _no(code: str, text: str) -> Answer:
    return json_answer({"status": "FAIL", "ErrorCode": code, "ErrorDesc": text})


def _named(text: str) -> tuple[str, str]:
    code, _, name = text.partition("=")
    return code, name


def _share(text: str) -> float:
    share = float(text)
    if not 0 <= share <= 1:
        raise ArgumentTypeError("a share lies between 0 and 1")
    return share


if __name__ == "__main__":
    sys.exit(main("adapters.ioffice.simulator", add_options, build))
