"""Rules for code lists: small lists of the sheet, and columns of the dated tables of the installation."""

from bisect import bisect_right
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from random import Random
from typing import Any

from mappings.rules_terms import Bound, Fault, Rule, Setting
from mappings.sheet_values import CodeList, CodeRow

_PASSED = "?"


def in_force(rows: tuple[CodeRow, ...], day: date | None) -> tuple[CodeRow, ...]:
    """Return the rows valid on a day; None is the state that is open towards the future."""
    if day is None:
        return tuple(row for row in rows if row.until is None)
    return tuple(row for row in rows if (row.since or day) <= day <= (row.until or day))


def inward(rows: tuple[CodeRow, ...]) -> dict[Any, Any]:
    """Return code -> word; where several words have one code, the preferred one."""
    ordered = sorted(rows, key=lambda row: row.prefer)
    return {row.their: row.ours for row in ordered}


def outward(rows: tuple[CodeRow, ...]) -> dict[Any, Any]:
    """Return word -> code; where several codes have one word, the preferred one."""
    ordered = sorted(rows, key=lambda row: row.prefer)
    return {row.ours: row.their for row in ordered}


def lost_words(rows: tuple[CodeRow, ...]) -> tuple[Any, ...]:
    """Return our words that are read back as another word."""
    back = inward(rows)
    return tuple(word for word, code in outward(rows).items() if back[code] != word)


def boundaries(rows: tuple[CodeRow, ...]) -> list[date]:
    """Return the days on which the list changes."""
    starts = {row.since for row in rows if row.since}
    ends = {row.until + timedelta(days=1) for row in rows if row.until}
    return sorted(starts | ends)


class _Dated:
    """One mapping per stretch of time between the days on which the list changes."""

    def __init__(
        self, rows: tuple[CodeRow, ...], make: Callable[[tuple[CodeRow, ...]], dict[Any, Any]]
    ) -> None:
        self.starts = boundaries(rows)
        days = [self.starts[0] - timedelta(days=1), *self.starts]
        self.maps = [make(in_force(rows, day)) for day in days]
        self.open = make(in_force(rows, None))

    def on(self, day: date | None) -> dict[Any, Any]:
        return self.open if day is None else self.maps[bisect_right(self.starts, day)]


def _codes(argument: str, setting: Setting) -> Bound:
    listed = setting.codes[argument]
    read, write = _reader(listed), _writer(listed)
    rows, dated = listed.rows, bool(boundaries(listed.rows))
    lost = lost_words(in_force(rows, None))
    words = tuple(word for word in outward(in_force(rows, None)) if word not in lost)
    types = _types(row.their for row in rows), _types(row.ours for row in rows)
    build = _dated if dated else _plain
    inner, outer = build(rows, inward, read), build(rows, outward, write)
    names = tuple(map(str, lost))
    return Bound(inner, outer, _schema(listed), _choice(words), *types, dated=dated, picky=True, lost=names)


def _choice(words: tuple[Any, ...]) -> Callable[[Random], Any]:
    return lambda random: random.choice(words)


_Build = Callable[[tuple[CodeRow, ...]], dict[Any, Any]]
_Look = Callable[[Any, dict[Any, Any]], Any]


def _dated(rows: tuple[CodeRow, ...], build: _Build, careful: _Look) -> Callable[..., Any]:
    maps = _Dated(rows, build)
    return lambda value, day: careful(value, maps.on(day))


def _plain(rows: tuple[CodeRow, ...], build: _Build, careful: _Look) -> Callable[..., Any]:
    table = build(rows)
    get = table.get

    def look(value: Any) -> Any:
        found = get(value)
        return careful(value, table) if found is None else found

    return look


def _types(values: Iterator[Any]) -> tuple[type, ...]:
    return tuple(dict.fromkeys(type(value) for value in values))


def _reader(listed: CodeList) -> Callable[[Any, dict[Any, Any]], Any]:
    def read(value: Any, table: dict[Any, Any]) -> Any:
        found = table.get(value)
        if found is not None:
            return found
        if listed.unmapped_in == "pass" and isinstance(value, str) and value.strip():
            return _PASSED + value
        what, vi = f"is no code of the list {listed.name}", f"mã không có trong danh mục {listed.name}"
        raise Fault(what, vi, park=listed.unmapped_in == "park")

    return read


def _writer(listed: CodeList) -> Callable[[Any, dict[Any, Any]], Any]:
    passes = listed.unmapped_in == "pass"

    def write(value: Any, table: dict[Any, Any]) -> Any:
        found = table.get(value)
        if found is not None:
            return found
        if passes and isinstance(value, str) and value.startswith(_PASSED):
            return value[1:]
        what = f"is no word of the list {listed.name} on that day"
        raise Fault(
            what, f"giá trị không có trong danh mục {listed.name}", park=listed.unmapped_out == "park"
        )

    return write


def _schema(listed: CodeList) -> dict[str, Any]:
    if listed.unmapped_in != "fail":
        return {"type": sorted({_JSON[type(row.their)] for row in listed.rows})}
    return {"enum": sorted({row.their for row in listed.rows}, key=str)}


_JSON = {str: "string", int: "integer", bool: "boolean"}


def _one_word(argument: str) -> str | None:
    return None if argument and " " not in argument else "needs the name of one list, such as `codes status`"


def _lookup(argument: str, setting: Setting) -> Bound:
    name, column = argument.split()
    table = setting.tables[name]

    def write(value: str, day: date | None) -> str:
        row = table.named(value, day)
        if row is None:
            what = f"is in no line of the table {name} on that day"
            raise Fault(what, f"không có trong bảng {name} vào ngày đó")
        return row[column] or _nothing(name, column)

    def make(random: Random) -> str:
        return random.choice(table.keys(None))

    return Bound(None, write, {"type": "string"}, make, dated=True, picky=True)


def _nothing(name: str, column: str) -> str:
    raise Fault(f"has nothing in column {column} of the table {name}", f"bảng {name} để trống cột {column}")


def _table_and_column(argument: str) -> str | None:
    return None if len(argument.split()) == 2 else "needs a table and a column: `lookup procedures name`"


CODE_RULES = (
    Rule("codes", "mã theo danh mục {0}", frozenset({"text", "words", "int", "bool"}), _codes, _one_word),
    Rule("lookup", "tra bảng {0}", frozenset({"text"}), _lookup, _table_and_column),
)
