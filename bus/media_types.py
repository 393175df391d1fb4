"""What a file is, decided by its bytes and never by what its sender or its name says (kiểu tệp).

Only what passes in the province's dossiers is told apart; everything else is `OTHER`. What a browser would
run, such as HTML, is never named, so that nothing stored can be served as a page of ours.
"""

import codecs
import io
import struct
import zipfile
from typing import BinaryIO

OTHER = "application/octet-stream"
ZIP = "application/zip"

_HEAD = 1024
_CHUNK = 64 * 1024
_ANY = 2**64 - 1
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\f\r"))
_OFFICE = "application/vnd.openxmlformats-officedocument."
_BEGINS: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"{\\rtf", "application/rtf"),
    (b"<?xml", "application/xml"),
    (b"\xef\xbb\xbf<?xml", "application/xml"),
)
_INSIDE: tuple[tuple[str, str], ...] = (
    ("word/document.xml", f"{_OFFICE}wordprocessingml.document"),
    ("xl/workbook.xml", f"{_OFFICE}spreadsheetml.sheet"),
    ("ppt/presentation.xml", f"{_OFFICE}presentationml.presentation"),
)
_MOST_MEMBERS = 4 * 1024 * 1024
"""Bytes of a ZIP's list of members that are looked through; a longer one is a plain ZIP."""


def media_type(content: BinaryIO | bytes) -> str:
    """Name the type of a file by its bytes; a stream is read from its beginning and left anywhere."""
    stream = io.BytesIO(content) if isinstance(content, bytes) else content
    stream.seek(0)
    head = stream.read(_HEAD)
    # a PDF may have some bytes before its mark, as readers allow
    if b"%PDF-" in head:
        return "application/pdf"
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _zip_type(stream)
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "image/webp"
    found = next((name for begin, name in _BEGINS if head.startswith(begin)), None)
    return found or ("text/plain" if _is_text(stream) else OTHER)


def members_size(stream: BinaryIO) -> tuple[int, int] | None:
    """How many members a ZIP has and how many bytes their list takes, by its last record; None: no ZIP.

    Read before the list itself is: a list of millions of members is an attack on whoever reads it. Where a
    ZIP64 record stands before the last one, readers believe that, whatever the last one says.
    """
    length = stream.seek(0, io.SEEK_END)
    stream.seek(max(0, length - 22 - 0xFFFF - 76))
    tail = stream.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) - at < 22:
        return None
    members, size = struct.unpack_from("<HL", tail, at + 10)
    if at >= 20 and tail.startswith(b"PK\x06\x07", at - 20):
        whole = at >= 76 and tail.startswith(b"PK\x06\x06", at - 76)
        members, size = struct.unpack_from("<QQ", tail, at - 44) if whole else (_ANY, _ANY)
    return members, size


def _zip_type(stream: BinaryIO) -> str:
    size = members_size(stream)
    if size is None or size[1] > _MOST_MEMBERS:
        return ZIP
    try:
        with zipfile.ZipFile(stream) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OverflowError):
        return ZIP
    return next((kind for name, kind in _INSIDE if name in names), ZIP)


def _is_text(stream: BinaryIO) -> bool:
    """UTF-8 without control characters, to the last byte; HTML is none of the texts we name."""
    stream.seek(0)
    decoder = codecs.getincrementaldecoder("utf-8")()
    read = 0
    try:
        while chunk := stream.read(_CHUNK):
            if len(chunk.translate(None, _CONTROLS)) < len(chunk):
                return False
            text = decoder.decode(chunk)
            if not read and text.lstrip("\ufeff \t\r\n").startswith("<"):
                return False
            read += len(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return read > 0
