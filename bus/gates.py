"""The gate of a connector: whether its deliveries may go now, asked synchronously before every claim.

What shuts it: a person's pause, a maintenance window, a peer's wish for rest (`Retry-After`), a full disk, a
stop, and the breakers, one for the connector as a whole ("" below) and one for each operation. The truth of
breakers and rests is a row in the ledger (rule 16); this is the copy in memory, which `bus.breakers` keeps in
step. `is_shut` may be asked from any thread; all else happens on the event loop.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from bus.calendar import WorkingCalendar
from bus.errors import DeliveryError, OutcomeUnknownError, RefusedByPeerError, TransientError
from bus.floor import Floor
from bus.ledger.gate_records import GateRow, Outage, State
from bus.uptime import up_seconds
from bus.windows import Watch, Window

WHOLE = ""
"""The name, in place of an operation's, of the breaker of a connector as a whole."""

LONGEST_REST = 3600.0
"""Seconds for which a peer's wish is believed: what asks for more has made a slip, or is asked again then."""

Verdict = Literal["answered", "down", "unreachable", "silent"]


def verdict(error: Exception) -> Verdict:
    """What a failed call says of its peer.

    "unreachable": nothing answers there. "down": this operation got no usable answer. "answered": the peer is
    up, whatever it said. "silent": it says nothing of the peer (a mistake of ours).
    """
    match error:
        case TransientError(peer_down=True):
            return "down" if error.connected else "unreachable"
        case TransientError():
            return "answered" if error.code else "silent"
        case OutcomeUnknownError():
            return "answered" if error.code and not error.code.startswith("HTTP 5") else "down"
        case RefusedByPeerError():
            return "answered"
        case DeliveryError():
            return "answered" if error.code or error.answer else "silent"
    return "silent"


def _wish_for_rest(error: Exception) -> float:
    """For how many seconds the peer wants no call at all; what it says of this message alone is none."""
    of_one = isinstance(error, TransientError) and not error.peer_down
    return (isinstance(error, DeliveryError) and not of_one and error.retry_after) or 0.0


@dataclass(slots=True)
class Breaker:
    """One breaker as this process knows it. `wish` is a change of its own that is not written yet."""

    state: State = "closed"
    epoch: int = 0
    failures: int = 0
    reason: str = ""
    since: float | None = None
    probe_at: float = 0.0
    wish: State | None = None

    @property
    def is_open(self) -> bool:
        """Whether it stops claims: in the ledger, or as soon as this process wants it."""
        return "open" in (self.state, self.wish)


