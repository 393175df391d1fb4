"""Documents between the two profiles, as the simulated service turns them: names and files."""

from __future__ import annotations

import base64
import io
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lxml import etree

from adapters.ioffice.simulator_package import N

E = "http://www.e-doc.vn/Schema/"
XLINK = "http://www.w3.org/1999/xlink"
_ORGAN = ("OrganId", "OrganizationInCharge", "OrganName", "OrganAdd", "Email", "Telephone", "Fax", "Website")
_TAGS = (
    *(f"From/{name}" for name in _ORGAN),
    *(f"To/{name}" for name in _ORGAN if name != "OrganizationInCharge"),
    "Code/CodeNumber", "Code/CodeNotation", "PromulgationInfo/Place", "PromulgationInfo/PromulgationDate",
    "DocumentType/Type", "DocumentType/TypeName", "Subject", "Content", "SignerInfo/Competence",
    "SignerInfo/Position", "SignerInfo/FullName", "DueDate", "ToPlaces", "OtherInfo/Priority",
    "OtherInfo/SphereOfPromulgation", "OtherInfo/TyperNotation", "OtherInfo/PromulgationAmount",
    "OtherInfo/PageAmount", "OtherInfo/Appendixes",
)  # fmt: skip
_DAY = re.compile(r"(\d{4})/(\d\d)/(\d\d) ")


@dataclass(frozen=True)
class Paper:
    """A SendDocument: header and body of the envelope, its parts."""

    header: Any
    body: Any
    parts: Mapping[str, bytes]

    def lacking(self) -> str:
        """Name a tag that is demanded and missing (reference 5.3)."""
        message = self.header.find(f"{{{E}}}MessageHeader")
        if message is None or self.header.find(f"{{{E}}}ErrorList") is None:
            return "MessageHeader or ErrorList"
        steps = ("/".join(f"{{{E}}}{step}" for step in tag.split("/")) for tag in _TAGS)
        return next((path for path in steps if message.find(path) is None), "")

    def problem(self) -> tuple[str, str] | None:
        """Say where manifest and parts differ."""
        named = [each.get(f"{{{XLINK}}}href", "") for each in self.references()]
        if sorted(named) != sorted(f"cid:{identity}" for identity in self.parts):
            return "N.Manifest.Reference", "Manifest and parts differ"
        return None

    def references(self) -> list[Any]:
        """The lines of the manifest."""
        return list(self.body.findall(f"{{{E}}}Manifest/{{{E}}}Reference"))


def package_of(paper: Paper) -> bytes:
    """Write a package of the other profile: what waits on the axis is one form, whoever takes it."""
    root: Any = etree.Element(f"{{{N}}}edXML", nsmap={None: N})  # type: ignore[dict-item]  # the default namespace
    envelope = etree.SubElement(root, f"{{{N}}}edXMLEnvelope", nsmap={"edXML": N})
    header = etree.SubElement(envelope, f"{{{N}}}edXMLHeader")
    message = _copied(paper.header.find(f"{{{E}}}MessageHeader"), N, header)
    if not message.findtext(f"{{{N}}}SteeringType"):
        _steering(message)
    if (trace := paper.header.find(f"{{{E}}}TraceHeaderList")) is not None:
        _copied(trace, N, header)
    body = etree.SubElement(etree.SubElement(envelope, f"{{{N}}}edXMLBody"), f"{{{N}}}edXMLManifest")
    around = etree.SubElement(root, f"{{{N}}}AttachmentEncoded")
    for reference in paper.references():
        identity = reference.get(f"{{{XLINK}}}href")
        _attached(_copied(reference, N, body), identity, paper.parts[identity[4:]], around)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def status_of(status: Any) -> bytes:
    """Write a status package of what stood in Body/Status."""
    root: Any = etree.Element(f"{{{N}}}edXML", nsmap={None: N})  # type: ignore[dict-item]  # the default namespace
    envelope = etree.SubElement(root, f"{{{N}}}edXMLEnvelope", nsmap={"edXML": N})
    message = _copied(status, N, etree.SubElement(envelope, f"{{{N}}}edXMLHeader"))
    message.tag = f"{{{N}}}MessageHeader"
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def document_of(content: str) -> tuple[list[Any], Any, dict[str, tuple[str, bytes]]]:
    """Give headers, manifest and parts of a package (base64): base64 once more in each part (reference 2)."""
    root = etree.fromstring(
        base64.b64decode(content), etree.XMLParser(huge_tree=True, resolve_entities=False)
    )
    header = root.find(f"{{{N}}}edXMLEnvelope/{{{N}}}edXMLHeader")
    headers = [_told(each) for each in (header if header is not None else ())]
    manifest: Any = etree.Element(f"{{{E}}}Manifest", nsmap={"edXML": E, "xlink": XLINK})
    parts = {}
    for each in root.findall(f"{{{N}}}AttachmentEncoded/{{{N}}}Attachment"):
        identity = (each.findtext(f"{{{N}}}ContentId") or "").removeprefix("cid:")
        name, file = each.findtext(f"{{{N}}}AttachmentName") or "", _unpacked(each)
        line = etree.SubElement(manifest, f"{{{E}}}Reference")
        line.set(f"{{{XLINK}}}href", f"cid:{identity}")
        line.set(f"{{{XLINK}}}type", "application/octet-stream")
        etree.SubElement(line, f"{{{E}}}AttachmentName").text = name
        parts[identity] = ("application/octet-stream", base64.b64encode(file))
    return headers, manifest, parts


