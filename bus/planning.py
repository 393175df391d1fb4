"""What keeping a message means: the fold of its dossier and the deliveries the routes ask for. Pure."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from bus.calendar import ZONE, Duration, WorkingCalendar
from bus.flows import Planned, Routes
from bus.ledger.records import Keep, Past, Plan, PlannedDelivery
from mappings.dossier import MESSAGES, Dossier
from mappings.fold import State, fold, merge

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(State).decode


class Planner:
    """Plans with one set of routes. `appends` tells for each "connector.operation" whether it appends.

    `derive` gives the fields that are derived from the installation's tables, such as `procedure_group`; it
    is asked only where a route looks at one. A leg's clock (`within`) starts when the ledger keeps the
    message that opens it, not at the message's `as_of`: late is judged on the ledger's clock, a peer's may be
    wrong, and what a peer told us late is not the delay of whoever owes the answer.
    """

    def __init__(
        self,
        routes: Routes,
        appends: Mapping[str, bool],
        derive: Callable[[Dossier], Mapping[str, Any]] = lambda _: {},
        calendar: WorkingCalendar | None = None,
    ) -> None:
        self._routes = routes
        self._appends = appends
        self._derive = derive
        self._clocks = {
            leg.route: _clock(calendar or WorkingCalendar(), leg.within) for leg in routes.legs if leg.within
        }

    def plan(self, state: bytes | None, keep: Keep, withdrawn: bool) -> Plan:  # noqa: FBT001  the ledger's signature
        """Fold a message in and ask the routes; `withdrawn` is what the dossier was before."""
        if keep.body is None:
            raise ValueError("a message without a body is never planned")
        folded = fold(
            _decode(state) if state else None,
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
        answers = tuple(leg.route for leg in self._routes.answers(keep.kind) if leg.is_answer(keep.body))
        deliveries = tuple(self._delivery(one) for one in planned)
        return Plan(_encode(folded), deliveries, answers, withdraws=withdraws)

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

    def _delivery(self, planned: Planned) -> PlannedDelivery:
        return PlannedDelivery(
            route=planned.route,
            connector=planned.connector or "",
            operation=planned.operation or "",
            appends=self._appends.get(f"{planned.connector}.{planned.operation}", True),
            after_withdrawal=planned.after_withdrawal,
            expects=bool(planned.expects),
            clock=self._clocks.get(planned.route),
            sends=bool(planned.operation),
        )


def _clock(calendar: WorkingCalendar, within: Duration) -> Callable[[float], float]:
    """From a start to when so much (working) time has passed, both in seconds since the epoch."""
    return lambda start: calendar.due(datetime.fromtimestamp(start, ZONE), within).timestamp()
