"""What keeping a message means: the fold of its dossier and the deliveries the routes ask for. Pure."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from itertools import takewhile
from typing import Any, Literal

import msgspec
from msgspec.structs import replace

from bus.addressing import Addressing
from bus.calendar import ZONE, WorkingCalendar
from bus.file_limit import check_together, files_of
from bus.flow_values import Leg, Send, item_of, leg_of, route_of, values_at
from bus.flows import Planned, Routes
from bus.ledger.records import Keep, Legs, Past, Plan, PlannedDelivery, Told, Way
from bus.leg_clocks import clock_of, rounds_of, seconds_of
from bus.leg_refusal import refusal_of
from bus.leg_undo import Undo, undos_of
from bus.ports import Decision
from mappings.dossier import MESSAGES, Dossier, Message, Transfer
from mappings.fold import State, fold, merge
from mappings.message import Agency

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(State).decode

NTH = "transfer"
"""Under this name among a dossier's numbers stands which transfer of a day it is, from the second on."""


class Addressee(msgspec.Struct, frozen=True, gc=False):
    """Whom a delivery is for: the field that names the agency, its code and name today, its connector.

    "" where there is none. `handed_on` is the transfer that it is for: who hands the dossier on, and when;
    `nth` counts those from the same sender to the same agency on that day, as far as known then.
    `is_about_sent`: the connector is the one over which went out what this speaks of.
    """

    field: str
    agency: str
    connector: str
    name: str = ""
    old_code: str = ""
    handed_on: Transfer | None = None
    nth: int = 1
    is_about_sent: bool = False


def addressed(message: Message, to: Addressee | None) -> Message:
    """Show a dossier that is addressed as handled by whom it goes to today; anything else as it is.

    One that is handed on comes from whoever hands it on, and is that day's: two transfers are two documents.
    """
    if to is None or not to.agency or not isinstance(message, Dossier):
        return message
    handling = Agency(code=to.agency, old_code=to.old_code or None, name=to.name or None)
    shown = replace(message, handling_agency=handling)
    if to.handed_on is None:
        return shown
    sender = to.handed_on.from_agency
    known = sender if sender.code or sender.old_code else shown.intake_agency
    codes = {NTH: str(to.nth)} if to.nth > 1 else {}
    return replace(shown, intake_agency=known, accepted_at=to.handed_on.at, codes=codes)


class Question(msgspec.Struct, frozen=True, gc=False):
    """What asks a peer for a leg's answer, and after how many seconds again."""

    way: Way
    every: float


