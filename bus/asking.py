"""Asking peers that never call back, while their legs are open (a source of the kind *ask*).

The ledger says which legs are due; here they are asked, each in a slot of its connector, and what the peer
says is kept as a message of the leg's dossier. While nothing may go to a peer none of its legs is taken.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

import structlog
from msgspec.structs import replace

from bus.connector import Connector
from bus.envelope import new_traceparent
from bus.errors import DeliveryError, LedgerUnavailableError, UnsettledError
from bus.ledger.ask_records import Asked, AskNoted, TakeAsks
from bus.ledger.ledger import Ledger
from bus.pipeline import Pipeline
from bus.planning import Question

_log = structlog.get_logger("asking")


@dataclass(slots=True)
class Asking:
    """The questions of one connector, as this process asks them. `questions` are its legs', by route."""

    ledger: Ledger
    pipeline: Pipeline
    connector: Connector
    questions: Mapping[str, Question]
    pause: float = 1.0
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def step(self) -> None:
        """Take what is due and begin to ask it; then a pause."""
        for asked in await self._due():
            task = asyncio.get_running_loop().create_task(self._ask(asked))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        await asyncio.sleep(self.pause)

    async def _due(self) -> tuple[Asked, ...]:
        gate, room = self.connector.gate, 2 * self.connector.slots.count - len(self._tasks)
        if room <= 0 or gate.is_shut() or self.connector.mode != "live":
            return ()
        open_ones = {
            route: one for route, one in self.questions.items() if not gate.is_shut(one.way.operation)
        }
        if not open_ones:
            return ()
        every = {route: one.every for route, one in open_ones.items()}
        ways = {route: (one.way.connector, one.way.operation) for route, one in open_ones.items()}
        asked: tuple[Asked, ...] = await self.ledger.act(TakeAsks(every, ways, room))
        return asked

    async def _ask(self, asked: Asked) -> None:
        """Ask for one leg. What fails is noted on it, and it is asked again at its next date."""
        why = ""
        try:
            claimed = replace(asked.claimed, traceparent=new_traceparent())
            why = await self.pipeline.ask(claimed, self.connector)
        except DeliveryError as error:
            why = f"asked, without an answer: {error.text}"
        except (LedgerUnavailableError, UnsettledError) as error:
            _log.warning("answer not kept", connector=self.connector.name, error=str(error))
            return
        except Exception as error:  # noqa: BLE001  one question that cannot be asked must not stop the others
            why = f"cannot be asked: {type(error).__name__}: {error}"
            _log.error(
                "not asked", connector=self.connector.name, route=asked.route, error=type(error).__name__
            )
        if why != asked.reason:
            try:
                await self.ledger.act(AskNoted(asked.dossier, asked.route, why))
            except LedgerUnavailableError as error:
                _log.warning("not noted", connector=self.connector.name, error=str(error))

    async def stop(self, within: float) -> None:
        """Let questions under way end, in so many seconds; what is left is asked again at its next date."""
        if self._tasks:
            _, left = await asyncio.wait(set(self._tasks), timeout=within)
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)
