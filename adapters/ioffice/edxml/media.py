"""What a file is, told by its first bytes and its name: declared types are often wrong (reference 2)."""

from pathlib import PurePosixPath

_MAGIC = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"{\\rtf", "application/rtf"),
    (b"GIF8", "image/gif"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
)
_OFFICE = "application/vnd.openxmlformats-officedocument."
ZIPPED = {
    "docx": _OFFICE + "wordprocessingml.document",
    "xlsx": _OFFICE + "spreadsheetml.sheet",
    "pptx": _OFFICE + "presentationml.presentation",
    "odt": "application/vnd.oasis.opendocument.text",
    "ods": "application/vnd.oasis.opendocument.spreadsheet",
    "zip": "application/zip",
    "jar": "application/java-archive",
    "kmz": "application/vnd.google-earth.kmz",
}
"""Endings of files that are archives by themselves."""
_OLE = {
    "doc": "application/msword",
    "xls": "application/vnd.ms-excel",
    "ppt": "application/vnd.ms-powerpoint",
}
_PLAIN = {"txt": "text/plain", "csv": "text/csv", "xml": "application/xml", "json": "application/json"}

ARCHIVE = b"PK\x03\x04"
SNIFFED = 16
"""So many first bytes tell what a file is."""


def ending(name: str) -> str:
    """Return a name's ending in small letters, without its dot; "" where it has none."""
    return PurePosixPath(name.replace("\\", "/")).suffix.lower().removeprefix(".")


def media_type(head: bytes, name: str) -> str:
    """Tell the media type of a file that begins with `head` and is called `name`."""
    last = ending(name)
    if head.startswith(ARCHIVE):
        return ZIPPED.get(last, "application/zip")
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        return _OLE.get(last, "application/x-ole-storage")
    known = next((kind for magic, kind in _MAGIC if head.startswith(magic)), "")
    return known or _PLAIN.get(last, "application/octet-stream")
