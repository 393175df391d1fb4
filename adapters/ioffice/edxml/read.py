"""Reading a package: the one way from bytes to a `Package`."""

import re
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from lxml import etree

from adapters.ioffice.edxml import quirks, xml
from adapters.ioffice.edxml.content import Content, ContentError
from adapters.ioffice.edxml.limits import DEFAULT, Limits
from adapters.ioffice.edxml.names import HERE, NAMESPACE, SIGNATURES, STORED, local, q
from adapters.ioffice.edxml.normal import normalise
from adapters.ioffice.edxml.package import Kind, Package
from adapters.ioffice.edxml.problems import PackageError, PackageNote, PackageProblem
from bus.ports import Files
from mappings.dossier import File

_CONTENT = q("ContentTransferEncoded")
_MOST_NAME = 500
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
"""Controls, breaks of lines, and marks that turn the direction of text; a hard blank is common."""
_LAYERS = {
    ".": frozenset(map(q, ("edXMLEnvelope", "AttachmentEncoded"))),
    q("edXMLEnvelope"): frozenset(map(q, ("edXMLHeader", "edXMLBody"))),
    f"{q('edXMLEnvelope')}/{q('edXMLHeader')}": frozenset(map(q, ("MessageHeader", "TraceHeaderList"))),
    f"{q('edXMLEnvelope')}/{q('edXMLBody')}": frozenset({q("edXMLManifest")}),
    q("AttachmentEncoded"): frozenset({q("Attachment")}),
}
"""layer -> what may stand in it"""


def read_package(source: BinaryIO, files: Files, limits: Limits = DEFAULT) -> Package:
    """Read a package from `source`, storing its attachments in `files` as they come.

    Element order, prefixes, `cid:` and the forms of attachments are taken as they circulate (reference 1, 2,
    7); what was put right or left out is noted. Memory stays bounded whatever the size of attachments.
    Raises `PackageError` with every problem, each with its path and line. May be repeated.
    """
    with ExitStack() as stack:
        contents: list[Content] = []

        def led(element: Any) -> Content:
            if len(contents) >= limits.attachments:
                raise PackageError([_one_too_many(element, limits)])
            contents.append(Content(limits))
            stack.callback(contents[-1].close)
            element.text = str(len(contents) - 1)
            return contents[-1]

        root = xml.parse(source, limits, {_CONTENT: led}, SIGNATURES)
        return _Reading(root, contents, files).package()


@dataclass(slots=True)
class _Reading:
    root: Any
    contents: list[Content]
    files: Files
    problems: list[PackageProblem] = field(default_factory=list)
    notes: list[PackageNote] = field(default_factory=list)
    kept: list[File] = field(default_factory=list)

    def package(self) -> Package:
        header, body = self._layers()
        message = self._only(header, "edXMLEnvelope/edXMLHeader/MessageHeader")
        kind: Kind = "status" if message.find(q("StatusCode")) is not None else "document"
        tree = etree.Element(q("Package"), nsmap=HERE)
        tree.append(message)
        tree.extend(header.findall(q("TraceHeaderList")))
        self.notes += quirks.settle(message, status=kind == "status")
        self._attachments(tree, _references(body))
        problems, notes = normalise(tree)
        self.problems += problems
        self.notes += notes
        package = Package(tree, kind, tuple(self.kept), tuple(self.notes))
        if self.problems:
            raise PackageError(sorted(self.problems, key=lambda problem: problem.line), package)
        return package

    def _layers(self) -> tuple[Any, Any]:
        """Return edXMLHeader and edXMLBody (or None); a missing layer is told with what stands there."""
        _check_root(self.root)
        self._strays()
        envelope = self._only(self.root, "edXMLEnvelope")
        header = self._only(envelope, "edXMLEnvelope/edXMLHeader")
        return header, envelope.find(q("edXMLBody"))

    def _only(self, parent: Any, path: str) -> Any:
        """Return the one element of a layer; of two nobody could say which counts."""
        found = parent.findall(q(path.rpartition("/")[2]))
        if not found:
            raise PackageError([_missing(path, parent)])
        if len(found) > 1:
            self._problem(path, found[1], "stands twice", "phần tử bị lặp")
        return found[0]

    def _strays(self) -> None:
        """Refuse attachments in places where nobody reads them (reference 7.9); note what nobody knows."""
        for attachment in self.root.iter(q("Attachment"), _CONTENT):
            parent = attachment.getparent()
            where = "AttachmentEncoded" if attachment.tag != _CONTENT else "Attachment"
            if parent is None or parent.tag != q(where):
                what = f"stands outside of {where}: nobody would read it"
                self._problem(local(attachment.tag), attachment, what, "tệp đính kèm đặt sai chỗ")
        for path, known in _LAYERS.items():
            for layer in self.root.iterfind(path):
                for child in layer:
                    if child.tag not in known:
                        self._note(local(child.tag), child, "the standard does not name this element here")

    def _attachments(self, tree: Any, references: dict[str, Any]) -> None:
        seen: set[str] = set()
        found = self.root.findall(f"{q('AttachmentEncoded')}/{q('Attachment')}")
        for count, attachment in enumerate(found):
            path = "AttachmentEncoded/Attachment" + (f"/{count}" if len(found) > 1 else "")
            identity = _bare(_text(attachment, "ContentId"))
            self._identified(identity, seen, path, attachment)
            reference = references.pop(identity, None)
            if reference is None:
                self._note(path, attachment, "the manifest does not name this attachment")
            made = _attachment(identity, attachment, reference)
            self._content(attachment, made, path)
            tree.append(made)
        for identity, reference in references.items():
            path = "edXMLEnvelope/edXMLBody/edXMLManifest/Reference"
            self._note(path, reference, f"names {identity!r}, which is not attached")

    def _identified(self, identity: str, seen: set[str], path: str, attachment: Any) -> None:
        if not identity:
            self._problem(f"{path}/ContentId", attachment, "is missing", "thiếu ContentId")
        elif identity in seen:
            self._problem(f"{path}/ContentId", attachment, "stands for two attachments", "ContentId bị trùng")
        seen.add(identity)

    def _content(self, attachment: Any, made: Any, path: str) -> None:
        """Store an attachment's content and give the element its FileId."""
        name = _text(made, "AttachmentName")
        encoded = attachment.find(_CONTENT)
        for twice, count in Counter(child.tag for child in attachment).items():
            if count > 1:
                self._problem(f"{path}/{local(twice)}", attachment, "stands twice", "phần tử bị lặp")
        if wrong := _wrong_name(name):
            self._problem(f"{path}/AttachmentName", attachment, *wrong)
        elif encoded is None:
            self._problem(f"{path}/ContentTransferEncoded", attachment, "is missing", "thiếu nội dung tệp")
        else:
            self._keep(encoded, name, made, f"{path}/ContentTransferEncoded")

    def _keep(self, encoded: Any, name: str, made: Any, path: str) -> None:
        try:
            file = self.contents[int(encoded.text)].keep(name, self.files)
        except ContentError as error:
            self._problem(path, encoded, error.what, error.vi)
            return
        self.kept.append(file)
        for element, value in zip(STORED, (file.hash, file.size, file.media_type, file.name), strict=True):
            etree.SubElement(made, q(element)).text = str(value)
        if file.size == 0:
            self._note(path, encoded, "the attached file is empty")

    def _problem(self, path: str, element: Any, what: str, vi: str) -> None:
        self.problems.append(PackageProblem(path, element.sourceline or 0, what, vi))

    def _note(self, path: str, element: Any, what: str) -> None:
        self.notes.append(PackageNote(path, element.sourceline or 0, what))


