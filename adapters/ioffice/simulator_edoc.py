"""The same axis in the eDoc profile (reference 5.3): SOAP 1.1 with attachments, dispatched by SOAPAction.

Strict: bare action names, requests in no namespace, tags even if empty (else an empty Body), a token.
Business errors are a Report. Without a time GetTraces gives each status once; with one, all since then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from lxml import etree

from adapters._kit.simulator_http import Answer, Request
from adapters.ioffice.simulator_axis import Axis
from adapters.ioffice.simulator_edoc_papers import E, Paper, document_of, package_of, status_of
from adapters.ioffice.simulator_package import look
from adapters.ioffice.simulator_parts import put_together, taken_apart

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
_XML = "text/xml; charset=utf-8"
_ASKED = {
    "GetPendingDocumentIds": "GetPendingDocumentIdsRequest",
    "GetDocument": "GetDocumentRequest",
    "ConfirmReceived": "ConfirmReceived",
    "GetTraces": "GetTraces",
    "CheckPermission": "CheckPermission",
    "GetOrganizations": "GetOrganizations",
}
"""Action -> the element in the Body, of no namespace, with OrganId and Token."""
Content = tuple[str, Any]
"""An element's name, and its text or a list of what is in it."""


class Service:
    """Opens envelopes, lets the axis work, answers in kind."""

    def __init__(self, axis: Axis, system: str, token: str) -> None:
        self._axis, self._system, self._token = axis, system, token

    def serve(self, request: Request) -> Answer:
        """Answer one call."""
        action = operation_of(request)
        kind, body = request.headers.get("content-type", ""), request.body
        parts: dict[str, bytes] = {}
        if action == "SendDocument":
            taken = taken_apart(kind, body)
            if isinstance(taken, str):
                return _fault(taken)
            body, parts = taken
        elif kind.partition(";")[0].strip() != "text/xml":
            return _fault(f"Content-Type {kind}")
        try:
            envelope: Any = etree.fromstring(body, etree.XMLParser(resolve_entities=False, no_network=True))
        except etree.XMLSyntaxError as error:
            return _fault(f"no XML: {error}")
        if envelope.tag != f"{{{SOAP}}}Envelope" or envelope.getroottree().docinfo.doctype:
            return _fault("no SOAP 1.1 envelope")
        return self._acted(action, envelope, parts)

    def _acted(self, action: str, envelope: Any, parts: dict[str, bytes]) -> Answer:
        if action in ("SendDocument", "UpdateTraces"):
            return self._given(action, envelope, parts)
        if action not in _ASKED:
            return _fault(f"no action {action}")
        asked = envelope.find(f"{{{SOAP}}}Body/{_ASKED[action]}")
        if asked is None:
            return _fault(f"{_ASKED[action]} of no namespace is meant")
        if (asked.findtext("OrganId"), asked.findtext("Token")) != (self._system, self._token):
            return _report(action, "M.CheckPermission", "OrganId or Token is not known")
        acts: dict[str, Callable[[Any], Answer]] = {
            "GetPendingDocumentIds": self._pending,
            "GetDocument": self._document,
            "ConfirmReceived": self._confirmed,
            "GetTraces": self._traces,
            "CheckPermission": lambda _: _report("CheckPermission"),
            "GetOrganizations": self._organizations,
        }
        return acts[action](asked)

    def _given(self, action: str, envelope: Any, parts: dict[str, bytes]) -> Answer:
        header = envelope.find(f"{{{SOAP}}}Header")
        key = header.find(f"{{{E}}}Signature/{{{E}}}KeyInfo") if header is not None else None
        said = (key.findtext(f"{{{E}}}OrganId"), key.findtext(f"{{{E}}}Token")) if key is not None else None
        if said != (self._system, self._token):
            return _report(action, "M.CheckPermission", "Signature is not known")
        body = envelope.find(f"{{{SOAP}}}Body")
        if action == "UpdateTraces":
            return self._updated(body)
        paper = Paper(header, body, parts)
        if lacking := paper.lacking():
            self._axis.journal.record(action, "", "refused", reason=lacking)
            return _answer([])
        return self._sent(paper)

    def _sent(self, paper: Paper) -> Answer:
        if problem := paper.problem():
            return _report("SendDocument", *problem)
        content = package_of(paper)
        seen, why = look(content)
        if seen is None:
            self._axis.journal.record("SendDocument", "", "refused", reason=why)
            return _report("SendDocument", "T.MessageHeader", why)
        if self._axis.units.get(seen.sender) != self._system:
            return _report("SendDocument", "M.SendDocument", f"{seen.sender} is none of your units")
        known = self._axis.send(seen, content, "SendDocument")
        if known is None:
            return _report("SendDocument", "M.Exist", "Document existed")
        return _report("SendDocument", more=[("DocumentId", known)])

    def _updated(self, body: Any) -> Answer:
        status = body.find("Status")
        seen, why = (
            look(status_of(status)) if status is not None else (None, "Status of no namespace is meant")
        )
        if seen is None:
            self._axis.journal.record("UpdateTraces", "", "refused", reason=why)
            return _report("UpdateTraces", "T.Status", why)
        if self._axis.told_before(seen):
            self._axis.journal.record("UpdateTraces", seen.document_id, "refused", reason="exists")
            return _report("UpdateTraces", "M.Exist", "Trace existed")
        self._axis.send(seen, status_of(status), "UpdateTraces")
        return _report("UpdateTraces")

    def _pending(self, _asked: Any) -> Answer:
        ids = [("DocumentId", each.axis_id) for each in self._axis.waiting(self._system, "edoc")]
        return _report("GetPendingDocumentIds", more=[("DocumentIds", ids)])

    def _document(self, asked: Any) -> Answer:
        packet = self._axis.packets.get(asked.findtext("documentId") or "")
        if packet is None or self._axis.units.get(packet.to) != self._system:
            return _report("GetDocument", "M.GetDocument", "documentId is not known")
        headers, manifest, parts = document_of(packet.content)
        envelope = _enveloped(headers, [manifest])
        kind, body = put_together(envelope, parts)
        return Answer(200, body, content_type=kind)

    def _confirmed(self, asked: Any) -> Answer:
        packet = self._axis.packets.get(asked.findtext("documentId") or "")
        if packet is None or self._axis.units.get(packet.to) != self._system:
            return _report("ConfirmReceived", "M.ConfirmReceived", "documentId is not known")
        self._axis.acknowledge(packet, "done", "ConfirmReceived")
        return _report("ConfirmReceived")

    def _organizations(self, _asked: Any) -> Answer:
        told: list[Content] = [
            ("Organization", [("OrganId", code), ("OrganName", name)])
            for code, name in self._axis.catalogue.items()
        ]
        return _report("GetOrganizations", more=[("Organizations", told)])

    def _traces(self, asked: Any) -> Answer:
        since = asked.findtext("TimeStamp") or ""
        told = self._axis.statuses(self._system, since)
        response = _reported("GetTraces", "", "", [])
        traces = etree.SubElement(response, f"{{{E}}}Traces")
        traces.extend(status for packet in told if (status := document_of(packet.content)[0][0]) is not None)
        for each in traces:
            each.tag = f"{{{E}}}Status"
        if not since:
            for packet in told:
                self._axis.acknowledge(packet, "done", "GetTraces")
        return Answer(200, _enveloped([], [response]), content_type=_XML)


