"""Health, three questions apart (tình trạng): is the process alive, can it take in, is anything wanting.

Only the first is a reason to restart it, and no peer, broker or database enters there: restarting us mends
none of them. Ready is whether what comes in at the door can be kept: the ledger answers, the disk has room,
no stop has begun. All else, such as a peer that is away, is "degraded": work waits and goes on by itself.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

from bus.connector import Connector
from bus.errors import LedgerUnavailableError
from bus.floor import Floor
from bus.gates import WHOLE
from bus.ledger.ledger import Ledger

PATIENCE = 3.0
"""Seconds that the ledger has to answer."""

Reason = dict[str, str]
"""What is wanting: a word for programs, a sentence in English and in Vietnamese."""


@dataclass(frozen=True, slots=True)
class Health:
    """Answers from what the process knows; only the ledger is asked anew. `ended` names loops that ended."""

    ledger: Ledger
    connectors: Mapping[str, Connector]
    floor: Floor
    broker_is_up: Callable[[], bool]
    is_stopping: Callable[[], bool]
    ended: Callable[[], Sequence[str]]

    def live(self) -> list[Reason]:
        """Why the process should be restarted; nothing where not. That it answers proves its loop."""
        return [
            _reason("loop ended", f"the loop {name} ended", f"vòng lặp {name} đã dừng")
            for name in self.ended()
        ]

    async def lacks(self) -> list[Reason]:
        """Why nothing can be taken in now; nothing where it can."""
        found = []
        if self.is_stopping():
            found.append(_reason("stopping", "a stop has begun", "đang dừng"))
        if self.floor.is_low:
            found.append(_reason("disk", "the disk is nearly full", "đĩa gần đầy"))
        if not await self._ledger_answers():
            found.append(_reason("ledger", "the ledger's database does not answer", "sổ cái không trả lời"))
        return found

    def degraded(self) -> list[Reason]:
        """What waits, though what comes in is kept and goes out as soon as it can."""
        found = []
        if not self.broker_is_up():
            text = "the broker takes nothing: work waits in the ledger"
            found.append(_reason("broker", text, "RabbitMQ không nhận: việc chờ trong sổ cái"))
        for name, connector in self.connectors.items():
            gate = connector.gate
            for operation in (WHOLE, *sorted(gate.shut_operations)):
                if gate.is_shut(operation) and (why := gate.why(operation)):
                    what = f"{name}.{operation}" if operation else name
                    found.append(_reason(f"peer {what}", f"{what}: {why}", f"kết nối {what} tạm ngừng"))
        return found

    async def _ledger_answers(self) -> bool:
        try:
            await asyncio.wait_for(self.ledger.ask(_one), PATIENCE)
        except (TimeoutError, LedgerUnavailableError):
            return False
        return True


def _one(tx: Connection) -> int:
    return int(tx.execute(text("SELECT 1")).scalar_one())


def _reason(what: str, text: str, vi: str) -> Reason:
    return {"what": what, "text": text, "vi": vi}
