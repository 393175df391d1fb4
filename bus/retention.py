"""Retention (thời hạn lưu dữ liệu cá nhân): the installation's rules carried out, by schedule and by command.

Only dossiers that are over (not accepted, withdrawn, stopped, returned), with nothing open, nothing that
waits for a person and not held, count by the day they were last heard of; messages set aside that never had
a dossier by the day they were kept. What is removed and what stays
proved: `bus.ledger.retention`.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import structlog

from bus.election import Election
from bus.errors import LedgerUnavailableError
from bus.file_references import kept_bytes, tidy
from bus.files import FileStore
from bus.ledger.ledger import Ledger
from bus.ledger.people import Note
from bus.ledger.retention import Due, Remove, Removed, counted, due
from bus.retention_settings import DAY, Kind, Rules
from bus.setting_types import Seconds

AT_ONCE = 50
"""Dossiers of one transaction: others of the ledger wait no longer than it takes."""

_log = structlog.get_logger("retention")

Ask = Callable[..., Awaitable[Any]]
Act = Callable[[Remove], Awaitable[Removed]]


async def carry_out(
    rules: Rules, ask: Ask, act: Act | None, *, now: float, who: str, pause: float = 0.0
) -> dict[Kind, Removed]:
    """One pass over the ledger; without `act` it only counts. May be repeated, and ended at any moment."""
    return {kind: await _kind(rules, kind, ask, act, now=now, who=who, pause=pause) for kind in rules.kinds}


async def _kind(
    rules: Rules, kind: Kind, ask: Ask, act: Act | None, *, now: float, who: str, pause: float
) -> Removed:
    lives: Seconds = getattr(rules, kind)
    before, after, done = now - lives, 0, Removed()
    while True:
        window: Due = await ask(due, kind, before, after)
        for at in range(0, len(window.numbers), AT_ONCE):
            some = window.numbers[at : at + AT_ONCE]
            if act is None:
                done += await ask(counted, kind, some)
                continue
            done += await act(_remove(kind, some, before, who, lives))
            await asyncio.sleep(pause)
        if window.upto is None:
            return done
        after = window.upto


def _remove(kind: Kind, some: tuple[int, ...], before: float, who: str, lives: Seconds) -> Remove:
    if kind == "aside":
        return Remove(kind, (), before, who, f"set aside for {lives.written}", messages=some)
    return Remove(kind, some, before, who, f"not heard of for {lives.written}")


@dataclass(slots=True)
class Retainer:
    """Carries the rules out again and again, while this process is the elected one."""

    ledger: Ledger
    files: FileStore
    rules: Rules
    every: float = 3600.0
    clock: Callable[[], float] = time.time
    election: Election = field(init=False)
    _tidied_at: float = 0.0

    def __post_init__(self) -> None:
        self.election = Election(self.ledger, "retention")

    async def run(self) -> None:
        """For ever; what fails is tried again at the next turn. Without any rule there is nothing to do."""
        while self.rules.kinds or self.rules.files:
            try:
                await self.step()
            except LedgerUnavailableError as error:
                _log.warning("retention waits for the ledger", error=str(error))
            except Exception as error:  # noqa: BLE001  what removes data must never end what carries dossiers
                _log.error("retention failed", error=type(error).__name__)
            await asyncio.sleep(self.every)

    async def step(self) -> dict[Kind, Removed]:
        """One pass, if it is ours to do."""
        if not await self.election.stand():
            return {}
        now = self.clock()
        done = await carry_out(
            self.rules, self.ledger.ask, self.ledger.act, now=now, who="retention", pause=0.05
        )
        for kind, gone in done.items():
            if gone.rows or gone.dossiers:
                _log.warning("personal data removed", kind=kind, dossiers=gone.dossiers, rows=gone.rows)
        if self.rules.files and now - self._tidied_at >= DAY:
            self._tidied_at = now
            await self._tidy(float(self.rules.files))
        return done

    async def _tidy(self, lives: float) -> None:
        kept = kept_bytes(self.ledger.store)
        gone = await asyncio.to_thread(tidy, self.files, kept, older_than=lives, dry_run=False)
        if gone.files:
            subject = f"{len(gone.files)} files of {gone.bytes} bytes"
            await self.ledger.act(Note("retention", "remove", subject, "nothing kept names them"))
