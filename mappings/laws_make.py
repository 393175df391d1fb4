"""Draws canonical messages that a sheet can carry: what the laws are proved with. Seeded, never random."""

from random import Random
from typing import Any

from msgspec import structs

from mappings.engine_plan import Item, Level, Plan
from mappings.engine_read import build
from mappings.engine_tree import absent
from mappings.engine_write import value_at
from mappings.rules_text import make_text
from mappings.rules_time import make_day, make_time
from mappings.sheet_types import Field, fields_of, holds_extras
from mappings.sheet_values import Path

_TRIES = 40
_PRESENT = 0.7


def two_way(item: Item) -> bool:
    """Whether a line carries its value there and back."""
    return item.line.way == "both" and item.line.rule not in ("always", "lookup")


class Maker:
    """Draws messages of one level and its parts; `source` is whose extras come back."""

    def __init__(self, random: Random, source: str) -> None:
        self.random, self.source = random, source
        self._choosers: dict[tuple[int, int], Item] = {}

    def level(self, level: Level) -> Any:
        """Draw one struct, or the text that an item is."""
        if level.struct is None:
            return self.value(level.items[0], level)
        values: dict[Path, Any] = {}
        items = [item for item in level.items if item.line.ours and not item.line.ours[0].top]
        for item in sorted(items, key=lambda item: bool(item.when)):
            self.item(item, level, values)
        self.needed(level.struct, (), values)
        made = build(level.struct, values, (), self.extras(level))
        return level.struct() if made is None else made

    def message(self, plan: Plan) -> Any:
        """Draw a whole message, with what lines deep within say of it."""
        made = self.level(plan.root)
        for path in sorted(plan.top):
            if value_at(made, path) is None:
                made = put_at(made, path, self.draw(_deep(plan.root, path)))
        return made

    def row(self, level: Level) -> Any:
        """Draw an item of a list, or a part; one that says nothing would be dropped."""
        made = self.level(level)
        for _ in range(_TRIES):
            if not _says_nothing(level, made):
                break
            made = self.level(level)
        return made

    def item(self, item: Item, level: Level, values: dict[Path, Any]) -> None:
        """Draw the value of one line, unless another line of the same field has."""
        paths = [path.steps for path in item.line.ours]
        if any(path in values for path in paths) or not self.wanted(item, values):
            return
        drawn = self.value(item, level)
        pairs = zip(paths, drawn if len(paths) > 1 else (drawn,), strict=True)
        values.update({path: value for path, value in pairs if value is not None})

    def wanted(self, item: Item, values: dict[Path, Any]) -> bool:
        """Whether the line gets a value: it must, or chance says so and its condition holds."""
        if not (two_way(item) or item.required_out or item.required_in):
            return False
        held = all(values.get(each.path, each.default) in each.values for each in item.when)
        must = item.required_out or item.required_in or item.line.has_default
        return held and (must or self.random.random() < _PRESENT)

    def value(self, item: Item, level: Level) -> Any:
        """Draw one value that the line can carry."""
        if item.shape == "texts":
            return tuple(make_text(self.random) for _ in range(self.random.randint(1, 3)))
        if item.shape == "spread" and item.level is not None:
            return self.spread(item, item.level)
        if item.shape == "each" and item.level is not None:
            count = 1 if item.here else self.random.randint(1, 3)
            return tuple(self.row(item.level) for _ in range(count))
        if item.shape == "part" and item.level is not None:
            return self.row(item.level)
        known = (id(item), id(level))
        if known not in self._choosers:
            self._choosers[known] = self.chooser(item, level)
        return self.fitting(item, self._choosers[known])

    def chooser(self, item: Item, level: Level) -> Item:
        """Return the line whose generator counts: where a table or a list bounds the field, that one."""
        same = [each for each in level.items if set(each.line.ours) & set(item.line.ours)]
        bounded = [each for each in same if each.bound.picky and each.bound.make]
        return bounded[0] if bounded else item

    def fitting(self, item: Item, chooser: Item) -> Any:
        """Draw until the value is within the peer's limit of length."""
        for _ in range(_TRIES):
            value = self.draw(chooser)
            if len(item.line.ours) > 1 and not isinstance(value, tuple):
                value = (value, *[None] * (len(item.line.ours) - 1))
            if item.line.max is None or len(str(value)) <= item.line.max:
                return value
        return str(value)[: item.line.max].rstrip()

    def draw(self, item: Item) -> Any:
        """Draw a value by the rule's own generator, else by the kind of the field."""
        if item.bound.make is not None:
            return item.bound.make(self.random)
        return self.plain(item.fields[0])

    def plain(self, field: Field) -> Any:
        """Draw a value of a kind."""
        draws = {
            "int": 1,
            "bool": True,
            "structs": None,
            "struct": None,
            "any": None,
            "map": None,
            "texts": ("a",),
        }
        if field.kind == "words":
            return self.random.choice(field.words)
        if field.kind == "time":
            return make_time(self.random)
        if field.kind == "day":
            return make_day(self.random)
        return draws.get(field.kind, make_text(self.random))

    def spread(self, item: Item, level: Level) -> Any:
        """Draw items of different kinds."""
        drawn = self.random.sample(item.prefixes, self.random.randint(1, len(item.prefixes)))
        ordered = [kind for prefix, kind in item.prefixes if (prefix, kind) in drawn]
        return tuple(structs.replace(self.level(level), kind=kind) for kind in ordered)

    def needed(self, struct: type, at: Path, values: dict[Path, Any]) -> None:
        """Fill in what our struct cannot be without although no two-way line carries it."""
        depth = len(at) + 1
        begun = {each[:depth] for each in values if len(each) > depth}
        for field in fields_of(struct).values():
            path = (*at, field.name)
            if field.kind == "struct" and field.struct and (path in begun or field.required):
                self.needed(field.struct, path, values)
            elif field.required and path not in values:
                values[path] = self.plain(field)

    def extras(self, level: Level) -> dict[str, Any]:
        """Draw what no line names: of this peer, and of another, which must never reach this one."""
        if not level.keeps or not holds_extras(level.struct) or self.random.random() < 0.5:
            return {}
        own = {f"TruongLa{self.random.randint(0, 9)}": {"a": [1, None, "ế"]}}
        return {"extras": {self.source: own, "another": {"Rieng": "không được lộ"}}}


