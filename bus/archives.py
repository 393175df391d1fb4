"""What is wrong with an archive before anybody unpacks it: bombs, and names that lead elsewhere.

Nothing is unpacked here and the memory stays small: the number of members is read before their list is. The
sizes are those the archive declares. Whoever unpacks must stop at them: Python's `zipfile` does.
"""

import re
import stat
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from bus.media_types import members_size

_HEADER = 30
"""Bytes of a member's own header, without its name."""


@dataclass(frozen=True, slots=True)
class ArchiveLimits:
    """What an archive may be. `ratio` counts from `floor` bytes on: small texts pack well and harm nobody."""

    members: int = 10_000
    list_size: int = 4_000_000
    unpacked: int = 2_000_000_000
    ratio: float = 200.0
    floor: int = 1_000_000
    told: int = 20


def archive_faults(stream: BinaryIO, limits: ArchiveLimits | None = None) -> tuple[str, ...]:
    """Every reason for which a ZIP (an office document is one too) is refused; none: it is sound.

    Sentences for the sender, in Vietnamese, without the citizen's names of members but for their place. At
    most `told` of them. The stream must be seekable; it may be looked at again.
    """
    limits = limits or ArchiveLimits()
    size = members_size(stream)
    if size is None:
        return ("không phải tệp nén ZIP hoàn chỉnh",)
    if size[0] > limits.members or size[1] > limits.list_size:
        return (f"tệp nén có quá nhiều tệp bên trong (tối đa {limits.members})",)
    stream.seek(0)
    try:
        with zipfile.ZipFile(stream) as archive:
            members = archive.infolist()
            reasons = (*_of_all(members, limits), *_of_each(members, limits))
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OverflowError):
        return ("không phải tệp nén ZIP đúng cách",)
    return reasons[: limits.told]


def _of_all(members: list[zipfile.ZipInfo], limits: ArchiveLimits) -> Iterator[str]:
    total = sum(member.file_size for member in members)
    if len(members) > limits.members:
        yield f"tệp nén có quá nhiều tệp bên trong (tối đa {limits.members})"
    if total > limits.unpacked:
        yield f"tệp nén khi bung ra là {total} byte, lớn hơn {limits.unpacked} byte"
    if _overlap(members):
        yield "các tệp bên trong chồng lên nhau (bom nén)"
    names = [member.filename.casefold() for member in members]
    if len(set(names)) < len(names):
        yield "hai tệp bên trong có cùng một tên"


def _of_each(members: list[zipfile.ZipInfo], limits: ArchiveLimits) -> Iterator[str]:
    for place, member in enumerate(members, 1):
        for reason in (*_name_faults(member), *_size_faults(member, limits)):
            yield f"tệp thứ {place} bên trong: {reason}"


def _name_faults(member: zipfile.ZipInfo) -> Iterable[str]:
    # as written: the library cuts a name at its first NUL and turns the machine's separators
    name = member.orig_filename
    if not name or any(ord(char) < 32 for char in name):
        yield "tên trống hoặc có ký tự điều khiển"
    if re.match(r"[/\\]|[A-Za-z]:", name):
        yield "tên là đường dẫn tuyệt đối"
    if ".." in re.split(r"[/\\]", name):
        yield "tên dẫn ra ngoài thư mục (..)"
    if stat.S_ISLNK(member.external_attr >> 16):
        yield "là liên kết, không phải tệp"


def _size_faults(member: zipfile.ZipInfo, limits: ArchiveLimits) -> Iterable[str]:
    packed = max(member.compress_size, 1)
    if member.file_size > limits.floor and member.file_size / packed > limits.ratio:
        yield f"nén quá mức, gấp {member.file_size // packed} lần (bom nén)"


def _overlap(members: list[zipfile.ZipInfo]) -> bool:
    """Whether two members share bytes, as in bombs that unpack one kernel many times."""
    end = 0
    for member in sorted(members, key=lambda each: each.header_offset):
        if member.header_offset < end:
            return True
        end = member.header_offset + _HEADER + member.compress_size
    return False
