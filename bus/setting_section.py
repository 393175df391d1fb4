"""What a declared section of settings is made of: `says` for each key, `Section`, and reading both back."""

import types
import typing
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal

import msgspec


@dataclass(frozen=True, slots=True)
class Says:
    """What a declaration says beside type and default."""

    meaning: str
    vi: str = ""
    unit: str = ""
    least: float | None = None
    most: float | None = None
    must_exist: bool = False


def says(
    meaning: str,
    *,
    vi: str = "",
    unit: str = "",
    least: float | None = None,
    most: float | None = None,
    must_exist: bool = False,
) -> Any:
    """Say what a setting means (English; Vietnamese where it helps), its unit and its bounds (inclusive).

    `must_exist` is for a Path that has to be there when the settings are read.
    """
    return Says(meaning, vi, unit, least, most, must_exist)


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong between several keys of a section; `key` is where to point (dotted for further in)."""

    key: str
    what: str
    hint: str = ""


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """A table of settings, declared as in this module's example."""

    def faults(self) -> Iterable[Fault]:
        """Tell what is wrong between keys that are each right; asked once all keys were read."""
        return ()


FORMS: Mapping[Any, str] = {
    str: 'a text "…"',
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    Path: '"PATH"',
    date: '"2026-09-02"',
}


def declared(kind: Any) -> tuple[Any, Says]:
    """Split `Annotated[T, says(…)]` into T and what is said."""
    said = [each for each in getattr(kind, "__metadata__", ()) if isinstance(each, Says)]
    inner = typing.get_args(kind)[0] if typing.get_origin(kind) is typing.Annotated else kind
    return inner, said[0] if said else Says("")


def bare(kind: Any) -> Any:
    """Take the "or None" off a type."""
    if typing.get_origin(kind) in (typing.Union, types.UnionType):
        return next(each for each in typing.get_args(kind) if each is not types.NoneType)
    return kind


def is_section(kind: Any) -> bool:
    """Tell whether a type (or it "or None") is a nested table."""
    inner = bare(kind)
    return isinstance(inner, type) and issubclass(inner, Section)


def form(kind: Any) -> str:
    """Show how a value of a type is written."""
    inner, of = bare(kind), typing.get_args(bare(kind))
    origin = typing.get_origin(inner)
    if origin is Literal:
        return quoted(of)
    if origin is tuple:
        return f"[{form(of[0])}]"
    if origin is dict or is_section(inner):
        return "{ … }"
    return str(getattr(inner, "form", FORMS.get(inner, "…")))


def quoted(words: Iterable[object]) -> str:
    """Join words for a sentence, each in quotes."""
    return ", ".join(f'"{word}"' for word in words)
