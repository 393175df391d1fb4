"""Files beside an envelope: found by their places, whatever they hold, in little memory."""

import base64
import io
import tracemalloc
from email.message import Message
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from adapters._kit.mime_parts import Part, PartsError, content, parts_of
from adapters.ioffice.edoc_package import write_document

KIND = 'multipart/related; boundary="b-1"; start="<a>"'


def message(*parts: tuple[str, bytes], end: bytes = b"--b-1--\r\n") -> io.BytesIO:
    """A message of parts with these headers and contents."""
    pieces = [b"--b-1\r\n" + head.encode() + b"\r\n\r\n" + body + b"\r\n" for head, body in parts]
    return io.BytesIO(b"preamble\r\n" + b"".join(pieces) + end)


def whole(source: BinaryIO, part: Part) -> bytes:
    """A part's content."""
    return b"".join(content(source, part))


@settings(deadline=None, max_examples=100)
@given(
    bodies=st.lists(
        st.one_of(st.binary(max_size=300), st.sampled_from([b"\r\n--b-", b"--b-1", b"\r\n"])), max_size=4
    )
)
def test_any_bytes_come_out_of_their_part_as_they_went_in(bodies: list[bytes]) -> None:
    """Line breaks, dashes and beginnings of the boundary among them."""
    bodies = [body for body in bodies if not (b"\r\n" + body).count(b"\n--b-1")]
    source = message(*((f"Content-ID: <{count}>", body) for count, body in enumerate(bodies)))
    found = parts_of(source, KIND, 10)
    assert [part.identity for part in found] == [str(count) for count in range(len(bodies))]
    assert [whole(source, part) for part in found] == bodies


@pytest.mark.parametrize(
    ("transfer", "written"),
    [
        ("base64", base64.encodebytes(bytes(range(256)))),
        ("BASE64", base64.b64encode(bytes(range(256)))),
        ("binary", bytes(range(256))),
        ("8bit", bytes(range(256))),
    ],
)
def test_a_transfer_encoding_is_undone(transfer: str, written: bytes) -> None:
    """As its header says, in any case."""
    source = message((f"Content-ID: <a>\r\nContent-Transfer-Encoding: {transfer}", written))
    (part,) = parts_of(source, KIND, 1)
    assert whole(source, part) == bytes(range(256))


def test_quoted_printable_is_undone() -> None:
    """Soft breaks and signs."""
    source = message(("Content-Transfer-Encoding: quoted-printable", b"v=C4=83n b=\r\n=E1=BA=A3n"))
    (part,) = parts_of(source, KIND, 1)
    assert whole(source, part) == "văn bản".encode()


@pytest.mark.parametrize(
    ("kind", "source", "says"),
    [
        ("multipart/related", message(("", b"x")), "no boundary"),
        (KIND, message(("", b"x"), end=b""), "cut off"),
        (KIND, io.BytesIO(b""), "cut off"),
        (KIND, message(*[("", b"x")] * 4), "more than 3"),
        (KIND, message(("A: " + "x" * 20_000, b"x")), "too many headers"),
        (KIND, message(("", b"x" + b"--b-1" * 1_000_000)), "looks like its boundary"),
        (KIND, message(("", b"\n--b-1x" * 1_000_000)), "looks like its boundary"),
    ],
)
def test_what_is_no_message_of_parts_is_refused_with_its_reason(
    kind: str, source: BinaryIO, says: str
) -> None:
    """Nothing of it is quoted."""
    with pytest.raises(PartsError, match=says):
        parts_of(source, kind, 3)


@pytest.mark.parametrize(
    ("transfer", "body"),
    [("base64", b"@@@@"), ("base64", b"QQ"), ("x-uuencode", b"x"), ("base64", b"QQ==QQ==")],
)
def test_a_part_that_is_not_as_it_says_is_refused(transfer: str, body: bytes) -> None:
    """Never repaired: half a file would be taken for a whole one."""
    source = message((f"Content-Transfer-Encoding: {transfer}", body))
    (part,) = parts_of(source, KIND, 3)
    with pytest.raises(PartsError):
        whole(source, part)


def test_a_large_file_passes_in_little_memory(tmp_path: Path) -> None:
    """24 MB through a part into a package, with less than 4 MB held."""
    path = tmp_path / "parcel"
    with path.open("wb") as out:
        out.write(b"--b-1\r\nContent-ID: <f>\r\n\r\n")
        out.writelines(bytes(1_000_000) for _ in range(24))
        out.write(b"\r\n--b-1--\r\n")
    envelope = etree.fromstring('<E><MessageHeader xmlns="urn:e"><Subject>x</Subject></MessageHeader></E>')
    tracemalloc.start()
    with path.open("rb") as source, (tmp_path / "package").open("wb") as into:
        parts = {part.identity: part for part in parts_of(source, KIND, 3)}
        write_document(envelope, parts, source, into, encoded=False)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4_000_000
    assert (tmp_path / "package").stat().st_size > 32_000_000


def test_a_name_from_a_header_never_breaks_the_package() -> None:
    """A part's own name is told by MIME, which can hold what XML cannot."""
    headers = Message()
    headers["Content-Disposition"] = 'attachment; filename="a<&\x01\x0b.pdf"'
    into = io.BytesIO()
    envelope: Any = etree.fromstring('<E><MessageHeader xmlns="urn:e"/></E>')
    write_document(envelope, {"1": Part(headers, 0, 0)}, io.BytesIO(b""), into, encoded=True)
    assert "a<&" in "".join(map(str, etree.fromstring(into.getvalue()).itertext()))
