"""What the ledger settled is told on the events exchange, for whoever has the right to listen (decision 8).

    routing key   agency.CODE.KIND, like agency.H12.09.delivered; CODE has dots, so bind agency.H12.09.#
    CC            the same for further agencies: where it was taken in, who holds it, who handed it in
    BCC           to.CODE.KIND, for each agency with a queue of its own that may follow the dossier; the
                  broker takes this header off, so nobody sees who else listens (`bus.listeners`)
    headers       CloudEvents; the id is the transition's: a listener knows a repeat by it
    body          dossier (its number at the first connector by name), numbers by connector, status, agency,
                  connector, operation, outcome

No personal data, no reason. Status and agency are the dossier's when the event leaves, not when it happened.
At least once: only what the broker confirmed is taken off the outbox.
"""

import asyncio
import functools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import msgspec
import structlog

from bus.desk import PREFIX
from bus.envelope import headers
from bus.errors import LedgerUnavailableError
from bus.ledger.ledger import Ledger
from bus.ledger.records import Event, EventsTold, Notice, TakeEvents
from bus.listeners import key_of
from bus.rabbitmq import Broker, BrokerError, MisuseError

_log = structlog.get_logger("events")

LONGEST_PAUSE = 30.0
_CODE = re.compile(r"[A-Za-z0-9_.-]{1,100}", re.ASCII)


class Told(msgspec.Struct, frozen=True):
    """The body of an event. `status` and `agency` may be unknown: then null, and our own agency."""

    dossier: str | None
    numbers: Mapping[str, str]
    status: str | None
    agency: str
    connector: str
    operation: str
    outcome: str


class _Agency(msgspec.Struct, frozen=True):
    code: str | None = None


class _Dossier(msgspec.Struct, frozen=True):
    status: str | None = None
    handling_agency: _Agency | None = None
    intake_agency: _Agency | None = None
    holder: _Agency | None = None


class _Fold(msgspec.Struct, frozen=True):
    """As much of `mappings.fold.State` as is told; the rest is not decoded."""

    by_source: dict[str, _Dossier]
    merged: _Dossier | None = None


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(_Fold).decode


def told(event: Event, ours: str) -> Told:
    """What is told of an event; `ours` is our own agency, for a dossier whose agency is not known."""
    return _told(event, _dossier(event), ours)


def _dossier(event: Event) -> _Dossier:
    fold = _decode(event.fold) if event.fold else _Fold({})
    return fold.merged or next(iter(fold.by_source.values()), _Dossier())


def _told(event: Event, dossier: _Dossier, ours: str) -> Told:
    known = (each.code for each in (dossier.handling_agency, dossier.intake_agency) if each)
    agency = next((code for code in known if code and _CODE.fullmatch(code)), ours)
    number = event.codes[min(event.codes)] if event.codes else None
    return Told(number, event.codes, dossier.status, agency, event.connector, event.operation, event.kind)


def others(event: Event, dossier: _Dossier, agency: str) -> list[str]:
    """The further agencies that an event concerns: where it was taken in, who holds it, who handed it in.

    They stand as further routing keys in the header CC, so each of them gets it by binding its own code.
    """
    near = (dossier.handling_agency, dossier.intake_agency, dossier.holder)
    codes = [*(each.code for each in near if each), *_handed_in_by(event)]
    return sorted({code for code in codes if code and _CODE.fullmatch(code)} - {agency})


def _handed_in_by(event: Event) -> Iterator[str]:
    return (name.removeprefix(PREFIX) for name in event.codes if name.startswith(PREFIX))


def identity(event: Event) -> str:
    """The transition's own id: the same however often it is told, also after a restart."""
    return f"{event.delivery}-{event.kind}-{event.at * 1e6:.0f}"


@dataclass(slots=True)
class Announcer:
    """Empties the outbox onto the exchange, `most` events at a time; `agency` is our own code.

    While the broker is away nothing is taken; the pause between tries doubles up to `LONGEST_PAUSE`. On
    PostgreSQL what this process took is nobody else's for `lease` seconds. `notices` tells what agencies
    are to be called with, written as the event leaves the outbox; `listening` which agencies are told in
    queues of their own.
    """

    ledger: Ledger
    broker: Broker
    exchange: str
    source: str
    agency: str
    most: int = 300
    every: float = 1.0
    lease: float = 60.0
    notices: Callable[[Event], Sequence[Notice]] = lambda _: ()
    listening: Callable[[Event], Sequence[str]] = lambda _: ()
    _pause: float = field(default=0.0)

    async def step(self) -> None:
        """Tell one batch, then wait if there was no full one."""
        full = False
        try:
            full = await self.tell()
        except LedgerUnavailableError as error:
            _log.warning("events wait for the ledger", error=str(error))
            self._pause = self._longer()
        if not full:
            await asyncio.sleep(max(self.every, self._pause))

    async def tell(self) -> bool:
        """Tell one batch; true where it was full and told, so that there may be more."""
        if not self.broker.connected or self.broker.blocked:
            self._pause = self._longer()
            return False
        events = await self.ledger.take_events(TakeEvents(self.most, self.lease))
        if not events:
            return False
        failed = await self._published(events)
        done = tuple(event.id for event in events if event.id not in failed)
        notices = tuple(one for event in events if event.id not in failed for one in self.notices(event))
        await self.ledger.events_told(EventsTold(done, tuple(failed), notices))
        self._pause = self._longer() if failed else 0.0
        return len(events) == self.most and not failed

    def _longer(self) -> float:
        return min(LONGEST_PAUSE, max(self.every, 2 * self._pause))

    async def _published(self, events: Sequence[Event]) -> dict[int, BrokerError]:
        """Publish all, then wait for all; those that the broker did not confirm, with the reason."""
        failed: dict[int, BrokerError] = {}
        left = len(events)
        ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def done(number: int, error: BrokerError | None) -> None:
            nonlocal left
            left -= 1
            if error is not None:
                failed[number] = error
            if not left and not ended.done():
                ended.set_result(None)

        for event in events:
            self._send(event, functools.partial(done, event.id))
        await ended
        if failed:
            _log.warning("events not told yet", count=len(failed), error=str(next(iter(failed.values()))))
        return failed

    def _send(self, event: Event, done: functools.partial[None]) -> None:
        dossier = _dossier(event)
        says = _told(event, dossier, self.agency)
        name = identity(event)
        marks = headers(
            kind=f"vn.lienthong.delivery.{event.kind}",
            source=self.source,
            identity=name,
            subject=says.dossier or str(event.delivery),
            traceparent=event.traceparent,
            at=datetime.fromtimestamp(event.at, UTC),
        )
        key = f"agency.{says.agency}.{event.kind}"
        if further := others(event, dossier, says.agency):
            marks["CC"] = [f"agency.{code}.{event.kind}" for code in further]
        if listening := self.listening(event):
            marks["BCC"] = [key_of(code, event.kind) for code in listening]
        try:
            self.broker.send(
                self.exchange, key, _encode(says), marks, message_id=name, done=done, mandatory=False
            )
        except MisuseError as error:
            done(error)
