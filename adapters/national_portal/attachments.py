"""Files that the portal hands in as Base64 inside a message (reference 1d): taken out, and named by content.

Where `Base64` stood stands then the `File` (hash, size, media type, name), which the sheets read; the bytes
go beside the message into the file store. The raw message keeps all but long contents.
"""

import base64
import binascii
import hashlib
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from bus.archives import archive_faults
from bus.file_names import safe_name
from bus.media_types import media_type
from bus.ports import Attachment
from mappings.dossier import File

LISTS = ("TaiLieuNop", "DanhSachGiayToBoSung")
FILE_LIMIT = 50_000_000
"""Bytes of one file inside a message; what a message may be as a whole bounds it further."""

SHORT = 1000
"""Letters of Base64 that stay in the raw message: to look a short text up in the store is no gain."""

_UNPACKED = (b"PK\x03\x04", b"PK\x05\x06")


@dataclass(slots=True)
class Opened:
    """A message whose files were taken out: the tree without bytes, the raw bytes without long contents."""

    tree: dict[str, Any]
    raw: bytes
    files: tuple[Attachment, ...] = ()
    problems: list[str] = field(default_factory=list)


def opened(tree: Mapping[str, Any], raw: bytes, limit: int) -> Opened:
    """Take the files out of a message; `limit` bounds each, in bytes. Every problem with its place.

    An item with a problem stays as it came.
    """
    result = Opened(dict(tree), raw)
    files: list[Attachment] = []
    for name in LISTS:
        listed = tree.get(name)
        if isinstance(listed, list):
            result.tree[name] = [
                _item(item, f"{name}/{place}", limit, result, files) for place, item in enumerate(listed)
            ]
    result.files = tuple(files)
    return result


def _item(item: Any, path: str, limit: int, result: Opened, files: list[Attachment]) -> Any:
    content = _content(item["Base64"]) if isinstance(item, dict) and "Base64" in item else None
    wrong = list(_problems(item, path, content, limit))
    if wrong or content is None:
        result.problems += wrong
        return item
    file = _file(content, str(item["TenTepDinhKem"]))
    files.append(Attachment(file.hash, f"{path}/Base64", partial(io.BytesIO, content)))
    result.raw = _lean(result.raw, item["Base64"], content, file.hash)
    # one without an id (reference 1d) is known by its content
    return {"TepDinhKemId": file.hash[:32], **item, "Base64": file}


def _problems(item: Any, path: str, content: bytes | None, limit: int) -> Iterator[str]:
    if not isinstance(item, dict):
        yield f"{path}: phải là một đối tượng"
        return
    if "Base64" not in item:
        return
    if content is None:
        yield f"{path}/Base64: không phải base64"
    elif len(content) > limit:
        yield f"{path}/Base64: lớn hơn {limit} byte"
    elif content.startswith(_UNPACKED):
        yield from (f"{path}/Base64: {fault}" for fault in archive_faults(io.BytesIO(content)))
    if not item.get("TenTepDinhKem"):
        yield f"{path}/TenTepDinhKem: bắt buộc nhập"


def _file(content: bytes, name: str) -> File:
    return File(
        hash=hashlib.sha256(content).hexdigest(),
        size=len(content),
        media_type=media_type(content),
        name=safe_name(name),
    )


def _content(text: Any) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True) if isinstance(text, str) else None
    except (binascii.Error, ValueError):
        return None


def _lean(raw: bytes, text: str, content: bytes, digest: str) -> bytes:
    """The raw message with "sha256:HASH" for a content, where the content gives exactly that text again."""
    if len(text) < SHORT or base64.b64encode(content).decode() != text:
        return raw
    return raw.replace(text.encode(), f"sha256:{digest}".encode())
