"""Speaks to a document service in the eDoc profile: SOAP with attachments through zeep (reference 5.3).

Knows no dossiers. A document comes out as an edXML file and goes in as the same tree, as in the VXP profile.
"""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, BinaryIO

from lxml import etree

from adapters._kit.http import Http, Reply, Request
from adapters._kit.mime_parts import PartsError
from adapters._kit.soap import SoapClient, SoapReply
from adapters._kit.soap_attachments import Enclosure, Parcel
from adapters._kit.soap_contract import Contract
from adapters._kit.wordings import Wording, meaning
from adapters._kit.xml import XmlError, parse
from adapters.ioffice.edoc_message import answered, for_service, in_namespace, texts
from adapters.ioffice.edoc_package import write_document
from adapters.ioffice.edxml import PackageError, PackageProblem
from adapters.ioffice.edxml.names import local, q
from adapters.ioffice.edxml.values import value_problems
from adapters.ioffice.envelope import Envelope
from adapters.ioffice.faults import error_of
from adapters.ioffice.outgoing import Sent, wrong
from adapters.ioffice.settings import IOfficeSettings
from bus.errors import DeliveryError, PermanentError, TransientError
from bus.ports import Deadline, Files, Tree
from bus.views import ListedAgency

OPERATIONS = (
    "SendDocument", "GetPendingDocumentIds", "GetDocument", "ConfirmReceived", "UpdateTraces", "GetTraces",
)  # fmt: skip
_LINK = "http://www.w3.org/1999/xlink"
_CHECKED = ("N.", "R.", "T.")
"""Codes of the service's own checks: missing, out of range, of a wrong type. Nothing was done."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a Report says: its first code, all that it says, in words."""

    good: bool
    code: str
    text: str


