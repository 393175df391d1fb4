"""The plan of a sheet: its lines resolved once, rules bound, parts in place. Both engines work from it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mappings.rules import RULES, Bound, Setting, groups_of
from mappings.rules_terms import Table
from mappings.rules_text import TEXT_RULES
from mappings.sheet_check import covered, inlined
from mappings.sheet_types import Field, holds_extras, resolve
from mappings.sheet_values import Line, OurPath, Path, Sheet
from mappings.source import Place, Problem, ProblemsError, did_you_mean

Known = dict[str, Any]
"""Names of theirs at an object: name -> None for a value, or the names of the object below it."""

KIND = "#kind"
"""The name under which an item of a `spread` carries its prefix; no peer's name holds a "#"."""


@dataclass(frozen=True, slots=True)
class Condition:
    """Ours at `path` must have one of `values`; absent counts as `default`."""

    path: Path
    values: tuple[Any, ...]
    default: Any = None


@dataclass(frozen=True, slots=True)
class Item:
    """One line at work: `theirs` are its paths at the peer (two where a second field tells the kind)."""

    line: Line
    bound: Bound
    shape: str
    theirs: tuple[Path, ...]
    fields: tuple[Field, ...]
    when: tuple[Condition, ...]
    level: "Level | None" = None
    prefixes: tuple[tuple[str, str], ...] = ()

    @property
    def required_in(self) -> bool:
        """Whether absence at the peer is a problem."""
        return "in" in self.line.required and not self.line.has_default

    @property
    def required_out(self) -> bool:
        """Whether absence at ours is a problem."""
        return "out" in self.line.required and not self.line.has_default

    @property
    def ours(self) -> str:
        """Our path or paths, to show."""
        return ", ".join(str(path) for path in self.line.ours)

    @property
    def here(self) -> bool:
        """Whether an item or a sub-object of ours is made of columns of the row itself (theirs is ".")."""
        return self.level is not None and self.shape != "spread" and not self.theirs[0]


