"""Flows and their legs (luồng, chặng): which deliveries a kept message asks for.

Closed words, equality only. What may be written in a route file and how it is checked: `bus.flow_reader`.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

import msgspec

from bus.calendar import ZONE
from bus.flow_fields import walks_list
from bus.flow_reader import read_flows
from bus.flow_values import DERIVED, Condition, Flow, Leg, Path, Planned, Value, values_at
from mappings.dossier import Dossier, Message
from mappings.source import Source

__all__ = ["DERIVED", "Condition", "Flow", "Leg", "Planned", "Routes", "read_routes"]

_Start = tuple[Leg, tuple[Condition, ...], Planned | None]


@dataclass(frozen=True, slots=True)
class Routes:
    """All flows of an installation, found by the kind of message."""

    flows: tuple[Flow, ...]
    _starts: Mapping[str, tuple[_Start, ...]] = field(init=False, repr=False, compare=False)
    _listens: Mapping[str, tuple[Leg, ...]] = field(init=False, repr=False, compare=False)
    _withdraws: frozenset[str] = field(init=False, repr=False, compare=False)
    _derives: frozenset[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        starts: dict[str, tuple[_Start, ...]] = {}
        listens: dict[str, tuple[Leg, ...]] = {}
        for flow in self.flows:
            for leg in flow.legs:
                planned = None if leg.per or leg.until else Planned(leg)
                for kind in leg.on:
                    starts[kind] = (*starts.get(kind, ()), (leg, flow.when, planned))
                for kind in leg.hears:
                    listens[kind] = (*listens.get(kind, ()), leg)
        object.__setattr__(self, "_starts", starts)
        object.__setattr__(self, "_listens", listens)
        object.__setattr__(self, "_withdraws", frozenset(k for flow in self.flows for k in flow.withdraws_on))
        asking = (flow for flow in self.flows if any(each.path[0] in DERIVED for each in flow.when))
        object.__setattr__(self, "_derives", frozenset(k for f in asking for leg in f.legs for k in leg.on))

    def planned(
        self, kind: str, message: Message, dossier: Dossier, *, derived: Mapping[str, Any], withdrawn: bool
    ) -> tuple[Planned, ...]:
        """The legs that a kept message starts, in the order of the files; one with `per` for each value.

        `dossier` is as of the message, `derived` holds fields from the installation's tables, `withdrawn`
        tells whether the dossier is withdrawn, by this message or before. Pure; may be repeated.
        """
        return tuple(
            [
                one
                for leg, flow_when, planned in self._starts.get(kind, ())
                if (leg.after_withdrawal or not withdrawn)
                and (not flow_when or _all_hold(flow_when, dossier, derived))
                and (not leg.when or _all_hold(leg.when, message, None))
                for one in ((planned,) if planned else _each(leg, message))
            ]
        )

    def lists(self, kind: str, message: Message) -> tuple[Leg, ...]:
        """The legs of whose values such a message tells the whole list, so that others are undone."""
        return tuple(
            leg
            for leg, _, _ in self._starts.get(kind, ())
            if leg.per and walks_list(type(message), leg.per) and _all_hold(leg.when, message, None)
        )

    def withdraws(self, kind: str) -> bool:
        """Tell whether a message of this kind withdraws its dossier, in every flow."""
        return kind in self._withdraws

    @property
    def withdrawing(self) -> frozenset[str]:
        """The kinds of message that withdraw a dossier."""
        return self._withdraws

    @property
    def unless_refused(self) -> frozenset[str]:
        """The routes of the legs by whose refusal a withdrawal does not come to pass."""
        return frozenset(f"{flow.name}.{leg}" for flow in self.flows for leg in flow.unless_refused)

    def derives(self, kind: str) -> bool:
        """Tell whether a leg that such a message may start looks at a derived field."""
        return kind in self._derives

    def hearing(self, kind: str) -> tuple[Leg, ...]:
        """The legs that a message of this kind may end, stop or let go on; `Leg.hear` decides."""
        return self._listens.get(kind, ())

    @property
    def canonical(self) -> bytes:
        """The flows as JSON, the same for the same meaning however the files are laid out."""
        return msgspec.json.encode(self.flows, order="deterministic")

    @property
    def hash(self) -> str:
        """SHA-256 of `canonical` in hex: recorded with each delivery that these routes asked for."""
        return hashlib.sha256(self.canonical).hexdigest()

    @property
    def legs(self) -> Iterator[Leg]:
        """Every leg of every flow."""
        return (leg for flow in self.flows for leg in flow.legs)


def read_routes(
    sources: Sequence[Source],
    *,
    operations: Mapping[str, frozenset[str]],
    messages: Mapping[str, type],
    derivable: Mapping[str, frozenset[Value]] | None = None,
    absent: frozenset[str] = frozenset(),
) -> Routes:
    """Read route files, in the order given.

    `operations` are the operations of each connector, `messages` the struct of each kind of message,
    `derivable` the values that each derived field can have with the installation's tables (not looked at
    where it is None), `absent` the systems that the installation does not have: a flow that speaks to one is
    not in force. Raises `ProblemsError` with every mistake of every file.
    """
    flows = read_flows(sources, operations=operations, messages=messages, derivable=derivable, absent=absent)
    return Routes(flows)


def _all_hold(conditions: Iterable[Condition], subject: Any, derived: Mapping[str, Any] | None) -> bool:
    return all(condition.holds(subject, derived) for condition in conditions)


def _each(leg: Leg, message: Message) -> Iterator[Planned]:
    """The leg for each value of its `per`, with the time that the message gives it."""
    parts: Iterable[tuple[str, Any]] = values_at(message, leg.per) if leg.per else (("", message),)
    for item, holder in parts:
        yield Planned(leg, item, _moment(holder, leg.until) if leg.until else None)


def _moment(holder: Any, path: Path) -> float | None:
    """The end of the day, or the time, that a message names; in seconds since the epoch."""
    found = holder
    for name in path:
        found = getattr(found, name, None)
    if isinstance(found, datetime):
        return found.timestamp()
    if isinstance(found, date):
        return (datetime.combine(found, time(), ZONE) + timedelta(days=1)).timestamp()
    return None
