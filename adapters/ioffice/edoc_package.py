"""A document of the eDoc profile as an edXML file: header and manifest of the envelope, files of its parts.

What the bus keeps is the same for both profiles, and so is what reads it. Files go through in pieces.
"""

import base64
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, BinaryIO
from xml.sax.saxutils import escape

from lxml import etree

from adapters._kit.mime_parts import Part, content, raw
from adapters.ioffice.edoc_message import answered, from_service
from adapters.ioffice.edxml.names import NAMESPACE, local

_LINK = "{http://www.w3.org/1999/xlink}href"
_KIND = "{http://www.w3.org/1999/xlink}type"
_BASE64 = bytes(
    each if chr(each).isascii() and (chr(each).isalnum() or chr(each) in "+/= \t\r\n") else ord("?")
    for each in range(256)
)
"""What is no letter of base64 becomes one that surely is none: the codec then says where."""


def write_document(
    envelope: Any, parts: Mapping[str, Part], source: BinaryIO, into: BinaryIO, *, encoded: bool
) -> None:
    """Write the edXML file of an answer to GetDocument; `encoded`: files are base64 within their parts.

    Raises ValueError where the envelope holds no document, `PartsError` where a part cannot be read.
    """
    header, trace, manifest = (answered(envelope, name) for name in _LAYERS)
    if header is None:
        raise ValueError("the answer holds no MessageHeader")
    into.write(f'<?xml version="1.0" encoding="UTF-8"?>\n<edXML xmlns="{NAMESPACE}">'.encode())
    into.write(b"<edXMLEnvelope><edXMLHeader>")
    for part in (header, trace):
        if part is not None:
            into.write(etree.tostring(from_service(part), encoding="UTF-8"))
    into.write(b"</edXMLHeader></edXMLEnvelope><AttachmentEncoded>")
    for identity, part in parts.items():
        described = _described(manifest, identity, part)
        into.write(f"<Attachment>{_elements(described)}<ContentTransferEncoded>".encode())
        into.writelines(_text(source, part, encoded=encoded))
        into.write(b"</ContentTransferEncoded></Attachment>")
    into.write(b"</AttachmentEncoded></edXML>")


_LAYERS = ("MessageHeader", "TraceHeaderList", "Manifest")


def bare(identity: str) -> str:
    """Strip `cid:`, which stands before an id where it is a link."""
    return identity[4:] if identity[:4].lower() == "cid:" else identity


def _described(manifest: Any, identity: str, part: Part) -> dict[str, str]:
    """What manifest and part say of a file; the manifest's word counts."""
    said: dict[str, str] = {}
    for reference in manifest if manifest is not None else ():
        names = {local(each.tag): (each.text or "").strip() for each in reference.iterchildren(etree.Element)}
        linked = bare(str(reference.get(_LINK) or names.get("ContentId", "")))
        if linked == identity:
            kind = str(reference.get(_KIND) or "")
            said = {"ContentType": kind if "/" in kind else "", **names}
            break
    return {
        "ContentId": identity,
        "AttachmentName": said.get("AttachmentName") or part.name or identity,
        "Description": said.get("Description", ""),
        "ContentType": said.get("ContentType") or part.headers.get_content_type(),
    }


def _elements(values: Mapping[str, str]) -> str:
    return "".join(f"<{name}>{_plain(value)}</{name}>" for name, value in values.items() if value)


def _plain(text: str) -> str:
    """A header of MIME may hold what XML cannot."""
    return escape("".join(each if each.isprintable() or each == "\u00a0" else "_" for each in text))


def _text(source: BinaryIO, part: Part, *, encoded: bool) -> Iterator[bytes]:
    if encoded:
        yield from (piece.translate(_BASE64) for piece in content(source, part))
    elif part.transfer == "base64":
        yield from (piece.translate(_BASE64) for piece in raw(source, part))
    else:
        yield from _based(content(source, part))


def _based(pieces: Iterable[bytes]) -> Iterator[bytes]:
    rest = b""
    for piece in pieces:
        whole = rest + piece
        end = len(whole) // 3 * 3
        yield base64.b64encode(whole[:end])
        rest = whole[end:]
    yield base64.b64encode(rest)