class EDocClient:
    """One organisation's account at the service; safe for many threads. All calls raise `DeliveryError`s."""

    def __init__(
        self,
        settings: IOfficeSettings,
        contract: Contract,
        http: Http,
        wordings: Sequence[Wording],
        files: Files,
    ) -> None:
        self._settings = settings
        self._contract = contract
        self._wordings = tuple(wordings)
        self._files = files
        self._namespace = str(contract.binding.get("SendDocument").input.body.qname.namespace)
        contract.document.types.set_ns_prefix("edXML", self._namespace)
        self._soap = SoapClient(contract, http, settings.endpoint, wordings=wordings)

    def received(self, kind: str, deadline: Deadline) -> list[dict[str, Any]]:
        """List the documents that wait for us, by their ids; statuses have another way (`traces`)."""
        del kind
        reply = self._ask("GetPendingDocumentIds", deadline)
        found = answered(parse(reply.raw), "DocumentIds")
        return [{"docId": each} for each in texts(found, "DocumentId") if each] if found is not None else []

    def sent(self, kind: str, deadline: Deadline) -> list[dict[str, Any]]:
        """Nothing: the service shows nobody what they sent."""
        del kind, deadline
        return []

    def count(self, deadline: Deadline) -> int:
        """Count the documents that wait for us. May be repeated."""
        return len(self.received("edoc", deadline))

    def login(self, deadline: Deadline) -> str:
        """Ask CheckPermission. May be repeated.

        A service without it, or with one in a form that we do not know, is asked what waits instead.
        """
        own = self._settings.system_id
        how = "has no CheckPermission"
        if self._contract.offers("CheckPermission"):
            try:
                self._ask("CheckPermission", deadline)
            except DeliveryError as error:
                if _is_report(error.answer) and not error.code.startswith(_CHECKED):
                    raise
                how = "takes CheckPermission in another form than ours"
            else:
                return f"CheckPermission: OrganId {own} and its Token are taken"
        waiting = self.count(deadline)
        return f"OrganId {own} and its Token are taken; {waiting} documents wait (the service {how})"

    def agencies(self, deadline: Deadline) -> list[ListedAgency]:
        """List every organisation that the service knows. May be repeated."""
        if not self._contract.offers("GetOrganizations"):
            what = "the contract of this service (wsdl) has no GetOrganizations"
            raise PermanentError("The service lists no organisations.", problems=(what,))
        found = answered(parse(self._ask("GetOrganizations", deadline).raw), "Organizations")
        names = self._settings.organization
        told = (
            [next(texts(each, name), "") for name in (names.code, names.name)]
            for each in (() if found is None else found.iterchildren(etree.Element))
        )
        return [ListedAgency(code, name=name) for code, name in told if code]

    def fetch(self, axis_id: str, into: BinaryIO, deadline: Deadline) -> None:
        """Write a document into `into` as an edXML file; its files go through a file. May be repeated."""
        most = self._settings.most
        with tempfile.TemporaryFile() as answer:
            parcel = _Reported(
                self, "GetDocument", into=answer, limit=most.package, most=most.attachments + 1
            )
            reply = self._ask("GetDocument", deadline, axis_id, parcel=parcel)
            encoded = self._settings.parts == "base64"
            try:
                write_document(parse(reply.raw), parcel.parts, answer, into, encoded=encoded)
            except (PartsError, ValueError) as error:
                text = f"The service gives a document that is none: {error}."
                raise TransientError(text, code="data", peer_down=False) from None

    def acknowledge(self, axis_id: str, state: str, deadline: Deadline) -> None:
        """Confirm that a document was received; what cannot be read is kept here too. May be repeated."""
        del state
        self._ask("ConfirmReceived", deadline, axis_id)

    def traces(self, since: str, deadline: Deadline) -> list[Any]:
        """List the statuses since yyyy/MM/dd HH:mm:ss: asked without a time, the service forgets them."""
        found = answered(parse(self._ask("GetTraces", deadline, since).raw), "Traces")
        return [] if found is None else list(found.iterchildren(etree.Element))

    def send(self, kind: str, sender: str, to: Sequence[str], tree: Tree, deadline: Deadline) -> Sent:
        """Send the `Package` of a tree; `kind` is edoc or status. Recipients stand in the tree."""
        del sender, to
        if problems := tuple(value_problems(tree)):
            raise wrong(PackageError(problems))
        if kind == "status":
            return self._status(tree, deadline)
        headers = [for_service(part, self._namespace) for part in tree if local(part.tag) in _HEADERS]
        headers += [etree.Element(f"{{{self._namespace}}}ErrorList"), self._signature()]
        references, enclosures = self._enclosed(tree)
        parcel = _Reported(self, "SendDocument", enclosures=enclosures)
        return self._given("SendDocument", parcel, deadline, Reference=references, _soapheaders=headers)

    def _status(self, tree: Any, deadline: Deadline) -> Sent:
        status = in_namespace(tree.find(q("MessageHeader")), None, {})
        parcel = _Reported(self, "UpdateTraces")
        return self._given(
            "UpdateTraces", parcel, deadline, _value_1=list(status), _soapheaders=[self._signature()]
        )

    def _given(self, operation: str, parcel: "_Reported", deadline: Deadline, **named: Any) -> Sent:
        try:
            reply = self._soap.call(operation, deadline=deadline, effect=True, parcel=parcel, **named)
        except _ExistsError as error:
            return Sent("", error.raw, existed=True)
        known = answered(parse(reply.raw), "DocumentId")
        return Sent("" if known is None else (known.text or "").strip(), reply.raw)

    def _ask(
        self, operation: str, deadline: Deadline, *values: str, parcel: "_Reported | None" = None
    ) -> SoapReply:
        own = (self._settings.system_id, self._settings.secret.reveal(), *values)
        parcel = parcel or _Reported(self, operation)
        return self._soap.call(operation, *own, deadline=deadline, effect=False, parcel=parcel)

    def _signature(self) -> Any:
        here = partial("{{{}}}{}".format, self._namespace)
        signature: Any = etree.Element(here("Signature"), nsmap={"edXML": self._namespace})
        key = etree.SubElement(signature, here("KeyInfo"))
        etree.SubElement(key, here("OrganId")).text = self._settings.system_id
        etree.SubElement(key, here("Token")).text = self._settings.secret.reveal()
        return signature

    def _enclosed(self, tree: Any) -> tuple[list[dict[str, Any]], list[Enclosure]]:
        """The manifest's lines and the files they name; raises `PermanentError` for one that is not there."""
        references, enclosures = [], []
        for count, attachment in enumerate(tree.findall(q("Attachment"))):
            said = {name: attachment.findtext(q(name)) or "" for name in _SAID}
            self._stored(f"Attachment/{count}/FileId", said["FileId"])
            kind = said["FileType"] or "application/octet-stream"
            references.append(self._reference(said, kind))
            enclosures.append(Enclosure(said["ContentId"], kind, partial(self._files.open, said["FileId"])))
        return references, enclosures

    def _reference(self, said: dict[str, str], kind: str) -> dict[str, Any]:
        values = {
            "ContentId": f"cid:{said['ContentId']}",
            "ContentType": kind,
            "Description": said["Description"],
            "AttachmentName": said["AttachmentName"],
        }
        children = []
        for name, value in values.items():
            element: Any = etree.Element(f"{{{self._namespace}}}{name}", nsmap={"edXML": self._namespace})
            element.text = value
            children.append(element)
        marks = {f"{{{_LINK}}}href": values["ContentId"], f"{{{_LINK}}}type": kind}
        return {"_value_1": children, "_attr_1": marks}

    def _stored(self, place: str, file: str) -> None:
        try:
            with self._files.open(file) as content:
                size = content.seek(0, 2)
        except FileNotFoundError:
            raise wrong(_problem(place, "is no stored file", "không tìm thấy tệp đã lưu")) from None
        if size > self._settings.most.attachment:
            what = f"is a file of more than {self._settings.most.attachment} bytes"
            raise wrong(_problem(place, what, "tệp đính kèm quá lớn"))

    def judge(self, operation: str, reply: Reply, *, effect: bool) -> None:
        """Raise what a Report says, if it is no success; leave what is none to the judge of SOAP."""
        said = _report(reply)
        if said is None or said.good:
            return
        if said.code.startswith(_CHECKED) or said.code == _EMPTY:
            text = f"The service does not take what {operation} says: {said.text}"
            raise PermanentError(text, code=said.code, answer=reply.body, problems=(said.text,))
        wording = meaning(self._wordings, operation, said.code, said.text)
        if wording is not None and wording.means == "exists" and effect:
            raise _ExistsError(reply.body)
        raise error_of(
            Envelope(ok=False, code=said.code, text=said.text, fields={}), wording, reply.body, effect=effect
        )


