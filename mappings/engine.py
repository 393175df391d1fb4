"""Compile a sheet: one object that reads theirs -> ours and writes ours -> theirs.

Two engines stand behind it. The compiled form (`engine_code`) is straight-line Python generated once from the
sheet; it assumes that all is well and gives up at the first thing that is not. The careful form then reads
the same message again and finds every problem and note; its word is the one that counts. Both work from one
plan, and a test holds them equal.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from mappings.engine_code import Code, generate
from mappings.engine_plan import Item, Plan, plan
from mappings.engine_read import Reading
from mappings.engine_tree import ShapeError, blank, fetch
from mappings.engine_values import FieldProblem, MappingError, Note, ParkError, Read, Written
from mappings.engine_write import Writing
from mappings.engine_xml import Names, RootError, to_element, to_tree
from mappings.rules import ICT, Fault, Noted
from mappings.rules_terms import Table
from mappings.sheet_values import Sheet

__all__ = [
    "Compiled", "FieldProblem", "MappingError", "Note", "ParkError", "Read", "Written", "compile_sheet",
]  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Compiled:
    """A sheet ready to use. Safe to share between threads; both directions may be repeated."""

    sheet: Sheet
    plan: Plan
    code: Code
    _as_of: Item | None = field(default=None, repr=False)
    _names: Names | None = field(default=None, repr=False)

    @property
    def name(self) -> str:
        """The sheet's name, "national_portal/record"."""
        return self.sheet.name

    @property
    def canonical(self) -> type:
        """The struct that the sheet speaks of."""
        return self.sheet.canonical

    @property
    def digest(self) -> str:
        """SHA-256 of the sheet's text in hex: what made a delivery."""
        return self.sheet.digest

    def read(self, tree: Any, *, source: str, as_of: datetime | None = None) -> Read:
        """Map a peer's message (dict, or an lxml element) into the sheet's canonical struct.

        `source` is the connector's name: what no line names is kept under it (sheet: extras = "keep").
        `as_of` is when the peer knew this; code lists are read as of that day, and it becomes the message's
        `as_of` unless a line reads one. Without either the lists' open rows count.
        Raises `MappingError` with every problem, or `ParkError` where only parked codes stand in the way.
        """
        if self._names is not None:
            tree = self._tree(tree, self._names)
        day = as_of.astimezone(ICT).date() if as_of else self._day(tree)
        notes: list[Note] = []
        try:
            message = self.code.read(tree, source, day, {}, as_of, notes)
            if not any(check(message) for _, check in self.plan.checks):
                return Read(message, tuple(notes))
        except Exception:  # noqa: BLE001, S110 - whatever it is, the careful form finds out and says it
            pass
        reading = Reading(self.plan, source, day)
        result = reading.message(tree, as_of)
        if result is None:
            raise self._error(reading.problems)
        return result

    def read_partly(self, tree: Any, *, source: str) -> tuple[Any, tuple[FieldProblem, ...]]:
        """What can be read of a message that has problems (None: nothing), and all of them.

        For whoever has more to judge and tells its sender everything at once; nothing of it may be kept.
        """
        try:
            tree = self._tree(tree, self._names) if self._names is not None else tree
        except MappingError as error:
            return None, error.problems
        reading = Reading(self.plan, source, self._day(tree), partly=True)
        return reading.level(self.plan.root, tree, (), (), {}), tuple(reading.problems)

    def write(self, message: Any, *, source: str, as_of: date | None = None) -> Written:
        """Map a canonical message into the peer's shape; `source` is the connector it goes to.

        What that connector once said beside our fields is given back to it. Code lists and tables are those
        of `as_of`, else of the message's own `as_of`, else their open rows.
        Raises `MappingError` or `ParkError` as `read` does.
        """
        written = self.draft(message, source, as_of)
        return Written(self.carried(written.tree), written.notes)

    def draft(self, message: Any, source: str, as_of: date | None = None) -> Written:
        """As `write`, before the form of the carrier: the tree is plain values, for XML too."""
        day = as_of or _day_of(message)
        try:
            return Written(self.code.write(message, source, day, message))
        except Exception:  # noqa: BLE001 - whatever it is, the careful form finds out and says it
            writing = Writing(self.plan, source, day)
            written = writing.message(message)
            if writing.problems:
                raise self._error(writing.problems) from None
            return written

    def carried(self, tree: dict[str, Any]) -> Any:
        """Give a tree that was written the form of the sheet's carrier: itself (JSON), or an element."""
        if self._names is None:
            return tree
        return to_element(tree, self._names, self.plan.root, self.sheet.root)

    def _tree(self, element: Any, names: Names) -> dict[str, Any]:
        try:
            return to_tree(element, names, self.plan.root, self.sheet.root)
        except RootError as error:
            what = f"is the document's element <{error}>, but <{self.sheet.root}> is meant"
            problem = FieldProblem(str(error), "", "", what, f"phần tử gốc phải là <{self.sheet.root}>")
            raise MappingError(self.sheet.name, (problem,)) from None

    def _day(self, tree: Any) -> date | None:
        if self._as_of is None:
            return None
        try:
            raw = fetch(tree, self._as_of.theirs[0])
            time = None if blank(raw) or self._as_of.bound.read is None else self._as_of.bound.read(raw)
        except Noted as noted:
            time = noted.value
        except (Fault, ShapeError, AttributeError, TypeError):
            return None  # the line itself says what is wrong with it
        return time.astimezone(ICT).date() if isinstance(time, datetime) else None

    def _error(self, problems: list[FieldProblem]) -> MappingError:
        parked = all(problem.park for problem in problems)
        return (ParkError if parked else MappingError)(self.sheet.name, problems)


def compile_sheet(sheet: Sheet, tables: Mapping[str, Table] | None = None) -> Compiled:
    """Compile a sheet with the dated tables of the installation (`mappings.tables.load`).

    Raises `ProblemsError` where a line names a table or column that is not there.
    """
    planned = plan(sheet, tables or {})
    names = Names(sheet) if sheet.carrier == "xml" else None
    return Compiled(sheet, planned, generate(planned), _as_of_item(planned), names)


def _as_of_item(planned: Plan) -> Item | None:
    named = (item for item in planned.root.reading if item.ours == "as_of" and item.shape == "value")
    return next(named, None)


def _day_of(message: Any) -> date | None:
    as_of = getattr(message, "as_of", None)
    return as_of.astimezone(ICT).date() if as_of is not None else None
