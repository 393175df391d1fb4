"""A start that waits for its servers: one that restarts is away, one that was wiped lets nobody in yet."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from tenacity import AsyncRetrying, RetryCallState
from tenacity.retry import retry_if_exception_type
from tenacity.stop import stop_after_delay
from tenacity.wait import wait_random_exponential

from bus.broker_errors import BrokerUnavailableError
from bus.errors import LedgerUnavailableError, LienThongError, NotLetInError, StayedAwayError

T = TypeVar("T")

LONGEST_PAUSE = 2.0
"""Seconds between two tries, at most."""


@dataclass(frozen=True, slots=True)
class Server:
    """Who is waited for: its name in a sentence, the setting that says how long, the error of its absence."""

    name: str
    setting: str
    away: type[LienThongError]


BROKER = Server("the broker", "[broker] wait_at_start", BrokerUnavailableError)
LEDGER = Server("the ledger's server", "[ledger] wait_at_start", LedgerUnavailableError)


class StoppedError(Exception):
    """A stop came while we waited: there is nothing to end. The text is a sentence that says so."""


async def arrive(
    connect: Callable[[], Awaitable[T]],
    *,
    within: float,
    say: Callable[[str], None],
    stop: asyncio.Event | None = None,
    at: Server = BROKER,
) -> T:
    """Connect, again and again for `within` seconds; each new reason to wait is said once.

    Raises `StayedAwayError` where the server stayed away, the last `NotLetInError` where it let nobody in,
    at once any other `ConfigurationError`, for which waiting does not help, and `StoppedError` as soon as
    `stop` is set; a try that is under way then ends first. May be repeated.
    """
    said: set[str] = set()

    def tell(state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        if str(error) not in said:
            said.add(str(error))
            say(f"{error}. Trying again for {within:g} s ({at.setting})")

    tries = AsyncRetrying(
        retry=retry_if_exception_type((at.away, NotLetInError)),
        stop=stop_after_delay(within),
        wait=wait_random_exponential(multiplier=0.1, max=LONGEST_PAUSE),
        sleep=lambda seconds: _pause(seconds, stop or asyncio.Event(), at),
        before_sleep=tell,
        reraise=True,
    )
    try:
        return await tries(connect)
    except at.away as error:
        raise StayedAwayError(
            f"{at.name} stayed away for {within:g} s ({at.setting}): {error}. Nothing was begun "
            "and nothing is lost; start again when it is there"
        ) from None


async def _pause(seconds: float, stop: asyncio.Event, at: Server) -> None:
    """Wait, but not through a stop."""
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return
    raise StoppedError(f"stopped before {at.name} was there: nothing was begun")
