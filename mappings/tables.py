"""Dated tables of the installation: procedures, agencies, places, as CSV with the columns `from` and `until`.

A row holds from its first to its last day, both included; a blank `from` or `until` is open. A look-up is as
of a day. The key is the column `code`; a row is also found by its `old_code`, and a procedure by its national
code without the province's suffix (reference 5, [C S2]). A table without `code` has rows but no look-up.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from types import MappingProxyType

from mappings.source import Problem, ProblemsError, did_you_mean

Row = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Stretch:
    """A row with the days on which it holds; None is open."""

    since: date | None
    until: date | None
    row: Row

    def holds(self, day: date | None) -> bool:
        """Whether it holds on a day; None asks for the state that is open towards the future."""
        if day is None:
            return self.until is None
        return (self.since or day) <= day <= (self.until or day)


@dataclass(frozen=True, slots=True)
class Table:
    """One dated table. `digest` is the SHA-256 of its file in hex."""

    name: str
    columns: tuple[str, ...]
    stretches: tuple[Stretch, ...]
    digest: str
    _index: Mapping[str, tuple[Stretch, ...]] = field(repr=False, default_factory=dict)

    @property
    def keyed(self) -> bool:
        """Whether the table can be looked up by code."""
        return "code" in self.columns

    def find(self, key: str, day: date | None) -> Row | None:
        """Return the row of a code on a day, or None."""
        for stretch in self._index.get(key) or self._index.get(bare(key), ()):
            if stretch.holds(day):
                return stretch.row
        return None

    def heir(self, key: str, day: date) -> Row | None:
        """Return the row of a code on a day, or of who has taken its work over since (column `successor`)."""
        asked: set[str] = set()
        while key and key not in asked:
            if row := self.find(key, day):
                return row
            asked.add(key)
            ended = [each for each in self._index.get(key, ()) if each.until and each.until < day]
            last = max(ended, key=lambda each: each.until or day, default=None)
            key = last.row.get("successor", "") if last else ""
        return None

    def named(self, key: str, day: date | None) -> Row | None:
        """Return how a code is named on a day: its row, its heir's, else the row that it had when it ended.

        A dossier of before a merger still has its agency's code, and is still spoken of.
        """
        if day is None:
            return self.find(key, None)
        ended = [each for each in self._index.get(key, ()) if each.until and each.until < day]
        last = max(ended, key=lambda each: each.until or day, default=None)
        return self.heir(key, day) or (last.row if last else None)

    def keys(self, day: date | None) -> tuple[str, ...]:
        """Return the codes that hold on a day, in the order of the file."""
        return tuple(dict.fromkeys(each["code"] for each in self.rows(day))) if self.keyed else ()

    def rows(self, day: date | None) -> tuple[Row, ...]:
        """Return the rows that hold on a day."""
        return tuple(stretch.row for stretch in self.stretches if stretch.holds(day))


_SUFFIX = re.compile(r"(\d\.\d{6})\.\d{3}\.\d{2,3}\.\d{2}\.[A-Z]\d{2}", re.ASCII)


def bare(key: str) -> str:
    """Give a procedure's national code without the province's suffix; any other code as it is."""
    match = _SUFFIX.fullmatch(key)
    return match[1] if match else key


def load(folders: Sequence[Path]) -> dict[str, Table]:
    """Read every `NAME.csv` of the folders; a later folder (the overlay) replaces a table of the same name.

    Raises `ProblemsError` with the mistakes of all files.
    """
    files = {file.stem: file for folder in folders for file in sorted(folder.glob("*.csv"))}
    tables: dict[str, Table] = {}
    problems: list[Problem] = []
    for name, file in files.items():
        try:
            tables[name] = parse(name, file.read_bytes(), str(file))
        except OSError as error:
            problems.append(Problem(str(file), 1, 1, f"cannot be read: {error.strerror or error}"))
        except ProblemsError as error:
            problems.extend(error.problems)
    if problems:
        raise ProblemsError(problems)
    return tables


def parse(name: str, raw: bytes, file: str) -> Table:
    """Make a table of the bytes of a CSV file; raises `ProblemsError` with every mistake."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise ProblemsError([Problem(file, line, 1, "is not UTF-8 text", "Save the file as UTF-8")]) from None
    reader = _Reader(name, file)
    records = [record for record in _records(text) if not _idle(record)]
    if not records:
        raise ProblemsError([Problem(file, 1, 1, "has no header line")])
    reader.header(records[0])
    for record in records[1:]:
        reader.row(record)
    reader.overlaps()
    reader.successors()
    if reader.problems:
        raise ProblemsError(reader.problems)
    return Table(
        name, reader.columns, tuple(reader.stretches), hashlib.sha256(raw).hexdigest(), reader.index()
    )


Cell = tuple[str, int, int]
"""A value with its line and column."""

_CELL = re.compile(r'"((?:[^"]|"")*)"|([^,\r\n]*)')


