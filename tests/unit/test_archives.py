"""Archives and media types: judged by bytes, with every reason, before anybody unpacks anything."""

import io
import os
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bus.archives import ArchiveLimits, archive_faults
from bus.media_types import OTHER, ZIP, media_type

ROOT = Path(__file__).resolve().parents[2]
LINK = 0o120777 << 16
OFFICE = "application/vnd.openxmlformats-officedocument."


def packed(members: dict[str, bytes], change: Callable[[zipfile.ZipInfo], None] = lambda _: None) -> bytes:
    """A ZIP of these members."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED
            change(info)
            archive.writestr(info, content)
    return stream.getvalue()


def faults(content: bytes, limits: ArchiveLimits | None = None) -> str:
    """All reasons as one text."""
    return "\n".join(archive_faults(io.BytesIO(content), limits))


def test_a_sound_archive_has_no_fault() -> None:
    """Folders, Vietnamese names, a text that packs well."""
    members = {"hồ sơ/": b"", "hồ sơ/Đơn.pdf": os.urandom(1000), "ghi chú..txt": b"a" * 500_000}
    assert faults(packed(members)) == ""


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("../../etc/cron.d/x", "thứ 2 bên trong: tên dẫn ra ngoài"),
        ("a\\..\\..\\x", "tên dẫn ra ngoài"),
        ("/etc/passwd", "tên là đường dẫn tuyệt đối"),
        ("C:\\x", "tên là đường dẫn tuyệt đối"),
        ("\\\\may-chu\\x", "tên là đường dẫn tuyệt đối"),
        ("a\nb", "ký tự điều khiển"),
        ("A.TXT", "cùng một tên"),
    ],
)
def test_a_name_that_leads_elsewhere_is_refused(name: str, why: str) -> None:
    """Out of the folder, to a drive, to a host, or over a file that came before."""
    assert why in faults(packed({"a.txt": b"x", name: b"x"}))


def test_a_name_cut_at_a_nul_is_refused() -> None:
    """Readers that stop at NUL see another name than those that do not."""
    content = packed({"a.txt_../x": b"x"}).replace(b"a.txt_../x", b"a.txt\x00../x")
    assert "ký tự điều khiển" in faults(content)


def test_a_link_inside_is_refused() -> None:
    """A symbolic link would let a later member be written anywhere."""

    def as_link(info: zipfile.ZipInfo) -> None:
        info.external_attr = LINK

    assert "là liên kết" in faults(packed({"a": b"/etc"}, as_link))


def test_every_reason_is_told_at_once() -> None:
    """A bomb with a name that leads elsewhere has both."""
    said = faults(packed({"../x": b"0" * 5_000_000, "/y": b"1"}))
    assert all(why in said for why in ("nén quá mức", "dẫn ra ngoài", "tuyệt đối"))


def test_what_unpacks_to_too_much_is_refused() -> None:
    """As a whole, even where no member by itself is a bomb; and too many members."""
    limits = ArchiveLimits(unpacked=1000, members=3)
    assert "lớn hơn 1000 byte" in faults(packed({"a": os.urandom(600), "b": os.urandom(600)}), limits)
    assert "quá nhiều" in faults(packed({str(number): b"" for number in range(4)}), limits)


def test_members_that_share_bytes_are_refused() -> None:
    """The bomb without recursion: many names for one packed kernel, each with an honest size."""
    content = packed({"a": os.urandom(2000), "b": b"", "c": b""})
    listed = content.index(b"PK\x01\x02")
    first, rest = content[listed:].split(b"PK\x01\x02")[1:2], content[listed:].split(b"PK\x01\x02")[2:]
    moved = [each[:38] + struct.pack("<L", 0) + each[42:] for each in rest]
    forged = content[:listed] + b"".join(b"PK\x01\x02" + each for each in [*first, *moved])
    assert "chồng lên nhau" in faults(forged)


def test_a_list_of_millions_is_refused_before_it_is_read() -> None:
    """The last record alone says how much there is; the list that it promises is never touched."""
    end = b"PK\x05\x06" + struct.pack("<HHHHLLH", 0, 0, 65_535, 65_535, 0xFFFFFFF0, 0, 0)
    assert "quá nhiều" in faults(b"PK\x03\x04" + end)


def test_the_numbers_that_readers_believe_are_the_ones_that_count() -> None:
    """A ZIP64 record hidden before an honest last one: it is what a library would read by."""
    content = packed({"a": b"1"})
    end = content.rindex(b"PK\x05\x06")
    record = b"PK\x06\x06" + struct.pack("<QHHLLQQQQ", 44, 45, 45, 0, 0, 10**9, 10**9, 10**11, 0)
    locator = b"PK\x06\x07" + struct.pack("<LQL", 0, end, 1)
    assert "quá nhiều" in faults(content[:end] + record + locator + content[end:])
    assert "quá nhiều" in faults(content[:end] + locator + content[end:])


_HOSTILE = """
import io, random, resource, sys, time, zipfile
from bus.archives import archive_faults
from bus.media_types import media_type
stream = io.BytesIO()
with zipfile.ZipFile(stream, "w") as archive:
    for number in range(9_000):
        archive.writestr(f"ho so/{number}", b"")
