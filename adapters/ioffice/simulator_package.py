"""A package as the axis looks at it: strict after the reference, each refusal with its clause."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lxml import etree

N = "http://www.mic.gov.vn/TBT/QCVN_102_2016"
NS = {"n": N}
STATUSES = {"01", "02", "03", "04", "05", "06", "13", "15", "16"}
_SDK_ORDER = (
    "From", "To", "DocumentId", "Code", "PromulgationInfo", "DocumentType", "Subject", "Content",
    "SignerInfo", "DueDate", "OtherInfo", "ResponseFor", "SteeringType", "ResponseForTask",
    "ApplicationType", "ToPlaces",
)  # fmt: skip
_STATUS_ORDER = ("From", "ResponseFor", "StaffInfo", "StatusCode", "Description", "Timestamp")


@dataclass(frozen=True)
class Seen:
    """What the axis reads of a package."""

    kind: str
    sender: str
    recipients: tuple[str, ...]
    document_id: str
    sign: str
    day: str
    subject: str
    business: str
    status: str


def look(content: bytes) -> tuple[Seen | None, str]:
    """Read a package; gives (None, why) where the axis would not take it."""
    if content[:1].isspace() or b"<!DOCTYPE" in content[:10_000]:
        return None, "7.7, 7.16: characters before the declaration, or a DTD"
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=True)
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        return None, f"not well-formed: {error}"
    header = root.find("n:edXMLEnvelope/n:edXMLHeader/n:MessageHeader", NS)
    if root.tag != f"{{{N}}}edXML" or header is None:
        return None, "1: edXML/edXMLEnvelope/edXMLHeader/MessageHeader is missing"
    status = header.find("n:StatusCode", NS) is not None
    problem = next((_status_problems if status else _document_problems)(root, header), "")
    return (None, problem) if problem else (_seen(root, header, status=status), "")


def _text(element: Any, path: str) -> str:
    return (element.findtext("/".join(f"n:{step}" for step in path.split("/")), namespaces=NS) or "").strip()


def _seen(root: Any, header: Any, *, status: bool) -> Seen:
    answered = "ResponseFor/" if status else ""
    code = _text(header, "ResponseFor/Code")
    sign = code if status else f"{_text(header, 'Code/CodeNumber')}/{_text(header, 'Code/CodeNotation')}"
    to = (
        [_text(header, "ResponseFor/OrganId")]
        if status
        else [_text(each, "OrganId") for each in header.findall("n:To", NS)]
    )
    day = _text(header, "ResponseFor/PromulgationDate" if status else "PromulgationInfo/PromulgationDate")
    business = root.findtext(".//n:Bussiness/n:BussinessDocType", "0", NS)
    return Seen(
        kind="status" if status else "edoc",
        sender=_text(header, "From/OrganId"),
        recipients=tuple(to),
        document_id=_text(header, f"{answered}DocumentId"),
        sign=sign,
        day=day,
        subject=_text(header, "Subject"),
        business=business,
        status=_text(header, "StatusCode"),
    )


def _both(root: Any) -> Iterator[str]:
    if root.prefix is not None:
        yield "1: the root has a prefix"
    envelope = root.find("n:edXMLEnvelope", NS)
    dropped = [
        each for each in envelope.iter(f"{{{N}}}*") if each.prefix != "edXML" and not _in_signature(each)
    ]
    if dropped:
        yield f"1: {etree.QName(dropped[0]).localname} lost the prefix edXML"
    for each in root.iter():
        name = etree.QName(each).localname
        text = (each.text or "").strip()
        form = {"PromulgationDate": "%Y/%m/%d", "DueDate": "%Y/%m/%d", "Timestamp": "%Y/%m/%d %H:%M:%S"}.get(
            name
        )
        if form and text and not _fits(text, form):
            yield f"7.5: {name} is not of its form"


def _in_signature(element: Any) -> bool:
    named = (element, *element.iterancestors())
    return any(etree.QName(each).localname in ("Signature", "DigitalSignature") for each in named)


def _fits(text: str, form: str) -> bool:
    try:
        return datetime.strptime(text, form).strftime(form) == text  # noqa: DTZ007 - a form, no instant
    except ValueError:
        return False


def _ordered(header: Any, order: tuple[str, ...]) -> bool:
    names = [etree.QName(each).localname for each in header]
    ranks = [order.index(name) for name in names if name in order]
    return len(ranks) == len(names) and ranks == sorted(ranks)


def _status_problems(root: Any, header: Any) -> Iterator[str]:
    yield from _both(root)
    if not _ordered(header, _STATUS_ORDER):
        yield "3: a status has From, ResponseFor, StaffInfo, StatusCode, Description, Timestamp"
    if _text(header, "StatusCode") not in STATUSES:
        yield "3: StatusCode"
    if root.find(".//n:edXMLBody", NS) is not None or root.find("n:AttachmentEncoded", NS) is not None:
        yield "3: a status has no body and no attachments"
    for path in ("From/OrganId", "ResponseFor/OrganId", "ResponseFor/DocumentId", "Timestamp"):
        if not _text(header, path):
            yield f"3: {path} is missing"


def _document_problems(root: Any, header: Any) -> Iterator[str]:
    yield from _both(root)
    if not _ordered(header, _SDK_ORDER):
        yield "1.1: the order of MessageHeader is not the library's"
    needed = (
        "From/OrganId", "From/OrganName", "To/OrganId", "DocumentId", "Code/CodeNumber", "Code/CodeNotation",
        "PromulgationInfo/PromulgationDate", "DocumentType/Type", "DocumentType/TypeName", "Subject",
    )  # fmt: skip
    for path in needed:
        if not _text(header, path):
            yield f"1.1: {path} is missing"
    if not re.fullmatch(r"-?\d+", _text(header, "SteeringType")):
        yield "7.6: SteeringType is no number"
    to = [_text(each, "OrganId") for each in header.findall("n:To", NS)]
    if len(set(to)) < len(to):
        yield "1.7: a recipient twice"
    if root.find(".//n:TraceHeaderList/n:TraceHeader", NS) is None:
        yield "1.5: no TraceHeader"
    yield from _attachment_problems(root)


def _attachment_problems(root: Any) -> Iterator[str]:
    named = {_text(each, "ContentId").removeprefix("cid:") for each in root.findall(".//n:Reference", NS)}
    for each in root.findall("n:AttachmentEncoded/n:Attachment", NS):
        if _text(each, "ContentId").removeprefix("cid:") not in named:
            yield "2: the manifest does not name an attachment"
        try:
            content = base64.b64decode(_text(each, "ContentTransferEncoded"), validate=True)
        except binascii.Error:
            yield "2: ContentTransferEncoded is no base64"
            return
        if _text(each, "ContentType") == "application/zip" and content[:4] != b"PK\x03\x04":
            yield "2: application/zip, but the bytes are none"
