"""A mapping sheet as a frozen value: lines, parts, code lists. Nothing here knows files or structs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

from mappings.source import Place

Path = tuple[str, ...]
"""Steps of a path; the empty path is the thing itself, written "."."""

Way = Literal["both", "in", "out"]
Empty = Literal["blank", "null", "omit"]


@dataclass(frozen=True, slots=True)
class OurPath:
    """A path in the canonical message; `top` ("/a") starts at the message, else at the level's struct."""

    steps: Path
    top: bool = False

    def __str__(self) -> str:
        return ("/" if self.top else "") + (".".join(self.steps) or ".")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a sheet. `their` and `ours` as in `sheet_rules.md`; `rule` is a name, `argument` the rest.

    `required` holds the ways in which absence is a problem. `has_default`: absence means `default` to both
    sides. `max` counts characters. `when` lists (our path, the values of which one must hold).
    """

    their: Path
    ours: tuple[OurPath, ...]
    rule: str
    argument: str
    place: Place
    way: Way = "both"
    required: frozenset[str] = frozenset()
    has_default: bool = False
    default: Any = None
    max: int | None = None
    cut: bool = False
    when: tuple[tuple[OurPath, tuple[Any, ...]], ...] = ()
    empty: Empty = "omit"
    part: str = ""
    note: str = ""

    @property
    def reads(self) -> bool:
        """Whether the line carries theirs -> ours."""
        return self.way != "out"

    @property
    def writes(self) -> bool:
        """Whether the line carries ours -> theirs."""
        return self.way != "in"

    def __str__(self) -> str:
        return "/".join(self.their) or "."


@dataclass(frozen=True, slots=True)
class CodeRow:
    """One line of a code list: their code, our word; valid from `since` up to and including `until`."""

    their: Any
    ours: Any
    place: Place
    vi: str = ""
    prefer: bool = False
    since: date | None = None
    until: date | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class CodeList:
    """A small code list; what a code without a line does, per way: fail, park or (in only) pass."""

    name: str
    rows: tuple[CodeRow, ...]
    unmapped_in: Literal["fail", "park", "pass"]
    unmapped_out: Literal["fail", "park"]
    place: Place


@dataclass(frozen=True, slots=True)
class Part:
    """A named group of lines: a sub-object or an item of a list.

    `needs` are our fields without which an item is left out of a list that is written, with a note.
    """

    name: str
    lines: tuple[Line, ...]
    place: Place
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sheet:
    """A whole sheet. `canonical` is the struct it speaks of; `digest` the SHA-256 of its text in hex.

    `functions` are the peer's python rules and `check_functions` its checks, by name, from beside the sheet.
    """

    name: str
    title: str
    canonical: type
    carrier: Literal["json", "xml"]
    empty: Empty
    extras: Literal["keep", "note", "refuse"]
    lines: tuple[Line, ...]
    parts: dict[str, Part]
    codes: dict[str, CodeList]
    place: Place
    root: str = ""
    namespaces: dict[str, str] = field(default_factory=dict)
    checks: tuple[str, ...] = ()
    functions: Mapping[str, Any] = field(default_factory=dict)
    check_functions: Mapping[str, Any] = field(default_factory=dict)
    source: str = ""
    text: str = ""
    digest: str = ""

    def tells(self, field: str) -> bool:
        """Whether a request of this sheet shows a field of its struct."""
        ours = (path for line in self.lines if line.writes for path in line.ours)
        return any(path.steps[:1] == (field,) for path in ours)
