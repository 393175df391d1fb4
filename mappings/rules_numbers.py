"""Rules for numbers: integer, decimal, boolean, money in whole đồng, and the constant."""

import re
from decimal import Decimal
from random import Random
from typing import Any

from mappings.rules_terms import Bound, Fault, Noted, Rule, Setting, no_argument

_MONEY = 10**15
"""More đồng than any fee or tax: longer numbers are typing errors and would not survive JSON peers."""


def _integer(_: str, setting: Setting) -> Bound:
    def make(random: Random) -> int:
        return random.randint(0, 99)

    if setting.carrier == "xml":
        schema = {"type": "string", "pattern": r"^\s*-?\d{1,15}\s*$"}
        return Bound(_read_digits, str, schema, make, ours=(int,))
    schema = {"type": "integer"}
    return Bound(_read_integer, _read_integer, schema, make, theirs=(int,), ours=(int,))


def _read_integer(value: Any) -> Any:
    if value.__class__ is not int:
        raise Fault("is no whole number", "không phải số nguyên")
    return value


def _read_digits(value: str) -> int:
    value = value.strip()
    bare = value.removeprefix("-")
    if not (bare.isascii() and bare.isdigit() and len(bare) <= 15):
        raise Fault("is no whole number", "không phải số nguyên")
    number = int(value)
    if str(number) != value:
        raise Noted(number, "leading zeros dropped", "bỏ số 0 ở đầu")
    return number


_DECIMAL = r"\d{1,12}(?:\.\d{1,6})?"
_is_decimal = re.compile(_DECIMAL, re.ASCII).fullmatch


def read_decimal(value: str) -> Decimal:
    """Read an area or a like measure, digits and a point; zeros at the end are kept, a comma is a problem."""
    value = value.strip()
    if _is_decimal(value) is None:
        raise Fault("is no number with a decimal point", "không phải số viết với dấu chấm thập phân")
    return Decimal(value)


def write_decimal(value: Decimal) -> str:
    """Write a measure in digits, never with an exponent."""
    text = f"{value:f}"
    if _is_decimal(text) is None:
        raise Fault("is no number that can be sent", "số không gửi được")
    return text


_MEASURE = Bound(
    read_decimal,
    write_decimal,
    {"type": "string", "pattern": rf"^\s*{_DECIMAL}\s*$"},
    lambda random: Decimal(random.randint(1, 10**7)).scaleb(-random.choice((0, 1, 2))),
    ours=(Decimal,),
)


def _boolean(_: str, setting: Setting) -> Bound:
    def make(random: Random) -> bool:
        return random.random() < 0.5

    if setting.carrier == "xml":
        schema = {"enum": ["true", "false"]}
        return Bound(_read_true_false, lambda value: str(value).lower(), schema, make, ours=(bool,))
    schema_json = {"type": "boolean"}
    return Bound(_read_boolean, _read_boolean, schema_json, make, theirs=(bool,), ours=(bool,))


def _read_boolean(value: Any) -> Any:
    if value.__class__ is not bool:
        raise Fault("is neither true nor false", "không phải true hoặc false")
    return value


def _read_true_false(value: str) -> bool:
    word = value.strip()
    if word not in ("true", "false"):
        raise Fault("is neither true nor false", "không phải true hoặc false")
    return word == "true"


def read_money(value: str) -> int:
    """Read whole đồng written in digits alone: a dot, a comma, a sign or a letter is a problem."""
    if not (value.isdigit() and value.isascii()):
        raise Fault(
            "is no amount in whole đồng, digits alone", "không phải số tiền viết bằng chữ số, đơn vị đồng"
        )
    amount = int(value) if len(value) < 20 else _MONEY
    if amount >= _MONEY:
        raise Fault("is too great an amount", "số tiền quá lớn")
    if value[0] == "0" and len(value) > 1:
        raise Noted(amount, "leading zeros dropped", "bỏ số 0 ở đầu")
    return amount


def write_money(value: int) -> str:
    """Write whole đồng in digits."""
    if value < 0 or value >= _MONEY:
        raise Fault("is no amount that can be sent", "số tiền không gửi được")
    return str(value)


_AMOUNT = Bound(
    read_money,
    write_money,
    {"type": "string", "pattern": r"^\d{1,15}$"},
    lambda random: random.choice((0, 8000, 150_000, random.randint(0, 10**9))),
    ours=(int,),
)


def _always(argument: str, setting: Setting) -> Bound:
    del setting

    def read(value: Any) -> None:
        if value != argument:
            raise Noted(
                None, f'is always "{argument}", but differs here', f'khác giá trị cố định "{argument}"'
            )

    return Bound(read, lambda _: argument, {"type": "string"}, theirs=(object,))


def _value(argument: str) -> str | None:
    return None if argument else "needs the value, such as `always 00110`"


NUMBER_RULES = (
    Rule("integer", "số nguyên", frozenset({"int"}), _integer, no_argument),
    Rule("decimal", "số thập phân", frozenset({"decimal"}), lambda _a, _s: _MEASURE, no_argument),
    Rule("boolean", "true/false", frozenset({"bool"}), _boolean, no_argument),
    Rule("money", "số tiền, đồng", frozenset({"int"}), lambda _a, _s: _AMOUNT, no_argument),
    Rule("always", 'luôn là "{0}"', frozenset(), _always, _value, fields=(0, 0)),
)
