"""Settings declared once: one line says name, type, default, meaning and bounds, and everything reads it.

    class Search(Section, frozen=True, kw_only=True):
        url: Annotated[Url, says("where its API answers")]
        every: Annotated[Seconds, says("how often it is asked", least=1)] = Seconds("20 seconds")
        key: Annotated[Secret, says("what it knows us by")]

A key without a default must be SET. Types: str, bool, int, float, date, Literal words, Path,
tuple[T, ...], dict[str, T], another Section, T | None (an absent or empty one is None) and the
classes of `setting_types`.
`read_section` checks a file by the declaration, `table` prints it, `shown` gives values without secrets.
"""

import re
import types
import typing
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Literal, TypeVar, cast

import msgspec

from bus.errors import ConfigurationError
from bus.setting_section import FORMS, Fault, Says, Section, declared, form, is_section, quoted, says
from bus.setting_table import Row, shown, table
from bus.setting_types import (
    Address,
    BrokerUrl,
    Hours,
    LedgerUrl,
    Network,
    Rate,
    ScannerUrl,
    Seconds,
    Secret,
    Size,
    Url,
    composed,
    with_password,
)
from mappings.source import Keys, Of, Problem, Source, did_you_mean

__all__ = [
    "Address",
    "BrokerUrl",
    "Fault",
    "Hours",
    "LedgerUrl",
    "Network",
    "Rate",
    "Reading",
    "Row",
    "Says",
    "ScannerUrl",
    "Seconds",
    "Secret",
    "Section",
    "Size",
    "Url",
    "Variant",
    "read_section",
    "says",
    "shown",
    "table",
    "with_password",
]


S = TypeVar("S", bound=Section)


class _Wrong(Exception):  # noqa: N818 - never leaves this module
    """A value cannot be used; its problem is already noted."""


_Variant = tuple[type[Section], Mapping[str, Any]] | None
Variant = Callable[["Reading", type[Section], Mapping[str, Any], Keys], _Variant]
"""Which section a table really has, and defaults before its own; None where that was noted as wrong."""


def _as_declared(_reading: "Reading", kind: type[Section], _raw: Mapping[str, Any], _path: Keys) -> _Variant:
    return kind, {}


