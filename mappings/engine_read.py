"""Theirs -> ours, carefully: every problem and every note. It judges what the compiled form gives up."""

import contextlib
from datetime import date, datetime
from typing import Any
from unicodedata import normalize

from mappings.engine_plan import KIND, Item, Level, Plan
from mappings.engine_tree import ShapeError, blank, empty, fetch, leaves, unknown, within
from mappings.engine_values import FieldProblem, Note, Read
from mappings.rules import Fault, Noted
from mappings.sheet_types import Field, fields_of
from mappings.sheet_values import OurPath, Path
from mappings.source import did_you_mean

Values = dict[Path, Any]
"""Our paths of one level -> what was read."""


class Reading:
    """One message being read; `problems` and `notes` fill while it goes.

    `partly`: what has a problem is left out, so that the rest can be judged as well.
    """

    def __init__(self, plan: Plan, source: str, day: date | None, *, partly: bool = False) -> None:
        self.plan, self.source, self.day, self.partly = plan, source, day, partly
        self.problems: list[FieldProblem] = []
        self.notes: list[Note] = []
        self.top: Values = {}

    def message(self, tree: Any, as_of: datetime | None) -> Read | None:
        """Read the whole message; None where there are problems."""
        values: Values = {}
        made = self.level(self.plan.root, tree, (), (), values)
        if self.problems:
            return None
        if as_of is not None and getattr(made, "as_of", as_of) is None:
            made = type(made)(**{**_fields(made), "as_of": as_of})
        for _, check in self.plan.checks:
            for found in check(made):
                self.notes.append(Note(self.their_name(found.ours), found.ours, found.what, found.vi))
        return Read(made, tuple(self.notes))

    def their_name(self, ours: str) -> str:
        """Return how the peer spells one of our paths, "" where no line names it."""
        named = (str(item.line) for item in self.plan.root.items if ours in map(str, item.line.ours))
        return next(named, "")

    def level(self, level: Level, tree: Any, at: Path, ours: Path, values: Values) -> Any:
        """Read one object; gives the struct (or plain text), None where it has nothing."""
        if not isinstance(tree, dict):
            self.problem(at, ".".join(ours), "", tree, "stands where an object is meant", "phải là một nhóm")
            return None
        before = len(self.problems)
        failed: set[Path] = set()
        for item in level.reading:
            self.item(item, tree, at, ours, values, failed)
        self.conditions(level, at, ours, values)
        extras = self.extras(level, tree, at)
        if level is self.plan.root:
            self.from_top(values)
        self.needed(level, at, ours, values, failed)
        if len(self.problems) == before:
            return self.build(level, values, extras)
        return self.rest(level, values) if self.partly else None

    def rest(self, level: Level, values: Values) -> Any:
        """Make the struct of what has no problem; None where it cannot be without what has."""
        with contextlib.suppress(TypeError):
            return self.build(level, values, {})
        return None

    def item(self, item: Item, tree: Any, at: Path, ours: Path, values: Values, failed: set[Path]) -> None:
        """Read one line into `values`."""
        before = len(self.problems)
        found = self.found(item, tree, at, ours)
        if len(self.problems) > before:
            failed.update(path.steps for path in item.line.ours)
            return
        if not any(value is not None for value in found):
            if item.line.has_default:
                found = (item.line.default,)
            elif item.required_in:
                self.missing(item, at, ours)
                failed.update(path.steps for path in item.line.ours)
        for path, value in zip(item.line.ours, found, strict=False):
            if value is not None:
                self.store(item, path, value, at, values)

    def found(self, item: Item, tree: Any, at: Path, ours: Path) -> tuple[Any, ...]:
        """Return what a line reads, a value for each of our fields; all None where it is absent."""
        try:
            raw = tuple(fetch(tree, path) for path in item.theirs)
        except ShapeError as error:
            what, vi = "stands where an object is meant", "phải là một nhóm"
            self.problem((*at, *error.path), self.name(item, ours), "", error.value, what, vi)
            return (None,)
        if item.shape == "spread":
            return (self.spread(item, raw[0], at, ours),)
        if item.level is not None and item.here:
            raw = (within(raw[0], item.level.known),)
        nothing = empty if item.shape in ("each", "texts", "part") else blank
        if nothing(raw[0]):
            return (None,)
        where = (*at, *item.theirs[0])
        if item.shape in ("each", "texts"):
            return (self.each(item, raw[0], where, ours),)
        if item.shape == "part":
            assert item.level is not None  # noqa: S101 - the plan gives every part its level
            return (self.level(item.level, raw[0], where, (*ours, *item.line.ours[0].steps), {}),)
        return self.value(item, raw, where, ours)

    def value(self, item: Item, raw: tuple[Any, ...], at: Path, ours: Path) -> tuple[Any, ...]:
        """Read one present value by its rule."""
        bound, line = item.bound, item.line
        if not all(_fits(each, bound.theirs) for each in raw if each is not None):
            wanted = " or ".join(kind.__name__ for kind in bound.theirs)
            self.fault(item, at, ours, raw[0], f"is of the wrong type: {wanted} is meant", "sai kiểu dữ liệu")
            return (None,)
        given = raw if len(raw) > 1 else raw[0]
        try:
            result = self.call(item, given)
        except Fault as fault:
            self.fault(item, at, ours, raw[0], fault.what, fault.vi, park=fault.park)
            return (None,)
        except Noted as noted:
            result = noted.value
            self.note(at, self.name(item, ours), noted.what, noted.vi)
        if line.max is not None and (length := measure(result, raw[0], picky=bound.picky)) > line.max:
            self.too_long(item, at, ours, raw[0], length)
        return result if len(line.ours) > 1 else (result,)

    def call(self, item: Item, given: Any) -> Any:
        """Call the rule; one without a way in reads nothing."""
        if item.bound.read is None:
            return None
        return item.bound.read(given, self.day) if item.bound.dated else item.bound.read(given)

    def too_long(self, item: Item, at: Path, ours: Path, value: Any, length: int) -> None:
        """Say that a value is longer than the peer's own limit."""
        what = f"is {length} characters long, {item.line.max} are allowed"
        vi = f"dài {length} ký tự, chỉ cho phép {item.line.max}"
        if item.line.cut:
            self.note(at, self.name(item, ours), what, vi)
        else:
            self.fault(item, at, ours, value, what, vi)

    def each(self, item: Item, raw: Any, at: Path, ours: Path) -> Any:
        """Read a list; one object where a list is meant counts as one, empty items are dropped."""
        rows = raw if isinstance(raw, list) else [raw]
        found = []
        for count, row in enumerate(rows):
            where = (*at, str(count)) if isinstance(raw, list) else at
            if empty(row):
                continue
            inner = (*ours, *item.line.ours[0].steps, str(count))
            if item.level is not None:
                made = self.level(item.level, row, where, inner, {})
                found += [] if made is None else [made]
            elif isinstance(row, str):
                found.append(normalize("NFC", row.strip()))
            else:
                self.problem(where, ".".join(inner), "each text", row, "is no text", "phải là chữ")
        return tuple(found) or None

    def spread(self, item: Item, tree: Any, at: Path, ours: Path) -> Any:
        """Read groups of columns with a prefix each."""
        assert item.level is not None  # noqa: S101 - the plan gives every spread its level
        found = []
        for prefix, kind in item.prefixes:
            columns = {name: f"{prefix}_{name}" for name in item.level.known if name != KIND}
            row = {name: tree[column] for name, column in columns.items() if column in (tree or {})}
            if not empty(row):
                where = (*at, *item.theirs[0], f"{prefix}_*")
                inner = (*ours, *item.line.ours[0].steps, prefix)
                found.append(self.level(item.level, {KIND: kind, **row}, where, inner, {}))
        return tuple(found) or None

    def store(self, item: Item, path: OurPath, value: Any, at: Path, values: Values) -> None:
        """Keep a value at our path; what is said from the top in many places must agree."""
        if not path.top:
            values[path.steps] = value
            return
        if self.top.setdefault(path.steps, value) != value:
            what, vi = "differs from what the message says elsewhere", "khác với giá trị ở chỗ khác"
            self.problem((*at, *item.theirs[0]), str(path), item.line.rule, value, what, vi)

    def from_top(self, values: Values) -> None:
        """Put what was read from deep within into the message; it must agree with the message's own line."""
        for path, value in self.top.items():
            if values.setdefault(path, value) != value:
                what, vi = "differs from what the message says elsewhere", "khác với giá trị ở chỗ khác"
                self.problem((), ".".join(path), "", value, what, vi)

    def conditions(self, level: Level, at: Path, ours: Path, values: Values) -> None:
        """Note what was read although its condition does not hold; it is kept and not written back."""
        for item in level.reading:
            present = any(values.get(path.steps) is not None for path in item.line.ours)
            for condition in item.when if present else ():
                value = values.get(condition.path, condition.default)
                if value not in condition.values:
                    name = ".".join(condition.path)
                    what = f"is there although {name} is not {' or '.join(map(str, condition.values))}"
                    vi = f"có giá trị dù {name} không phải {', '.join(map(str, condition.values))}"
                    self.note((*at, *item.theirs[0]), self.name(item, ours), what, vi)

    def extras(self, level: Level, tree: dict[str, Any], at: Path) -> dict[str, Any]:
        """Return what no line names if it is kept; else note or refuse it."""
        found = unknown(tree, level.named)
        if level.keeps:
            return found
        for path, value in leaves(found, level.named, at):
            if level.extras == "refuse":
                near = did_you_mean(path[-1], level.named)
                hint = f', did you mean "{near}"' if near else ""
                self.problem(
                    path, "", "", value, f"is no field of this message{hint}", "trường không có trong mẫu"
                )
            else:
                self.note(path, "", "no line names this field: it is not carried", "trường không được chuyển")
        return {}

    def needed(self, level: Level, at: Path, ours: Path, values: Values, failed: set[Path]) -> None:
        """Say what our struct cannot be without."""
        if level.struct is None:
            return
        for path in missing(level.struct, values, failed, ()):
            line = level.needs.get(path)
            where = (*at, *line.their) if line else at
            name = ".".join((*ours, *path))
            self.problem(where, name, line.rule if line else "", None, "is missing", "thiếu giá trị bắt buộc")

    def build(self, level: Level, values: Values, extras: dict[str, Any]) -> Any:
        """Make the struct of what was read."""
        if level.struct is None:
            return values.get(())
        more = {"extras": {self.source: extras}} if extras else {}
        made = build(level.struct, values, (), more)
        return level.struct() if made is None and level is self.plan.root else made

    def missing(self, item: Item, at: Path, ours: Path) -> None:
        """Say that a required field is absent."""
        where = (*at, *item.theirs[0])
        self.problem(
            where, self.name(item, ours), item.line.rule, None, "is missing", "thiếu giá trị bắt buộc"
        )

    def fault(
        self, item: Item, at: Path, ours: Path, value: Any, what: str, vi: str, *, park: bool = False
    ) -> None:
        """Say what a rule says of a value."""
        rule = f"{item.line.rule} {item.line.argument}".strip()
        self.problem(at, self.name(item, ours), rule, value, what, vi, park=park)

    def problem(
        self, at: Path, ours: str, rule: str, value: Any, what: str, vi: str, *, park: bool = False
    ) -> None:
        """Add a problem."""
        self.problems.append(FieldProblem("/".join(at), ours, rule, what, vi, value, park))

    def note(self, at: Path, ours: str, what: str, vi: str) -> None:
        """Add a note."""
        self.notes.append(Note("/".join(at), ours, what, vi))

    def name(self, item: Item, ours: Path) -> str:
        """Return the full name of ours that a line reads into."""
        return ", ".join(str(p) if p.top else ".".join((*ours, *p.steps)) for p in item.line.ours)


