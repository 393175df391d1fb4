"""JSON Schema of the peer's shape, generated from a sheet: messages are validated with it at both edges.

`in` is what we take (lenient about absence, order and a single object in place of a list, as the engine is),
`out` what we send (strict: exactly what the lines write). Lengths are checked on the way out alone: what
comes in is measured after Unicode normalisation, by the engine.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from mappings.rules import RULES, Setting, groups_of
from mappings.sheet_check import inlined
from mappings.sheet_values import Line, Path, Sheet

Schema = dict[str, Any]
_NULL: Schema = {"type": "null"}
_BLANK: Schema = {"type": "string", "pattern": r"^\s*$"}
_EMPTY: Schema = {"type": ["object", "array"], "maxProperties": 0, "maxItems": 0}


def schema(sheet: Sheet, way: Literal["in", "out"]) -> Schema:
    """Return the JSON Schema (2020-12) of a message; raises `ValueError` for an XML sheet."""
    if sheet.carrier != "json":
        raise ValueError(f"{sheet.name} is XML: its schema is an XSD")
    made = _Maker(sheet, way).object(sheet.lines)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": sheet.title, **made}


class _Maker:
    def __init__(self, sheet: Sheet, way: Literal["in", "out"]) -> None:
        self.sheet, self.way = sheet, way

    def object(self, lines: Sequence[Line]) -> Schema:
        """Describe one object: every line at its path."""
        closed = self.sheet.extras == "refuse" or (self.way == "out" and self.sheet.extras != "keep")
        root = _object(closed=closed)
        for line in inlined(self.sheet, lines):
            if self.applies(line):
                self.line(root, line, closed=closed)
        return root

    def applies(self, line: Line) -> bool:
        """Whether the line goes this way; what goes out only may come back, and then means nothing."""
        return bool(line.their) and (line.writes if self.way == "out" else line.reads)

    def line(self, root: Schema, line: Line, *, closed: bool) -> None:
        """Put the description of a line at its path, and of a field beside it that tells its kind."""
        if line.rule == "spread":
            self.spread(root, line, closed=closed)
            return
        self.place(root, line.their, self.value(line), must=self.must(line), closed=closed)
        if RULES[line.rule].shape == "pair":
            beside = (*line.their[:-1], line.argument.rsplit(" ", 1)[1])
            self.place(root, beside, self.absent(line, {"enum": ["0", "1", "2"]}), must=False, closed=closed)

    def must(self, line: Line) -> bool:
        """Whether the field is always there."""
        if self.way == "in":
            return "in" in line.required and not line.has_default
        always = "out" in line.required or line.has_default or line.rule == "always"
        return line.empty != "omit" or (always and not line.when)

    def place(self, root: Schema, path: Path, described: Schema, *, must: bool, closed: bool) -> None:
        """Describe the objects (and the list of one) on the way, then the field."""
        node = root
        for step, following in zip(path, (*path[1:], ""), strict=True):
            if must and not step.isdigit() and step not in node["required"]:
                node["required"].append(step)
            if following == "":
                node["properties"].setdefault(step, described)
            elif following.isdigit():
                listed = node["properties"].setdefault(
                    step, {"type": "array", "items": _object(closed=closed)}
                )
                node = listed["items"]
            elif not step.isdigit():
                node = node["properties"].setdefault(step, _object(closed=closed))

    def value(self, line: Line) -> Schema:
        """Describe a field with all ways in which it may say nothing."""
        described = self.present(line)
        if line.max is not None and self.way == "out" and described.get("type") == "string":
            described = {**described, "maxLength": line.max}
        return described if self.never_absent(line) else self.absent(line, described)

    def never_absent(self, line: Line) -> bool:
        if self.way == "in":
            return "in" in line.required and not line.has_default
        return not line.when and ("out" in line.required or line.has_default or line.rule == "always")

    def absent(self, line: Line, described: Schema) -> Schema:
        """Add how absence looks."""
        if self.way == "in":
            return {"anyOf": [described, _NULL, _BLANK, _EMPTY]}
        structured = line.rule in ("each", "part")
        ways: Mapping[str, Schema] = {"null": _NULL, "blank": _EMPTY if structured else {"const": ""}}
        return {"anyOf": [described, ways[line.empty]]} if line.empty in ways else described

    def present(self, line: Line) -> Schema:
        """Describe a present value by its rule."""
        if line.rule == "lookup":
            return {"type": "string", "minLength": 1}
        if line.rule == "always":
            return {"const": line.argument} if self.way == "out" else {}
        if line.rule in ("each", "part"):
            return self.structure(line)
        setting = Setting(self.sheet.carrier, self.sheet.codes, {}, self.sheet.functions, len(line.ours))
        bound = RULES[line.rule].bind(line.argument, setting)
        described = dict(bound.schema)
        if described.get("type") == "string" and "pattern" not in described:
            described["pattern"] = r"\S"
        return described

    def structure(self, line: Line) -> Schema:
        if line.argument == "text" and line.rule == "each":
            item: Schema = {"type": "string"}
        else:
            item = self.object(self.sheet.parts[line.argument].lines)
        if line.rule == "part":
            return item
        if self.way == "out":
            return {"type": "array", "items": item}
        return {"anyOf": [{"type": "array", "items": {"anyOf": [item, _NULL, _BLANK, _EMPTY]}}, item]}

    def spread(self, root: Schema, line: Line, *, closed: bool) -> None:
        """Describe the columns of every prefix."""
        for prefix, _ in groups_of(line.argument):
            for inner in self.sheet.parts[line.part].lines:
                path = (*line.their, f"{prefix}_{'/'.join(inner.their)}")
                self.place(
                    root, path, {"anyOf": [self.present(inner), _NULL, _BLANK]}, must=False, closed=closed
                )


def _object(*, closed: bool) -> Schema:
    return {"type": "object", "properties": {}, "required": [], "additionalProperties": not closed}
