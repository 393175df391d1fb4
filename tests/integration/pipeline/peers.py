"""A peer of the tests' own behind the bus's ports: it does what it is asked, counts it, and obeys a script.

Its operations carry the names, sheets, effects and keys of the shipped adapters; only what is behind `call`
and `lookup` is in this process. It answers look-ups by what it did, whatever it said of it.
"""

import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Literal

from adapters.national_portal.adapter import TYPE as PORTAL
from adapters.national_portal.writing import progress_key
from adapters.onestop.adapter import PARTS
from adapters.onestop.adapter import TYPE as ONESTOP
from adapters.onestop.writing import create_key
from bus.ports import Adapter, AdapterType, Answer, Call, Operation, Poll, Probe, Sighting, Tree, Webhook
from bus.status_order import StatusOrder

Act = Callable[["Peer", str, Call], Answer]
"""What a peer does with one call, given the operation's name: answer, or raise."""

Key = Callable[[Tree], str]

_SHEETS: dict[str, tuple[str, Key | None]] = {
    "create_dossier": ("onestop/create", create_key),
    "update_dossier": ("onestop/update", None),
    **{name: (f"onestop/{part.schema}", part.key) for name, _, part in PARTS},
    "sync_record": ("national_portal/record", None),
    "add_progress": ("national_portal/progress", progress_key),
    "set_status": ("national_portal/progress", progress_key),
}


@dataclass(frozen=True, slots=True)
class Effect:
    """Something that a peer did, `at` on the monotonic clock."""

    operation: str
    request: Any
    request_id: str
    attempt: int
    at: float


@dataclass
class Peer:
    """One system at the other end. `script` and `sightings` are used up one by one, then it is honest."""

    kind: AdapterType
    seconds: float = 5.0
    certainty: Literal["repeatable", "askable", "person"] = "askable"
    polls: tuple[Poll, ...] = ()
    webhooks: tuple[Webhook, ...] = ()
    effects: list[Effect] = field(default_factory=list)
    calls: list[tuple[float, str, Call]] = field(default_factory=list)
    looks: list[float] = field(default_factory=list)
    orders: Mapping[str, StatusOrder] = field(default_factory=dict)
    script: dict[str, deque[Act]] = field(default_factory=lambda: defaultdict(deque))
    sightings: deque[Sighting | Exception] = field(default_factory=deque)
    pings: int = 0
    alive: bool = True
    closed: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.operations: Mapping[str, Operation] = {
            name: self._operation(name) for name in self.kind.operations
        }

    def will(self, operation: str, *acts: Act) -> None:
        """Do these with the next calls of an operation."""
        self.script[operation].extend(acts)

    def did(self, operation: str) -> list[Any]:
        """The requests of one operation that took effect, in order."""
        return [effect.request for effect in self.effects if effect.operation == operation]

    def called(self, operation: str) -> list[Call]:
        """The calls of one operation, whatever became of them."""
        return [call for _, name, call in self.calls if name == operation]

    def do(self, operation: str, call: Call) -> Answer:
        """Do it; a repeatable peer keeps the request id with its answer and does nothing twice."""
        with self.lock:
            known = any(effect.request_id == call.request_id for effect in self.effects)
            if not (known and self.certainty == "repeatable"):
                one = Effect(operation, call.request, call.request_id, call.attempt, time.monotonic())
                self.effects.append(one)
        return Answer(raw=b'{"ok": true}')

    def probe(self) -> Iterator[Probe]:
        """There is one layer."""
        yield Probe("echo", ok=True, text="in this process", seconds=0.0)

    def ping(self) -> None:
        """Answer."""
        self.pings += 1

    def share(self, part: float) -> None:
        """There is no rate to share."""

    def close(self) -> None:
        """Note that connections were given back."""
        self.closed = True

    def _operation(self, name: str) -> Operation:
        sheet, key = _SHEETS[name]
        return Operation(
            name=name,
            title=name,
            sheet=sheet,
            effect="appends" if key else "replaces",
            call=partial(self._call, name),
            lookup=partial(self._look, name, key) if self.certainty == "askable" else None,
            repeatable=self.certainty == "repeatable",
            key=key,
            seconds=self.seconds,
            refusal_status="not_accepted" if name == "create_dossier" else "stopped",
            order=self.orders.get(name),
        )

    def _call(self, name: str, call: Call) -> Answer:
        with self.lock:
            self.calls.append((time.monotonic(), name, call))
            script = self.script[name]
            act = script.popleft() if script else Peer.do
        return act(self, name, call)

    def _look(self, name: str, key: Key | None, call: Call) -> Sighting:
        """Look among what was done: by what names it, or by the whole of what is replaced."""
        wanted = key(call.request) if key else call.request
        with self.lock:
            self.looks.append(time.monotonic())
            said = self.sightings.popleft() if self.sightings else None
            there = any((key(done) if key else done) == wanted for done in self.did(name))
        if isinstance(said, Exception):
            raise said
        return said or Sighting("done" if there else "not there")


def raises(error: Exception) -> Act:
    """Do nothing, and raise."""

    def act(_peer: Peer, _name: str, _call: Call) -> Answer:
        raise error

    return act


def does_then_raises(error: Exception) -> Act:
    """Do it, and raise: the answer was lost."""

    def act(peer: Peer, name: str, call: Call) -> Answer:
        peer.do(name, call)
        raise error

    return act


def answers(answer: Answer) -> Act:
    """Do it, and answer this."""

    def act(peer: Peer, name: str, call: Call) -> Answer:
        peer.do(name, call)
        return answer

    return act


def waits(event: threading.Event, then: Act = Peer.do) -> Act:
    """Wait for the test, at most ten seconds, then act."""

    def act(peer: Peer, name: str, call: Call) -> Answer:
        if not event.wait(10):
            raise AssertionError("nobody let this call go on")
        return then(peer, name, call)

    return act


def portal(**more: Any) -> Peer:
    """A peer with the portal's operations."""
    return _peer(PORTAL, more)


def onestop(**more: Any) -> Peer:
    """A peer with the one-stop's operations."""
    return _peer(ONESTOP, more)


def _peer(kind: AdapterType, more: dict[str, Any]) -> Peer:
    made: list[Peer] = []

    def build(_name: str, _settings: Any) -> Adapter:
        return made[0]

    made.append(Peer(replace(kind, build=build), **more))
    return made[0]
