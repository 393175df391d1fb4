"""Kill points (điểm ngắt): named places at which a drill has a process end itself, as at a power cut.

Armed by an environment variable that production refuses, `before settle:17`: SIGKILL when the point is passed
for the 17th time. Where nothing is armed there is nothing: the bus runs without these wrappers.
"""

import asyncio
import os
import signal
import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from bus.confirms import Done
from bus.errors import ConfigurationError
from bus.installation import Installation
from bus.ports import Adapter, Operation, Poll, Probe, Webhook
from bus.rabbitmq import Broker, Consumer, Received

VARIABLE = "LIENTHONG_KILL_POINT"

_WRITES = {
    "Keep": "keep",
    "Page": "page",
    "Claim": "claim",
    "Settle": "settle",
    "Sweep": "sweep",
    "Lease": "lease",
    "Turn": "breaker",
    "Probe": "probe",
    "TakeEvents": "take events",
    "EventsTold": "events told",
    "GivenUp": "given up",
}
"""Writes of the ledger by the name of their record."""

OFTEN = ("keep", "page", "claim", "settle", "sweep", "publish", "confirm", "call", "fetch", "ack", "answer")
SELDOM = ("lease", "take events", "events told", "event", "lookup", "breaker", "probe")
"""What every life of a process passes, and what it passes only where something happened before."""

_AROUND = tuple(f"{when} {what}" for what in (*OFTEN, *SELDOM) for when in ("before", "after"))
POINTS = (*_AROUND, "during call", "during lookup", "during fetch")

_A_MOMENT = 0.02
"""Seconds after which what was handed over to the loop or to a peer is on its way."""


def end_as_at_a_power_cut() -> None:
    """Nothing is flushed, nobody is told."""
    os.kill(os.getpid(), signal.SIGKILL)


@dataclass(slots=True)
class Point:
    """The armed point: passed for the `left`th time, the process ends. From any thread."""

    name: str
    left: int
    end: Callable[[], None] = end_as_at_a_power_cut
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def passed(self, name: str) -> None:
        """Note that a point is passed now."""
        if name != self.name:
            return
        with self._lock:
            self.left -= 1
            if self.left == 0:
                self.end()

    def commit(self, when: str, kinds: Collection[str]) -> None:
        """Note a commit of the ledger with writes of these kinds."""
        for kind in kinds:
            self.passed(f"{when} {_WRITES.get(kind, kind)}")

    def soon(self, name: str) -> None:
        """Note a point that is passed in a moment. On the event loop."""
        if name == self.name:
            asyncio.get_running_loop().call_later(_A_MOMENT, self.passed, name)

    def meanwhile(self, name: str) -> None:
        """Note a point that is passed in a moment, while this thread waits for a peer."""
        if name == self.name:
            threading.Timer(_A_MOMENT, self.passed, [name]).start()


def armed(installation: Installation, env: Mapping[str, str] = os.environ) -> Point | None:
    """The point that this process is to end at; None where none is armed.

    Raises `ConfigurationError` in production, and for what is no point.
    """
    text = env.get(VARIABLE)
    if not text:
        return None
    if installation.installation.environment == "production":
        raise ConfigurationError([f"{VARIABLE} is set: the process would end itself. Not in production"])
    name, _, count = text.rpartition(":")
    if name not in POINTS or not count.isdecimal() or not int(count):
        raise ConfigurationError([f'{VARIABLE}: "{text}" is no point and number, like "after settle:3"'])
    return Point(name, int(count))


class PointedBroker(Broker):
    """A broker whose publishing, confirms and acknowledgements are points."""

    def __init__(self, point: Point) -> None:
        super().__init__()
        self._point = point

    def send(
        self,
        exchange: str,
        routing_key: str,
        body: bytes,
        headers: Mapping[str, Any],
        *,
        message_id: str,
        done: Done,
        mandatory: bool = True,
    ) -> None:
        """As `Broker.send`."""
        what = "publish" if mandatory else "event"
        self._point.passed(f"before {what}")

        def confirmed(error: Any) -> None:
            self._point.passed("before confirm")
            done(error)
            self._point.passed("after confirm")

        super().send(
            exchange, routing_key, body, headers, message_id=message_id, done=confirmed, mandatory=mandatory
        )
        self._point.soon(f"after {what}")

    async def consume(self, queue: str, handler: Callable[[Received], None], prefetch: int) -> Consumer:
        """As `Broker.consume`."""
        return await super().consume(queue, lambda received: handler(_Acked(received, self._point)), prefetch)


class _Acked(Received):
    """A delivery whose acknowledgement is a point."""

    __slots__ = ("_point", "_received")

    def __init__(self, received: Received, point: Point) -> None:
        for name in Received.__slots__:
            setattr(self, name, getattr(received, name))
        self._received = received
        self._point = point

    def ack(self) -> None:
        """As `Received.ack`."""
        self._point.passed("before ack")
        self._received.ack()
        self._point.soon("after ack")


@dataclass(slots=True)
class _Pointed:
    """An adapter whose calls, look-ups, polls and answers to webhooks are points."""

    adapter: Adapter
    operations: Mapping[str, Operation]
    polls: tuple[Poll, ...]
    webhooks: tuple[Webhook, ...]

    def probe(self) -> Iterator[Probe]:
        """As the adapter's."""
        return self.adapter.probe()

    def ping(self) -> None:
        """As the adapter's."""
        self.adapter.ping()

    def share(self, part: float) -> None:
        """As the adapter's."""
        self.adapter.share(part)

    def close(self) -> None:
        """As the adapter's."""
        self.adapter.close()


def pointed(adapter: Adapter, point: Point) -> Adapter:
    """The adapter with points around whatever it does at its peer."""
    operations = {name: _operation(one, point) for name, one in adapter.operations.items()}
    polls = tuple(replace(one, fetch=_around(one.fetch, "fetch", point)) for one in adapter.polls)
    return _Pointed(adapter, operations, polls, tuple(_webhook(one, point) for one in adapter.webhooks))


def _operation(operation: Operation, point: Point) -> Operation:
    call = _around(operation.call, "call", point)
    lookup = operation.lookup and _around(operation.lookup, "lookup", point)
    return replace(operation, call=call, lookup=lookup)


def _webhook(webhook: Webhook, point: Point) -> Webhook:
    accepted = webhook.accepted

    def answered() -> Any:
        point.passed("before answer")
        point.soon("after answer")
        return accepted()

    return replace(webhook, accepted=answered)


def _around(function: Callable[..., Any], what: str, point: Point) -> Callable[..., Any]:
    def around(*arguments: Any) -> Any:
        point.passed(f"before {what}")
        point.meanwhile(f"during {what}")
        result = function(*arguments)
        point.passed(f"after {what}")
        return result

    return around
