"""Generates the writing functions: ours -> theirs, one function a level."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any

from mappings.engine_module import GiveUpError, Module
from mappings.engine_plan import KIND, Condition, Item, Level, Plan
from mappings.engine_tree import absent, put_back
from mappings.sheet_types import Field, resolve
from mappings.sheet_values import OurPath, Path

_ARGUMENTS = "source, day, top"
_FALSE_IS_ABSENT = frozenset({"text", "words", "texts", "structs", "map"})
_FALSE_IS_A_VALUE = frozenset({"int", "bool", "time", "day", "struct"})


@dataclass(frozen=True, slots=True)
class Columns:
    """What stands in the row itself, under a local name: groups of columns, or a part made of the row."""

    name: str
    always: bool = False


@dataclass(slots=True)
class Node:
    """An object of theirs being put together: name -> (local name, always there), a node, or columns."""

    entries: dict[str, "Node | Columns | tuple[str, bool]"] = field(default_factory=dict)

    @property
    def counted(self) -> bool:
        """Whether it is a list of one."""
        return any(name.isdigit() for name in self.entries)

    @property
    def always(self) -> bool:
        """Whether something in it is always written."""
        return any(each[1] if isinstance(each, tuple) else each.always for each in self.entries.values())


class Writer:
    """Generates the writing half of a module."""

    def __init__(self, module: Module, plan: Plan) -> None:
        self.module, self.plan = module, plan
        checks = tuple(check for _, check in plan.checks)
        module.names.update(put_back=put_back, absent=absent, spread_out=spread_out, CHECKS=checks)

    def root(self) -> str:
        """Generate the whole; gives the name of the message's function."""
        return self.function(self.plan.root)

    def function(self, level: Level) -> str:
        """Return the name of a level's function."""
        return self.module.function("write", level, lambda name: _LevelWriter(self, level).lines(name))