def measure(result: Any, raw: Any, *, picky: bool) -> int:
    """Return the length that `max` limits: of the text as it is kept, else of the peer's own text."""
    return len(result) if isinstance(result, str) and not picky else len(str(raw))


def _fits(value: Any, kinds: tuple[type, ...]) -> bool:
    return object in kinds or type(value) in kinds


def _fields(struct: Any) -> dict[str, Any]:
    return {name: getattr(struct, name) for name in struct.__struct_fields__}


def missing(struct: type, values: Values, failed: set[Path], at: Path) -> list[Path]:
    """Return the paths of a struct's required fields that nothing was read into."""
    found: list[Path] = []
    for field in fields_of(struct).values():
        path = (*at, field.name)
        below = any(each[: len(path)] == path and len(each) > len(path) for each in {*values, *failed})
        if field.kind == "struct" and field.struct and below:
            found += missing(field.struct, values, failed, path)
        elif field.required and path not in values and path not in failed and not below:
            found.append(path)
    return found


def build(struct: type, values: Values, at: Path, more: dict[str, Any]) -> Any:
    """Make a struct of the values below `at`; None where there are none."""
    given = dict(more)
    for field in fields_of(struct).values():
        value = _field(field, values, (*at, field.name))
        if value is not None:
            given[field.name] = value
    return struct(**given) if given else None


def _field(field: Field, values: Values, path: Path) -> Any:
    if path in values:
        return values[path]
    if field.kind == "struct" and field.struct:
        return build(field.struct, values, path, {})
    if field.kind == "map":
        return {each[-1]: value for each, value in values.items() if each[:-1] == path} or None
    return None
