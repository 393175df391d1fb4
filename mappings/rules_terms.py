"""What a rule is made of: the rule, the rule bound to its argument, what it says of a wrong value."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any, Protocol

from mappings.sheet_values import CodeList


class Fault(Exception):  # noqa: N818 - it is a value's fault, gathered into MappingError, not an error of ours
    """A value that its rule cannot take: `what` in English, `vi` in Vietnamese; `park`: a person decides."""

    def __init__(self, what: str, vi: str, *, park: bool = False) -> None:
        self.what, self.vi, self.park = what, vi, park
        super().__init__(what)


class Noted(Exception):  # noqa: N818 - no error: the value is good, something about it is worth a note
    """A value that was taken with a remark; `value` is the result."""

    def __init__(self, value: Any, what: str, vi: str) -> None:
        self.value, self.what, self.vi = value, what, vi
        super().__init__(what)


class Table(Protocol):
    """A dated table as rules see it; `day` None means the state that is open towards the future."""

    @property
    def name(self) -> str:
        """Its name, as a `lookup` writes it."""
        ...

    @property
    def columns(self) -> tuple[str, ...]:
        """Its columns."""
        ...

    @property
    def keyed(self) -> bool:
        """Whether it can be looked up by code."""
        ...

    def find(self, key: str, day: Any) -> Mapping[str, str] | None:
        """Return the row of a key on a day, or None."""
        ...

    def named(self, key: str, day: Any) -> Mapping[str, str] | None:
        """Return the row of a key, or of its heir, or the last that it had before a day, or None."""
        ...

    def keys(self, day: Any) -> tuple[str, ...]:
        """Return the keys that are valid on a day."""
        ...


@dataclass(frozen=True, slots=True)
class PythonRule:
    """A named function of one peer for what no rule can say; without `write` (or `read`) it is one-way.

    `make` draws one of our values for the laws. `schema` describes the peer's value.
    """

    read: Callable[[Any], Any] | None
    write: Callable[[Any], Any] | None = None
    make: Callable[[Random], Any] | None = None
    schema: Mapping[str, Any] = field(default_factory=dict)
    vi: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check over several fields found at one of our fields; `refuse`: it must not be sent so."""

    ours: str
    what: str
    vi: str
    refuse: bool = True


Check = Callable[[Any], tuple[Finding, ...]]
"""A named check of a sheet: looks at the whole message, never changes it."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What a rule may know when it is bound: the carrier, code lists, tables, the peer's functions."""

    carrier: str = "json"
    codes: Mapping[str, CodeList] = field(default_factory=dict)
    tables: Mapping[str, Table] = field(default_factory=dict)
    functions: Mapping[str, PythonRule] = field(default_factory=dict)
    ours: int = 1


@dataclass(frozen=True, slots=True)
class Bound:
    """A rule with its argument: both directions of one present value.

    `read` and `write` raise `Fault` or `Noted`; with several fields on a side they take or give a tuple.
    `dated`: both take the day as a second argument. `theirs`/`ours` are the types they accept.
    `plain`: nothing but text (the compiled form inlines it). `make` draws one of our values for the laws;
    `picky`: only the values it draws are known to be writable (they stand in a table or a list).
    `lost` are our words that do not come back.
    """

    read: Callable[..., Any] | None
    write: Callable[..., Any] | None
    schema: Mapping[str, Any]
    make: Callable[[Random], Any] | None = None
    theirs: tuple[type, ...] = (str,)
    ours: tuple[type, ...] = (str,)
    dated: bool = False
    plain: bool = False
    picky: bool = False
    lost: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """One name of the closed list.

    `vi` says it in words for the domain expert ("{0}" is the argument). `kinds` are the kinds of canonical
    fields it fits. `check` complains about an argument (None: it is good). `fields` are how many of our
    fields a line may name. `ways`: the directions it can go. `shape`: a value, or structure for the engine.
    """

    name: str
    vi: str
    kinds: frozenset[str]
    bind: Callable[[str, Setting], Bound]
    check: Callable[[str], str | None]
    fields: tuple[int, int] = (1, 1)
    ways: frozenset[str] = frozenset({"in", "out"})
    shape: str = "value"


def no_argument(argument: str) -> str | None:
    """Complain where a rule that takes no argument is given one."""
    return f'takes no argument, but has "{argument}"' if argument else None


def kind_of(value: Any) -> str:
    """Say what a value is without showing it: values may be personal."""
    if isinstance(value, str):
        return f"text of {len(value)} characters"
    if isinstance(value, list | tuple):
        return f"list of {len(value)}"
    if isinstance(value, dict):
        return f"object of {len(value)} fields"
    return {bool: "true/false", int: "number", float: "decimal number", type(None): "nothing"}.get(
        type(value), type(value).__name__
    )
