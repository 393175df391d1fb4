"""What the engine gives and what it says: results, notes, and every problem of a message at once."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from mappings.rules_terms import kind_of


@dataclass(frozen=True, slots=True)
class Note:
    """Something worth knowing that is no problem, at a path of theirs and of ours."""

    path: str
    ours: str
    what: str
    vi: str = ""

    def __str__(self) -> str:
        return f"{self.path or self.ours}: {self.what}"


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """One thing wrong with a message. `path` is in THEIR spelling ("DanhSachLePhi/0/Gia"), `ours` in ours.

    `value` may be personal: `str()` shows only its kind and length, `shown()` shows it to who may see it.
    `park`: a person has to decide (an unmapped code whose list says park).
    """

    path: str
    ours: str
    rule: str
    what: str
    vi: str
    value: Any = field(default=None, repr=False)
    park: bool = False

    def __str__(self) -> str:
        shown = "" if self.value is None else f"{kind_of(self.value)} "
        return f"{self._where()}: {shown}{self.what}{self._rule()}"

    def shown(self) -> str:
        """Return the sentence with the value itself; only for eyes with the right."""
        shown = "" if self.value is None else f"{self.value!r} "
        return f"{self._where()}: {shown}{self.what}{self._rule()}"

    def in_vietnamese(self) -> str:
        """Return the sentence in Vietnamese, without the value."""
        return f"{self.path or self.ours}: {self.vi}"

    def _where(self) -> str:
        if not self.path:
            return self.ours or "message"
        return f"{self.path} ({self.ours})" if self.ours else self.path

    def _rule(self) -> str:
        return f" [rule: {self.rule}]" if self.rule else ""


class MappingError(Exception):
    """A message that cannot be mapped; `problems` holds everything that is wrong with it."""

    def __init__(self, sheet: str, problems: Sequence[FieldProblem]) -> None:
        self.sheet, self.problems = sheet, tuple(problems)
        super().__init__(sheet, self.problems)

    def __str__(self) -> str:
        return f"{self.sheet}: " + "; ".join(str(problem) for problem in self.problems)


class ParkError(MappingError):
    """A message with nothing wrong but codes that a person has to decide about; it waits whole."""


@dataclass(frozen=True, slots=True)
class Read:
    """Theirs -> ours: the canonical message and what was noted."""

    message: Any
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class Written:
    """Ours -> theirs: the tree (dict and list, or an lxml element) and what was noted."""

    tree: Any
    notes: tuple[Note, ...] = ()