def _told(part: Any) -> Any:
    """Write a header as the service does: its own spelling, and the days of traces the other way round."""
    made = _copied(part, E, etree.Element("x", nsmap={"edXML": E}))
    made.getparent().remove(made)
    for each in made.iter():
        name = etree.QName(each).localname
        if name.startswith("Bussiness"):
            each.tag = f"{{{E}}}{name.replace('Bussiness', 'Business', 1)}"
        if name == "Timestamp" and etree.QName(made).localname == "TraceHeaderList":
            each.text = _DAY.sub(r"\3/\2/\1 ", each.text or "")
    return made


def _copied(element: Any, namespace: str, parent: Any) -> Any:
    name = etree.QName(element).localname
    if namespace == N and name.startswith("Business"):
        name = name.replace("Business", "Bussiness", 1)
    made = etree.SubElement(parent, f"{{{namespace}}}{name}")
    made.text = element.text if len(element) == 0 else None
    for child in element:
        _copied(child, namespace, made)
    return made


def _steering(message: Any) -> None:
    for empty in message.findall(f"{{{N}}}SteeringType"):
        message.remove(empty)
    late = ("ResponseForTask", "ApplicationType", "ToPlaces")
    at = next(
        (place for place, each in enumerate(message) if etree.QName(each).localname in late), len(message)
    )
    made = etree.Element(f"{{{N}}}SteeringType")
    made.text = "0"
    message.insert(at, made)


def _attached(reference: Any, identity: str, file: bytes, around: Any) -> None:
    known = reference.find(f"{{{N}}}ContentId")
    known = etree.SubElement(reference, f"{{{N}}}ContentId") if known is None else known
    known.text = identity
    made = etree.SubElement(around, f"{{{N}}}Attachment")
    etree.SubElement(made, f"{{{N}}}ContentId").text = identity
    etree.SubElement(made, f"{{{N}}}AttachmentName").text = reference.findtext(f"{{{N}}}AttachmentName")
    etree.SubElement(made, f"{{{N}}}ContentType").text = reference.findtext(f"{{{N}}}ContentType")
    etree.SubElement(made, f"{{{N}}}ContentTransferEncoded").text = base64.b64encode(file).decode()


def _unpacked(attachment: Any) -> bytes:
    content = base64.b64decode(attachment.findtext(f"{{{N}}}ContentTransferEncoded") or "")
    if attachment.findtext(f"{{{N}}}ContentType") != "application/zip":
        return content
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return archive.read(archive.namelist()[0])
