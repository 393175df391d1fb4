"""The dead-letter queue, drained into marks on the ledger's rows (rule 14).

The broker puts a work message there whose consumers ended too often before they acknowledged it. That
decides nothing: the delivery stays what it is, and the sweeper publishes it again. But a person should know.

A heartbeat comes the same way and is told where the letters are drained, so one that came and is not told
says that nothing is marked either.
"""

import asyncio
from collections.abc import Callable

import msgspec
import structlog

from bus.envelope import decode
from bus.errors import LedgerUnavailableError
from bus.heartbeat import beat_of
from bus.ledger.ledger import Ledger
from bus.ledger.sweep_records import GivenUp
from bus.rabbitmq import Received

_log = structlog.get_logger("dead letters")

PREFETCH = 100
LONGEST_PAUSE = 30.0


class DeadLetters:
    """Marks what it takes, then acknowledges. A crash between the two counts once more: a mark may say so.

    `beat` is told of heartbeats, with the seconds that each was on its way.
    """

    def __init__(self, ledger: Ledger, beat: Callable[[float], None]) -> None:
        self._ledger = ledger
        self._beat = beat
        self._taken: asyncio.Queue[Received] = asyncio.Queue()

    def take(self, received: Received) -> None:
        """Take a dead letter; `step` goes on with it."""
        self._taken.put_nowait(received)

    async def step(self) -> None:
        """Wait for some, mark their deliveries in one write, acknowledge them."""
        letters = [await self._taken.get()]
        while not self._taken.empty():
            letters.append(self._taken.get_nowait())
        beats = {letter: beat for letter in letters if (beat := beat_of(letter.body)) is not None}
        gone = (_delivery(letter) for letter in letters if letter not in beats)
        deliveries = tuple(number for number in gone if number is not None)
        if deliveries:
            _log.warning("the broker gave up on work messages", deliveries=sorted(set(deliveries)))
            await self._mark(GivenUp(deliveries))
        for letter in letters:
            letter.ack()
        for beat in beats.values():
            self._beat(beat)

    async def _mark(self, given: GivenUp) -> None:
        pause = 0.1
        while True:
            try:
                return await self._ledger.give_up(given)
            except LedgerUnavailableError:
                await asyncio.sleep(pause)
                pause = min(LONGEST_PAUSE, 2 * pause)


def _delivery(letter: Received) -> int | None:
    try:
        return decode(letter.body).delivery
    except msgspec.DecodeError:
        _log.warning("dead letter not understood")
        return None
