"""Reads canonical JSON as an agency sends it, and finds every problem at once.

A decoder stops at the first mistake. Here a message is walked through field by field by the declaration of
its struct, so that the sender is told all of them. Pure.
"""

import contextlib
import re
import types
import typing
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal, TypeVar

import msgspec
from msgspec.structs import FieldInfo, fields

from adapters.agency.json_text import NoJsonError, parse
from adapters.agency.not_theirs import not_theirs
from adapters.agency.problems import MOST, Wrong, shown
from mappings.source import did_you_mean

T = TypeVar("T", bound=msgspec.Struct)

DECIMAL = r"^-?\d{1,15}(\.\d{1,10})?$"
"""A decimal number that is written as a text."""

_DECIMAL = re.compile(DECIMAL, re.ASCII)
_DEEPEST = 60
_LONGEST_WORD = 60
_SPACES = "\n\r\t"
_NAMES: Mapping[Any, tuple[str, str]] = {
    str: ("phải là chuỗi ký tự", 'Đặt giá trị trong dấu ngoặc kép, ví dụ "…"'),
    int: ("phải là số nguyên", "Ghi số không có dấu ngoặc kép và phần thập phân, ví dụ 15000"),
    Decimal: ("phải là số", "Ghi số, phần thập phân sau dấu chấm, ví dụ 120.5"),
    bool: ("phải là true hoặc false", "Ghi true hoặc false, không đặt trong dấu ngoặc kép"),
    date: ("phải là ngày", 'Ghi theo dạng năm-tháng-ngày, ví dụ "2026-11-25"'),
    datetime: (
        "phải là thời điểm có múi giờ",
        'Ghi theo ISO 8601 kèm múi giờ, ví dụ "2026-11-25T08:30:00+07:00"',
    ),
    dict: ("phải là một đối tượng JSON", "Ghi dạng { … }"),
    tuple: ("phải là một danh sách", "Ghi dạng [ … ]; không có thì bỏ trường này"),
}


class WrongError(Exception):
    """A message has problems: `problems` are all of them, `MOST` at the most."""

    def __init__(self, problems: tuple[Wrong, ...]) -> None:
        super().__init__("the message has problems")
        self.problems = problems


def read(kind: type[T], raw: bytes) -> T:
    """Read one JSON object as a canonical struct; raises `WrongError` with every problem found.

    Texts come out in NFC, times in whole seconds; `null` says nothing, as if the field were left out.
    """
    value, problems = read_partly(kind, raw)
    if problems:
        raise WrongError(problems)
    return value


def read_partly(kind: type[T], raw: bytes) -> tuple[T, tuple[Wrong, ...]]:
    """Read what can be read, with every problem found: so that what the content says can be judged as well.

    A part with a problem is left out. Raises `WrongError` where nothing can be read.
    """
    found = _Found([])
    try:
        value = found.struct(kind, parse(raw, MOST), "", 0)
    except NoJsonError as error:
        raise WrongError(error.problems) from None
    except _EnoughError:
        value = _ABSENT
    problems = tuple(found.problems)
    if value is _ABSENT:
        raise WrongError(problems)
    partly: T = value
    return partly, problems


class _Absent:
    """A value that has a problem, or says nothing."""


_ABSENT = _Absent()


class _EnoughError(Exception):
    """As many problems were found as are told: to look for more would only take time."""