_HEADERS = ("MessageHeader", "TraceHeaderList")
_SAID = ("ContentId", "AttachmentName", "Description", "FileId", "FileType")
_EMPTY = "empty Body"


class _ExistsError(Exception):
    """The service has it already."""

    def __init__(self, raw: bytes) -> None:
        super().__init__("exists")
        self.raw = raw


class _Reported(Parcel):
    """A parcel whose answer's Report is judged before zeep reads it."""

    def __init__(self, client: EDocClient, operation: str, **named: Any) -> None:
        super().__init__(**named)
        self._client, self._operation = client, operation

    def carry(self, http: Http, request: Request, deadline: Deadline) -> Reply:
        """Send, and raise what the service's Report says."""
        reply = super().carry(http, request, deadline)
        if reply.status == 200:
            self._client.judge(self._operation, reply, effect=request.effect)
        return reply


def _report(reply: Reply) -> Said | None:
    """Read a Report; an empty Body is how the service answers a SendDocument that lacks tags (5.3)."""
    try:
        envelope = parse(reply.body)
    except XmlError:
        return None
    body = answered(envelope, "Body")
    if (
        local(envelope.tag) == "Envelope"
        and body is not None
        and len(body) == 0
        and not (body.text or "").strip()
    ):
        return Said(good=False, code=_EMPTY, text="an empty Body: a tag that it demands is missing")
    report = answered(envelope, "Report")
    if report is None:
        return None
    good = next(texts(report, "IsSuccess"), "").lower()
    codes = [code for code in texts(report, "Code") if code]
    told = [each for each in texts(report, "Description") if each]
    return Said(good in ("true", "1"), codes[0] if codes else "", "; ".join(told or codes))


def _is_report(answer: bytes) -> bool:
    """Whether an answer says in the service's own form what it has against a call."""
    try:
        return answered(parse(answer), "Report") is not None
    except XmlError:
        return False


def _problem(place: str, what: str, vi: str) -> PackageError:
    return PackageError([PackageProblem(place, 0, what, vi)])
