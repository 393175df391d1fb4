"""Keeps the words that dossiers are found by, and what is promised: one process follows the messages."""

import asyncio
from collections.abc import Mapping
from datetime import datetime

import msgspec
import structlog

from bus.calendar import ZONE, promised_day
from bus.errors import LedgerUnavailableError
from bus.found_by import words
from bus.ledger.finding import SOURCE, Owed, Terms, unwritten
from bus.ledger.ledger import Ledger
from bus.ledger.sources import Lease, stand
from mappings.dossier import Dossier
from mappings.fold import State
from mappings.reported import is_open, received_at, whose

_PAUSE, _STEP = 1.0, 200
"""Seconds between looks when nothing is new; messages that one step reads."""

_decode = msgspec.json.Decoder(State).decode
_log = structlog.get_logger("finding")


class Finder:
    """Writes the words behind the messages, from `run` until it is cancelled."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    async def run(self) -> None:
        """Follow the messages; a ledger that is away is waited for."""
        while True:
            try:
                more = await self.step()
            except LedgerUnavailableError:
                more = False
            except Exception as error:  # noqa: BLE001  searching must never end what carries dossiers
                _log.warning("words not written", error=type(error).__name__)
                more = False
            await asyncio.sleep(0 if more else _PAUSE)

    async def step(self) -> bool:
        """Write the words of the next messages; False where nothing is new, or another process does it."""
        before, holder = await self._ledger.ask(stand, *SOURCE)
        if holder != self._ledger.store.holder and not await self._ledger.act(Lease(*SOURCE)):
            return False
        after = int(before or 0)
        upto, folds = await self._ledger.ask(unwritten, after, _STEP)
        if upto == after:
            return False
        found, promises = await asyncio.to_thread(_words, folds)
        await self._ledger.act(Terms(found, upto, promises))
        return True


def _words(folds: Mapping[int, tuple[float, bytes]]) -> tuple[dict[int, frozenset[str]], dict[int, Owed]]:
    wholes = {dossier: (made_at, _decode(fold).whole) for dossier, (made_at, fold) in folds.items()}
    owed = {
        dossier: _owed(one, one.due_at, made_at)
        for dossier, (made_at, one) in wholes.items()
        if one.due_at and is_open(one.status)
    }
    return {dossier: words(one) for dossier, (_, one) in wholes.items()}, owed


def _owed(one: Dossier, due: datetime, made_at: float) -> Owed:
    agency, received = whose(one), received_at(one, made_at).astimezone(ZONE)
    code = (agency.code or agency.old_code) if agency else None
    return Owed(promised_day(due)[1].timestamp(), code or "", received.date().isoformat())