class _Found:
    """One reading: what was found wrong so far."""

    def __init__(self, problems: list[Wrong]) -> None:
        self.problems = problems

    def say(self, path: str, what: str, fix: str, rule: str, value: Any = None) -> _Absent:
        self.problems.append(Wrong(path=path, what=what, fix=fix, rule=rule, value=shown(value)))
        if len(self.problems) >= MOST:
            raise _EnoughError
        return _ABSENT

    def _not_a(self, kind: Any, path: str, value: Any) -> _Absent:
        what, fix = _NAMES.get(kind, ("không đúng kiểu", "Xem mô tả API"))
        return self.say(path, what, fix, f"type {kind.__name__}", value)

    def struct(self, kind: type[msgspec.Struct], tree: Any, path: str, depth: int) -> Any:
        if not isinstance(tree, dict):
            return self._not_a(dict, path, tree)
        if depth > _DEEPEST:
            return self.say(path, "lồng nhau quá sâu", "Bỏ bớt cấp", "depth")
        closed = not_theirs(kind)
        known = {each.encode_name: each for each in fields(kind) if each.name not in closed}
        self._unknown(known, closed, tree, path)
        values = {
            each.name: value
            for name, each in known.items()
            if (value := self._field(each, tree, _joined(path, name), depth)) is not _ABSENT
        }
        try:
            return kind(**values)
        except TypeError:
            return _ABSENT  # a required field is missing, and that is noted already

    def _unknown(
        self, known: Mapping[str, FieldInfo], closed: Mapping[str, str], tree: Mapping[str, Any], path: str
    ) -> None:
        for name in tree:
            if name in known:
                continue
            where = _joined(path, shown(name) or "")
            if name in closed:
                self.say(where, "không phải trường cơ quan nộp ghi", closed[name], "not yours", tree[name])
                continue
            near = _near(name, known)
            fix = f"Có phải là {near}?" if near else "Bỏ trường này, hoặc xem tên đúng trong mô tả API"
            self.say(where, "không có trường này", fix, "unknown", tree[name])

    def _field(self, each: FieldInfo, tree: Mapping[str, Any], path: str, depth: int) -> Any:
        given = tree.get(each.encode_name)
        if given is None and (each.encode_name not in tree or _may_be_null(each.type)):
            if each.required:
                return self.say(path, "thiếu trường bắt buộc", "Bổ sung trường này", "required")
            return _ABSENT
        return self._value(each.type, given, path, depth)

    def _value(self, kind: Any, given: Any, path: str, depth: int) -> Any:
        origin, of = typing.get_origin(kind), typing.get_args(kind)
        if origin in (typing.Union, types.UnionType):
            inner = next(each for each in of if each is not types.NoneType)
            return _ABSENT if given is None else self._value(inner, given, path, depth)
        if origin is Literal:
            return given if isinstance(given, str) and given in of else self._not_one_of(of, given, path)
        if origin is tuple:
            return self._list(of[0], given, path, depth)
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
            return self.struct(kind, given, path, depth + 1)
        if origin is dict or kind is dict:
            return (
                self._any(given, path, depth) if isinstance(given, dict) else self._not_a(dict, path, given)
            )
        return self._any(given, path, depth) if kind is Any else self._leaf(kind, given, path)

    def _not_one_of(self, words: tuple[str, ...], given: Any, path: str) -> _Absent:
        near = _near(given, words) if isinstance(given, str) else None
        fix = f"Có phải là {near}? " if near else ""
        return self.say(
            path, "không có trong danh mục", f"{fix}Ghi một trong: {', '.join(words)}", "word", given
        )

    def _list(self, kind: Any, given: Any, path: str, depth: int) -> Any:
        if not isinstance(given, list):
            return self._not_a(tuple, path, given)
        items = [self._value(kind, item, f"{path}[{at}]", depth) for at, item in enumerate(given)]
        return _ABSENT if any(item is _ABSENT for item in items) else tuple(items)

    def _leaf(self, kind: Any, given: Any, path: str) -> Any:
        if kind is int and isinstance(given, float) and given.is_integer():
            given = int(given)  # 1.0 is a whole number in JSON
        try:
            value = msgspec.convert(given, kind, strict=True)
        except msgspec.ValidationError:
            return self._not_a(kind, path, given)
        if isinstance(value, Decimal) and isinstance(given, str) and not _DECIMAL.fullmatch(given):
            return self._not_a(kind, path, given)
        if isinstance(value, str):
            return self._text(value, path)
        if isinstance(value, datetime):
            aware = value.tzinfo is not None and _has_offset(value)
            return value.replace(microsecond=0) if aware else self._not_a(datetime, path, given)
        return value

    def _text(self, given: str, path: str) -> Any:
        if any(unicodedata.category(each) == "Cc" and each not in _SPACES for each in given):
            return self.say(path, "có ký tự điều khiển", "Bỏ các ký tự không in được", "text", given)
        return unicodedata.normalize("NFC", given)

    def _any(self, given: Any, path: str, depth: int) -> Any:
        """What we hand on as it came: the rest of an e-form."""
        if depth > _DEEPEST:
            return self.say(path, "lồng nhau quá sâu", "Bỏ bớt cấp", "depth")
        if isinstance(given, str):
            return self._text(given, path)
        if isinstance(given, list):
            items = [self._any(item, f"{path}[{at}]", depth + 1) for at, item in enumerate(given)]
            return _ABSENT if any(item is _ABSENT for item in items) else items
        if isinstance(given, dict):
            named = {name: self._any(item, _joined(path, name), depth + 1) for name, item in given.items()}
            return _ABSENT if any(item is _ABSENT for item in named.values()) else named
        return given


def _may_be_null(kind: Any) -> bool:
    return types.NoneType in typing.get_args(kind)


def _has_offset(value: datetime) -> bool:
    """Whether a time stays one in our zone: one at the end of the calendar does not."""
    with contextlib.suppress(OverflowError, ValueError):
        return value.utcoffset() is not None and bool(value.timestamp() + 1)
    return False


def _near(word: str, words: Iterable[str]) -> str | None:
    """A known word that is probably meant; nobody mistypes a very long one, and comparing it takes long."""
    return did_you_mean(word, words) if len(word) <= _LONGEST_WORD else None


def _joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