class _LevelWriter:
    """One function being generated."""

    def __init__(self, writer: Writer, level: Level) -> None:
        self.writer, self.module, self.level = writer, writer.module, level
        self.structs: dict[OurPath, str] = {OurPath(()): "m", OurPath((), top=True): "top"}
        self.tree = Node()
        self.count = 0

    def fresh(self, letter: str) -> str:
        self.count += 1
        return f"{letter}{self.count}"

    def lines(self, name: str) -> list[str]:
        body: list[str] = []
        for item in self.level.writing:
            body += self.item(item)
        body += self.assembled("o", self.tree)
        if self.level.keeps:
            known = self.module.bind("known", self.level.named)
            body += ["more = m.extras.get(source)", f"if more: put_back(o, more, {known})"]
        if self.level is self.writer.plan.root and self.writer.plan.checks:
            body += ["for check in CHECKS:", "    if check(m): raise GiveUp"]
        return [f"def {name}(m, {_ARGUMENTS}):", *("    " + line for line in [*body, "return o"])]

    def given(self, path: OurPath) -> Iterator[str]:
        """Make the structs on the way local names."""
        for end in range(1, len(path.steps)):
            at = OurPath(path.steps[:end], path.top)
            if at not in self.structs:
                name = self.fresh("s")
                yield f"{name} = {self.expression(at)}"
                self.structs[at] = name

    def expression(self, path: OurPath) -> str:
        """Return source for what stands at our path; the structs on the way have names."""
        if not path.steps:
            return self.structs[path]
        parent = OurPath(path.steps[:-1], path.top)
        owner, step = self.structs[parent], path.steps[-1]
        if self.kind(parent) == "map":
            return f"({owner}.get({step!r}) if {owner} is not None else None)"
        return f"{owner}.{step}" if not parent.steps else f"({owner}.{step} if {owner} is not None else None)"

    def kind(self, path: OurPath) -> str:
        """Return what stands at the path: a struct or a map."""
        base = self.writer.plan.sheet.canonical if path.top else self.level.struct
        return resolve(base, path.steps).kind

    def item(self, item: Item) -> Iterator[str]:
        if item.shape == "always":
            self.place(item.theirs[0], (self.module.literal(item.line.argument), True))
            return
        names = [self.fresh("a") for _ in item.line.ours]
        for path, name in zip(item.line.ours, names, strict=True):
            yield from self.given(path)
            yield f"{name} = {self.expression(path)}"
        results = [self.fresh("d") for _ in item.theirs]
        yield from self.chosen(item, names, results)
        if item.shape == "spread" or item.here:
            self.node(item.theirs[0]).entries[f"#{results[0]}"] = Columns(results[0])
            return
        always = item.line.empty != "omit" or item.required_out or item.line.has_default
        for where, name in zip(item.theirs, results, strict=True):
            self.place(where, (name, always and (item.line.empty != "omit" or not item.when)))

    def chosen(self, item: Item, names: list[str], results: list[str]) -> Iterator[str]:
        """Absent by its condition, present, or absent."""
        nothing = f"{' = '.join(results)} = {self.nothing(item)}"
        word = "if"
        for condition in item.when:
            yield from self.given(OurPath(condition.path))
        if item.when:
            held = " and ".join(self.held(condition) for condition in item.when)
            yield f"if not ({held}): {nothing}"
            word = "elif"
        yield f"{word} {self.present(item, names)}:"
        yield from ("    " + line for line in self.made(item, names, results))
        yield "else:"
        yield from ("    " + line for line in self.absence(item, results, nothing))

    def held(self, condition: Condition) -> str:
        value = self.expression(OurPath(condition.path))
        if condition.default is not None:
            default = self.module.literal(condition.default)
            value = f"({default} if absent({value}) else {value})"
        return f"{value} in {self.module.bind('values', condition.values)}"

    def present(self, item: Item, names: list[str]) -> str:
        tests = [_present(name, each) for name, each in zip(names, item.fields, strict=True)]
        return " or ".join(tests)

    def absence(self, item: Item, results: list[str], nothing: str) -> Iterator[str]:
        if item.line.has_default:
            yield from self.made(item, [self.module.literal(item.line.default)], results)
        elif item.required_out:
            yield "raise GiveUp"
        else:
            yield nothing

    def nothing(self, item: Item) -> str:
        if item.shape == "spread" or item.here:
            return "NONE"
        if item.line.empty != "blank":
            return "None"
        return {"each": "[]", "texts": "[]", "part": "{}"}.get(item.shape, "''")

    def made(self, item: Item, names: list[str], results: list[str]) -> Iterator[str]:
        name, result = names[0], results[0]
        if item.level is not None:
            yield from self.structure(item, name, result)
        elif item.shape == "texts":
            yield f"{result} = list({name})"
        elif item.bound.plain:
            yield f"{result} = {name}"
        else:
            given = name if len(names) == 1 else f"({', '.join(names)})"
            yield f"{', '.join(results)} = {self.call(item, given)}"
            if not {object, tuple}.isdisjoint(item.bound.ours):
                yield f"if {result} is None or {result} == {{}}: raise GiveUp"
        if item.line.max is not None:
            measured = result if item.bound.plain or item.line.rule == "person_name" else f"str({result})"
            yield f"if len({measured}) > {item.line.max}: raise GiveUp"

    def structure(self, item: Item, name: str, result: str) -> Iterator[str]:
        assert item.level is not None  # noqa: S101 - asked before
        function = self.writer.function(item.level)
        if item.shape == "spread":
            columns = [each for each in item.level.known if each != KIND]
            groups = {kind: {each: f"{prefix}_{each}" for each in columns} for prefix, kind in item.prefixes}
            bound = self.module.bind("groups", groups)
            yield f"{result} = spread_out({name}, {bound}, {function}, {_ARGUMENTS})"
        elif item.shape == "part":
            yield f"{result} = {function}({name}, {_ARGUMENTS})"
            yield f"if not {result}: raise GiveUp"
        elif item.here:
            yield f"if len({name}) != 1: raise GiveUp"
            yield f"{result} = {function}({name}[0], {_ARGUMENTS})"
        else:
            yield f"{result} = [{function}(i, {_ARGUMENTS}) for i in {name}]"

    def call(self, item: Item, given: str) -> str:
        if item.bound.write is None:
            return "None"
        function = self.module.bind(f"out_{item.line.rule}", item.bound.write)
        return f"{function}({given}, day)" if item.bound.dated else f"{function}({given})"

    def place(self, path: Path, entry: tuple[str, bool]) -> None:
        self.node(path[:-1]).entries[path[-1]] = entry

    def node(self, path: Path) -> Node:
        node = self.tree
        for step in path:
            below = node.entries.setdefault(step, Node())
            assert isinstance(below, Node)  # noqa: S101 - no line writes a place inside another's
            node = below
        return node

    def assembled(self, name: str, node: Node) -> Iterator[str]:
        """Put an object together: what is always there in one display, the rest in the order of the lines."""
        entries = list(node.entries.items())
        first = list(takewhile(lambda pair: isinstance(pair[1], tuple) and pair[1][1], entries))
        shown = ", ".join(f"{key!r}: {each[0]}" for key, each in first if isinstance(each, tuple))
        yield f"{name} = {{{shown}}}"
        for key, each in entries[len(first) :]:
            if isinstance(each, Node):
                yield from self.inner(name, key, each)
            elif isinstance(each, Columns):
                yield f"{name}.update({each.name})"
            elif each[1]:
                yield f"{name}[{key!r}] = {each[0]}"
            else:
                yield f"if {each[0]} is not None: {name}[{key!r}] = {each[0]}"

    def inner(self, name: str, key: str, node: Node) -> Iterator[str]:
        below = self.fresh("o")
        if node.counted:
            one = node.entries["0"]
            if isinstance(one, tuple):
                yield f"if {one[0]} is not None: {name}[{key!r}] = [{one[0]}]"
                return
            assert isinstance(one, Node)  # noqa: S101 - columns have no count
            yield from self.assembled(below, one)
            yield f"if {below}: {name}[{key!r}] = [{below}]"
            return
        yield from self.assembled(below, node)
        yield f"{name}[{key!r}] = {below}" if node.always else f"if {below}: {name}[{key!r}] = {below}"


def _present(name: str, field: Field) -> str:
    if field.kind in _FALSE_IS_ABSENT:
        return name
    return f"{name} is not None" if field.kind in _FALSE_IS_A_VALUE else f"not absent({name})"


def spread_out(rows: Any, groups: Any, write: Any, source: str, day: Any, top: Any) -> dict[str, Any]:
    """Write a list as groups of columns with a prefix each, for the generated code."""
    found: dict[str, dict[str, Any]] = {}
    for row in rows:
        columns = write(row, source, day, top)
        kind = columns.pop(KIND)
        if kind in found or kind not in groups:
            raise GiveUpError
        found[kind] = columns
    pairs = ((columns, found.get(kind, {})) for kind, columns in groups.items())
    return {columns[name]: value for columns, row in pairs for name, value in row.items()}
