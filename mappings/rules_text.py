"""Rules for text: free text, names of persons, and texts of a checked form.

A form's check digits come from python-stdnum where the number has any. A value is never corrected: outer
blanks go, everything else is as the peer wrote it or a problem.
"""

import re
import string
from collections.abc import Callable
from random import Random
from typing import Any
from unicodedata import normalize

from stdnum.vn import mst

from mappings.rules_terms import Bound, Fault, Noted, Rule, Setting, no_argument

SYLLABLES = (
    "An",
    "Bích",
    "Cà",
    "Đặng",
    "Hòa",
    "Lê",
    "Mỹ",
    "Ngọc",
    "Phước",
    "Quế",
    "Trần",
    "Uyên",
    "Vũ",
    "Yến",
)


def text(value: str) -> str:
    """Return NFC text without outer blanks."""
    return normalize("NFC", value.strip())


def as_is(value: str) -> str:
    """Return the value: ours is already in the form that is written."""
    return value


def person_name(value: str) -> str:
    """Return a name in NFC with one blank between words; case is kept (a one-word name is a name)."""
    return " ".join(normalize("NFC", value).split())


def make_text(random: Random) -> str:
    """Draw a short Vietnamese text."""
    return " ".join(random.choices(SYLLABLES, k=random.randint(1, 4)))


def digits(random: Random, count: int) -> str:
    """Draw so many digits."""
    return "".join(random.choices(string.digits, k=count))


def _form(
    name: str,
    vi: str,
    pattern: str,
    make: Callable[[Random], str],
    sound: Callable[[str], bool] | None = None,
    *,
    code: bool = False,
) -> Rule:
    match = re.compile(pattern, re.ASCII).fullmatch
    words = name.replace("_", " ")

    def check(value: str) -> str:
        value = value.strip()
        if match(value) is None:
            raise Fault(f"is no {words}", f"không đúng dạng {vi}")
        if sound is not None and not sound(value):
            raise Fault(f"is no {words}: the check digit is wrong", f"sai số kiểm tra của {vi}")
        return value

    bound = Bound(check, check, {"type": "string", "pattern": f"^\\s*(?:{pattern})\\s*$"}, make)
    split = _split_procedure(bound, check) if code else bound

    def bind(_: str, setting: Setting) -> Bound:
        if code and setting.ours == 1:
            return _without_suffix(bound, check)
        return split if code else bound

    return Rule(name, vi, frozenset({"text"}), bind, no_argument, (1, 2) if code else (1, 1))


def _split_procedure(bound: Bound, check: Callable[[str], str]) -> Bound:
    """Two of our fields: the national code and the province's suffix (reference 5, [C S2])."""

    def read(value: str) -> tuple[str, str | None]:
        value = check(value)
        return value[:8], value[9:] or None

    def write(pair: tuple[str | None, str | None]) -> str | None:
        code, suffix = pair
        if code is None:
            return None
        return check(f"{code}.{suffix}" if suffix else code)

    def make(random: Random) -> tuple[str, str | None]:
        return make_procedure_code(random), random.choice((None, "000.00.00.H12"))

    return Bound(read, write, bound.schema, make, ours=(tuple,))


def _without_suffix(bound: Bound, check: Callable[[str], str]) -> Bound:
    """One of our fields: a suffix has no place in it and is noted."""

    def read(value: str) -> str:
        value = check(value)
        if len(value) > 8:
            what = "the province's suffix of the procedure code has no place here"
            raise Noted(value[:8], what, "bỏ phần đuôi địa phương của mã TTHC")
        return value

    return Bound(read, check, bound.schema, bound.make)


def sound_tax_code(value: str) -> bool:
    """Whether a tax code is sound: 10 digits or 10-3 with a check digit; 12 digits are a citizen's number."""
    return len(value) == 12 or bool(mst.is_valid(value))


def _sound_identity(value: str) -> bool:
    plain = value.replace("-", "")
    return not plain.isdigit() or len(plain) in (9, 12) or bool(mst.is_valid(value))


def make_tax_code(random: Random) -> str:
    """Draw a tax code with a good check digit."""
    while True:
        front = digits(random, 9)
        check = mst.calc_check_digit(front)
        if len(check) == 1 and mst.is_valid(front + check):
            return front + check


def make_dossier_code(random: Random) -> str:
    """Draw a dossier code of one of the forms of reference 5."""
    org = random.choice(("000.00.12.H12", "H12.16", "H12.50.05.13", "G22.99", "G22.99.08"))
    serial = digits(random, 6 if org.startswith("G") else 4)
    return f"{org}-{random.randint(20, 26)}{random.randint(1, 12):02}{random.randint(1, 28):02}-{serial}"


def make_procedure_code(random: Random) -> str:
    """Draw a national procedure code."""
    return f"{random.randint(1, 3)}.{digits(random, 6)}"


def make_agency_code(random: Random) -> str:
    """Draw an agency code in either order of reference 5."""
    return random.choice(("000.00.12.H12", "H12", "H12.16", "H12.50.05", "G12.18"))