def operation_of(request: Request) -> str:
    """Name the operation: a bare SOAPAction."""
    return request.headers.get("soapaction", "").strip('"')


def _report(action: str, code: str = "", text: str = "", more: Iterable[Content] = ()) -> Answer:
    return _answer([_reported(action, code, text, more)])


def _reported(action: str, code: str, text: str, more: Iterable[Content]) -> Any:
    errors: list[Content] = [("Error", [("Code", code), ("Description", text)])] if code else []
    report: list[Content] = [("IsSuccess", "false" if code else "true"), ("ErrorList", errors)]
    return _element((f"{action}Response", [("Report", report), *more]))


def _element(content: Content) -> Any:
    name, inner = content
    made: Any = etree.Element(f"{{{E}}}{name}", nsmap={"edXML": E})
    if isinstance(inner, str):
        made.text = inner
    else:
        made.extend(map(_element, inner))
    return made


def _answer(content: list[Any]) -> Answer:
    return Answer(200, _enveloped([], content), content_type=_XML)


def _fault(text: str) -> Answer:
    fault: Any = etree.Element(f"{{{SOAP}}}Fault", nsmap={"SOAP-ENV": SOAP})
    etree.SubElement(fault, "faultcode").text = "SOAP-ENV:Client"
    etree.SubElement(fault, "faultstring").text = text
    return Answer(500, _enveloped([], [fault]), content_type=_XML)


def _enveloped(headers: list[Any], content: list[Any]) -> bytes:
    envelope: Any = etree.Element(f"{{{SOAP}}}Envelope", nsmap={"SOAP-ENV": SOAP, "edXML": E})
    if headers:
        etree.SubElement(envelope, f"{{{SOAP}}}Header").extend(headers)
    etree.SubElement(envelope, f"{{{SOAP}}}Body").extend(content)
    return etree.tostring(envelope, xml_declaration=True, encoding="UTF-8")
