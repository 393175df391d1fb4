"""From a TOML file to the values of a sheet: shapes, words and spelling; every mistake with its place."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from mappings.rules import RULES
from mappings.sheet_values import CodeList, CodeRow, Line, OurPath, Part
from mappings.source import Keys, Problem, Source, as_written, did_you_mean

_MISSING: Any = object()

LINE_KEYS = (
    "their",
    "ours",
    "rule",
    "required",
    "default",
    "max",
    "over",
    "when",
    "way",
    "empty",
    "part",
    "note",
)
ROW_KEYS = ("their", "ours", "vi", "prefer", "from", "until", "note")
SHEET_KEYS = (
    "name", "title", "canonical", "carrier", "root", "namespace", "namespaces", "empty", "extras", "checks",
    "source", "rows",
)  # fmt: skip


@dataclass(slots=True)
class Gather:
    """Collects the problems of one file while it is read."""

    source: Source
    problems: list[Problem] = field(default_factory=list)

    def say(self, path: Keys, what: str, hint: str = "", *, key: bool = False) -> None:
        """Add a problem at a path."""
        self.problems.append(self.source.problem(path, what, hint, of="key" if key else "value"))

    def keys(self, path: Keys, table: dict[str, Any], known: Iterable[str]) -> None:
        """Complain about keys that mean nothing."""
        known = tuple(known)
        for key in table.keys() - set(known):
            near = did_you_mean(key, known)
            self.say((*path, key), f'unknown key "{key}"', _mean(near, known), key=True)

    def typed(self, path: Keys, table: dict[str, Any], key: str, kind: type, default: Any = _MISSING) -> Any:
        """Return a value of a type; a missing one without a default is a problem."""
        value = table.get(key, default)
        if value is _MISSING:
            self.say(path, f'"{key}" is missing')
            return kind()
        if value is not default and (
            not isinstance(value, kind) or (kind is int and isinstance(value, bool))
        ):
            self.say((*path, key), f'"{key}" must be {_TYPES[kind]}')
            return kind() if default is _MISSING else default
        return value

    def word(self, path: Keys, table: dict[str, Any], key: str, words: tuple[str, ...], default: str) -> Any:
        """Return one word of a closed list."""
        value = table.get(key, default)
        if value in words and isinstance(value, str):
            return value
        near = did_you_mean(str(value), words)
        self.say((*path, key), f'"{key}" cannot be {as_written(value)}', _mean(near, words))
        return default

    def tables(self, path: Keys, value: Any) -> list[tuple[Keys, dict[str, Any]]]:
        """Return the tables of a list of tables with their paths."""
        if not isinstance(value, list):
            self.say(path, "must be a list of lines [ { … }, { … } ]")
            return []
        for count, row in enumerate(value):
            if not isinstance(row, dict):
                self.say((*path, count), "a line must be { their = …, ours = … }")
        return [((*path, count), row) for count, row in enumerate(value) if isinstance(row, dict)]


_TYPES = {
    str: 'a text "…"',
    int: "a whole number",
    bool: "true or false",
    dict: "a table { … }",
    list: "a list",
}


def _mean(near: str | None, known: Iterable[str]) -> str:
    return f'Did you mean "{near}"?' if near else f"Known: {', '.join(known)}"


def our_path(text: str) -> OurPath:
    """Read `a.b`, `.` or `/a`."""
    top = text.startswith("/")
    bare = text.removeprefix("/")
    return OurPath(() if bare in (".", "") else tuple(bare.split(".")), top)


def their_path(text: str) -> tuple[str, ...]:
    """Read `A/B` or `.`."""
    return () if text == "." else tuple(text.split("/"))


def lines(gather: Gather, path: Keys, value: Any, empty: str) -> tuple[Line, ...]:
    """Read the lines of the sheet or of a part."""
    return tuple(_line(gather, at, row, empty) for at, row in gather.tables(path, value))


def _line(gather: Gather, path: Keys, row: dict[str, Any], empty: str) -> Line:
    gather.keys(path, row, LINE_KEYS)
    rule, _, argument = gather.typed(path, row, "rule", str, "text").strip().partition(" ")
    _known_rule(gather, path, rule, argument.strip())
    when = gather.typed(path, row, "when", dict, {})
    return Line(
        their=_their(gather, path, row),
        ours=_ours(gather, path, row, rule),
        rule=rule,
        argument=argument.strip(),
        place=gather.source.place(path),
        way=gather.word(path, row, "way", ("both", "in", "out"), "out" if rule == "lookup" else "both"),
        required=_required(gather, path, row),
        has_default="default" in row,
        default=row.get("default"),
        max=_max(gather, path, row),
        cut=gather.word(path, row, "over", ("fail", "cut"), "fail") == "cut",
        when=tuple((our_path(key), tuple(v) if isinstance(v, list) else (v,)) for key, v in when.items()),
        empty=gather.word(path, row, "empty", ("blank", "null", "omit"), empty),
        part=gather.typed(path, row, "part", str, ""),
        note=gather.typed(path, row, "note", str, ""),
    )


def _known_rule(gather: Gather, path: Keys, rule: str, argument: str) -> None:
    where = (*path, "rule")
    if rule not in RULES:
        gather.say(where, f'there is no rule "{rule}"', _mean(did_you_mean(rule, RULES), RULES))
    elif complaint := RULES[rule].check(argument):
        gather.say(where, f'the rule "{rule}" {complaint}')


def _their(gather: Gather, path: Keys, row: dict[str, Any]) -> tuple[str, ...]:
    text = gather.typed(path, row, "their", str)
    steps = their_path(text)
    if text.startswith("/") or "" in steps:
        gather.say((*path, "their"), f'"{text}" is no path', "Write A/B, @attribute or .")
    return steps


def _ours(gather: Gather, path: Keys, row: dict[str, Any], rule: str) -> tuple[OurPath, ...]:
    value = row.get("ours", [])
    texts = value if isinstance(value, list) else [value]
    if not all(isinstance(each, str) and each for each in texts):
        gather.say((*path, "ours"), '"ours" must be a path such as "owner.name", or a list of such')
        return ()
    low, high = RULES[rule].fields if rule in RULES else (0, 99)
    if not low <= len(texts) <= high:
        wanted = {(0, 0): "no field of ours", (2, 2): 'two fields, ours = ["a", "b"]'}
        gather.say(path, f'the rule "{rule}" needs {wanted.get((low, high), "ours = one field")}')
        return ()
    return tuple(our_path(each) for each in texts)


def _required(gather: Gather, path: Keys, row: dict[str, Any]) -> frozenset[str]:
    ways: dict[Any, frozenset[str]] = {
        True: frozenset({"in", "out"}),
        False: frozenset(),
        "in": frozenset({"in"}),
        "out": frozenset({"out"}),
    }
    value = row.get("required", False)
    if not isinstance(value, bool | str) or value not in ways:
        gather.say((*path, "required"), '"required" must be true, false, "in" or "out"')
        return frozenset()
    return ways[value]


def _max(gather: Gather, path: Keys, row: dict[str, Any]) -> int | None:
    value: int | None = gather.typed(path, row, "max", int, None)
    if value is not None and value < 1:
        gather.say((*path, "max"), '"max" must be at least 1')
    if value is None and row.get("over") == "cut":
        gather.say((*path, "over"), '"over" says nothing without "max"')
    return value


def part(gather: Gather, name: str, table: Any, empty: str) -> Part:
    """Read [part.NAME]."""
    path: Keys = ("part", name)
    if not isinstance(table, dict):
        gather.say(path, "a part is a table: [part.NAME] with rows = [ … ]")
        table = {"rows": []}
    gather.keys(path, table, ("rows", "needs", "note"))
    rows = gather.typed(path, table, "rows", list)
    needs = gather.typed(path, table, "needs", list, [])
    if not all(isinstance(each, str) for each in needs):
        gather.say((*path, "needs"), '"needs" is a list of our fields, such as ["url"]')
        needs = []
    return Part(name, lines(gather, (*path, "rows"), rows, empty), gather.source.place(path), tuple(needs))


def code_list(gather: Gather, name: str, table: Any) -> CodeList:
    """Read [codes.NAME]."""
    path: Keys = ("codes", name)
    if not isinstance(table, dict):
        gather.say(path, "a code list is a table: [codes.NAME] with unmapped and rows")
        table = {"unmapped": {}, "rows": []}
    gather.keys(path, table, ("unmapped", "rows", "note"))
    unmapped = gather.typed(path, table, "unmapped", dict)
    at = (*path, "unmapped")
    gather.keys(at, unmapped, ("in", "out"))
    rows = gather.typed(path, table, "rows", list)
    read = tuple(_code_row(gather, where, row) for where, row in gather.tables((*path, "rows"), rows))
    return CodeList(
        name,
        read,
        gather.word(at, unmapped, "in", ("fail", "park", "pass"), "fail"),
        gather.word(at, unmapped, "out", ("fail", "park"), "fail"),
        gather.source.place(path),
    )


def _code_row(gather: Gather, path: Keys, row: dict[str, Any]) -> CodeRow:
    gather.keys(path, row, ROW_KEYS)
    their, ours = (_code(gather, path, row, key) for key in ("their", "ours"))
    since, until = (_date(gather, path, row, key) for key in ("from", "until"))
    if since and until and until < since:
        gather.say((*path, "until"), "ends before it begins")
    return CodeRow(
        their=their,
        ours=ours,
        place=gather.source.place(path),
        vi=gather.typed(path, row, "vi", str, ""),
        prefer=gather.typed(path, row, "prefer", bool, default=False),
        since=since,
        until=until,
        note=gather.typed(path, row, "note", str, ""),
    )


def _code(gather: Gather, path: Keys, row: dict[str, Any], key: str) -> Any:
    value = row.get(key)
    if isinstance(value, str | int) and value != "":
        return value
    gather.say(
        path if value is None else (*path, key), f'"{key}" must be a code: a text, a number, true or false'
    )
    return ""


def _date(gather: Gather, path: Keys, row: dict[str, Any], key: str) -> date | None:
    value = row.get(key)
    if value is None or type(value) is date:
        return value
    gather.say((*path, key), f'"{key}" must be a day, written bare: 2025-07-01')
    return None
