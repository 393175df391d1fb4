"""Settings for a reader: the table of a declaration, and values as they would be written, without secrets."""

import typing
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal, cast

import msgspec

from bus.setting_section import Section, bare, declared, is_section
from bus.setting_types import BrokerUrl, LedgerUrl, ScannerUrl, Secret


@dataclass(frozen=True, slots=True)
class Row:
    """One setting for a reader: the texts of a line in a settings table."""

    key: str
    type: str
    default: str
    unit: str
    meaning: str
    meaning_vi: str
    secret: bool


def table(kind: type[Section], prefix: str = "") -> tuple[Row, ...]:
    """List the settings of a section; nested tables with dotted keys; the default is "SET" where none is."""
    return tuple(
        row for each in msgspec.structs.fields(kind) for row in _rows(each, prefix, msgspec.NODEFAULT)
    )


def _rows(each: msgspec.structs.FieldInfo, prefix: str, given: object) -> Iterable[Row]:
    kind, said = declared(each.type)
    default = _default(each) if given is msgspec.NODEFAULT else given
    inner = bare(kind)
    if is_section(inner):
        for below in msgspec.structs.fields(inner):
            known = getattr(default, below.name, msgspec.NODEFAULT)
            yield from _rows(below, f"{prefix}{each.encode_name}.", known)
        return
    text = "SET" if default is msgspec.NODEFAULT else toml_of(default)
    unit = said.unit or getattr(inner, "unit", "")
    secret = Secret in (inner, *typing.get_args(inner))
    yield Row(prefix + each.encode_name, _type_name(kind), text, unit, said.meaning, said.vi, secret)


def _default(each: msgspec.structs.FieldInfo) -> Any:
    factory = each.default_factory
    return each.default if factory is msgspec.NODEFAULT else cast("Callable[[], Any]", factory)()


def shown(section: Section) -> dict[str, Any]:
    """Give the values as they would be written, secrets as where they are from: safe to print as JSON."""
    return {key: _shown(value) for key, value in msgspec.structs.asdict(section).items()}


def _shown(value: Any) -> Any:
    if isinstance(value, Section):
        return shown(value)
    if isinstance(value, tuple):
        return [_shown(item) for item in value]
    if isinstance(value, dict):
        return {key: _shown(item) for key, item in value.items()}
    if isinstance(value, (str, Path, date)):
        return str(value)
    return getattr(value, "written", value)


def toml_of(value: Any) -> str:
    """Write a value as a settings file would; "none" where there is none."""
    plain = _shown(value)
    if plain is None:
        return "none"
    if isinstance(plain, dict):
        inner = ", ".join(f"{key} = {toml_of(item)}" for key, item in plain.items())
        return f"{{ {inner} }}" if inner else "{}"
    if isinstance(plain, list):
        return f"[{', '.join(toml_of(item) for item in plain)}]"
    return msgspec.json.encode(plain).decode()


_NAMES = {
    str: "text",
    bool: "true/false",
    int: "whole number",
    float: "number",
    LedgerUrl: "address",
    BrokerUrl: "address",
    ScannerUrl: "address",
}


def _type_name(kind: Any) -> str:
    inner, of = bare(kind), typing.get_args(bare(kind))
    origin = typing.get_origin(inner)
    if origin is Literal:
        return " | ".join(str(word) for word in of)
    if origin is tuple:
        return f"list of {_type_name(of[0])}"
    if origin is dict:
        return f"table of {_type_name(of[1])}"
    return str(_NAMES.get(inner, inner.__name__.lower()))
