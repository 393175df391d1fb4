"""Writing a package: the one form that every known receiver takes.

Prefixes stand as one receiver's deserialiser wants them (reference 1): the root and the attachments in the
default namespace, the envelope under `edXML:`, bound again at the encoded content. XML libraries choose
prefixes themselves, so the text is put together here.
"""

import base64
import uuid
import zipfile
from collections.abc import Iterator
from typing import Any, BinaryIO
from xml.sax.saxutils import escape, quoteattr

from lxml import etree

from adapters.ioffice.edxml.archive import is_wrapped
from adapters.ioffice.edxml.files import CHUNK
from adapters.ioffice.edxml.limits import DEFAULT, Limits
from adapters.ioffice.edxml.media import ending
from adapters.ioffice.edxml.names import NAMESPACE, PREFIX, local, q
from adapters.ioffice.edxml.normal import RANKS
from adapters.ioffice.edxml.problems import PackageError, PackageProblem
from adapters.ioffice.edxml.values import value_problems
from bus.ports import Files

ZIP = "application/zip"
_ENTRY = uuid.UUID("8d1b3f0e-7f0c-4b53-9b0a-2f2f5b6f6a11")
_LONG_AGO = (1980, 1, 1, 0, 0, 0)
"""The time in archives that we make, so that the same package gives the same bytes."""
_BOUND = f'xmlns:{PREFIX}="{NAMESPACE}"'


def write_package(tree: Any, files: Files, out: BinaryIO, limits: Limits = DEFAULT) -> None:
    """Write the `Package` tree (as `read_package` or a sheet makes it) to `out`; files come from `files`.

    An attachment declared `application/zip`, or not declared, is zipped as the vendor library does it; any
    other goes raw under its declared type, unless a reader would take it for a wrapping. Memory stays
    bounded. The same tree gives the same bytes.
    Raises `PackageError` with every problem before anything is written. May be repeated.
    """
    attachments = tree.findall(q("Attachment"))
    problems = [*_problems(tree), *_file_problems(attachments, files, limits)]
    if problems:
        raise PackageError(problems)
    out.write(_head(tree, attachments).encode())
    if attachments:
        out.write(b"  <AttachmentEncoded>\n")
        for attachment in attachments:
            _write_attachment(attachment, files, out, limits)
        out.write(b"  </AttachmentEncoded>\n")
    out.write(b"</edXML>\n")


def _problems(tree: Any) -> Iterator[PackageProblem]:
    message = tree.find(q("MessageHeader"))
    if tree.tag != q("Package") or message is None:
        yield PackageProblem("MessageHeader", 0, "is missing", "thiếu phần tử bắt buộc")
        return
    yield from value_problems(tree)


def _file_problems(attachments: list[Any], files: Files, limits: Limits) -> Iterator[PackageProblem]:
    for count, attachment in enumerate(attachments):
        at = f"Attachment/{count}" if len(attachments) > 1 else "Attachment"
        for name in ("ContentId", "AttachmentName"):
            if not attachment.findtext(q(name)):
                yield PackageProblem(f"{at}/{name}", 0, "is missing", "thiếu giá trị bắt buộc")
        yield from _stored_problems(f"{at}/FileId", attachment.findtext(q("FileId")) or "", files, limits)


def _stored_problems(at: str, file: str, files: Files, limits: Limits) -> Iterator[PackageProblem]:
    try:
        with files.open(file) as content:
            if content.seek(0, 2) > limits.attachment:
                what = f"is a file of more than {limits.attachment} bytes"
                yield PackageProblem(at, 0, what, "tệp đính kèm quá lớn")
    except FileNotFoundError:
        yield PackageProblem(at, 0, "is no stored file", "không tìm thấy tệp đã lưu")


def _head(tree: Any, attachments: list[Any]) -> str:
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<edXML xmlns="{NAMESPACE}">',
        f"  <{PREFIX}:edXMLEnvelope {_BOUND}>",
        f"    <{PREFIX}:edXMLHeader>",
    ]
    for name in ("MessageHeader", "TraceHeaderList"):
        if (part := tree.find(q(name))) is not None:
            _element(_steered(part), "      ", lines)
    lines.append(f"    </{PREFIX}:edXMLHeader>")
    if tree.find(f"{q('MessageHeader')}/{q('StatusCode')}") is None:
        lines += _body(attachments)
    lines.append(f"  </{PREFIX}:edXMLEnvelope>\n")
    return "\n".join(lines)


