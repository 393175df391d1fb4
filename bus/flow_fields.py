"""Conditions of routes, checked against the canonical structs: is the field there, can it have the value."""

from collections.abc import Mapping, Sequence
from types import NoneType, UnionType
from typing import Any, Literal, Union, cast, get_args, get_origin

import msgspec

from bus.flow_values import DERIVED, Condition, Path, Value
from mappings.derived import NEEDS
from mappings.message import Agency
from mappings.source import Of, did_you_mean


class Mistake(Exception):  # noqa: N818  it never leaves the reader, which makes a Problem of it
    """What is wrong with a condition: with its field (`of` = key) or its value."""

    def __init__(self, what: str, hint: str = "", *, of: Of = "value") -> None:
        super().__init__(what)
        self.what, self.hint, self.of = what, hint, of


def read_condition(name: str, value: Any, structs: Sequence[type], derived: Mapping[str, type]) -> Condition:
    """A condition on the field `name` ("a" or "a.b") of every struct, or on a `derived` field.

    Raises `Mistake` where a struct has no such field of single values, or the field never has the value.
    """
    values = tuple(value) if isinstance(value, list) else (value,)
    if not values:
        raise Mistake(f"{name} can equal none of no values", "Name a value, or leave this out")
    path = tuple(name.split("."))
    if isinstance(value, dict):
        hint = f'Write the whole way in quotes: "{name}.{next(iter(value), "field")}" = …'
        raise Mistake(f"{name} is a table", hint, of="key")
    wanted = [derived[name]] if name in derived else [_field(struct, path, derived) for struct in structs]
    for kind in wanted:
        for each in values:
            _check(name, each, kind)
    return Condition(path, values)


def check_derivable(condition: Condition, values: Mapping[str, frozenset[Value]]) -> None:
    """Raise `Mistake` where a derived field never has a value here; `values` are those it may have."""
    name = condition.path[0]
    if name not in DERIVED:
        return
    if name not in values:
        table, columns = NEEDS[name]
        hint = f"Put {table}.csv with the columns {', '.join(sorted(columns))} into the folder of [tables]"
        raise Mistake(f"{name} never holds here: no table tells it", hint, of="key")
    for value in condition.values:
        if value not in values[name]:
            known = sorted(map(str, values[name]))
            near = did_you_mean(str(value), known)
            hint = f'Did you mean "{near}"?' if near else f"{NEEDS[name][0]}.csv has {', '.join(known)}"
            raise Mistake(f"{name} is never {_shown(value)}", hint)


def _field(struct: type, path: Sequence[str], derived: Mapping[str, type]) -> Any:
    """The type of a field's values, without None and without its tuple."""
    found: Any = struct
    for depth, name in enumerate(path):
        fields = {each.name: each.type for each in msgspec.structs.fields(found)} if _is_part(found) else {}
        if name not in fields:
            where = ".".join(path[:depth]) or struct.__name__
            near = did_you_mean(name, [*fields, *(derived if not depth else ())])
            hint = f'Did you mean "{".".join((*path[:depth], near))}"?' if near else ""
            if name in DERIVED:
                hint = "It is derived of the dossier: write it in the flow's when"
            raise Mistake(f'{where} has no field "{name}"', hint, of="key")
        found = _single(fields[name])
    return found


def value_type(struct: type, path: Path) -> Any:
    """The type of the values at a path, through lists of structs.

    Raises `Mistake` where there is no such field, or where it holds structs.
    """
    found: Any = struct
    for depth, name in enumerate(path):
        fields = {each.name: each.type for each in msgspec.structs.fields(found)} if _is_part(found) else {}
        if name not in fields:
            where = ".".join(path[:depth]) or struct.__name__
            near = did_you_mean(name, list(fields))
            hint = f'Did you mean "{".".join((*path[:depth], near))}"?' if near else ""
            raise Mistake(f'{where} has no field "{name}"', hint)
        found = _item(fields[name])
    if _is_part(found):
        hint = f'Name one of its fields, like "{".".join((*path, _first_text(found)))}"'
        raise Mistake(f"{'.'.join(path)} is no single value", hint)
    return found


def expect_type(struct: type, path: Path, kinds: tuple[type, ...], named: str) -> None:
    """Raise `Mistake` where a struct has no field at a path, or one whose values are not of these kinds."""
    if value_type(struct, path) not in kinds:
        raise Mistake(f"{'.'.join(path)} is no {named}", "Name another field")


def walks_list(struct: type, path: Path) -> bool:
    """Whether a path that there is goes through a list: then a message tells all its values at once."""
    found: Any = struct
    for name in path:
        kind = next(each.type for each in msgspec.structs.fields(found) if each.name == name)
        if get_origin(_without_none(kind)) is tuple:
            return True
        found = _item(kind)
    return False


def holder_of(struct: type, path: Path) -> type:
    """The struct that the last field of a path that there is stands in."""
    found: Any = struct
    for name in path[:-1]:
        found = _item(next(each.type for each in msgspec.structs.fields(found) if each.name == name))
    return cast("type", found)


def agency_fields(struct: type) -> list[str]:
    """The fields of a struct that name an agency."""
    return [each.name for each in msgspec.structs.fields(struct) if _without_none(each.type) is Agency]


def _item(annotation: Any) -> Any:
    kind = _without_none(annotation)
    return _without_none(get_args(kind)[0]) if get_origin(kind) is tuple else kind


def _first_text(struct: type) -> str:
    return next((each.name for each in msgspec.structs.fields(struct) if _item(each.type) is str), "field")


def _without_none(annotation: Any) -> Any:
    if get_origin(annotation) in (Union, UnionType):
        return next(option for option in get_args(annotation) if option is not NoneType)
    return annotation


def _is_part(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def _single(annotation: Any) -> Any:
    annotation = _without_none(annotation)
    if get_origin(annotation) is tuple:
        item = get_args(annotation)[0]
        return tuple if _is_part(item) else item
    return annotation


def _check(name: str, value: Any, kind: Any) -> None:
    words: tuple[Value, ...] = get_args(kind) if get_origin(kind) is Literal else ()
    if words and value not in words:
        near = did_you_mean(str(value), [str(word) for word in words])
        hint = f'Did you mean "{near}"?' if near else f"Its words are {', '.join(map(str, words))}"
        raise Mistake(f"{name} is never {_shown(value)}", hint)
    if words:
        return
    if kind not in _KINDS:
        fields = msgspec.structs.fields(kind) if _is_part(kind) else ()
        single = [each.name for each in fields if _single(each.type) in _KINDS]
        hint = f'Name one of its fields, like "{name}.{single[0]}"' if single else "Name another field"
        raise Mistake(f"{name} is no single value and equals nothing", hint, of="key")
    if type(value) is not kind:
        raise Mistake(f"{name} must be {_KINDS[kind]}, not {_shown(value)}")


_KINDS: dict[Any, str] = {str: "a text", int: "a whole number", bool: "true or false"}


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f'"{value}"' if isinstance(value, str) else str(value)
