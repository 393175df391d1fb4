"""A positioned TOML reader: plain values, and the line and column of every key and value.

Values are exactly those of `tomllib`; positions come from a tree-sitter parse of the same text. Whoever
checks a file keeps the `Source` at hand, gathers a `Problem` for each mistake and raises them together.
"""

import difflib
import json
import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal, NoReturn

import tree_sitter_toml
from tree_sitter import Language, Node, Parser

Keys = tuple[str | int, ...]
"""The way to a value: keys of tables, and counts (from 0) into arrays and arrays of tables."""

Of = Literal["key", "value"]


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A place in a text file; lines and columns count from 1, columns in characters."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One mistake in a file: where, `what` is wrong, and a `hint` what to do ("" where there is none)."""

    file: str
    line: int
    column: int
    what: str
    hint: str = ""

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}:{self.column}"
        return f"{where}: {self.what}. {self.hint}" if self.hint else f"{where}: {self.what}"

    @classmethod
    def at(cls, place: Place, what: str, hint: str = "") -> "Problem":
        """Make a problem of a place."""
        return cls(place.file, place.line, place.column, what, hint)


def as_written(value: Any) -> str:
    """A value as a TOML file spells it, for a sentence about it."""
    if isinstance(value, bool):
        return str(value).lower()
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else str(value)


