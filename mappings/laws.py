"""The two laws of a sheet, proved on generated messages; `check` prints what fails and what is one-way.

1. For our values, in(out(x)) = x on every field of a two-way line, and on what no line names.
2. For a peer's message m read without a note, out(in(m)) = m in the sheet's normal form: whatever the order
   of its fields and however it says that something is absent. Lines that go out only are written afresh.
"""

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

from lxml import etree

from mappings.engine import Compiled, MappingError
from mappings.engine_plan import Item, Level, Plan
from mappings.engine_tree import absent, put
from mappings.engine_write import Writing, value_at
from mappings.laws_make import Maker, filled, two_way

SOURCE = "peer"


@dataclass(frozen=True, slots=True)
class OneWay:
    """A line (or one word of it) that carries nothing back, and why."""

    their: str
    ours: str
    why: str
    vi: str


@dataclass(frozen=True, slots=True)
class Counterexample:
    """A generated message for which a law does not hold; the values are invented."""

    law: str
    path: str
    expected: str
    found: str

    def __str__(self) -> str:
        return f"{self.law} at {self.path or 'the message'}: {self.expected} became {self.found}"


@dataclass(frozen=True, slots=True)
class Proof:
    """What was tried on a sheet: so many messages, the lines that go one way, and what does not hold."""

    sheet: str
    samples: int
    one_way: tuple[OneWay, ...]
    counterexamples: tuple[Counterexample, ...]

    @property
    def holds(self) -> bool:
        """Whether no counterexample was found."""
        return not self.counterexamples


def prove(compiled: Compiled, samples: int = 100, seed: int = 7) -> Proof:
    """Try both laws on `samples` generated messages; the same seed gives the same messages.

    Takes about a millisecond a sample. Checks over several fields are left out: they never change a value.
    """
    maker = Maker(Random(seed), SOURCE)  # noqa: S311 - a seeded stream must not be cryptographic
    found: list[Counterexample] = []
    for _ in range(samples):
        found += _tried(compiled, maker)
    unique = {(each.law, each.path): each for each in reversed(found)}
    one_way = tuple(dict.fromkeys(one_way_lines(compiled.plan)))
    return Proof(compiled.name, samples, one_way, tuple(unique.values()))


def _tried(compiled: Compiled, maker: Maker) -> Iterator[Counterexample]:
    root = compiled.plan.root
    goes_in = any(two_way(item) for item in root.items)
    drawn = maker.message(compiled.plan)
    try:
        tree = _write(compiled, drawn)
        if not goes_in or not any(item.line.writes for item in root.items):
            return
        told = _with_incoming(root, tree, maker)
        back = compiled.read(told, source=SOURCE)
        yield from _differences(root, drawn, back.message, "in(out(x)) = x", ())
        varied = compiled.read(_varied(told, maker.random), source=SOURCE)
        if not varied.notes:
            again = _write(compiled, filled(root, varied.message, drawn))
            yield from _trees(tree, again)
    except MappingError as error:
        yield Counterexample("a message we can have is carried", "", "", str(error)[:300])


def _write(compiled: Compiled, message: Any) -> Any:
    """Write without the checks over several fields."""
    try:
        return compiled.write(message, source=SOURCE).tree
    except MappingError as error:
        if not all(problem.path == "" for problem in error.problems):
            raise
    writing = Writing(compiled.plan, SOURCE, None)
    return compiled.carried(writing.message(message).tree)


def _with_incoming(level: Level, tree: Any, maker: Maker) -> Any:
    """Add to what we would write what the peer must tell besides, on lines that come in only."""
    if not isinstance(tree, dict):
        return tree
    told = copy.deepcopy(tree)
    for item in level.reading:
        write = item.bound.write
        if item.line.way == "in" and item.required_in and item.shape == "value" and write is not None:
            put(told, item.theirs[0], write(maker.draw(item)))
    return told


