"""Flows, legs and conditions as frozen values."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from bus.calendar import Duration
from bus.ledger.plain import plain
from mappings.dossier import Message, Supplement

Value = str | int | bool

Path = tuple[str, ...]
"""The way to a field, through structs and lists of structs."""

Does = Literal["answer", "refuse", "pause", "resume"]
"""What a message is to a leg that waits."""

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


class Send(msgspec.Struct, frozen=True):
    """An operation of a connector."""

    connector: str
    operation: str


class Ask(msgspec.Struct, frozen=True):
    """How a peer that never calls back is asked, while the leg is open."""

    connector: str
    operation: str
    every: Duration


class Pause(msgspec.Struct, frozen=True):
    """Supplement rounds: what stops the leg's clock, what lets it go on, in what time, sent by what."""

    on: tuple[str, ...]
    resumes_on: tuple[str, ...]
    within: Duration | None = None
    send: Send | None = None

    @property
    def is_own(self) -> bool:
        """Whether one kind of message asks and tells the answer: then the asking may never have been seen."""
        return not set(self.on).isdisjoint(self.resumes_on)

    def hear(self, kind: str, message: Message) -> Literal["pause", "resume"] | None:
        """What a message is to the rounds; one of a kind that does both resumes once it is handed in."""
        resumes = kind in self.resumes_on and _is_handed_in(message)
        if kind in self.on and not (resumes and kind in self.resumes_on):
            return "pause"
        return "resume" if resumes else None


class Leg(msgspec.Struct, frozen=True, kw_only=True):
    """A leg of a flow: starts at each message of `on` or once after others, sends at most one operation.

    `within` is its clock from the keeping on, `until` a day or time that the message names; `undo` is what a
    withdrawal does about it when it is open. What each word means: `bus.flow_reader`.
    """

    flow: str
    name: str
    title: str
    on: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    even_if_refused: tuple[str, ...] = ()
    when: tuple[Condition, ...] = ()
    connector: str | None = None
    operation: str | None = None
    to_agency: str = ""
    expects: tuple[str, ...] = ()
    answer_when: tuple[Condition, ...] = ()
    matched_by: Path = ()
    ask: Ask | None = None
    per: Path = ()
    within: Duration | None = None
    until: Path = ()
    pause: Pause | None = None
    refused_on: tuple[str, ...] = ()
    refused_when: tuple[Condition, ...] = ()
    undo: Literal["person", "none"] | Send = "none"
    undo_within: Duration | None = None
    after_withdrawal: bool = False

    @property
    def route(self) -> str:
        """Its name in the ledger: "flow.leg"; of a leg with `per`, "flow.leg[value]" for each value."""
        return f"{self.flow}.{self.name}"

    @property
    def hears(self) -> tuple[str, ...]:
        """The kinds of message that may end it, stop its clock or let it go on."""
        rounds = (*self.pause.on, *self.pause.resumes_on) if self.pause else ()
        return tuple(dict.fromkeys((*self.expects, *self.refused_on, *rounds)))

    def hear(self, kind: str, message: Message) -> Does | None:
        """What a message of a kind that it hears is to it; a "no" counts before the answer."""
        says_no = bool(self.refused_on or self.refused_when) and kind in (self.refused_on or self.expects)
        if says_no and all(condition.holds(message) for condition in self.refused_when):
            return "refuse"
        if kind in self.expects and all(condition.holds(message) for condition in self.answer_when):
            return "answer"
        return self.pause.hear(kind, message) if self.pause else None


def _is_handed_in(message: Message) -> bool:
    """Whether a message carries what was asked for: a supplement comes also when it is only asked for."""
    if not isinstance(message, Supplement) or message.answered is not None:
        return not isinstance(message, Supplement) or bool(message.answered)
    return bool(message.received_at or message.documents)


class Flow(msgspec.Struct, frozen=True, kw_only=True):
    """A business flow: its legs in the order of the file, and which messages withdraw a dossier.

    `unless_refused` are the legs that tell of it and whose refusal says that it does not come to pass.
    """

    name: str
    title: str
    when: tuple[Condition, ...] = ()
    legs: tuple[Leg, ...] = ()
    withdraws_on: tuple[str, ...] = ()
    unless_refused: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Planned:
    """A leg that a kept message starts: for which value of its `per`, and until when the message says."""

    leg: Leg
    item: str = ""
    until: float | None = None

    @property
    def route(self) -> str:
        """The leg's name in the ledger, with its value."""
        return route_of(self.leg.route, self.item)


def route_of(route: str, item: str) -> str:
    """A leg's name in the ledger: "flow.leg", or "flow.leg[item]" for one value of its `per`."""
    return f"{route}[{item}]" if item else route


def leg_of(route: str) -> str:
    """The leg that a name in the ledger belongs to, whatever its value: "flow.leg"."""
    return route.partition("[")[0]


def item_of(route: str) -> str:
    """The value of `per` in a leg's name in the ledger; "" where it has none."""
    return route.partition("[")[2].removesuffix("]")


def values_at(subject: Any, path: Path) -> list[tuple[str, Any]]:
    """Every value at a path, through lists, as text and once each, with the struct that it stands in."""
    holders = [subject]
    for name in path[:-1]:
        holders = [part for holder in holders for part in _parts(getattr(holder, name, None))]
    found: dict[str, Any] = {}
    for holder in holders:
        for value in _parts(getattr(holder, path[-1], None)):
            found.setdefault(str(value), holder)
    return [(_short(plain(text)), holder) for text, holder in found.items() if text]


def _short(text: str) -> str:
    """A value as the ledger's keys take it, however long it is."""
    if len(text) <= _LONGEST:
        return text
    return f"{text[:_LONGEST]}#{hashlib.sha256(text.encode()).hexdigest()[:16]}"


_LONGEST = 200


def _parts(value: Any) -> tuple[Any, ...]:
    if value is None:
        return ()
    return tuple(value) if isinstance(value, tuple | list | set | frozenset) else (value,)
