"""Keeps the words that dossiers are found by, and what is promised: one process follows the messages."""

import asyncio

import msgspec
import structlog

from bus.errors import LedgerUnavailableError
from bus.found_by import words
from bus.ledger.finding import SOURCE, Terms, unwritten
from bus.ledger.ledger import Ledger
from bus.ledger.sources import Lease, stand
from mappings.fold import State
from mappings.reported import is_open

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


def _words(folds: dict[int, bytes]) -> tuple[dict[int, frozenset[str]], dict[int, float]]:
    wholes = {dossier: _decode(fold).whole for dossier, fold in folds.items()}
    due = {
        dossier: one.due_at.timestamp()
        for dossier, one in wholes.items()
        if one.due_at and is_open(one.status)
    }
    return {dossier: words(one) for dossier, one in wholes.items()}, due
