"""What a path means in a canonical struct: its kind, whether it may be absent, what a list holds."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import msgspec
from msgspec import NODEFAULT
from msgspec import inspect as look

from mappings.sheet_values import Path

Kind = Literal[
    "text", "words", "int", "bool", "decimal", "time", "day", "struct", "structs", "texts", "map", "any"
]


@dataclass(frozen=True, slots=True)
class Field:
    """One field: `struct` is it or what its list holds, `words` a closed list, `optional`: may be None."""

    name: str
    kind: Kind
    struct: type | None = None
    words: tuple[Any, ...] = ()
    optional: bool = True
    required: bool = False
    default: Any = None


ITEM = Field(".", "text", optional=False, required=True)
"""The item of a list of plain text."""


@cache
def fields_of(struct: type) -> dict[str, Field]:
    """Return the fields of a msgspec struct by name."""
    info = look.type_info(struct)
    if not isinstance(info, look.StructType):
        raise TypeError(f"{struct} is no msgspec struct")
    return {field.name: _field(field) for field in info.fields}


def _field(field: look.Field) -> Field:
    members = field.type.types if isinstance(field.type, look.UnionType) else (field.type,)
    kept = [each for each in members if not isinstance(each, look.NoneType)]
    kind, struct, words = _kind(kept[0])
    default = field.default if field.default is not NODEFAULT else None
    if field.default_factory is not NODEFAULT:
        default = field.default_factory()
    optional = len(kept) < len(members)
    return Field(field.name, kind, struct, words, optional, field.required, default)


_PLAIN: tuple[tuple[type[look.Type], Kind], ...] = (
    (look.StrType, "text"),
    (look.BoolType, "bool"),
    (look.IntType, "int"),
    (look.DecimalType, "decimal"),
    (look.DateTimeType, "time"),
    (look.DateType, "day"),
)


def _kind(found: look.Type) -> tuple[Kind, type | None, tuple[Any, ...]]:
    for each, kind in _PLAIN:
        if isinstance(found, each):
            return kind, None, ()
    if isinstance(found, look.LiteralType):
        return "words", None, tuple(found.values)
    if isinstance(found, look.StructType):
        return "struct", found.cls, ()
    if isinstance(found, look.VarTupleType | look.ListType):
        item = found.item_type
        return ("structs", item.cls, ()) if isinstance(item, look.StructType) else ("texts", None, ())
    if isinstance(found, look.DictType) and isinstance(found.value_type, look.StrType):
        return "map", None, ()
    return "any", None, ()


class NoSuchFieldError(Exception):
    """A path that leads nowhere: `step` is the wrong step, `known` what stands there."""

    def __init__(self, step: str, known: Iterable[str]) -> None:
        self.step, self.known = step, tuple(known)
        super().__init__(step)


def resolve(struct: type | None, steps: Path) -> Field:
    """Return the field at a path below a struct (None: an item of plain text); raises `NoSuchFieldError`."""
    if not steps:
        return ITEM if struct is None else Field(".", "struct", struct)
    if struct is None:
        raise NoSuchFieldError(steps[0], ["."])
    known = fields_of(struct)
    if steps[0] not in known:
        raise NoSuchFieldError(steps[0], (name for name in known if name != "extras"))
    found = known[steps[0]]
    if len(steps) == 1:
        return found
    if found.kind == "map" and len(steps) == 2:
        return Field(steps[1], "text")
    if found.kind != "struct":
        raise NoSuchFieldError(steps[1], ())
    return resolve(found.struct, steps[1:])


def holds_extras(struct: type | None) -> bool:
    """Whether a struct has a place for what no line names."""
    return struct is not None and issubclass(struct, msgspec.Struct) and "extras" in fields_of(struct)
