"""What a sheet means, checked against the canonical structs: fields, rules, parts, lists, collisions."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from mappings.rules import RULES, groups_of
from mappings.rules_codes import boundaries, in_force
from mappings.sheet_types import Field, NoSuchFieldError, fields_of, resolve
from mappings.sheet_values import CodeList, CodeRow, Line, OurPath, Part, Path, Sheet
from mappings.source import Place, Problem, as_written, did_you_mean

Say = Callable[[Place, str, str], None]


def check(sheet: Sheet) -> list[Problem]:
    """Return every mistake in what the sheet means; a sheet without any can be compiled."""
    checker = _Checker(sheet)
    checker.level(sheet.lines, sheet.canonical, sheet.place, ())
    checker.names()
    for codes in sheet.codes.values():
        checker.one_to_one(codes)
    return checker.problems


def goes_on(line: Line) -> bool:
    """Whether a `part` line has ours "." : the paths go on where we are."""
    return line.rule == "part" and line.ours == (OurPath(()),)


def inlined(sheet: Sheet, lines: Sequence[Line], inside: Path = ()) -> Iterator[Line]:
    """Yield the lines of a level with the parts that go on where we are put in place."""
    for line in lines:
        name = line.argument
        if goes_on(line) and name in sheet.parts and name not in inside:
            for inner in inlined(sheet, sheet.parts[name].lines, (*inside, name)):
                way = inner.way if line.way == "both" else line.way
                yield replace(inner, their=(*line.their, *inner.their), way=way)
        else:
            yield line


def covered(lines: Sequence[Line]) -> dict[Path, Line]:
    """Return our paths that are read at a level, without those from the top."""
    return {path.steps: line for line in lines if line.reads for path in line.ours if not path.top}


@dataclass(slots=True)
class _Checker:
    sheet: Sheet
    problems: list[Problem]
    parts: set[str]
    weighed: set[str]
    lists: set[str]

    def __init__(self, sheet: Sheet) -> None:
        self.sheet, self.problems, self.parts, self.lists = sheet, [], set(), set()
        self.weighed = set()

    def say(self, place: Place, what: str, hint: str = "") -> None:
        self.problems.append(Problem.at(place, what, hint))

    def unknown(self, place: Place, kind: str, name: str, known: Any) -> None:
        near = did_you_mean(name, known)
        hint = f'Did you mean "{near}"?' if near else f"Known: {', '.join(known) or 'none'}"
        self.say(place, f'there is no {kind} "{name}"', hint)

    def level(self, lines: Sequence[Line], struct: type | None, place: Place, inside: Path) -> None:
        self.going_on(lines, inside)
        flat = list(inlined(self.sheet, lines))
        for line in flat:
            self.line(line, struct, inside)
        self.conditions(flat)
        self.collisions(flat)
        self.complete(flat, struct, place)

    def going_on(self, lines: Sequence[Line], inside: Path) -> None:
        for line in filter(goes_on, lines):
            if self.part_named(line, line.argument, inside):
                self.going_on(self.sheet.parts[line.argument].lines, (*inside, line.argument))

    def line(self, line: Line, struct: type | None, inside: Path) -> None:
        fields = [self.field(line, path, struct) for path in line.ours]
        for field in fields:
            if field is not None:
                self.fits(line, field, inside)
        for path, values in line.when:
            self.condition(line, path, values, struct)
        if line.has_default and len(line.ours) > 1:
            self.say(line.place, '"default" goes with one field only')
        self.ways(line)
        self.list_step(line)
        self.row_itself(line)

    def field(self, line: Line, path: OurPath, struct: type | None) -> Field | None:
        base = self.sheet.canonical if path.top else struct
        try:
            return resolve(base, path.steps)
        except NoSuchFieldError as error:
            name = base.__name__ if base else "the item, a plain text,"
            self.unknown(line.place, f"field in {name} for", f"{path}", _full(path, error))
            return None

    def fits(self, line: Line, field: Field, inside: Path) -> None:
        rule = RULES.get(line.rule)
        if rule is None or goes_on(line):
            return
        if field.kind not in rule.kinds:
            fit = ", ".join(sorted(rule.kinds))
            what = f'the rule "{line.rule}" does not fit the field "{line.ours[0]}", which is {field.kind}'
            self.say(line.place, what, f"It fits: {fit}")
            return
        if line.max is not None and line.rule != "python" and field.kind not in ("text", "int", "words"):
            self.say(line.place, f'"max" says nothing about a field that is {field.kind}')
        if line.has_default:
            self.value(line, field, line.default, "default")
        self.argument(line, field, inside)

    def argument(self, line: Line, field: Field, inside: Path) -> None:
        if line.rule == "codes":
            self.codes(line, field)
        elif line.rule == "each" and line.argument == "text":
            if field.kind != "texts":
                self.say(line.place, f'"{line.ours[0]}" is no list of texts', "Write `each PART`")
        elif line.rule in ("each", "part"):
            struct = field.struct if field.kind in ("struct", "structs") else None
            self.part(line, line.argument, struct, inside)
        elif line.rule == "spread":
            self.spread(line, field, inside)

    def part(self, line: Line, name: str, struct: type | None, inside: Path) -> None:
        if self.part_named(line, name, inside):
            part = self.sheet.parts[name]
            self.level(part.lines, struct, part.place, (*inside, name))
            self.needs(part)

    def needs(self, part: Part) -> None:
        required = {str(path) for line in part.lines if "out" in line.required for path in line.ours}
        for name in part.needs if part.name not in self.weighed else ():
            if name not in required:
                what = f'every item needs "{name}", but no line with required = "out" writes it'
                self.say(part.place, what)
        self.weighed.add(part.name)

    def part_named(self, line: Line, name: str, inside: Path) -> bool:
        self.parts.add(name)
        if name not in self.sheet.parts:
            self.unknown(line.place, "part", name, self.sheet.parts)
        elif name in inside:
            self.say(line.place, f'the part "{name}" contains itself')
        else:
            return True
        return False

    def spread(self, line: Line, field: Field, inside: Path) -> None:
        if not line.part:
            self.say(line.place, 'a "spread" line needs part = "NAME": the columns without their prefix')
            return
        self.part(line, line.part, field.struct, inside)
        kind = fields_of(field.struct).get("kind") if field.struct else None
        if field.struct and kind is None:
            self.say(line.place, f'{field.struct.__name__} has no field "kind" for the prefix')
        if kind and kind.kind == "words":
            for word in [word for _, word in groups_of(line.argument) if word not in kind.words]:
                near = did_you_mean(word, map(str, kind.words))
                hint = f'Did you mean "{near}"?' if near else f"Known: {', '.join(map(str, kind.words))}"
                self.say(line.place, f'"{word}" is no word of "kind": write PREFIX=WORD', hint)

    def codes(self, line: Line, field: Field) -> None:
        self.lists.add(line.argument)
        listed = self.sheet.codes.get(line.argument)
        if listed is None:
            self.unknown(line.place, "code list", line.argument, self.sheet.codes)
            return
        for row in listed.rows:
            self.value(row, field, row.ours, "ours")
        if field.kind == "words" and listed.unmapped_in == "pass":
            what = f'"{line.ours[0]}" is a closed list: an unmapped code cannot pass into it'
            self.say(listed.place, what, 'Write unmapped = { in = "park", … }')

    def value(self, at: Line | CodeRow, field: Field, value: Any, key: str) -> None:
        wanted = {"text": str, "int": int, "bool": bool}.get(field.kind)
        if field.kind == "words" and value not in field.words:
            near = did_you_mean(str(value), map(str, field.words))
            hint = f'Did you mean "{near}"?' if near else f"Known: {', '.join(map(str, field.words))}"
            self.say(at.place, f"{key} = {as_written(value)} is no word of the field", hint)
        elif wanted is not None and type(value) is not wanted:
            self.say(at.place, f"{key} = {as_written(value)} does not fit the field, which is {field.kind}")
        elif wanted is None and field.kind != "words":
            self.say(at.place, f"a field that is {field.kind} takes no {key}")

    def condition(self, line: Line, path: OurPath, values: tuple[Any, ...], struct: type | None) -> None:
        field = self.field(line, path, struct)
        for value in values if field else ():
            if field:
                self.value(line, field, value, f"when {path}")

    def conditions(self, lines: Sequence[Line]) -> None:
        beside = {path for line in lines for path in line.ours}
        for line in lines:
            for path, _ in line.when:
                if path not in beside or path.top:
                    what = f'"when" asks for "{path}", which no line beside it has'
                    self.say(line.place, what)

    def ways(self, line: Line) -> None:
        if line.rule == "lookup" and line.reads:
            self.say(line.place, "a look-up carries nothing back", 'Write way = "out"')
        if line.rule == "python":
            self.function(line)

    def function(self, line: Line) -> None:
        named = self.sheet.functions.get(line.argument)
        if named is None:
            self.unknown(
                line.place, "python rule beside this sheet named", line.argument, self.sheet.functions
            )
        elif (line.reads and named.read is None) or (line.writes and named.write is None):
            only = "in" if named.write is None else "out"
            self.say(line.place, f'the function "{line.argument}" goes one way', f'Write way = "{only}"')

    def list_step(self, line: Line) -> None:
        if any(step.isdigit() for step in line.their) and self.sheet.carrier == "xml":
            self.say(line.place, "a step that counts into a list is for JSON only")
        elif any(step.isdigit() and step != "0" for step in line.their):
            self.say(line.place, "only the first item of a list has a path, such as A/0/B")

    def row_itself(self, line: Line) -> None:
        whole = line.rule in ("spread", "part") or (line.rule == "each" and line.argument != "text")
        if not line.their and line.writes and not whole:
            what = f'the rule "{line.rule}" cannot write the row itself (".")'
            self.say(line.place, what, 'Write way = "in", or name a field of theirs')

    def collisions(self, lines: Sequence[Line]) -> None:
        written = [(path, line) for line in lines if line.writes for path in self.places(line)]
        self.twice(written, "two lines write the same place of theirs")
        read = [
            (path.steps, line)
            for line in lines
            if line.reads and line.rule != "always"
            for path in line.ours
            if not path.top
        ]
        self.twice(read, "two lines read into the same field of ours")

    def places(self, line: Line, inside: Path = ()) -> Iterator[Path]:
        """Where a line writes; groups of columns and parts made of the row itself write many places."""
        name = line.part if line.rule == "spread" else line.argument
        many = line.rule == "spread" or (line.rule in ("each", "part") and not line.their)
        if not many:
            yield line.their
            return
        if name not in self.sheet.parts or name in inside:
            return
        inner = [each for each in inlined(self.sheet, self.sheet.parts[name].lines) if each.writes]
        first = dict.fromkeys(path[:1] for each in inner for path in self.places(each, (*inside, name)))
        groups = groups_of(line.argument) if line.rule == "spread" else [("", "")]
        for prefix, _ in groups:
            for (column,) in first:
                yield (*line.their, f"{prefix}_{column}" if prefix else column)

    def twice(self, paths: list[tuple[Path, Line]], what: str) -> None:
        taken: dict[Path, Line] = {}
        for path, line in sorted(paths, key=lambda pair: (len(pair[0]), pair[1].place)):
            before = next((taken[path[:n]] for n in range(1, len(path) + 1) if path[:n] in taken), None)
            if before is not None:
                name = str(line) if "theirs" in what else ".".join(path)
                self.say(line.place, f'{what}: "{name}"', f"The other is in line {before.place.line}")
            taken[path] = line

    def complete(self, lines: Sequence[Line], struct: type | None, place: Place) -> None:
        read = covered(lines)
        if not read or struct is None:
            return
        for parent in sorted({path[:n] for path in read for n in range(len(path))}):
            owner = resolve(struct, parent).struct
            for field in fields_of(owner).values() if owner else ():
                path = (*parent, field.name)
                if owner and field.required and not _below(read, path):
                    name = ".".join(path)
                    self.say(place, f'no line reads "{name}", which every {owner.__name__} has')

    def names(self) -> None:
        for name in self.sheet.parts.keys() - self.parts:
            self.say(self.sheet.parts[name].place, f'no line names the part "{name}"')
        for name in self.sheet.codes.keys() - self.lists:
            self.say(self.sheet.codes[name].place, f'no line names the code list "{name}"')
        for name in self.sheet.checks:
            if name not in self.sheet.check_functions:
                self.unknown(
                    self.sheet.place, "check beside this sheet named", name, self.sheet.check_functions
                )

    def one_to_one(self, codes: CodeList) -> None:
        if len({type(row.their) for row in codes.rows}) > 1:
            self.say(codes.place, f'the codes of "{codes.name}" are texts and numbers mixed')
        if not codes.rows:
            self.say(codes.place, f'the code list "{codes.name}" has no line')
        for day in _days(codes.rows):
            rows = in_force(codes.rows, day)
            self.preferred(rows, "ours")
            self.preferred(rows, "their")

    def preferred(self, rows: tuple[CodeRow, ...], key: str) -> None:
        groups: dict[Any, list[CodeRow]] = {}
        for row in rows:
            groups.setdefault(getattr(row, key), []).append(row)
        for value, same in groups.items():
            if len(same) > 1 and sum(row.prefer for row in same) != 1:
                what = f"{len(same)} lines have {key} = {as_written(value)}"
                self.say(same[1].place, what, "Say prefer = true in one of them")


def _below(read: dict[Path, Line], path: Path) -> bool:
    return any(each[: len(path)] == path for each in read)


def _full(path: OurPath, error: NoSuchFieldError) -> list[str]:
    before = path.steps[: path.steps.index(error.step)]
    return [".".join((*before, name)) for name in error.known]


def _days(rows: tuple[CodeRow, ...]) -> list[date | None]:
    starts = boundaries(rows)
    return [None, *([starts[0] - timedelta(days=1), *starts] if starts else [])]