class Planner:
    """Plans with one set of routes. `appends` tells for each "connector.operation" whether it appends.

    `derive` gives the fields that are derived from the installation's tables, such as `procedure_group`; it
    is asked only where a route looks at one. A leg's clock (`within`) starts when the ledger keeps the
    message that opens it, not at the message's `as_of`: late is judged on the ledger's clock, a peer's may be
    wrong, and what a peer told us late is not the delay of whoever owes the answer. `decisions` are the
    messages that decide what an operation asked for, by "connector.operation"; `titles` what people call each
    type of system.
    """

    def __init__(
        self,
        routes: Routes,
        appends: Mapping[str, bool],
        derive: Callable[[Dossier], Mapping[str, Any]] = lambda _: {},
        calendar: WorkingCalendar | None = None,
        addressing: Addressing | None = None,
        decisions: Mapping[str, Decision] | None = None,
        titles: Mapping[str, str] | None = None,
    ) -> None:
        self._titles = titles or {}
        self._decided = frozenset(decisions or ())
        self._undos = undos_of(routes.legs, decisions or {})
        self._addressing = addressing or Addressing()
        self._routes = routes
        self._appends = appends
        self._derive = derive
        self._calendar = calendar or WorkingCalendar()
        self._by_route = {leg.route: leg for leg in routes.legs}
        self._has_values = any(leg.per for leg in self._by_route.values())
        planned = {route: self._delivery(leg) for route, leg in self._by_route.items()}
        after = {route: tuple(_followers(route, planned)) for route in planned}
        self.legs = Legs(planned, after, routes.withdrawing, routes.unless_refused)

    def plan(self, state: bytes | None, keep: Keep, withdrawn: bool) -> Plan:  # noqa: FBT001  the ledger's signature
        """Fold a message in and ask the routes; `withdrawn` is what the dossier was before.

        Raises `RejectedMessageError` where its files are too much `together` with those of the dossier.
        """
        if keep.body is None:
            raise ValueError("a message without a body is never planned")
        before = _decode(state) if state else None
        if keep.together:
            check_together(keep.body, files_of(before.whole) if before else (), keep.together)
        folded = fold(
            before,
            source=keep.source,
            kind=keep.kind,
            message=keep.body,
            as_of=datetime.fromtimestamp(keep.as_of, UTC),
        )
        withdraws = self._routes.withdraws(keep.kind)
        planned = self._routes.planned(
            keep.kind,
            keep.body,
            folded.whole,
            derived=self._derive(folded.whole) if self._routes.derives(keep.kind) else {},
            withdrawn=withdrawn or withdraws,
        )
        told = self._told(keep.kind, keep.body)
        return Plan(
            _encode(folded),
            tuple([self._of(one) for one in planned]),
            told,
            withdraws=withdraws,
            named=self._named(keep.kind, keep.body, planned),
            refusal=refusal_of(keep, self._titles) if any(one.does == "refuse" for one in told) else None,
        )

    def _told(self, kind: str, message: Message) -> tuple[Told, ...]:
        """What the message is to each leg that hears its kind."""
        heard, undos = self._routes.hearing(kind), self._undos.get(kind, ())
        if not heard and not undos:
            return ()
        told = tuple(
            Told(leg.route, does, _ties(leg, message) if does in ("answer", "refuse") else None)
            for leg in heard
            if (does := leg.hear(kind, message))
        )
        decided = (Told(one.leg.route, does, _ties(one.leg, message)) for one, does in _said(undos, message))
        return (*told, *decided)

    def _named(
        self, kind: str, message: Message, planned: tuple[Planned, ...]
    ) -> tuple[tuple[str, frozenset[str]], ...]:
        if not self._has_values:
            return ()
        return tuple(
            (leg.route, frozenset(one.route for one in planned if one.leg is leg))
            for leg in self._routes.lists(kind, message)
        )

    def ties(self, kind: str, message: Message) -> tuple[tuple[str, str], ...]:
        """The legs that a message may answer, each with what it names of what was sent by them."""
        return tuple(
            (leg.route, tie)
            for leg in self._heard(kind)
            if leg.matched_by
            for tie in _ties(leg, message) or ()
        )

    def _heard(self, kind: str) -> Iterable[Leg]:
        """The legs that hear a kind of message, each once; what decides an undo is heard too."""
        heard = self._routes.hearing(kind)
        undos = self._undos.get(kind)
        return {leg.route: leg for leg in (*heard, *(one.leg for one in undos))}.values() if undos else heard

    def is_tied(self, route: str, operation: str) -> bool:
        """Whether answers will name what this operation sends: then it is noted before the call."""
        leg = self._by_route.get(leg_of(route))
        return leg is not None and bool(leg.matched_by) and leg.operation == operation

    def speaks_of_sent(self, route: str, operation: str) -> str:
        """The operation by which a leg sent what another is about, under a name noted then; "" for none."""
        leg = self._by_route.get(leg_of(route))
        if leg is None or not leg.matched_by or operation == leg.operation:
            return ""
        return leg.operation or ""

    def is_addressed(self, route: str, operation: str) -> bool:
        """Whether an agency says whose system an operation of a leg goes to: its own, or what undoes it."""
        leg = self._by_route.get(leg_of(route))
        if leg is None or not leg.to_agency:
            return False
        return operation in (leg.operation, leg.undo.operation if isinstance(leg.undo, Send) else None)

    def addressee(self, route: str, now: float, dossier: Dossier, message: Message | None) -> Addressee:
        """Whose system an addressed leg's operation goes to at a time; the message's word goes before."""
        leg = self._by_route[leg_of(route)]
        day = datetime.fromtimestamp(now, ZONE).date()
        handed = _handed_on(dossier, message, item_of(route))
        says = handed or message
        agency = getattr(says, leg.to_agency, None) or getattr(dossier, leg.to_agency, None)
        today = self._addressing.agency_of(agency, day)
        if today is None or today.code is None:
            return Addressee(leg.to_agency, "", "")
        connector = self._addressing.connector_of(leg.connector or "", today.code, day)
        old = today.old_code or ""
        nth = self._nth(dossier, handed, today.code, day) if handed else 1
        return Addressee(leg.to_agency, today.code, connector or "", today.name or "", old, handed, nth)

    def _nth(self, dossier: Dossier, handed: Transfer, code: str, day: date) -> int:
        """Which it is of the transfers by one agency to another on one day: all others came before."""
        before = takewhile(lambda each: each.id != handed.id, dossier.transfers)
        return 1 + sum(
            each.at.astimezone(ZONE).date() == handed.at.astimezone(ZONE).date()
            and each.from_agency.code == handed.from_agency.code
            and self._addressing.code_of(each.to_agency, day) == code
            for each in before
        )

    def coded(self, dossier: Dossier, now: float) -> Dossier:
        """Show a dossier's agencies with their codes in the old order too, for peers that know no other."""
        day = datetime.fromtimestamp(now, ZONE).date()
        known = self._addressing.coded
        return replace(
            dossier,
            intake_agency=known(dossier.intake_agency, day),
            handling_agency=known(dossier.handling_agency, day),
        )

    def _to(self, leg: Leg) -> Callable[[float, bytes, Message | None], str]:
        """The connector at the time of keeping; without one the route's own, and sending says what fails."""

        def to(now: float, fold_bytes: bytes, message: Message | None) -> str:
            found = self.addressee(leg.route, now, _decode(fold_bytes).whole, message)
            return found.connector or leg.connector or ""

        return to

    def questions(self, connector: str) -> dict[str, Question]:
        """The questions that a connector is asked while legs are open, by the legs' routes."""
        return {
            leg.route: Question(
                self._way(Send(leg.ask.connector, leg.ask.operation)), seconds_of(leg.ask.every)
            )
            for leg in self._routes.legs
            if leg.ask and leg.ask.connector == connector
        }

    def merge(self, one: bytes, other: bytes) -> bytes:
        """Two folds of what turned out to be one dossier."""
        return _encode(merge(_decode(one), _decode(other)))

    def as_of(self, fold_bytes: bytes, history: tuple[Past, ...]) -> State:
        """The dossier's fold: the current one, or folded again from the messages up to then."""
        if fold_bytes:
            return _decode(fold_bytes)
        state: State | None = None
        for past in history:
            state = fold(
                state,
                source=past.source,
                kind=past.kind,
                message=msgspec.json.decode(past.body, type=MESSAGES[past.kind]),
                as_of=datetime.fromtimestamp(past.as_of, UTC),
            )
        if state is None:
            raise ValueError("a dossier without messages")
        return state

    def begun(self, fold_bytes: bytes, history: tuple[Past, ...]) -> float:
        """When the dossier began, in seconds since the epoch: when its first source first spoke."""
        return min(mark.since for mark in self.as_of(fold_bytes, history).marks.values())

    def _of(self, planned: Planned) -> PlannedDelivery:
        """A started leg: the routes' own value, or for one value of its `per`."""
        whole = self.legs.by_route[planned.leg.route]
        if not planned.item and planned.until is None:
            return whole
        tie = planned.item if planned.leg.matched_by and planned.item else None
        return replace(whole, route=planned.route, until=planned.until, tie=tie)

    def _delivery(self, leg: Leg) -> PlannedDelivery:
        return PlannedDelivery(
            route=leg.route,
            connector=leg.connector or "",
            operation=leg.operation or "",
            appends=self._appends.get(f"{leg.connector}.{leg.operation}", True),
            after_withdrawal=leg.after_withdrawal,
            expects=bool(leg.expects),
            clock=clock_of(self._calendar, leg.within),
            sends=bool(leg.operation),
            after=tuple(route_of(f"{leg.flow}.{name}", "") for name in leg.after),
            even_if_refused=frozenset(f"{leg.flow}.{name}" for name in leg.even_if_refused),
            ask_every=seconds_of(leg.ask.every) if leg.ask else None,
            rounds=rounds_of(self._calendar, leg, self._way),
            to=self._to(leg) if leg.to_agency else None,
            undo=self._way(leg.undo) if isinstance(leg.undo, Send) else leg.undo,
            undo_clock=clock_of(self._calendar, leg.undo_within),
        )

    def _way(self, send: Send) -> Way:
        name = f"{send.connector}.{send.operation}"
        return Way(send.connector, send.operation, self._appends.get(name, True), name in self._decided)


def _handed_on(dossier: Dossier, message: Message | None, item: str) -> Transfer | None:
    """The transfer that a leg is for: its message, or, where that is undone by another, by its id."""
    if isinstance(message, Transfer):
        return message
    return next((each for each in dossier.transfers if item and each.id == item), None)


def _said(undos: Iterable[Undo], message: Message) -> Iterator[tuple[Undo, Literal["agree", "disagree"]]]:
    """What a message decides of each undo, where it decides anything."""
    for undo in undos:
        if does := undo.hear(message):
            yield undo, does


def _ties(leg: Leg, message: Message) -> tuple[str, ...] | None:
    """What a message names of those it is about; None where the dossier's number alone ties it."""
    if not leg.matched_by:
        return None
    return tuple(text for text, _ in values_at(message, leg.matched_by)) or None


def _followers(route: str, legs: Mapping[str, PlannedDelivery]) -> Iterator[str]:
    """All legs that come after one, at any remove, each once."""
    found = {route}
    while more := {name for name, leg in legs.items() if found & set(leg.after)} - found:
        found |= more
    return (name for name in legs if name in found and name != route)