def _says_nothing(level: Level, made: Any) -> bool:
    paths = [path.steps for item in level.items for path in item.line.ours if not path.top]
    return all(absent(value_at(made, path)) for path in paths)


def _deep(level: Level, path: Path) -> Item:
    """Return the line, however deep, that speaks of a path from the top."""
    for item in level.items:
        if any(each.top and each.steps == path for each in item.line.ours):
            return item
        if item.level is not None:
            try:
                return _deep(item.level, path)
            except LookupError:
                continue
    raise LookupError(path)


def filled(level: Level, read: Any, drawn: Any) -> Any:
    """Give a message that was read the fields that only out-lines carry, from the one that was drawn."""
    if level.struct is None or read is None or drawn is None:
        return read
    for item in level.writing:
        for path in item.line.ours:
            read = _filled(item, read, drawn, path.steps) if not path.top else read
    return read


def _filled(item: Item, read: Any, drawn: Any, path: Path) -> Any:
    ours, theirs = value_at(read, path), value_at(drawn, path)
    if item.level is not None and item.shape in ("each", "spread") and ours and theirs:
        rows = [filled(item.level, *pair) for pair in zip(ours, theirs, strict=False)]
        return put_at(read, path, tuple(rows))
    if item.level is not None and item.shape == "part" and ours is not None:
        return put_at(read, path, filled(item.level, ours, theirs))
    return put_at(read, path, theirs) if not two_way(item) else read


def put_at(struct: Any, path: Path, value: Any) -> Any:
    """Return the struct with another value at a path."""
    head, *rest = path
    if isinstance(struct, dict):
        return {**struct, head: value}
    if not rest:
        return structs.replace(struct, **{head: value})
    inner = getattr(struct, head)
    if inner is None:
        owner: type = type(struct)
        kind = fields_of(owner)[head].struct
        inner = {} if kind is None else kind()
    return structs.replace(struct, **{head: put_at(inner, tuple(rest), value)})