def _differences(
    level: Level, ours: Any, back: Any, law: str, at: tuple[str, ...]
) -> Iterator[Counterexample]:
    for item in level.items:
        for path in item.line.ours if two_way(item) else ():
            if path.top:
                continue
            where = (*at, *path.steps)
            one, two = value_at(ours, path.steps), value_at(back, path.steps)
            yield from _one(item, one, two, law, where)
    if level.keeps and ours.extras.get(SOURCE) != back.extras.get(SOURCE):
        yield Counterexample(law, ".".join((*at, "extras")), repr(ours.extras)[:200], repr(back.extras)[:200])


def _one(item: Item, one: Any, two: Any, law: str, at: tuple[str, ...]) -> Iterator[Counterexample]:
    if absent(one) and absent(two):
        return
    if item.level is not None and item.shape in ("each", "spread") and len(one or ()) == len(two or ()):
        for count, pair in enumerate(zip(one, two, strict=True)):
            yield from _below(item.level, *pair, law, (*at, str(count)))
    elif item.shape == "part" and item.level is not None and one is not None and two is not None:
        yield from _below(item.level, one, two, law, at)
    elif one != two:
        yield Counterexample(law, ".".join(at), repr(one)[:200], repr(two)[:200])


def _below(level: Level, one: Any, two: Any, law: str, at: tuple[str, ...]) -> Iterator[Counterexample]:
    if level.struct is not None:
        yield from _differences(level, one, two, law, at)
    elif one != two:
        yield Counterexample(law, ".".join(at), repr(one), repr(two))


def _trees(first: Any, again: Any) -> Iterator[Counterexample]:
    law = "out(in(m)) = m"
    if not isinstance(first, dict):
        one, two = (etree.tostring(each, encoding="unicode") for each in (first, again))
        if one != two:
            yield Counterexample(law, "", one[:300], two[:300])
        return
    for name in first.keys() | again.keys():
        if first.get(name) != again.get(name) or (name in first) != (name in again):
            yield Counterexample(law, name, repr(first.get(name))[:200], repr(again.get(name))[:200])


_BLANKS: tuple[Any, ...] = ("", None)


def _varied(tree: Any, random: Random) -> Any:
    """Say the same otherwise: fields in another order, absence in another form."""
    if not isinstance(tree, dict):
        return tree
    names = list(tree)
    random.shuffle(names)
    told: dict[str, Any] = {}
    for name in names:
        value = tree[name]
        if value in _BLANKS or value == []:
            if random.random() < 0.5:
                told[name] = random.choice(_BLANKS)
        else:
            told[name] = _inner(value, random)
    return told


def _inner(value: Any, random: Random) -> Any:
    if isinstance(value, list):
        return [_inner(each, random) for each in value]
    if isinstance(value, dict) and "a" not in value and "khac" not in value:
        return _varied(value, random)
    return value


def one_way_lines(plan: Plan) -> Iterator[OneWay]:
    """Yield the lines of a sheet that carry nothing back, and the words of its lists that are lost."""
    seen: set[int] = set()
    todo = [plan.root]
    while todo:
        level = todo.pop()
        if id(level) not in seen:
            seen.add(id(level))
            todo += [item.level for item in level.items if item.level is not None]
            for item in level.items:
                yield from _one_way(item)


def _one_way(item: Item) -> Iterator[OneWay]:
    their, ours = str(item.line), item.ours
    if item.line.rule == "lookup":
        yield OneWay(their, ours, "comes out of a table", "tra từ bảng danh mục")
    elif item.line.rule == "always":
        yield OneWay(their, ours, "is always the same", "giá trị cố định")
    elif item.line.way != "both":
        words = {"out": ("goes out only", "chỉ gửi đi"), "in": ("comes in only", "chỉ nhận về")}
        yield OneWay(their, ours, *words[item.line.way])
    elif item.line.cut:
        yield OneWay(
            their, ours, f"longer than {item.line.max} is cut", f"dài quá {item.line.max} thì cắt bớt"
        )
    for word in item.bound.lost:
        yield OneWay(their, f"{ours} = {word}", "is read back as another word", "đọc về thành giá trị khác")
