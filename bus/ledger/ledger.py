"""The ledger's public face: writes are awaited and grouped, reads are short and blocking."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from bus.errors import LedgerUnavailableError
from bus.ledger import given_up
from bus.ledger import legs as legs_
from bus.ledger.actions import Actions
from bus.ledger.again import Repeater
from bus.ledger.ask_records import AskNoted, TakeAsks
from bus.ledger.asks import Asker
from bus.ledger.claim import Claimer
from bus.ledger.commit import GroupCommit, Passing
from bus.ledger.finding import Finding, Terms
from bus.ledger.gate_records import Probe, Rest, Turn
from bus.ledger.gates import Gates
from bus.ledger.handling import Handling
from bus.ledger.handling_records import (
    Advance,
    Again,
    Cancel,
    Decide,
    Discard,
    Patch,
    Propose,
    Reread,
    Retry,
    Told,
)
from bus.ledger.handover import Handover
from bus.ledger.keep import Keeper, Merger, Planner
from bus.ledger.locks import Locks
from bus.ledger.merge import MergedMeanwhileError
from bus.ledger.notices import Notices
from bus.ledger.outbox import Outbox
from bus.ledger.people import Enrol, Note, People, SignIn, SignOut
from bus.ledger.plain import plain_keep, plain_page, plain_settle
from bus.ledger.records import (
    Claim,
    Claimed,
    Event,
    EventsTold,
    Hold,
    Keep,
    Kept,
    Legs,
    NoticeEnded,
    Page,
    Pause,
    Ready,
    Settle,
    Settled,
    TakeEvents,
    Tie,
    Undone,
)
from bus.ledger.resend import Resender
from bus.ledger.retention import Remove, Retention
from bus.ledger.runs import Runs
from bus.ledger.settle import Settler
from bus.ledger.shares import Share, Shares
from bus.ledger.sources import Lease, Sources
from bus.ledger.store import Store
from bus.ledger.sweep import Sweeper
from bus.ledger.sweep_records import GivenUp, Sweep
from bus.ledger.uploads import Uploaded, Uploads
from bus.ledger.versions import Used, Versions

T = TypeVar("T")

_AWAY = (DBAPIError, PoolTimeoutError, OSError, MergedMeanwhileError)
"""What the libraries raise where the database is not there, and what goes away when it is tried again."""


Action = (
    Hold
    | Pause
    | Undone
    | Turn
    | Probe
    | Rest
    | Share
    | Lease
    | Enrol
    | SignIn
    | SignOut
    | Note
    | Terms
    | Tie
    | TakeAsks
    | AskNoted
    | Retry
    | Cancel
    | Advance
    | Discard
    | Told
    | Reread
    | Again
    | Patch
    | Propose
    | Decide
    | Used
    | Remove
    | Uploaded
)


def _mending(handling: Handling, runs: Runs) -> dict[type, Callable[..., list[Any]]]:
    """What people do about failures."""
    return {
        Retry: runs.retries,
        Cancel: runs.cancels,
        Advance: runs.advances,
        Discard: handling.discards,
        Told: handling.tells,
        Reread: handling.rereads,
        Patch: handling.patches,
        Propose: handling.proposes,
        Decide: handling.decides,
    }


class _Barrier:
    """A write of nothing."""


def _pass(_tx: Connection, barriers: Sequence[_Barrier]) -> list[None]:
    return [None] * len(barriers)


class Ledger:
    """An open ledger at work. Every awaited write is on disk when it returns.

    `passing` is told of every commit, before and after it: drills have one, nobody else.
    """

    def __init__(
        self,
        store: Store,
        plan: Planner,
        merge: Merger,
        legs: Legs | None = None,
        *,
        passing: Passing | None = None,
    ) -> None:
        self.store = store
        self.handover = Handover()
        keeper = Keeper(store, plan, merge, self.handover, legs)
        claimer = Claimer(store)
        gates, outbox = Gates(store), Outbox(store)
        actions, people, asker = Actions(store, gates), People(store), Asker(store)
        settler = Settler(store, keeper, claimer, self.handover)
        handling = Handling(store, keeper, settler)
        runs = Runs(store, Resender(store, handling))
        self._commit = GroupCommit(
            store,
            {
                Settle: settler.settle,
                Page: keeper.pages,
                Keep: keeper.keep,
                Claim: claimer.claim,
                Sweep: Sweeper(store).sweep,
                Hold: actions.holds,
                Pause: actions.pauses,
                Undone: actions.undone,
                Enrol: people.enrols,
                SignIn: people.sign_ins,
                SignOut: people.sign_outs,
                Note: people.notes,
                Terms: Finding(store).write,
                Turn: gates.turns,
                Probe: gates.probes,
                Rest: gates.rests,
                Share: Shares(store, gates).takes,
                Lease: Sources(store).leases,
                _Barrier: _pass,
                TakeEvents: outbox.takes,
                EventsTold: outbox.told,
                GivenUp: given_up.mark,
                Tie: legs_.tie,
                TakeAsks: asker.takes,
                AskNoted: asker.note,
                NoticeEnded: Notices(store).end,
                **_mending(handling, runs),
                Again: Repeater(store, keeper).agains,
                Used: Versions(store).uses,
                Remove: Retention(store).removes,
                Uploaded: Uploads(store).notes,
            },
            self.handover,
            first=Locks(store).take,
            passing=passing,
        )

    async def _write(self, write: Any) -> Any:
        """Hand a write in; the database's own failures become `LedgerUnavailableError`."""
        try:
            return await self._commit.submit(write)
        except _AWAY as error:
            raise LedgerUnavailableError(f"the ledger's database: {type(error).__name__}") from error

    async def keep(self, keep: Keep) -> Kept:
        """Keep a message; the same key again is answered as repeated."""
        kept: Kept = await self._write(plain_keep(keep))
        return kept

    async def keep_page(self, page: Page) -> tuple[Kept, ...]:
        """Keep a polled page and its cursor together."""
        kept: tuple[Kept, ...] = await self._write(plain_page(page))
        return kept

    async def claim(self, claim: Claim) -> Claimed | None:
        """Take a delivery; None where it cannot be taken now."""
        claimed: Claimed | None = await self._write(claim)
        return claimed

    async def settle(self, settle: Settle) -> Settled:
        """Write the outcome of an attempt."""
        settled: Settled = await self._write(plain_settle(settle))
        return settled

    async def sweep(self, sweep: Sweep) -> tuple[Ready, ...]:
        """Everything that is due to be published."""
        ready: tuple[Ready, ...] = await self._write(sweep)
        self.store.clock.mended()
        return ready

    async def take_events(self, take: TakeEvents) -> tuple[Event, ...]:
        """The oldest events of the outbox."""
        events: tuple[Event, ...] = await self._write(take)
        return events

    async def events_told(self, told: EventsTold) -> None:
        """Forget events that were told; give back the others."""
        await self._write(told)

    async def give_up(self, given: GivenUp) -> None:
        """Mark deliveries whose work message the broker gave up on."""
        await self._write(given)

    async def notices_ended(self, ended: Sequence[NoticeEnded]) -> None:
        """Write how calls to agencies ended."""
        await asyncio.gather(*(self._write(one) for one in ended))

    async def act(self, action: Action) -> Any:
        """An action of a person, or of a process at a gate, a source or a retry.

        Raises `NotPossibleError` with a sentence where a person asked for what the ledger does not allow.
        """
        return await self._write(action)

    async def barrier(self) -> None:
        """Wait until what was handed in before is over, and what it handed over has begun."""
        await self._write(_Barrier())

    def look(self, question: Callable[..., T], *arguments: Any) -> T:
        """Ask one of `bus.ledger.read`'s questions in a short reading transaction.

        Raises `LedgerUnavailableError` where the database does not answer.
        """
        try:
            with self.store.read() as tx:
                return question(tx, *arguments)
        except _AWAY as error:
            raise LedgerUnavailableError(f"the ledger's database: {type(error).__name__}") from error

    async def ask(self, question: Callable[..., T], *arguments: Any) -> T:
        """The same without holding up the loop. Cancelled, it ends with its reading, never before."""
        reading = asyncio.ensure_future(asyncio.to_thread(self.look, question, *arguments))
        try:
            return await asyncio.shield(reading)
        except asyncio.CancelledError:
            # a connection still in use would outlive the ledger that is closed next
            await asyncio.wait([reading])
            raise

    def close(self, within: float | None = None) -> bool:
        """Flush, then release the lock and the connections; False where `within` seconds were not enough.

        Then the lock is left to the end of the process, which alone ends the write that hangs.
        """
        flushed = self._commit.close(within)
        if flushed:
            self.store.close()
        return flushed


def read_only(url: str, question: Callable[..., T], *arguments: Any) -> T:
    """Ask a ledger that another process may be serving; nothing is written."""
    with reading(url) as ask:
        answer: T = ask(question, *arguments)
        return answer


@contextmanager
def reading(url: str) -> Iterator[Callable[..., Any]]:
    """The same for several questions, each in a short transaction of its own: `ask(question, *arguments)`."""
    store = Store(url, serve=False)

    def ask(question: Callable[..., T], *arguments: Any) -> T:
        with store.read() as tx:
            return question(tx, *arguments)

    try:
        yield ask
    finally:
        store.close()