whole = bytearray(stream.getvalue())
begin, before = time.monotonic(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
draw = random.Random(1)
for number in range(12):
    broken = bytearray(whole)
    for _ in range(number * 20):
        broken[draw.randrange(len(broken))] = draw.randrange(256)
    archive_faults(io.BytesIO(broken)); media_type(io.BytesIO(broken))
small = whole[:200] + whole[-300:]
for number in range(3000):
    broken = bytearray(small)
    for _ in range(1 + number % 5):
        broken[draw.randrange(len(broken))] = draw.randrange(256)
    archive_faults(io.BytesIO(broken)); media_type(io.BytesIO(broken))
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024)
"""


def test_hostile_archives_are_answered_in_little_memory() -> None:
    """The largest list that is looked at at all, whole and broken at random: reasons, and under 50 MB."""
    done = subprocess.run(  # noqa: S603  our own code
        [sys.executable, "-c", _HOSTILE], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 50_000_000


@given(st.binary(max_size=200))
def test_broken_bytes_are_a_reason_and_no_accident(content: bytes) -> None:
    """Whatever follows the mark of a ZIP, cut off anywhere: sentences, never an exception."""
    whole = packed({"a.txt": b"xin chao", "b": content})
    for cut in range(0, len(whole), 7):
        assert faults(whole[:cut])
    assert faults(b"PK\x03\x04" + content)
    assert isinstance(faults(whole[:40] + content + whole[40 + len(content) :]), str)


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"%PDF-1.7\n%%EOF", "application/pdf"),
        (b"\n\n%PDF-1.4", "application/pdf"),
        (b"\x89PNG\r\n\x1a\n...", "image/png"),
        (b"\xff\xd8\xff\xe0JFIF", "image/jpeg"),
        (b"II*\x00....", "image/tiff"),
        (b"RIFF....WEBPVP8 ", "image/webp"),
        (b'<?xml version="1.0"?><a/>', "application/xml"),
        ("Kính gửi Ủy ban\r\n".encode(), "text/plain"),
        (packed({"word/document.xml": b"<w/>"}), f"{OFFICE}wordprocessingml.document"),
        (packed({"xl/workbook.xml": b"<x/>"}), f"{OFFICE}spreadsheetml.sheet"),
        (packed({"a.txt": b"a"}), ZIP),
        (b"PK\x03\x04 broken", ZIP),
        (b"<html><script>alert(1)</script>", OTHER),
        (b"\xef\xbb\xbf <svg xmlns='x' onload='x'>", OTHER),
        (b"text with a \x00 in it", OTHER),
        ("Ủ".encode()[:-1], OTHER),
        (b"", OTHER),
    ],
)  # fmt: skip
def test_a_type_is_told_by_bytes(content: bytes, kind: str) -> None:
    """What a browser would run has no type of its own, and a name or a claim plays no part."""
    assert media_type(content) == kind
    assert media_type(io.BytesIO(content)) == kind
