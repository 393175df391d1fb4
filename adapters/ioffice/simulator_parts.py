"""MIME as the simulated document service reads and writes it: SOAP with attachments, whole in memory."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from email.parser import BytesParser
from email.policy import HTTP

_ROOT = "rootpart@e-doc.vn"


def taken_apart(content_type: str, body: bytes) -> tuple[bytes, dict[str, bytes]] | str:
    """Give the envelope and the parts by Content-ID, or why it is no SOAP with attachments (5.3)."""
    message = BytesParser(policy=HTTP).parsebytes(f"Content-Type: {content_type}\r\n\r\n".encode() + body)
    if message.get_content_type() != "multipart/related" or message.get_param("type") != "text/xml":
        return 'multipart/related; type="text/xml" is meant'
    if message.defects or not message.is_multipart():
        return "the message of parts is not whole"
    found: dict[str, bytes] = {}
    for part in message.iter_parts():
        known = str(part["Content-ID"] or "")
        if not re.fullmatch(r"<[^<>]+>", known) or known in found:
            return "a part without a Content-ID of its own"
        found[known[1:-1]] = bytes(part.get_payload(decode=True) or b"")
    start = str(message.get_param("start") or "").strip("<>")
    if start not in found:
        return "start names no part"
    envelope = found.pop(start)
    return envelope, found


def put_together(envelope: bytes, parts: Mapping[str, tuple[str, bytes]]) -> tuple[str, bytes]:
    """Give Content-Type and body of an answer; `parts`: id -> type and content, as it shall stand there."""
    boundary = f"MIMEBoundary_{uuid.uuid4().hex}"
    pieces = [(_ROOT, "text/xml; charset=UTF-8", envelope)]
    pieces += [(identity, kind, content) for identity, (kind, content) in parts.items()]
    body = b"".join(
        f"--{boundary}\r\nContent-Type: {kind}\r\nContent-Transfer-Encoding: binary\r\n"
        f"Content-ID: <{identity}>\r\n\r\n".encode()
        + content
        + b"\r\n"
        for identity, kind, content in pieces
    )
    kind = f'multipart/related; boundary="{boundary}"; type="text/xml"; start="<{_ROOT}>"'
    return kind, body + f"--{boundary}--\r\n".encode()
