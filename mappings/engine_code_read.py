"""Generates the reading functions: theirs -> ours, one function a level."""

from collections.abc import Iterator
from typing import Any
from unicodedata import normalize

from mappings.engine_module import Module
from mappings.engine_plan import KIND, Item, Level, Plan
from mappings.engine_tree import empty, within
from mappings.engine_values import Note
from mappings.rules import Noted
from mappings.sheet_types import Field, fields_of
from mappings.sheet_values import OurPath, Path

_ARGUMENTS = "source, day, top"
_NOTING = frozenset({"time", "money", "integer", "join", "procedure_code", "python"})
"""Rules that may take a value with a remark."""

_LISTS = ("each", "texts", "spread")


class Reader:
    """Generates the reading half of a module."""

    def __init__(self, module: Module, plan: Plan) -> None:
        self.module, self.plan = module, plan
        shared = {"NFC": normalize, "Noted": Noted, "Note": Note, "spread_in": spread_in, "within": within}
        module.names.update(shared)

    def root(self) -> str:
        """Generate the whole; gives the name of the message's function."""
        return self.function(self.plan.root)

    def function(self, level: Level) -> str:
        """Return the name of a level's function."""
        return self.module.function("read", level, lambda name: _LevelReader(self, level).lines(name))


class _LevelReader:
    """One function being generated.

    `values` maps our paths to local names; of these, `lists` are () where they are absent, and `sure` never
    absent. `objects` maps paths of theirs to the local names of the objects there.
    """

    def __init__(self, reader: Reader, level: Level) -> None:
        self.reader, self.module, self.level = reader, reader.module, level
        self.is_root = level is reader.plan.root
        self.values: dict[Path, str] = {}
        self.lists: set[str] = set()
        self.sure: set[str] = set()
        self.objects: dict[Path, str] = {(): "t"}
        self.count = 0

    def fresh(self, letter: str) -> str:
        self.count += 1
        return f"{letter}{self.count}"

    def lines(self, name: str) -> list[str]:
        more = ", as_of, notes" if self.is_root else ""
        body = [*self.start(), *self.objects_lines()]
        for item in self.level.reading:
            body += self.item(item)
        body += [*self.conditions(), *self.from_top(), *self.extras(), *self.build()]
        return [f"def {name}(t, {_ARGUMENTS}{more}):", *("    " + line for line in body)]

    def start(self) -> Iterator[str]:
        if not self.is_root and not any(item.required_in for item in self.level.reading):
            yield "if empty(t): raise GiveUp"
        yield "t_get = t.get"

    def objects_lines(self) -> Iterator[str]:
        """Fetch the objects that the paths go through; an absent one becomes an empty one."""
        for path, counted in _objects(self.level.known, ()):
            parent, name = self.objects[path[:-1]], self.fresh("n")
            self.objects[path] = name
            if path[-1].isdigit():
                yield f"{name} = {parent}[0] if {parent} else NONE"
                yield f"{name}_get = {name}.get"
                continue
            yield f"{name} = {parent}_get({path[-1]!r})"
            yield from self.checked(name, counted=counted)

    def checked(self, name: str, *, counted: bool) -> Iterator[str]:
        yield f"if not {name}:"
        yield f"    if {name}.__class__ not in NOTHING: raise GiveUp"
        yield f"    {name} = NONE"
        if counted:
            yield f"elif {name}.__class__ is not list or len({name}) != 1: raise GiveUp"
        else:
            yield f"{name}_get = {name}.get"

    def item(self, item: Item) -> Iterator[str]:
        names = [self.fresh("a") for _ in item.line.ours]
        yield from self.fetched(item)
        if item.shape in _LISTS:
            self.lists.update(names)
        yield from {"always": self.always, "spread": self.spread, "pair": self.pair}.get(
            item.shape, self.one
        )(item, ", ".join(names))
        for path, name in zip(item.line.ours, names, strict=True):
            if path.top:
                key = self.module.bind("path", path.steps)
                yield f"if {name} is not None and top.setdefault({key}, {name}) != {name}: raise GiveUp"
            else:
                self.values[path.steps] = name
        if item.required_in or item.line.has_default:
            self.sure.update(names if item.line.rule != "python" else ())

    def fetched(self, item: Item) -> Iterator[str]:
        if item.shape == "spread":
            return
        if item.level is not None and item.here:
            yield f"v = within(t, {self.module.bind('columns', item.level.known)})"
            return
        for name, path in zip(("v", "k"), item.theirs, strict=False):
            yield f"{name} = {self.objects[path[:-1]]}_get({path[-1]!r})" if path else f"{name} = t"

    def always(self, item: Item, _names: str) -> Iterator[str]:
        value = self.module.literal(item.line.argument)
        yield f"if v != {value} and v is not None and v != '': raise GiveUp"

    def spread(self, item: Item, names: str) -> Iterator[str]:
        assert item.level is not None  # noqa: S101 - the plan gives every spread its level
        columns = [name for name in item.level.known if name != KIND]
        groups = tuple(
            (kind, tuple((each, f"{prefix}_{each}") for each in columns)) for prefix, kind in item.prefixes
        )
        bound = self.module.bind("groups", groups)
        tree, function = self.objects[item.theirs[0]], self.reader.function(item.level)
        yield f"{names} = spread_in({tree}, {bound}, {function}, {_ARGUMENTS})"
        if item.required_in:
            yield f"if not {names}: raise GiveUp"

    def pair(self, item: Item, names: str) -> Iterator[str]:
        yield from self.branches(item, names, "v", [f"{names} = {self.call(item, '(v, k)')}"])

    def one(self, item: Item, names: str) -> Iterator[str]:
        if item.shape in ("each", "texts", "part"):
            yield from self.branches(item, names, "v", list(self.structure(item, names)))
            return
        present = "v" if item.bound.theirs == (str,) else ""
        yield from self.branches(item, names, present, list(self.value(item, names)))

    def structure(self, item: Item, names: str) -> Iterator[str]:
        if item.shape != "part":
            # one where a list is meant counts as one: XML has no other way to say it
            yield f"if v.__class__ is {'str' if item.shape == 'texts' else 'dict'}: v = [v]"
            yield "elif v.__class__ is not list: raise GiveUp"
        if item.shape == "texts":
            yield f"{names} = tuple([NFC('NFC', i.strip()) for i in v])"
            yield f"if '' in {names}: raise GiveUp"
            return
        assert item.level is not None  # noqa: S101 - the plan gives every part its level
        function = self.reader.function(item.level)
        if item.shape == "part":
            yield f"{names} = {function}(v, {_ARGUMENTS})"
        else:
            yield f"{names} = tuple([{function}(i, {_ARGUMENTS}) for i in v])"

    def value(self, item: Item, names: str) -> Iterator[str]:
        line, bound = item.line, item.bound
        yield from self.typed(item)
        if bound.plain:
            yield f"{names} = NFC('NFC', v.strip())"
            yield f"if not {names}: raise GiveUp"
        else:
            yield from self.noting(item, names)
        if line.rule == "person_name":
            yield f"if not {names}: raise GiveUp"
        if line.max is not None:
            kept = bound.plain or (len(line.ours) == 1 and bound.ours == (str,) and not bound.picky)
            measured = names if kept else "str(v)"
            there = f"{names} is not None and " if len(line.ours) == 1 and not kept else ""
            yield f"if {there}len({measured}) > {line.max}: raise GiveUp"

    def typed(self, item: Item) -> Iterator[str]:
        """A number is no text and true is no 1: where the rule itself would not mind, it is asked here."""
        kinds = item.bound.theirs
        if item.line.rule == "codes" and kinds != (str,):
            yield f"if v.__class__ not in {self.module.bind('kinds', kinds)}: raise GiveUp"
        elif object in kinds:
            yield "if v.__class__ is str and not v.strip(): raise GiveUp"

    def noting(self, item: Item, names: str) -> Iterator[str]:
        call = f"{names} = {self.call(item, 'v')}"
        if not self.is_root or item.line.rule not in _NOTING:
            yield call
            return
        at, ours = "/".join(item.theirs[0]), ", ".join(_name(path) for path in item.line.ours)
        yield "try:"
        yield f"    {call}"
        yield "except Noted as noted:"
        yield f"    {names} = noted.value"
        yield f"    notes.append(Note({at!r}, {ours!r}, noted.what, noted.vi))"

    def call(self, item: Item, given: str) -> str:
        if item.bound.read is None:
            return "None"
        function = self.module.bind(f"in_{item.line.rule}", item.bound.read)
        return f"{function}({given}, day)" if item.bound.dated else f"{function}({given})"

    def branches(self, item: Item, names: str, present: str, then: list[str]) -> Iterator[str]:
        """Present: `then`; absent: default, problem or None; anything else that is false gives up."""
        if present:
            yield "if v:"
        else:
            yield "if v is not None and v != '':"
        yield from ("    " + line for line in then)
        if item.required_in:
            yield "else: raise GiveUp"
            return
        if item.shape in ("each", "texts", "part"):
            yield "elif v.__class__ not in NOTHING: raise GiveUp"
        elif present:
            yield "elif v is not None and v != '': raise GiveUp"
        if item.line.has_default:
            yield f"else: {names} = {self.module.literal(item.line.default)}"
        else:
            nothing = "()" if item.shape in _LISTS else "None"
            yield f"else: {' = '.join(names.split(', '))} = {nothing}"

    def conditions(self) -> Iterator[str]:
        """What was read although its condition does not hold is for the careful form to note."""
        for item in self.level.reading:
            for condition in item.when:
                name = self.values.get(condition.path)
                default = self.module.literal(condition.default)
                value = self.or_value(name, default) if name else default
                held = f"{value} in {self.module.bind('values', condition.values)}"
                there = " or ".join(self.there(self.values[p.steps]) for p in item.line.ours if not p.top)
                if there:
                    yield f"if ({there}) and not {held}: raise GiveUp"

    def or_value(self, name: str, default: str) -> str:
        sure = name in self.sure or default == "None"
        return name if sure else f"({name} if {name} is not None else {default})"

    def there(self, name: str) -> str:
        return name if name in self.lists else f"{name} is not None"

    def from_top(self) -> Iterator[str]:
        """At the message: take what was said from deep within; it agrees with the message's own line."""
        for path in sorted(self.reader.plan.top) if self.is_root else ():
            key, name = self.module.bind("path", path), self.fresh("b")
            yield f"{name} = top.get({key})"
            own = self.values.get(path)
            if own:
                yield f"if {name} is None: {name} = {own}"
                yield f"elif {own} is not None and {own} != {name}: raise GiveUp"
            self.values[path] = name

    def extras(self) -> Iterator[str]:
        """What no line names is kept; where it is not, it is for the careful form to say."""
        if not self.level.keeps:
            yield from self.nothing_more((), self.level.named)
            return
        if not any(self.level.named.values()):
            names = self.module.bind("known", frozenset(self.level.named))
            kept = f"{{source: {{k: i for k, i in t.items() if k not in {names}}}}}"
            yield f"extras = {{}} if t.keys() <= {names} else {kept}"
            return
        yield "more = {}"
        yield from self.more((), self.level.named, "more")
        yield "extras = {source: more} if more else {}"

    def nothing_more(self, path: Path, known: dict[str, Any]) -> Iterator[str]:
        if not any(name.isdigit() for name in known):
            names = self.module.bind("known", frozenset(known))
            yield f"if not {self.objects[path]}.keys() <= {names}: raise GiveUp"
        for name, below in known.items():
            if below is not None:
                yield from self.nothing_more((*path, name), below)

    def more(self, path: Path, known: dict[str, Any], into: str) -> Iterator[str]:
        tree = self.objects[path]
        if not any(name.isdigit() for name in known):
            names = self.module.bind("known", frozenset(known))
            yield f"if not {tree}.keys() <= {names}:"
            yield f"    {into}.update([(k, i) for k, i in {tree}.items() if k not in {names}])"
        for name, below in known.items():
            if below is not None:
                inner = self.fresh("e")
                yield f"{inner} = {{}}"
                yield from self.more((*path, name), below, inner)
                yield f"if {inner}: {into}[{name!r}] = {inner}"

    def build(self) -> Iterator[str]:
        struct = self.level.struct
        if struct is None:
            yield f"return {self.values.get((), 'None')}"
            return
        if not self.is_root and not any(item.required_in for item in self.level.reading):
            some = " or ".join(self.there(name) for name in self.values.values())
            kept = " or extras" if self.level.keeps else ""
            yield f"if not ({some or 'False'}{kept}): raise GiveUp"
        given: list[str] = ["extras=extras"] if self.level.keeps else []
        yield from self.fields(struct, (), given)
        yield f"return {self.module.bind(struct.__name__, struct)}({', '.join(given)})"

    def fields(self, struct: type, path: Path, given: list[str]) -> Iterator[str]:
        for field in fields_of(struct).values():
            at = (*path, field.name)
            name = self.values.get(at)
            below = [each for each in self.values if each[: len(at)] == at and len(each) > len(at)]
            if name is None and below:
                name = self.fresh("s")
                yield from (
                    self.map(field, at, name) if field.kind == "map" else self.nested(field, at, name, below)
                )
            if field.required and name not in self.sure:
                yield f"if {name} is None: raise GiveUp" if name else "raise GiveUp"
            if self.is_root and at == ("as_of",):
                given.append(f"as_of={name} if {name} is not None else as_of" if name else "as_of=as_of")
            elif name is not None:
                given.append(f"{field.name}={self.or_default(name, field)}")

    def or_default(self, name: str, field: Field) -> str:
        absent: Any = () if name in self.lists else None
        if field.required or field.default == absent or field.kind == "map" or name in self.sure:
            return name
        test = name if name in self.lists else f"{name} is not None"
        return f"{name} if {test} else {self.module.literal(field.default)}"

    def map(self, field: Field, at: Path, name: str) -> Iterator[str]:
        del field
        pairs = ", ".join(f"({each[-1]!r}, {one})" for each, one in self.values.items() if each[:-1] == at)
        yield f"{name} = {{k: i for k, i in ({pairs},) if i is not None}}"
        self.lists.add(name)

    def nested(self, field: Field, at: Path, name: str, below: list[Path]) -> Iterator[str]:
        assert field.struct is not None  # noqa: S101 - resolved by the sheet's check
        some = " or ".join(self.there(self.values[path]) for path in below)
        given: list[str] = []
        inner = list(self.fields(field.struct, at, given))
        yield f"if {some}:"
        yield from ("    " + line for line in inner)
        yield f"    {name} = {self.module.bind(field.struct.__name__, field.struct)}({', '.join(given)})"
        yield f"else: {name} = None"


def _objects(known: dict[str, Any], path: Path) -> Iterator[tuple[Path, bool]]:
    """Yield the objects and lists that paths go through, outer ones first, and whether each is a list."""
    for name, below in known.items():
        if below is not None:
            at = (*path, name)
            yield at, any(each.isdigit() for each in below)
            yield from _objects(below, at)


def _name(path: OurPath) -> str:
    return str(path) if path.top else ".".join(path.steps)


def spread_in(tree: Any, groups: Any, read: Any, source: str, day: Any, top: Any) -> tuple[Any, ...]:
    """Read groups of columns with a prefix each, for the generated code."""
    found = []
    for kind, columns in groups:
        row = {name: tree[column] for name, column in columns if column in tree}
        if not empty(row):
            row[KIND] = kind
            found.append(read(row, source, day, top))
    return tuple(found)
