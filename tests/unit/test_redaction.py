"""Identifiers of citizens never stand in a text that leaves."""

import json
import unicodedata
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bus.redaction import redacted, redacted_tree

IDENTIFIERS = {
    "personal number": "096190000123",
    "old identity number": "381234567",
    "tax code": "2001234568",
    "tax code of a branch": "2001234568-001",
    "social insurance number": "9620123456",
    "insurance card": "GD4967912345678",
    "telephone": "0912345678",
    "telephone with blanks": "0912 345 678",
    "international telephone": "+84 912 345 678",
    "e-mail": "nguyen.be@vidu.example",
}
HARMLESS = (
    "G22.99-260415-000001",
    "000.00.12.H62-201105-0004",
    "H15.50.05.13-261008-0975",
    "G09.20-20260609-0092637",
    "1.001193",
    "KQ.G15.000031",
    "20260415083000",
    "2026-04-15T08:30:00+07:00",
    "000.00.00.G09-KQ002269",
    "0e3bd0a0-0000-4000-8000-000000000001",
    "1.250.000 đồng",
    "Hồ sơ đã tồn tại",
)


@pytest.mark.parametrize("number", IDENTIFIERS.values(), ids=IDENTIFIERS)
def test_an_identifier_is_masked_wherever_it_stands(number: str) -> None:
    """Alone, in a sentence, in quotes, in brackets."""
    for text in (number, f"số {number}, không hợp lệ", f'"{number}"', f"({number})", f"sai\\n{number}\\t"):
        assert number not in redacted(text)
        assert "•" in redacted(text)


@pytest.mark.parametrize("text", HARMLESS)
def test_what_is_no_identifier_of_a_person_is_left_as_it_is(text: str) -> None:
    """Dossier numbers, dates and codes are what an operator works with."""
    assert redacted(text) == text


@given(st.text())
def test_masking_twice_is_masking_once(text: str) -> None:
    """A masked text holds nothing to mask."""
    assert redacted(redacted(text)) == redacted(text)


@given(st.text(alphabet="aă ,.:;()\"'\n", max_size=20), st.integers(10**11, 10**12 - 1))
def test_a_personal_number_is_masked_between_any_punctuation(around: str, number: int) -> None:
    """Twelve digits standing by themselves never pass."""
    words = around.rstrip(".-")
    assert str(number) not in redacted(f"{words} {number}{' ' + around}")


def test_a_tree_is_masked_in_every_text() -> None:
    """Keys stay, values are masked at any depth."""
    tree = {"a": [{"b": "096190000123"}], "c": 1, "d": None}
    assert redacted_tree(tree) == {"a": [{"b": "••••••••••23"}], "c": 1, "d": None}


@pytest.mark.parametrize(
    "text",
    [
        "họ tên: {} không khớp",
        "Họ và tên {} sai",
        'ChuHoSo="{}"',
        '{{"HoTen": "{}", "x": 1}}',
        "chủ hồ sơ {} đã có hồ sơ",
        "<TenNguoiNop>{}</TenNguoiNop>",
        "người nộp hồ sơ là {}",
        "400: không hợp lệ\\nhọ tên: {}\\tCCCD",
        "name={}",
    ],
)
@pytest.mark.parametrize("name", ["Nguyễn Thị Đào", "Tôn Thất Ửng", "NGUYỄN VĂN AN"])
@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_a_person_s_name_is_covered_by_its_label(text: str, name: str, form: Literal["NFC", "NFD"]) -> None:
    """Whoever wrote it: a peer's sentence, a form, JSON, XML; what stands around it can still be read.

    With marks beside their letters as well, in label and name.
    """
    said = redacted(unicodedata.normalize(form, text.format(name)))
    assert not any(word in unicodedata.normalize("NFC", said) for word in name.split() if len(word) > 1)
    assert redacted(said) == said
    assert said.replace("•", "").startswith(text.format("").partition(" ")[0].rstrip('"}>')[:4])


def test_a_name_is_covered_where_json_writes_its_letters_as_numbers() -> None:
    """As a peer's error quotes what it got; an address in a query's escapes is one too."""
    told = json.dumps({"hoTen": "Nguyễn Thị Đào", "ma": "H12.36"})
    said = redacted(f"400: {told}")
    assert not any(part in said for part in ("Nguy", "\\u1ec5n", "Th\\u1ecb", "\\u00e0o"))
    assert "H12.36" in said
    assert "tran.binh" not in redacted("GET /x?mail=tran.binh%40vidu.example")


def test_a_label_without_a_person_covers_nothing() -> None:
    """Names of ours are in small letters; a label alone is a word like any other."""
    for text in ("name=onestop", "there is no name in it", "Họ tên không được để trống", "owner: unknown"):
        assert redacted(text) == text


@pytest.mark.parametrize("times", [1, 2, 3])
def test_a_label_by_its_letters_numbers_covers_a_name_too(times: int) -> None:
    """Peers quote what they got as JSON in JSON, in which neither label nor name has a letter of its own."""
    said = "Không hợp lệ: họ tên: Nguyễn Thị Đào, CCCD 096190000123"
    for _ in range(times):
        said = json.dumps(said)
    assert "Nguy" in said
    covered = redacted(said)
    assert "họ tên: N••• T••• Đ•••" in covered
    assert "096190000123" not in covered


@given(st.text())
def test_what_was_json_remains_json(text: str) -> None:
    """Quotes, line ends and halves of pairs stay as they were written."""
    assert isinstance(json.loads(redacted(json.dumps({"a": text})))["a"], str)