def _check_root(root: Any) -> None:
    if root.tag == q("edXML"):
        return
    name = etree.QName(root)
    if name.localname == "Envelope" and "soap" in (name.namespace or ""):
        what = "is a SOAP envelope: this is the eDoc profile, not a package of QCVN 102:2016"
    elif name.namespace == NAMESPACE:
        what = f"begins with <{name.localname}>, but <edXML> is meant"
    else:
        there = f'<{name.localname}> of the namespace "{name.namespace or ""}"'
        what = f"is {there}; <edXML> of {NAMESPACE} is meant"
    raise PackageError(
        [PackageProblem(name.localname, root.sourceline or 0, what, "phần tử gốc phải là edXML")]
    )


def _missing(path: str, parent: Any) -> PackageProblem:
    there = ", ".join(dict.fromkeys(_shown(child.tag) for child in parent)) or "nothing"
    return PackageProblem(
        path, parent.sourceline or 0, f"is missing; there is {there}", "thiếu phần tử bắt buộc"
    )


def _shown(tag: str) -> str:
    """Name an element; one of another namespace with it, for it may be called the same."""
    name = etree.QName(tag)
    where = "" if name.namespace == NAMESPACE else f' of the namespace "{name.namespace or ""}"'
    return f"{name.localname}{where}"


def _one_too_many(element: Any, limits: Limits) -> PackageProblem:
    what = f"is more than the {limits.attachments} attachments that are allowed"
    path = "AttachmentEncoded/Attachment/ContentTransferEncoded"
    return PackageProblem(path, element.sourceline or 0, what, "gói tin có quá nhiều tệp đính kèm")


def _references(body: Any) -> dict[str, Any]:
    if body is None:
        return {}
    found = body.findall(f"{q('edXMLManifest')}/{q('Reference')}")
    return {_bare(_text(each, "ContentId") or _linked(each)): each for each in found}


def _linked(reference: Any) -> str:
    return str(reference.get("{http://www.w3.org/1999/xlink}href") or "")


def _attachment(identity: str, attachment: Any, reference: Any) -> Any:
    """Make the element that the sheet reads; what only the manifest says is taken from there."""
    made: Any = etree.Element(q("Attachment"), nsmap=HERE)
    made.sourceline = attachment.sourceline or 0
    values = {"ContentId": identity} | {
        name: _text(attachment, name) or (_text(reference, name) if reference is not None else "")
        for name in ("AttachmentName", "Description", "ContentType")
    }
    for name, value in values.items():
        if value:
            etree.SubElement(made, q(name)).text = value
    return made


def _text(element: Any, name: str) -> str:
    return (element.findtext(q(name)) or "").strip()


def _bare(identity: str) -> str:
    """Strip `cid:`, which some write on both sides, some on one (reference 2)."""
    return identity[4:].strip() if identity[:4].lower() == "cid:" else identity


def _wrong_name(name: str) -> tuple[str, str] | None:
    """Refuse a name that nobody may write a file under; a "/" alone is common in signs of documents."""
    if not name:
        return "is missing", "thiếu tên tệp"
    if len(name) > _MOST_NAME:
        return f"is longer than {_MOST_NAME} characters", "tên tệp quá dài"
    parts = name.replace("\\", "/").split("/")
    if ".." in parts or not parts[0] or parts[0].endswith(":") or _UNSEEN.search(name):
        return "is no safe name of a file", "tên tệp không an toàn"
    return None
