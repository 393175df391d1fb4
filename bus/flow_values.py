"""Flows, legs and conditions as frozen values."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from bus.calendar import Duration
from mappings.dossier import Message

Value = str | int | bool

DERIVED: dict[str, type] = {"procedure_group": str, "intake_elsewhere": bool, "on_the_spot": bool}
"""Fields that a flow may name in `when` beside the dossier's: they come from the installation's tables."""


class Condition(msgspec.Struct, frozen=True):
    """Equality: the field at `path` has one of the values; of a field of many values, any one of them."""

    path: tuple[str, ...]
    values: tuple[Value, ...]

    def holds(self, subject: Any, derived: Mapping[str, Any] | None = None) -> bool:
        """Tell whether it holds; `derived` fields count before the subject's own. Absent equals nothing."""
        first = self.path[0]
        found = derived[first] if derived and first in derived else getattr(subject, first, None)
        for name in self.path[1:]:
            found = getattr(found, name, None)
        if isinstance(found, tuple | list | set | frozenset):
            return any(value in self.values for value in found)
        return found is not None and found in self.values


class Leg(msgspec.Struct, frozen=True, kw_only=True):
    """A leg of a flow: starts at each message of `on`, sends at most one operation, may await an answer.

    `within` is its clock from the sending on; `undo` is what a withdrawal does about it when it is open.
    """

    flow: str
    name: str
    title: str
    on: tuple[str, ...]
    when: tuple[Condition, ...] = ()
    connector: str | None = None
    operation: str | None = None
    expects: tuple[str, ...] = ()
    answer_when: tuple[Condition, ...] = ()
    within: Duration | None = None
    undo: Literal["person", "none"] = "none"
    after_withdrawal: bool = False

    @property
    def route(self) -> str:
        """Its name in the ledger: "flow.leg"."""
        return f"{self.flow}.{self.name}"

    def is_answer(self, message: Message) -> bool:
        """Tell whether a message of an expected kind is the answer."""
        return all(condition.holds(message) for condition in self.answer_when)


class Flow(msgspec.Struct, frozen=True, kw_only=True):
    """A business flow: its legs in the order of the file, and which messages withdraw a dossier."""

    name: str
    title: str
    when: tuple[Condition, ...] = ()
    legs: tuple[Leg, ...] = ()
    withdraws_on: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Planned:
    """What one leg asks for a kept message. Without `operation` nothing is sent and the answer is awaited."""

    flow: str
    leg: str
    route: str
    connector: str | None
    operation: str | None
    expects: tuple[str, ...]
    within: Duration | None
    after_withdrawal: bool
    title: str