def _steered(part: Any) -> Any:
    """An empty SteeringType is never written (reference 7.6); a document without one gets 0."""
    if local(part.tag) != "MessageHeader" or part.find(q("StatusCode")) is not None:
        return part
    if (part.findtext(q("SteeringType")) or "").strip():
        return part
    copy = etree.fromstring(etree.tostring(part))
    for empty in copy.findall(q("SteeringType")):
        copy.remove(empty)
    etree.SubElement(copy, q("SteeringType")).text = "0"
    return copy


def _element(element: Any, indent: str, lines: list[str]) -> None:
    """Add the lines of an element and all below it, children in the order of the standard."""
    name = f"{PREFIX}:{local(element.tag)}"
    marks = "".join(f" {key}={quoteattr(value)}" for key, value in element.items() if key[0] != "{")
    children = list(element)
    if children:
        lines.append(f"{indent}<{name}{marks}>")
        ranks = RANKS.get(element.tag, {})
        for child in sorted(children, key=lambda child: ranks.get(child.tag, len(ranks))):
            _element(child, indent + "  ", lines)
        lines.append(f"{indent}</{name}>")
    elif element.text:
        lines.append(f"{indent}<{name}{marks}>{_escaped(element.text)}</{name}>")
    else:
        lines.append(f"{indent}<{name}{marks}/>")


def _escaped(text: str) -> str:
    return escape(text, {"\r": "&#13;"})


def _body(attachments: list[Any]) -> Iterator[str]:
    yield f"    <{PREFIX}:edXMLBody>"
    yield f'      <{PREFIX}:edXMLManifest version="1.0">'
    for attachment in attachments:
        yield f"        <{PREFIX}:Reference>"
        for name, value in _described(
            attachment, ("ContentId", "ContentType", "Description", "AttachmentName")
        ):
            yield f"          <{PREFIX}:{name}>{_escaped(value)}</{PREFIX}:{name}>"
        yield f"        </{PREFIX}:Reference>"
    yield f"      </{PREFIX}:edXMLManifest>"
    yield f"    </{PREFIX}:edXMLBody>"


def _described(attachment: Any, names: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    values = {name: attachment.findtext(q(name)) or "" for name in names}
    values["ContentId"] = f"cid:{values['ContentId']}"
    values["ContentType"] = values["ContentType"] or ZIP
    yield from ((name, values[name]) for name in names if values[name])


def _write_attachment(attachment: Any, files: Files, out: BinaryIO, limits: Limits) -> None:
    lines = ["    <Attachment>"]
    for name, value in _described(attachment, ("ContentId", "AttachmentName", "Description", "ContentType")):
        lines.append(f"      <{name}>{_escaped(value)}</{name}>")
    content = f"{PREFIX}:ContentTransferEncoded"
    out.write(("\n".join(lines) + f"\n      <{content} {_BOUND}>").encode())
    name, file = (attachment.findtext(q(each)) or "" for each in ("AttachmentName", "FileId"))
    encoded = _Encoded(out)
    declared = attachment.findtext(q("ContentType")) or ZIP
    with files.open(file) as stored:
        wrapped = declared == ZIP or is_wrapped(stored, name, limits)
        stored.seek(0)
        if wrapped:
            _zip(stored, f"{uuid.uuid5(_ENTRY, file)}.{ending(name)}".rstrip("."), encoded)
        else:
            while chunk := stored.read(CHUNK):
                encoded.write(chunk)
    encoded.finish()
    out.write(f"</{content}>\n    </Attachment>\n".encode())


def _zip(stored: BinaryIO, name: str, encoded: "_Encoded") -> None:
    with zipfile.ZipFile(encoded, "w") as archive:  # type: ignore[call-overload]  # it asks for no more than write and flush
        entry = zipfile.ZipInfo(name, _LONG_AGO)
        entry.compress_type = zipfile.ZIP_DEFLATED
        with archive.open(entry, "w") as target:
            while chunk := stored.read(CHUNK):
                target.write(chunk)


class _Encoded:
    """A file that is written once, as base64 without line breaks."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._rest = b""

    def write(self, data: bytes) -> int:
        """Take bytes; all but the last one or two go on at once."""
        whole = self._rest + data
        end = len(whole) // 3 * 3
        self._out.write(base64.b64encode(whole[:end]))
        self._rest = whole[end:]
        return len(data)

    def flush(self) -> None:
        """Nothing is held back that could go on."""

    def finish(self) -> None:
        """Write what was held back."""
        self._out.write(base64.b64encode(self._rest))