@dataclass(frozen=True, slots=True)
class Level:
    """The lines of one object: the message, a part, an item. `struct` None: the item is a plain text.

    `known` are the paths that lines name; `named` the same without what lies inside a fragment that a line
    keeps whole: that is no extra, though other lines read parts of it.
    """

    name: str
    struct: type | None
    reading: tuple[Item, ...]
    writing: tuple[Item, ...]
    known: Known
    named: Known
    keeps: bool
    extras: str
    needs: Mapping[Path, Line] = field(default_factory=dict)
    items: tuple[Item, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Put all lines in the order of the sheet (`items`)."""
        both = {id(item.line): item for item in (*self.reading, *self.writing)}
        in_order = tuple(sorted(both.values(), key=lambda item: item.line.place))
        object.__setattr__(self, "items", in_order)


@dataclass(frozen=True, slots=True)
class Plan:
    """A sheet ready to be compiled. `top` are our paths that lines read from deep within."""

    sheet: Sheet
    root: Level
    checks: tuple[tuple[str, Any], ...]
    top: frozenset[Path]


def plan(sheet: Sheet, tables: Mapping[str, Table]) -> Plan:
    """Make the plan; raises `ProblemsError` for every table or column that is not there."""
    planner = _Planner(sheet, tables)
    root = planner.level("", sheet.lines, sheet.canonical)
    if planner.problems:
        raise ProblemsError(planner.problems)
    checks = tuple((name, sheet.check_functions[name]) for name in sheet.checks)
    return Plan(sheet, root, checks, frozenset(planner.top))


class _Planner:
    def __init__(self, sheet: Sheet, tables: Mapping[str, Table]) -> None:
        self.sheet, self.tables = sheet, tables
        self.problems: list[Problem] = []
        self.levels: dict[tuple[str, type | None, bool], Level] = {}
        self.top: set[Path] = set()

    def level(self, name: str, lines: Sequence[Line], struct: type | None, *, shared: bool = False) -> Level:
        """`shared`: its columns stand in the row of another level, which keeps what no line names."""
        if (name, struct, shared) in self.levels:
            return self.levels[name, struct, shared]
        flat = list(inlined(self.sheet, lines))
        items = [item for line in flat if (item := self.item(line, flat, struct)) is not None]
        keeps = self.sheet.extras == "keep" and holds_extras(struct) and not shared
        extras = "note" if self.sheet.extras == "keep" and not keeps else self.sheet.extras
        writing = sorted((item for item in items if item.line.writes), key=_group(items))
        made = Level(
            name,
            struct,
            tuple(item for item in items if item.line.reads),
            tuple(writing),
            _known(items),
            _known(items, within=_kept(items)),
            keeps,
            extras,
            covered(flat),
        )
        self.levels[name, struct, shared] = made
        return made

    def item(self, line: Line, beside: Sequence[Line], struct: type | None) -> Item | None:
        fields = tuple(
            resolve(self.sheet.canonical if path.top else struct, path.steps) for path in line.ours
        )
        self.top.update(path.steps for path in line.ours if path.top)
        if line.rule == "lookup" and not self.table(line):
            return None
        setting = Setting(
            self.sheet.carrier, self.sheet.codes, self.tables, self.sheet.functions, len(line.ours)
        )
        return Item(
            line=line,
            bound=RULES[line.rule].bind(line.argument, setting),
            shape=_shape(line),
            theirs=_theirs(line),
            fields=fields,
            when=tuple(_condition(path, values, beside) for path, values in line.when),
            level=self.inner(line, fields),
            prefixes=groups_of(line.argument) if line.rule == "spread" else (),
        )

    def inner(self, line: Line, fields: tuple[Field, ...]) -> Level | None:
        if line.rule == "spread":
            part = self.sheet.parts[line.part]
            lines = (kind_line(part.place), *part.lines)
            return self.level(f"{line.part}{KIND}", lines, fields[0].struct, shared=True)
        if line.rule in ("each", "part") and (line.rule, line.argument) != ("each", "text"):
            part = self.sheet.parts[line.argument]
            return self.level(part.name, part.lines, fields[0].struct, shared=not line.their)
        return None

    def table(self, line: Line) -> bool:
        name, column = line.argument.split()
        if name not in self.tables:
            self.say(line, f'there is no table "{name}"', name, self.tables)
        elif not self.tables[name].keyed:
            self.say(line, f'the table "{name}" has no column "code" to be looked up by', "", ())
        elif column not in self.tables[name].columns:
            self.say(line, f'the table "{name}" has no column "{column}"', column, self.tables[name].columns)
        else:
            return True
        return False

    def say(self, line: Line, what: str, word: str, known: Any) -> None:
        near = did_you_mean(word, known)
        hint = f'Did you mean "{near}"?' if near else f"Known: {', '.join(known)}" if known else ""
        self.problems.append(Problem.at(line.place, what, hint))


def kind_line(place: Place) -> Line:
    """Return the line that carries a prefix of `spread` as the field `kind`."""
    both = frozenset({"in", "out"})
    return Line((KIND,), (OurPath(("kind",)),), TEXT_RULES[0].name, "", place, required=both)


def _shape(line: Line) -> str:
    if (line.rule, line.argument) == ("each", "text"):
        return "texts"
    return "always" if line.rule == "always" else RULES[line.rule].shape


def _theirs(line: Line) -> tuple[Path, ...]:
    if RULES[line.rule].shape == "pair":
        return line.their, (*line.their[:-1], line.argument.rsplit(" ", 1)[1])
    return (line.their,)


def _condition(path: OurPath, values: tuple[Any, ...], beside: Sequence[Line]) -> Condition:
    defaults = [line.default for line in beside if line.ours == (path,) and line.has_default]
    return Condition(path.steps, values, defaults[0] if defaults else None)


def names_of(item: Item) -> Iterator[Path]:
    """Yield every path of theirs that an item speaks for."""
    if item.level is not None and item.here:
        yield from _leaves(item.level.known)
        return
    if item.shape != "spread" or item.level is None:
        yield from (path for path in item.theirs if path)
        return
    for prefix, _ in item.prefixes:
        for name in item.level.known:
            if name != KIND:
                yield (*item.theirs[0], f"{prefix}_{name}")


def _leaves(known: Known) -> Iterator[Path]:
    for name, below in known.items():
        yield from ((name, *path) for path in _leaves(below)) if below else ((name,),)


def _kept(items: Iterable[Item]) -> frozenset[Path]:
    kept = {item.theirs[0] for item in items if item.line.rule == "keep" and item.line.reads}
    return frozenset(kept).union(*(_kept(item.level.items) for item in items if item.here and item.level))


def _known(items: Sequence[Item], within: frozenset[Path] = frozenset()) -> Known:
    """The paths that items name, as a tree; none that lies inside one of `within`."""
    known: Known = {}
    for path in (path for item in items for path in names_of(item)):
        if any(path[:end] in within for end in range(1, len(path))):
            continue
        node = known
        for step in path[:-1]:
            if node.get(step) is None:
                node[step] = {}
            node = node[step]
        node.setdefault(path[-1], None)
    return known


def _group(items: Sequence[Item]) -> Any:
    """Return a sort key: the sheet's order, with the lines of one object of theirs brought together.

    Columns of the row itself stand where their line does.
    """
    first: dict[Path, int] = {}
    own = {id(item): count for count, item in enumerate(items)}
    for count, item in enumerate(items):
        for end in range(1, len(item.theirs[0]) + 1):
            first.setdefault(item.theirs[0][:end], count)

    def key(item: Item) -> list[int]:
        path = item.theirs[0]
        return [first[path[:end]] for end in range(1, len(path) + 1)] or [own[id(item)]]

    return key