class ProblemsError(Exception):
    """Everything that is wrong with one or several files, in the order of file and line."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__("\n".join(str(problem) for problem in self.problems))


def did_you_mean(word: str, words: Iterable[str]) -> str | None:
    """Return the known word nearest to `word`, or None where none is near."""
    known = {each.casefold(): each for each in words}
    near = difflib.get_close_matches(word.casefold(), known, n=1, cutoff=0.6)
    return known[near[0]] if near else None


@dataclass(frozen=True, slots=True)
class Source:
    """A TOML file that was read: `value` as `tomllib` gives it, and the place of everything in it."""

    file: str
    value: dict[str, Any]
    _keys: dict[Keys, Place] = field(repr=False)
    _values: dict[Keys, Place] = field(repr=False)

    def place(self, path: Keys, *, of: Of = "value") -> Place:
        """Return where the value at `path` (or its key) stands; else the nearest enclosing thing's place.

        An item of an array has no key: its own place is given. The empty path is the file's beginning.
        """
        first, second = (self._keys, self._values) if of == "key" else (self._values, self._keys)
        for end in range(len(path), 0, -1):
            place = first.get(path[:end]) or second.get(path[:end])
            if place:
                return place
        return Place(self.file, 1, 1)

    def problem(
        self, path: Keys, what: str, hint: str = "", *, of: Literal["key", "value"] = "value"
    ) -> Problem:
        """Make a problem of what stands at `path`."""
        return Problem.at(self.place(path, of=of), what, hint)


def read(text: str, file: str) -> Source:
    """Read TOML text; `file` is the name to show in problems.

    Raises `ProblemsError` with one problem where the text is no TOML. May be repeated; reads no file.
    """
    text = text.removeprefix("\ufeff")
    lines = text.encode().split(b"\n")
    root = _parser().parse(text.encode()).root_node
    walk = _Walk(file, lines)
    walk.document(root)
    try:
        value = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        _explain(error, text, file, walk.again)
    return Source(file, value, walk.keys, walk.values)


def read_file(path: Path, name: str | None = None) -> Source:
    """Read a TOML file; `name` is what problems call it (default: the path as given).

    Raises `ProblemsError` where it cannot be read, is not UTF-8 or is no TOML.
    """
    file = name or str(path)
    try:
        return read(path.read_bytes().decode(), file)
    except OSError as error:
        what = f"cannot be read: {error.strerror or error}"
        raise ProblemsError([Problem(file, 1, 1, what)]) from None
    except UnicodeDecodeError as error:
        before = error.object[: error.start]
        line, column = before.count(b"\n") + 1, len(before.rpartition(b"\n")[2]) + 1
        hint = "Save the file as UTF-8"
        raise ProblemsError([Problem(file, line, column, "is not UTF-8 text", hint)]) from None


@cache
def _parser() -> Parser:
    return Parser(Language(tree_sitter_toml.language()))


_Again = list[tuple[Keys, Place]]


class _Walk:
    """Collects the places of one parsed text. `again` lists the keys that were said before."""

    def __init__(self, file: str, lines: list[bytes]) -> None:
        self.file = file
        self.lines = lines
        self.keys: dict[Keys, Place] = {}
        self.values: dict[Keys, Place] = {}
        self.again: _Again = []
        self.counts: dict[Keys, int] = {}

    def document(self, root: Node) -> None:
        for node in root.named_children:
            if node.type == "pair":
                self.pair(node, ())
            elif node.type in ("table", "table_array_element"):
                self.table(node)

    def table(self, node: Node) -> None:
        if not node.named_children:
            return
        header, *body = node.named_children
        path = self.header(header, array=node.type == "table_array_element")
        for child in body:
            if child.type == "pair":
                self.pair(child, path)

    def header(self, header: Node, *, array: bool) -> Keys:
        path: Keys = ()
        parts = list(_parts(header))
        for count, (name, node) in enumerate(parts, 1):
            path = (*path, name)
            last = count == len(parts)
            self.keys.setdefault(path, self.at(node))
            if array and last:
                path = (*path, self.counts.get(path, 0))
                self.counts[path[:-1]] = int(path[-1]) + 1
                self.values[path] = self.at(header)
            elif last and path in self.values:
                self.again.append((path, self.at(node)))
            elif last:
                self.values[path] = self.at(header)
            elif path in self.counts:
                path = (*path, self.counts[path] - 1)
        return path

    def pair(self, node: Node, path: Keys) -> None:
        if not node.named_children:
            return
        key, *rest = node.named_children
        for name, part in _parts(key):
            path = (*path, name)
            self.keys.setdefault(path, self.at(part))
        if path in self.values:
            self.again.append((path, self.at(key)))
        if rest:
            self.value(rest[0], path)

    def value(self, node: Node, path: Keys) -> None:
        self.values.setdefault(path, self.at(node))
        if node.type == "inline_table":
            for child in node.named_children:
                if child.type == "pair":
                    self.pair(child, path)
        elif node.type == "array":
            items = (child for child in node.named_children if child.type != "comment")
            for count, item in enumerate(items):
                self.value(item, (*path, count))

    def at(self, node: Node) -> Place:
        row, offset = node.start_point
        before = self.lines[row][:offset].decode(errors="replace")
        return Place(self.file, row + 1, len(before) + 1)


def _parts(key: Node) -> Iterator[tuple[str, Node]]:
    if key.type == "dotted_key":
        for child in key.named_children:
            yield from _parts(child)
    elif key.type in ("bare_key", "quoted_key"):
        yield _name(key), key


def _name(key: Node) -> str:
    text = (key.text or b"").decode()
    if key.type == "bare_key":
        return text
    try:
        return next(iter(tomllib.loads(f"{text} = 0")))
    except tomllib.TOMLDecodeError:
        return text


_EXPLAINED = (
    ("Invalid value", "this is no TOML value", 'Write text as "…", numbers and true/false bare'),
    ("Expected newline", "something follows the value on this line", "Write one `key = value` a line"),
    ("Invalid initial character", "a key is expected here", "An inline table { … } stays on one line"),
    ("Expected '=' after a key", "a key without a value", "Write `key = value`"),
    ("Unclosed array", "the array is not closed, or a comma is missing before this", "Write [a, b]"),
    (
        "Unclosed inline",
        "the table is not closed, or a comma is missing before this",
        "Write { a = 1, b = 2 }",
    ),
    ("Expected ']", "the table's name is not closed", "Write [name] or [[name]]"),
    ("Unescaped '\\'", "a lone backslash in a text", "Write \\\\, or single quotes around the text"),
    ("Illegal character '\\n'", "the text is not closed on its line", "Close it with the same quote"),
    ("Found invalid character '\\n'", "the text is not closed on its line", "Close it with the same quote"),
    ("Invalid statement", "a key or a [table] is expected here", 'Put a key with Vietnamese letters in "…"'),
    ("Unterminated", "the text is never closed", "Close it with the same quotes"),
)


def _explain(
    error: tomllib.TOMLDecodeError, text: str, file: str, again: list[tuple[Keys, Place]]
) -> NoReturn:
    said = str(error)
    if again and ("overwrite" in said or "twice" in said or "Duplicate" in said):
        path, place = again[0]
        name = ".".join(str(step) for step in path)
        raise ProblemsError([Problem.at(place, f'"{name}" is said twice', "Keep one of the two")]) from None
    found = re.search(r" \(at line (\d+), column (\d+)\)$", said)
    line, column = (int(found[1]), int(found[2])) if found else _end(text)
    bare = re.sub(r" \(at [^()]*\)$", "", said)
    for begins, what, hint in _EXPLAINED:
        if bare.startswith(begins):
            raise ProblemsError([Problem(file, line, column, what, hint)]) from None
    raise ProblemsError([Problem(file, line, column, f"is no TOML: {bare}")]) from None


def _end(text: str) -> tuple[int, int]:
    lines = text.rstrip().split("\n")
    return len(lines), len(lines[-1]) + 1
