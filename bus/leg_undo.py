"""What decides the undo of a leg (thu hồi chặng) where delivering it only asks for it. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from bus.flow_values import Condition, Leg, Send
from bus.ports import Decision
from mappings.dossier import Message


@dataclass(frozen=True, slots=True)
class Undo:
    """A leg whose undo is decided by a later message, and what that says when."""

    leg: Leg
    agreed: tuple[Condition, ...]
    not_agreed: tuple[Condition, ...]

    def hear(self, message: Message) -> Literal["agree", "disagree"] | None:
        """What a message of the deciding kind says; a "no" counts before a "yes"."""
        if _all_hold(self.not_agreed, message):
            return "disagree"
        return "agree" if _all_hold(self.agreed, message) else None


def undos_of(legs: Iterable[Leg], decisions: Mapping[str, Decision]) -> dict[str, tuple[Undo, ...]]:
    """The legs undone by an operation of `decisions` ("connector.operation"), by the deciding kind."""
    found: dict[str, tuple[Undo, ...]] = {}
    for leg in legs:
        if not isinstance(leg.undo, Send):
            continue
        if decision := decisions.get(f"{leg.undo.connector}.{leg.undo.operation}"):
            undo = Undo(leg, _conditions(decision.agreed), _conditions(decision.not_agreed))
            found[decision.kind] = (*found.get(decision.kind, ()), undo)
    return found


def _conditions(fields: Mapping[str, str | int | bool]) -> tuple[Condition, ...]:
    return tuple(Condition((name,), (value,)) for name, value in fields.items())


def _all_hold(conditions: tuple[Condition, ...], message: Message) -> bool:
    return all(condition.holds(message) for condition in conditions)
