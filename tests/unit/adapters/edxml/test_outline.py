"""A package is kept once: its outline and its files give the very bytes again, and take its room once."""

import base64
import io
import tracemalloc
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.ioffice.edxml import Limits, NoFiles
from adapters.ioffice.edxml.outline import LEAST, Kept, keep_once, put_together
from bus.files import FileStore
from mappings.dossier import File
from tests.stores import file_store
from tests.unit.adapters.edxml.codec import PDF, read
from tests.unit.adapters.edxml_packages import attachment, document, encoded, zipped

MOST = Limits().package
SCAN = b"%PDF-1.7 " + Random(7).randbytes(40_001)  # noqa: S311


def kept(raw: bytes, files: FileStore) -> Kept:
    """A package that was read, and is kept."""
    return keep_once(io.BytesIO(raw), files, read(raw, files).files, name="goi.edxml", most=MOST)


def again(one: Kept, files: FileStore) -> bytes:
    """The bytes of a package that was kept as an outline."""
    with files.open(one.outline) as outline:
        return b"".join(put_together(outline, files.open))


def room(files: FileStore) -> int:
    """Bytes of everything below the store's folder."""
    return sum(each.stat().st_size for each in files.folder.rglob("*") if each.is_file())


def lines(content: bytes, width: int, between: str) -> str:
    """Base64 in lines of one width."""
    text = base64.b64encode(content).decode()
    return between.join(text[at : at + width] for at in range(0, len(text), width))


FORMS = {
    "one line": base64.b64encode(SCAN).decode(),
    "MIME": lines(SCAN, 76, "\n"),
    "MIME of Windows": lines(SCAN, 64, "\r\n") + "\r\n",
    "indented": "\n      " + lines(SCAN, 100, "\n      ") + "\n    ",
    "no multiple of four": lines(SCAN, 73, "\n"),
    "CDATA": f"<![CDATA[{lines(SCAN, 76, chr(10))}]]>",
}


@pytest.mark.parametrize("text", FORMS.values(), ids=FORMS)
def test_a_package_takes_the_room_of_its_files_and_gives_its_very_bytes(files: FileStore, text: str) -> None:
    """In each form in which base64 is written in lines; what the store has is the file and some text."""
    raw = document(attachments=encoded(text))
    one = kept(raw, files)
    assert one.whole == NoFiles().keep(io.BytesIO(raw), name="x").hash
    assert one.whole not in files
    assert again(one, files) == raw
    assert len(SCAN) < room(files) < len(SCAN) + len(raw) - len(text) + 500
    assert kept(raw, files) == one


def test_two_attachments_and_a_small_one_stand_where_they_stood(files: FileStore) -> None:
    """The same file twice is one file; a small one stays in the outline."""
    raw = document(
        attachments=attachment(SCAN, identity="cid:1")
        + attachment(PDF, identity="cid:2")
        + attachment(SCAN, identity="cid:3")
    )
    one = kept(raw, files)
    assert again(one, files) == raw
    assert room(files) < len(SCAN) + len(raw) - 2 * len(base64.b64encode(SCAN)) + 500
    assert len(base64.b64encode(PDF)) < LEAST


UNLIKE = {
    "lines of several widths": lines(SCAN[:20_001], 76, "\n") + "\n" + lines(SCAN[20_001:], 72, "\n"),
    "breaks of several kinds": lines(SCAN[:28_500], 76, "\n") + "\r\n" + lines(SCAN[28_500:], 76, "\n"),
    "zipped by its sender": base64.b64encode(zipped(SCAN)).decode(),
    "small": base64.b64encode(PDF).decode(),
}


@pytest.mark.parametrize("text", UNLIKE.values(), ids=UNLIKE)
def test_a_package_that_its_files_do_not_give_again_is_kept_whole(files: FileStore, text: str) -> None:
    """Nothing that came is lost for being written unlike others."""
    raw = document(attachments=encoded(text))
    one = kept(raw, files)
    assert one.outline == ""
    with files.open(one.whole) as whole:
        assert whole.read() == raw


def test_what_is_no_outline_is_said_and_so_is_a_file_that_is_gone(files: FileStore) -> None:
    """A broken file of the store is not taken for a package."""
    for wrong in (b"", b"<edXML/>", b'{"package": 1}\n'):
        with pytest.raises(ValueError, match="no outline"):
            list(put_together(io.BytesIO(wrong), files.open))
    one = kept(document(attachments=attachment(SCAN)), files)
    with files.open(one.outline) as outline, pytest.raises(FileNotFoundError):
        list(put_together(outline, NoFiles().open))


def test_memory_does_not_grow_with_the_attachments(files: FileStore) -> None:
    """24 MB in lines of 76: a few of them at once."""
    raw = document(attachments=encoded(lines(SCAN * 600, 76, "\n")))
    read_files = read(raw, files).files
    package = io.BytesIO(raw)
    tracemalloc.start()
    try:
        one = keep_once(package, files, read_files, name="goi.edxml", most=MOST)
        assert tracemalloc.get_traced_memory()[1] < 8_000_000
    finally:
        tracemalloc.stop()
    assert one.outline


PIECES = st.lists(
    st.one_of(
        st.binary(max_size=40),
        st.tuples(
            st.integers(LEAST, LEAST + 300), st.integers(1, 200), st.sampled_from(["", "\n", "\r\n", " \t"])
        ),
    ),
    max_size=6,
)


@settings(deadline=None)  # files are on disk when they are kept: a disk in use takes its time
@given(PIECES)
def test_whatever_the_bytes_are_they_come_out_again(
    tmp_path_factory: pytest.TempPathFactory, pieces: list[bytes | tuple[int, int, str]]
) -> None:
    """Of outline or whole: files in base64 between any bytes, one behind another too."""
    files = file_store(tmp_path_factory.mktemp("store"))
    raw, stored = b"", []
    for piece in pieces:
        if isinstance(piece, bytes):
            raw += piece
            continue
        size, width, between = piece
        content = Random(size).randbytes(size)  # noqa: S311
        put = files.put([content])
        stored.append(File(hash=put.hash, size=put.size, media_type=put.media_type, name="x"))
        raw += lines(content, width, between).encode()
    one = keep_once(io.BytesIO(raw), files, stored, name="goi.edxml", most=MOST)
    if one.outline:
        assert again(one, files) == raw
    else:
        with files.open(one.whole) as whole:
            assert whole.read() == raw
