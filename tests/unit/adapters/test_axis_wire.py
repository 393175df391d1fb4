"""How calls to the axis are signed and its answers taken apart, by examples worked out by hand."""

import base64
import io
import json
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.ioffice import envelope
from adapters.ioffice.signing import file_hash, signed, stamp

HMAC = "39375f77c38e2bb1ffa5c43fe1f040e0f44a65ab25d4b4eac3d95d13f0f403fb"
"""Made with another tool: openssl dgst -sha256 -hmac."""


def test_a_stamp_has_milliseconds_after_the_plus() -> None:
    """No time zone: local time, four digits (reference 5.1)."""
    assert stamp(datetime(2026, 11, 25, 3, 4, 5, 42_999, tzinfo=UTC)) == "25112026T100405+0042"


def test_the_signature_is_over_the_compact_text_of_the_headers() -> None:
    """In the order of the inputs, Content-Type among them."""
    headers = signed({"systemid": "00.00.H12", "Content-Type": "application/json", "docId": "a/1"}, "khóa")
    assert headers["XroadVnpt-sign-header-key"] == "systemid;Content-Type;docId"
    assert headers["XroadVnpt-sign-header"] == (
        '{"XroadVnpt-systemid":"00.00.H12","XroadVnpt-Content-Type":"application/json","XroadVnpt-docId":"a/1"}'
    )
    assert headers["XroadVnpt-hash-header"] == HMAC
    assert headers["Content-Type"] == "application/json"


@pytest.mark.parametrize("value", ["Sở", "a\nb", "a\x00b"])
def test_what_no_header_can_carry_is_refused(value: str) -> None:
    """Before anything is sent."""
    with pytest.raises(ValueError, match="from"):
        signed({"Content-Type": "x", "from": value}, "s")


def test_a_file_s_hash_has_the_library_s_form(tmp_path: Path) -> None:
    """Each byte without its leading zero (reference 7.3): of "abc" one byte has one."""
    path = tmp_path / "f"
    path.write_bytes(b"abc")
    full = file_hash(path, "full")
    assert full == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert file_hash(path, "sdk") == "ba7816bf8f1cfea414140de5dae2223b0361a396177a9cb410ff61f2015ad"


@pytest.mark.parametrize(
    ("body", "ok", "code"),
    [
        (b'{"status":"OK","ErrorCode":"0"}', True, "0"),
        (b'{"status":"OK","errorCode":0}', True, "0"),
        (b'{"Status":"ok"}', True, ""),
        (b'{"status":"OK","ErrorCode":"22"}', False, "22"),
        (b'{"status":"FAIL","ErrorCode":"0"}', False, "0"),
    ],
)
def test_success_is_told_by_status_and_code_together(body: bytes, ok: bool, code: str) -> None:  # noqa: FBT001 - a case
    """In any case of their names (reference 7.2)."""
    read = envelope.read(body)
    assert read is not None
    assert (read.ok, read.code) == (ok, code)


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"{}", b'"OK"', b"\xff"])
def test_what_is_no_answer_of_the_axis_is_none(body: bytes) -> None:
    """A proxy's page says nothing about our call."""
    assert envelope.read(body) is None


def taken(answer: bytes) -> tuple[envelope.Envelope | None, bytes]:
    """Take a package out of an answer that lies in a file."""
    with tempfile.TemporaryFile() as file:
        file.write(answer)
        file.flush()
        into = io.BytesIO()
        return envelope.read_package(file, into), into.getvalue()


SPELLINGS: list[Callable[[str], str]] = [
    json.dumps,
    lambda text: json.dumps(text).replace("/", "\\/"),
    lambda text: json.dumps(text).replace("=", "\\u003d").replace("+", "\\u002B"),
    lambda text: json.dumps("\r\n".join(text[at : at + 76] for at in range(0, len(text), 76))),
]


@settings(deadline=None, max_examples=60)
@given(content=st.binary(min_size=1, max_size=5000), spelling=st.sampled_from(SPELLINGS), first=st.booleans())
def test_a_package_comes_out_of_json_as_it_went_in(
    content: bytes,
    spelling: Callable[[str], str],
    first: bool,  # noqa: FBT001 - a case
) -> None:
    """However its base64 is written, wherever it stands, in pieces of the smallest size."""
    data = f'"data":{spelling(base64.b64encode(content).decode())}'
    rest = '"status":"OK","ErrorCode":"0","ErrorDesc":""'
    before, envelope._CHUNK = envelope._CHUNK, 7
    try:
        read, got = taken(f"{{{data},{rest}}}".encode() if first else f"{{{rest}, {data}}}".encode())
    finally:
        envelope._CHUNK = before
    assert read is not None
    assert read.ok
    assert got == content


def test_a_failure_is_one_whatever_comes_with_it() -> None:
    """And what is no base64, or is cut off, is no package."""
    read, _ = taken(b'{"status":"FAIL","ErrorCode":"20","data":"QUJD"}')
    assert read is not None
    assert not read.ok
    with pytest.raises(ValueError, match="no base64"):
        taken(b'{"status":"OK","data":"QU*D"}')
    assert taken(b'{"status":"OK","data":"QUJD')[0] is None
    assert taken(b"")[0] is None
