"""JSON as text: read strictly, and where it is none said in words of what broke it. Pure."""

import json
from typing import Any

import msgspec

from adapters.agency.problems import Wrong, shown

_FIX = "Gửi một đối tượng JSON mã hóa UTF-8, đúng RFC 8259"
_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
"""Byte order marks, which editors put before a text."""


class NoJsonError(Exception):
    """A body that is no JSON, or says one thing twice: `problems` say what and where."""

    def __init__(self, *problems: Wrong) -> None:
        super().__init__("no JSON")
        self.problems = problems


def parse(raw: bytes, most: int) -> Any:
    """Read JSON; raises `NoJsonError`, also where an object has a name twice (`most` of them are told).

    Of two values under one name some readers take the first and some the last, so neither is taken.
    """
    try:
        tree = msgspec.json.decode(raw)
        pairs = _Pairs()
        if raw and (again := json.loads(raw, object_pairs_hook=pairs)) is not None and pairs.found:
            raise NoJsonError(*_twice(again, "", most))
    except RecursionError:
        raise NoJsonError(Wrong(path="", what="nội dung lồng nhau quá sâu", fix=_FIX, rule="depth")) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        what = f"nội dung không phải JSON: {_why(raw, error)}"
        raise NoJsonError(Wrong(path="", what=what, fix=_FIX, rule="json")) from None
    return tree


def _why(raw: bytes, error: Exception) -> str:
    """What broke it; the library's sentence is English, of it the place alone is taken."""
    text = str(error)
    if not raw.strip():
        return "nội dung trống"
    if raw.startswith(_MARKS):
        return "bắt đầu bằng dấu BOM hoặc không phải UTF-8; lưu lại dạng UTF-8 không BOM"
    if isinstance(error, UnicodeDecodeError):
        return "có byte không phải UTF-8"
    if "out of range" in text:
        return "có số quá lớn"
    _, _, place = text.partition("(byte ")
    return f"sai ở byte {place.rstrip(')')}" if place else "thiếu phần cuối, hoặc có ký tự hỏng trong chuỗi"


class _Object(dict[str, Any]):
    """An object that has a name twice."""

    twice: tuple[str, ...] = ()


class _Pairs:
    """Makes objects, and notes whether any has a name twice."""

    def __init__(self) -> None:
        self.found = False

    def __call__(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = _Object(pairs)
        if len(made) < len(pairs):
            seen: set[str] = set()
            made.twice = tuple(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]  # adding gives None
            self.found = True
        return made


def _twice(tree: Any, path: str, most: int) -> list[Wrong]:
    """Each name that an object has twice, at its path."""
    found: list[Wrong] = []
    todo = [(path, tree)]
    while todo and len(found) < most:
        at, part = todo.pop()
        if isinstance(part, list):
            todo += [(f"{at}[{number}]", item) for number, item in enumerate(part)]
        elif isinstance(part, dict):
            below = {name: f"{at}.{shown(name)}" if at else shown(name) or "" for name in part}
            for name in getattr(part, "twice", ()):
                fix = "Giữ một giá trị, bỏ giá trị kia"
                found.append(Wrong(path=below[name], what="trường ghi hai lần", fix=fix, rule="twice"))
            todo += [(below[name], item) for name, item in part.items()]
    return found[:most]