@dataclass(slots=True)
class Gate:
    """Whether a connector's deliveries may go. `open_for` is seconds until an absent peer is asked again."""

    most_failures: int
    open_for: float
    window: Window | None = None
    floor: Floor | None = None
    calendar: WorkingCalendar = field(default_factory=WorkingCalendar)
    paused: bool = False
    paused_reason: str = ""
    stopped: bool = False
    outages: Sequence[Outage] = ()
    wish: float = 0.0
    """For how many seconds the peer wants to be left alone, where that is still to be written."""
    changed: Callable[[], None] = lambda: None
    """Called when a breaker has a change to be written."""
    breakers: dict[str, Breaker] = field(default_factory=dict)
    _rests_until: float = 0.0
    _watch: Watch = field(init=False)

    def __post_init__(self) -> None:
        self._watch = Watch(self.window, self.calendar)

    def is_shut(self, operation: str = WHOLE) -> bool:
        """Whether nothing is to be claimed now: of the operation, or without one of the whole connector."""
        if self.stopped or self.paused or (self.floor is not None and self.floor.is_low):
            return True
        if self.breakers and (self._is_open(WHOLE) or (operation and self._is_open(operation))):
            return True
        return self.rests_for > 0 or self._watch.is_shut()

    @property
    def rests_for(self) -> float:
        """For how many seconds the peer is still to be left alone, as it asked."""
        return max(0.0, self._rests_until - time.monotonic()) if self._rests_until else 0.0

    @property
    def shut_operations(self) -> frozenset[str]:
        """The operations whose own breaker is open."""
        return frozenset(name for name, one in self.breakers.items() if name and one.is_open)

    def why(self, operation: str = WHOLE) -> str:
        """What shuts it, for a person; "" where it is open."""
        for name in (WHOLE, operation):
            if self._is_open(name):
                return f"breaker open: {self.breakers[name].reason}"
        if self.paused:
            return f"paused: {self.paused_reason}"
        if self.floor is not None and self.floor.is_low:
            return "the disk is nearly full"
        if rest := self.rests_for:
            return f"the peer asked to be left alone for {rest:.0f} seconds more"
        if self._watch.is_shut():
            return f"maintenance window {self.window}"
        return "stopping" if self.stopped else ""

    def answered(self, operation: str = WHOLE) -> None:
        """The peer answered, a refusal included. What is open stays open: only a probe closes it."""
        for name in {WHOLE, operation}:
            one = self.breakers.get(name)
            if one is None or one.is_open:
                continue
            one.failures = 0
            if one.state == "half-open" and one.wish is None:
                self._want(one, "closed", "")

    def failed(self, operation: str, error: Exception) -> None:
        """A call ended with an error; enough of them in a row open a breaker, a wish for rest is kept."""
        if rest := _wish_for_rest(error):
            self._rest(min(rest, LONGEST_REST))
        match verdict(error):
            case "answered":
                self.answered(operation)
            case "unreachable":
                if not self._count(WHOLE, error) and operation:
                    self._count(operation, error)
            case "down" if operation:
                self._count(operation, error)

    def _rest(self, seconds: float) -> None:
        """Leave the peer alone here at once, and have it told to the others where that adds anything."""
        if seconds > self.rests_for:
            self._rests_until = time.monotonic() + seconds
            self.wish = max(self.wish, seconds)
            self.changed()

    def _count(self, name: str, error: Exception) -> bool:
        """Count a failure; True where the breaker is open now."""
        one = self.breakers.setdefault(name, Breaker())
        if not one.is_open:
            one.failures += 1
            if one.failures >= self.most_failures or one.state == "half-open":
                self._want(one, "open", error.text if isinstance(error, DeliveryError) else repr(error))
        return one.is_open

    def _want(self, one: Breaker, state: State, reason: str) -> None:
        one.wish, one.reason = state, reason
        self.changed()

    def _is_open(self, name: str) -> bool:
        one = self.breakers.get(name)
        return one is not None and one.is_open

    def wishes(self) -> Iterator[tuple[str, Breaker]]:
        """The breakers with a change that is still to be written."""
        yield from [(name, one) for name, one in self.breakers.items() if one.wish is not None]

    def due_probes(self) -> list[str]:
        """The breakers whose peer may be asked again, as far as this process knows."""
        if self.paused or self.stopped or self.rests_for or self._watch.is_shut():
            return []
        now = time.monotonic()
        due = [name for name, one in self.breakers.items() if one.state == "open" and one.probe_at <= now]
        return [name for name in due if name == WHOLE or not self._is_open(WHOLE)]

    def adopt(self, rows: Mapping[str, GateRow]) -> None:
        """Take over what the ledger says; a change of our own that is not written yet stands before it."""
        pause = rows.get(WHOLE)
        self.paused = bool(pause and pause.paused_by)
        self.paused_reason = (pause and pause.paused_reason) or ""
        if not self.wish:
            self._rests_until = time.monotonic() + pause.rest_in if pause and pause.rest_in else 0.0
        for name, row in rows.items():
            one = self.breakers.setdefault(name, Breaker())
            if one.wish is None:
                _adopt(one, row)

    def up_seconds(self, operation: str, since: float, until: float) -> float:
        """For how long, of the time between two moments, the operation could have been called."""
        away = [
            (one.began_at, one.ended_at if one.ended_at is not None else until)
            for one in self.outages
            if one.operation in (WHOLE, operation)
        ]
        if self.window is not None:
            away.extend(self.window.shut_spans(since, until, self.calendar))
        return up_seconds(since, until, away)


def _adopt(one: Breaker, row: GateRow) -> None:
    """Take a row over, unless a newer one came before it: two readings may overtake each other."""
    if row.epoch < one.epoch:
        return
    if row.epoch > one.epoch:
        one.failures = 0
    one.state, one.epoch, one.reason, one.since = row.state, row.epoch, row.reason, row.opened_at
    one.probe_at = time.monotonic() + row.probe_in
