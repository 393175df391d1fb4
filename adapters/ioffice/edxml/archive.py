"""Which file an attachment's bytes are: themselves, or the one entry of an archive that was put around it.

Told by the bytes and the attachment's name (reference 2): the vendor library zips every file, others call a
zipped file text/plain, and docx, xlsx or a citizen's own zip are archives by themselves.
"""

import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import BinaryIO

from adapters.ioffice.edxml.limits import Limits
from adapters.ioffice.edxml.media import ARCHIVE, ZIPPED, ending

_CHUNK = 262_144
_FREE = 16_000_000
"""Bytes an archive may unpack to before its ratio counts: a blank scan packs well."""
_END = struct.Struct("<4s4H2LH")
_MOST_COMMENT = 65_535
_BROKEN = (
    zipfile.BadZipFile,
    NotImplementedError,
    RuntimeError,
    EOFError,
    OSError,
    ValueError,
    zlib.error,
    struct.error,
)
"""What the library raises for archives that are none: places outside of the file, methods nobody has."""
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class ArchiveError(Exception):
    """The archive is broken or an attack; `what` and `vi` say how."""

    def __init__(self, what: str, vi: str) -> None:
        super().__init__(what)
        self.what, self.vi = what, vi


@dataclass(frozen=True, slots=True)
class Wrapped:
    """An archive around one file."""

    content: BinaryIO
    entry: zipfile.ZipInfo
    archive: zipfile.ZipFile


def is_archive(content: BinaryIO) -> bool:
    """Whether a file begins as a zip does."""
    content.seek(0)
    return content.read(4) == ARCHIVE


@contextmanager
def inside(content: BinaryIO, name: str, limits: Limits) -> Iterator[Wrapped | None]:
    """Open the archive around the file `name`; None where the archive is the file itself.

    Raises `ArchiveError` for names that lead out of a folder, for archives that cannot be opened, and for
    those whose table is larger than a file's wrapping can be.
    """
    with _opened(content, limits) as archive:
        found = archive.infolist()
        for each in found:
            _safe(each.orig_filename)
        yield None if _is_itself(found, name) else Wrapped(content, found[0], archive)


def _opened(content: BinaryIO, limits: Limits) -> zipfile.ZipFile:
    entries, table = _end_record(content)
    if entries > limits.entries or table > 100 * limits.entries:
        raise ArchiveError(f"is an archive of more than {limits.entries} names", "tệp nén chứa quá nhiều tệp")
    try:
        return zipfile.ZipFile(content)
    except _BROKEN:  # its text may name what is inside
        raise ArchiveError("is an archive that cannot be opened", "tệp nén bị hỏng") from None


def _is_itself(found: list[zipfile.ZipInfo], name: str) -> bool:
    """Whether the archive is what was attached, not a wrapping: wrappers name their one entry by a UUID."""
    if len(found) != 1 or found[0].is_dir():
        return True
    entry = found[0].filename
    if ending(name) not in ZIPPED:
        return False
    stem, last = entry.removesuffix(f".{ending(entry)}"), ending(entry)
    return not (entry == name or (last == ending(name) and _UUID.fullmatch(stem)))


def is_wrapped(content: BinaryIO, name: str, limits: Limits) -> bool:
    """Whether a reader would take the file for a wrapping, or could not tell."""
    if not is_archive(content):
        return False
    try:
        with inside(content, name, limits) as wrapped:
            return wrapped is not None
    except ArchiveError:
        return True


def unpack(wrapped: Wrapped, target: BinaryIO, limits: Limits) -> None:
    """Write the one file into `target`, within the limits; raises `ArchiveError`."""
    entry = wrapped.entry
    if entry.flag_bits & 0x1:
        raise ArchiveError("is an archive with a password", "tệp nén có mật khẩu")
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ArchiveError("is an archive of an unknown method", "phương pháp nén không được hỗ trợ")
    size, packed = 0, max(entry.compress_size, 1)
    for chunk in _chunks(wrapped):
        size += len(chunk)
        _bounded(size, packed, limits)
        target.write(chunk)


def _chunks(wrapped: Wrapped) -> Iterator[bytes]:
    try:
        with wrapped.archive.open(wrapped.entry) as content:
            while chunk := content.read(_CHUNK):
                yield chunk
    except _BROKEN:
        raise ArchiveError("is a broken archive", "tệp nén bị hỏng") from None


def _bounded(size: int, packed: int, limits: Limits) -> None:
    if size > limits.attachment:
        raise ArchiveError(f"unpacks to more than {limits.attachment} bytes", "tệp giải nén quá lớn")
    if size > _FREE and size > packed * limits.ratio:
        raise ArchiveError(
            f"unpacks to more than {limits.ratio} times its size", "tệp nén bất thường (bom nén)"
        )


def _safe(name: str) -> None:
    """Refuse a name that leads out of the folder it is unpacked into; nobody shall get it from us."""
    parts = PurePosixPath(name.replace("\\", "/")).parts
    if not parts or parts[0] == "/" or ".." in parts or ":" in parts[0] or "\x00" in name:
        raise ArchiveError(
            "is an archive with a name that leads out of it", "tên tệp trong tệp nén không an toàn"
        )


def _end_record(content: BinaryIO) -> tuple[int, int]:
    """Return how many entries the archive's last record tells of, and the size of their table in bytes.

    Read before the library reads the whole table into memory. (0, 0): there is no such record.
    """
    size = content.seek(0, 2)
    content.seek(max(0, size - _MOST_COMMENT - _END.size - 20))
    tail = content.read()
    last = tail[-_END.size :]
    plain = last.startswith(b"PK\x05\x06") and last.endswith(b"\x00\x00")
    at = len(tail) - _END.size if plain else tail.rfind(b"PK\x05\x06")  # as the library looks for it
    if at < 0 or len(tail) - at < _END.size:
        return 0, 0
    if tail[max(0, at - 20) : at].startswith(b"PK\x06\x07"):
        raise ArchiveError("is an archive in the form for over 4 GB", "tệp nén quá lớn")
    record = _END.unpack_from(tail, at)
    return max(record[3], record[4]), record[5]