OLD_ORDER = r"\d{3}\.\d{2,3}\.\d{2}\.[A-Z]\d{2}"
NEW_ORDER = r"[A-Z]\d{2}(?:\.\d{2,3}){0,4}"

FORMS = (
    _form(
        "dossier_code",
        "mã hồ sơ",
        rf"(?:{OLD_ORDER}|{NEW_ORDER})-(?:\d{{6}}|\d{{8}})-\d{{4,7}}",
        make_dossier_code,
    ),
    _form(
        "procedure_code",
        "mã thủ tục hành chính",
        rf"\d\.\d{{6}}(?:\.{OLD_ORDER})?",
        make_procedure_code,
        code=True,
    ),
    _form("agency_code", "mã định danh cơ quan", rf"{OLD_ORDER}|{NEW_ORDER}", make_agency_code),
    # on the document axis older codes, connection centres and enterprises appear beside those (edxml 6)
    _form(
        "organ_id",
        "mã đơn vị trên trục liên thông văn bản",
        r"(?=.{1,35}$)[0-9A-Za-z]+(?:\.[0-9A-Za-z]+)*",
        make_agency_code,
    ),
    _form(
        "result_code",
        "mã giấy tờ kết quả",
        r"KQ\.[A-Z]\d{2}\.\d{6}",
        lambda random: f"KQ.G15.{digits(random, 6)}",
    ),
    _form("tax_code", "mã số thuế", r"\d{10}(?:-?\d{3})?|\d{12}", make_tax_code, sound_tax_code),
    _form(
        "identity_number",
        "số giấy tờ định danh",
        r"\d{9}|\d{12}|\d{10}(?:-?\d{3})?|(?=.*[A-Z])[A-Z0-9][A-Z0-9/.-]{4,38}",
        lambda random: "096" + digits(random, 9),
        _sound_identity,
    ),
    _form("insurance_number", "mã số BHXH", r"\d{10}", lambda random: digits(random, 10)),
    _form("card_number", "số thẻ BHYT", r"[A-Z]{2}\d{13}", lambda random: "DN4" + digits(random, 12)),
    _form("phone", "số điện thoại", r"\+?\(?\d[\d .()/-]{5,23}", lambda random: "09" + digits(random, 8)),
    _form(
        "email",
        "thư điện tử",
        r"[^\s@<>,;]+@[^\s@<>,;]+\.[^\s@<>,;.]+",
        lambda random: f"n{digits(random, 4)}@example.vn",
    ),
    _form(
        "url", "đường dẫn", r"https?://[^\s]+", lambda random: f"https://tep.example.vn/{digits(random, 8)}"
    ),
    _form("file_id", "mã tệp đã lưu", r"[0-9a-f]{64}", lambda random: f"{random.getrandbits(256):064x}"),
)

_TEXT = Bound(text, as_is, {"type": "string"}, make_text, plain=True)
_NAME = Bound(person_name, as_is, {"type": "string"}, make_text)


def _join(separator: str, setting: Setting) -> Bound:
    del setting

    def read(value: str) -> tuple[str | None, str | None]:
        first, found, second = (part.strip() for part in text(value).partition(separator))
        pair = first or None, second or None
        if found and not second:
            raise Noted(pair, f'ends with "{separator}"', f'thừa dấu "{separator}" ở cuối')
        return pair

    def write(pair: tuple[str | None, str | None]) -> str | None:
        first, second = pair
        if first and separator in first:
            raise Fault(f'the first part holds "{separator}"', f'phần đầu có dấu "{separator}"')
        return f"{first or ''}{separator}{second}" if second else first

    def make(random: Random) -> tuple[str, str]:
        return digits(random, 3), make_text(random)

    return Bound(read, write, {"type": "string"}, make, ours=(tuple,))


def _separator(argument: str) -> str | None:
    return None if argument else "needs the text between the two parts, such as `join /`"


def _words(argument: str, setting: Setting) -> Bound:
    del setting
    true, false = argument.split()
    inward = {true: True, false: False}

    def read(value: Any) -> bool:
        found = inward.get(value)
        if found is None:
            raise Fault(f'is neither "{true}" nor "{false}"', f'không phải "{true}" hoặc "{false}"')
        return found

    def write(value: bool) -> str:  # noqa: FBT001 - a rule takes one value
        return true if value else false

    schema = {"enum": [true, false]}
    return Bound(read, write, schema, lambda random: random.random() < 0.5, ours=(bool,))


def _two_words(argument: str) -> str | None:
    words = argument.split()
    if len(words) == 2 and words[0] != words[1]:
        return None
    return "needs two different words, such as `words True False`"


TEXT_RULES = (
    Rule("text", "chữ", frozenset({"text"}), lambda _a, _s: _TEXT, no_argument),
    Rule("person_name", "họ tên", frozenset({"text"}), lambda _a, _s: _NAME, no_argument),
    Rule("join", 'hai trường nối bằng "{0}"', frozenset({"text"}), _join, _separator, fields=(2, 2)),
    Rule("words", 'có/không viết là "{0}"', frozenset({"bool"}), _words, _two_words),
    *FORMS,
)