def _records(text: str) -> Iterator[list[Cell]]:
    """Yield the records of a CSV text (RFC 4180), every cell with its place."""
    at, line, start = 0, 1, 0
    record: list[Cell] = []
    while at <= len(text):
        match = _CELL.match(text, at)
        if match is None:
            return
        value = match[2] if match[1] is None else match[1].replace('""', '"')
        record.append((value.strip(), line, at - start + 1))
        breaks = match[0].count("\n")
        if breaks:
            line, start = line + breaks, at + match[0].rindex("\n") + 1
        at = match.end()
        if at < len(text) and text[at] == ",":
            at += 1
            continue
        yield record
        if at >= len(text):
            return
        record = []
        at = _next_line(text, at)
        line, start = line + 1, at


def _idle(record: list[Cell]) -> bool:
    """Whether a line is blank or a comment."""
    return record[0][0].startswith("#") or (len(record) == 1 and not record[0][0])


def _next_line(text: str, at: int) -> int:
    end = text.find("\n", at)
    return len(text) + 1 if end < 0 or end + 1 >= len(text) else end + 1


class _Reader:
    """Checks the records of one file."""

    def __init__(self, name: str, file: str) -> None:
        self.name, self.file = name, file
        self.columns: tuple[str, ...] = ()
        self.stretches: list[Stretch] = []
        self.cells: list[Cell] = []
        self.heirs: list[Cell] = []
        self.problems: list[Problem] = []

    def say(self, cell: Cell, what: str, hint: str = "") -> None:
        self.problems.append(Problem(self.file, cell[1], cell[2], what, hint))

    def header(self, record: list[Cell]) -> None:
        self.columns = tuple(value for value, _, _ in record)
        for count, cell in enumerate(record):
            if not cell[0] or cell[0] in self.columns[:count]:
                self.say(
                    cell, f'the column "{cell[0]}" is said twice' if cell[0] else "a column without a name"
                )
        for name in ("from", "until"):
            if name not in self.columns:
                near = did_you_mean(name, self.columns)
                hint = f'Did you mean it by "{near}"?' if near else "Add the column; it may stay blank"
                self.say(record[0], f'the column "{name}" is missing', hint)

    def row(self, record: list[Cell]) -> None:
        if len(record) != len(self.columns):
            what = f"has {len(record)} cells, but the header has {len(self.columns)}"
            self.say(record[0], what, 'Put a text that holds a comma in "…"')
            return
        cells = dict(zip(self.columns, record, strict=True))
        if "code" in cells and not cells["code"][0]:
            self.say(cells["code"], "the code is blank")
        since, until = self.day(cells, "from"), self.day(cells, "until")
        if since and until and until < since:
            self.say(cells["until"], "the row ends before it begins")
        if heir := cells.get("successor"):
            self.heirs.append(heir)
        row = {key: cell[0] for key, cell in cells.items()}
        self.stretches.append(Stretch(since, until, MappingProxyType(row)))
        self.cells.append(cells.get("code", record[0]))

    def day(self, cells: Mapping[str, Cell], key: str) -> date | None:
        cell = cells.get(key)
        if cell is None or not cell[0]:
            return None
        try:
            return date.fromisoformat(cell[0])
        except ValueError:
            self.say(cell, f'"{cell[0]}" is no day', "Write it as 2025-07-01")
            return None

    def successors(self) -> None:
        """A successor that no row has would end the search for an heir in silence (`Table.heir`)."""
        codes = {stretch.row["code"] for stretch in self.stretches if "code" in stretch.row}
        for cell in self.heirs:
            if cell[0] and cell[0] not in codes:
                near = did_you_mean(cell[0], codes)
                hint = f'Did you mean "{near}"?' if near else "Add its row, or leave the cell blank"
                self.say(cell, f'the successor "{cell[0]}" has no row', hint)

    def overlaps(self) -> None:
        if "code" not in self.columns:
            return
        seen: dict[str, list[Stretch]] = {}
        for stretch, cell in zip(self.stretches, self.cells, strict=True):
            before = seen.setdefault(cell[0], [])
            if any(_overlap(stretch, other) for other in before):
                self.say(cell, f'"{cell[0]}" holds twice on some days', "End the older row with `until`")
            before.append(stretch)

    def index(self) -> dict[str, tuple[Stretch, ...]]:
        found: dict[str, list[Stretch]] = {}
        for column in ("code", "old_code"):
            for stretch in self.stretches:
                key = stretch.row.get(column, "")
                for name in {key, bare(key)} - {""} if column == "code" else {key} - {""}:
                    found.setdefault(name, []).append(stretch)
        return {key: tuple(stretches) for key, stretches in found.items()}


def _overlap(one: Stretch, two: Stretch) -> bool:
    starts = [each.since or date.min for each in (one, two)]
    ends = [each.until or date.max for each in (one, two)]
    return max(starts) <= min(ends)