@dataclass(frozen=True, slots=True)
class Reading:
    """A file being read: where relative paths start, where "${NAME}" is looked up, what was found wrong."""

    source: Source
    folder: Path
    env: Mapping[str, str]
    variant: Variant = _as_declared
    problems: list[Problem] = field(default_factory=list)

    def note(self, path: Keys, what: str, hint: str = "", *, of: Of = "value") -> None:
        """Note a mistake at `path`."""
        self.problems.append(self.source.problem(path, what, hint, of=of))

    def _wrong(self, path: Keys, expected: str) -> _Wrong:
        self.note(path, f"{_name(path)} must be {expected}")
        return _Wrong()

    def finish(self) -> None:
        """Raise `ConfigurationError` with everything noted, in the order of the file."""
        if self.problems:
            raise ConfigurationError(sorted(set(self.problems)))

    def section(
        self, kind: type[S], raw: object, path: Keys, defaults: Mapping[str, Any] | None = None
    ) -> S | None:
        """Read one table; `defaults` go before the declared ones. None where problems were noted."""
        try:
            return self._section(kind, raw, path, defaults or {})
        except _Wrong:
            return None

    def _section(self, kind: type[S], raw: object, path: Keys, defaults: Mapping[str, Any]) -> S:
        if not isinstance(raw, dict):
            raise self._wrong(path, "a table of settings")
        chosen = self.variant(self, kind, raw, path)
        if chosen is None:
            raise _Wrong
        kind, defaults = cast("type[S]", chosen[0]), {**defaults, **chosen[1]}
        fields = {each.encode_name: each for each in msgspec.structs.fields(kind)}
        already = len(self.problems)
        self._unknown(raw, path, fields)
        values = {
            each.name: value
            for each in fields.values()
            if (value := self._field(each, raw, path, defaults)) is not msgspec.UNSET
        }
        if len(self.problems) > already:
            raise _Wrong
        made = kind(**values)
        for fault in made.faults():
            self.note((*path, *_steps(raw, fault.key)), fault.what, fault.hint)
        if len(self.problems) > already:
            raise _Wrong
        return made

    def _unknown(self, raw: Mapping[str, object], path: Keys, fields: Iterable[str]) -> None:
        for key in raw.keys() - set(fields):
            near = did_you_mean(key, set(fields) - raw.keys()) or did_you_mean(key, fields)
            known = f"Known here: {', '.join(fields)}"
            hint = f'Did you mean "{near}"?' if near else known
            self.note((*path, key), f'there is no setting "{key}"{_within(path)}', hint, of="key")

    def _field(
        self, each: msgspec.structs.FieldInfo, raw: Mapping[str, Any], path: Keys, defaults: Mapping[str, Any]
    ) -> Any:
        key, (kind, said) = each.encode_name, declared(each.type)
        default = defaults.get(each.name, each.default)
        if key not in raw:
            if each.required and each.name not in defaults:
                hint = f"Set {key} = {form(kind)}: {said.meaning}"
                self.note(path, f'"{key}" is missing{_within(path)}', hint)
            if isinstance(default, Path):
                return self.folder / default
            return msgspec.UNSET if default is msgspec.NODEFAULT else default
        try:
            return self._value(kind, raw[key], (*path, key), said, default)
        except _Wrong:
            return msgspec.UNSET

    def _value(self, kind: Any, raw: object, path: Keys, said: Says, default: object = None) -> Any:
        origin, of = typing.get_origin(kind), typing.get_args(kind)
        if origin in (typing.Union, types.UnionType):
            inner = next(each for each in of if each is not types.NoneType)
            return None if raw == "" else self._value(inner, raw, path, said, default)
        if origin is Literal:
            return self._word(of, raw, path)
        if origin is tuple:
            return self._list(of[0], raw, path, said)
        if origin is dict:
            return self._dict(of[1], raw, path, said)
        if is_section(kind):
            known = msgspec.structs.asdict(default) if isinstance(default, Section) else {}
            return self._section(kind, raw, path, known)
        return self._bounded(self._scalar(kind, raw, path, said), path, said)

    def _word(self, words: tuple[str, ...], raw: object, path: Keys) -> str:
        if isinstance(raw, str) and raw in words:
            return raw
        near = did_you_mean(raw, words) if isinstance(raw, str) else None
        hint = f'Did you mean "{near}"?' if near else ""
        self.note(path, f"{_name(path)} must be one of {quoted(words)}", hint)
        raise _Wrong

    def _list(self, kind: Any, raw: object, path: Keys, said: Says) -> tuple[Any, ...]:
        if not isinstance(raw, list):
            raise self._wrong(path, f"a list [{form(kind)}, …]")
        return tuple(self._each(kind, enumerate(raw), path, said).values())

    def _dict(self, kind: Any, raw: object, path: Keys, said: Says) -> dict[str, Any]:
        if not isinstance(raw, dict):
            raise self._wrong(path, f"a table {{ name = {form(kind)} }}")
        found = self._each(kind, raw.items(), path, said)
        return {composed(str(key)): value for key, value in found.items()}

    def _each(
        self, kind: Any, items: Iterable[tuple[int | str, object]], path: Keys, said: Says
    ) -> dict[int | str, Any]:
        """Read all items before giving up, so that every wrong one is told."""
        values: dict[int | str, Any] = {}
        wrong = False
        for key, item in items:
            try:
                values[key] = self._value(kind, item, (*path, key), said)
            except _Wrong:
                wrong = True
        if wrong:
            raise _Wrong
        return values

    def _scalar(self, kind: Any, raw: object, path: Keys, said: Says) -> Any:
        if kind is Secret:
            return self._secret(raw, path)
        if kind is date:
            return self._date(raw, path)
        if hasattr(kind, "form"):
            return self._written(kind, raw, path)
        if kind is Path:
            return self._path(raw, path, said)
        if kind is float and type(raw) is int:
            return float(raw)
        if type(raw) is not kind:
            raise self._wrong(path, FORMS[kind])
        return composed(raw) if isinstance(raw, str) else raw

    def _written(self, kind: Any, raw: object, path: Keys) -> Any:
        if not isinstance(raw, str):
            raise self._wrong(path, f"a text like {kind.form}")
        try:
            return kind(composed(raw))
        except ValueError as error:
            raise self._wrong(path, str(error)) from None

    def _date(self, raw: object, path: Keys) -> date:
        try:
            return raw if type(raw) is date else date.fromisoformat(str(raw))
        except ValueError:
            raise self._wrong(path, f"a day like {FORMS[date]}") from None

    def _bounded(self, value: Any, path: Keys, said: Says) -> Any:
        if said.least is not None and value < said.least:
            raise self._wrong(path, f"at least {_bound(value, said.least)}")
        if said.most is not None and value > said.most:
            raise self._wrong(path, f"at most {_bound(value, said.most)}")
        return value

    def _path(self, raw: object, path: Keys, said: Says) -> Path:
        if not isinstance(raw, str) or not raw:
            raise self._wrong(path, 'the path of a file or folder, like "/var/lib/name"')
        place = self.folder / raw.removeprefix("file:")
        if said.must_exist and not place.exists():
            self.note(path, f"{_name(path)}: {raw} does not exist")
            raise _Wrong
        return place

    def _secret(self, raw: object, path: Keys) -> Secret:
        if isinstance(raw, str) and (named := re.fullmatch(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}", raw)):
            value, lack = self.env.get(named[1], ""), f"the environment variable {named[1]} is not set"
        elif isinstance(raw, str) and raw.startswith("file:"):
            value, lack = self._secret_file(raw.removeprefix("file:"))
        else:
            # what stands there may be the secret itself, so it is not repeated
            self.note(path, f"{_name(path)} is a secret, which is never written here", f"Write {Secret.form}")
            raise _Wrong
        if not value:
            self.note(path, f"{_name(path)}: {lack}")
            raise _Wrong
        return Secret(value, raw)

    def _secret_file(self, name: str) -> tuple[str, str]:
        try:
            value = (self.folder / name).read_text(encoding="utf-8").rstrip("\r\n")
        except OSError as error:
            return "", f"{name} cannot be read: {error.strerror}"
        except UnicodeDecodeError:
            return "", f"{name} is not UTF-8 text"
        return value, f"{name} is empty"


def read_section(
    kind: type[S], source: Source, path: Keys = (), *, env: Mapping[str, str], folder: Path | None = None
) -> S:
    """Read the table at `path` of a file by its declaration; relative paths start at the file's folder.

    Raises `ConfigurationError` with every problem: unknown key, missing, wrong type, out of bounds, a secret
    that is not there. Reads the files of secrets and nothing else; may be repeated.
    """
    reading = Reading(source, folder or Path(source.file).parent, env)
    raw: Any = source.value
    for step in path:
        raw = raw.get(step, {}) if isinstance(raw, dict) else raw[int(step)]
    section = reading.section(kind, raw, path)
    reading.finish()
    assert section is not None  # noqa: S101 - for mypy: without a problem there is a section
    return section


def _steps(raw: Any, key: str) -> Keys:
    """A dotted key as a path into what was read; the items of a list are counted."""
    steps: list[str | int] = []
    for step in key.split("."):
        if isinstance(raw, list):
            steps.append(int(step))
            raw = raw[int(step)]
        else:
            steps.append(step)
            raw = raw.get(step) if isinstance(raw, dict) else None
    return tuple(steps)


def _bound(value: Any, bound: float) -> str:
    return str(getattr(type(value)(bound), "written", bound))


def _name(path: Keys) -> str:
    last = path[-1] if path else ""
    return f'each of "{path[-2]}"' if isinstance(last, int) else f'"{last}"'


def _within(path: Keys) -> str:
    return f" in [{'.'.join(str(step) for step in path)}]" if path else ""
