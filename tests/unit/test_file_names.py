"""Names of files: what people wrote, without what harms them."""

import re
import unicodedata
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bus.file_names import LONGEST, NAMELESS, disposition, safe_name, slug

FORM = "Đơn đăng ký – bản sao (1).pdf"


@given(st.text(max_size=300))
def test_a_safe_name_is_one_composed_line_without_folders(written: str) -> None:
    """Whatever was written; and made safe again it stays as it is."""
    name = safe_name(written)
    assert 0 < len(name) <= LONGEST
    assert not re.search(r"[/\\\x00-\x1f\x7f\u200b-\u200f\u202a-\u202e]", name)
    assert name == unicodedata.normalize("NFC", name) == safe_name(name)
    assert re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9]+)?", slug(name))


@pytest.mark.parametrize(
    ("written", "name"),
    [
        (unicodedata.normalize("NFD", FORM), FORM),
        ("C:\\Users\\bé\\Giấy khai sinh.PDF", "Giấy khai sinh.PDF"),
        ("../../etc/passwd", "passwd"),
        ("hoa don\u202efdp.exe", "hoa donfdp.exe"),
        ("a\r\nSet-Cookie: x.pdf", "a Set-Cookie: x.pdf"),
        ("  .  ", NAMELESS),
        ("", NAMELESS),
        ("đơn " * 100 + ".docx", ("đơn " * 29)[:115].rstrip() + ".docx"),
    ],
)
def test_what_senders_write_becomes_what_people_mean(written: str, name: str) -> None:
    """Decomposed letters, folders, hidden directions, broken headers, nothing at all, far too much."""
    assert safe_name(written) == name


def test_a_download_has_its_vietnamese_name() -> None:
    """RFC 6266: letters of old readers first, then the name as it is by RFC 8187."""
    header = disposition(FORM)
    assert header.startswith('attachment; filename="Don dang ky - ban sao (1).pdf"; filename*=UTF-8')
    assert unquote(header.partition("''")[2]) == FORM
    assert slug(FORM) == "don-dang-ky-ban-sao-1.pdf"


@given(st.text(max_size=100).map(safe_name))
def test_no_name_breaks_out_of_its_header(name: str) -> None:
    """One quoted text of ASCII without escapes, then the same name spelled whole."""
    header = disposition(name)
    found = re.fullmatch(
        r"attachment; filename=\"([^\"\\%;]*)\"; filename\*=UTF-8''([A-Za-z0-9%!#$&+.^_`|~-]*)", header
    )
    assert found, header
    assert header.isascii()
    assert unquote(found[2]) == name
