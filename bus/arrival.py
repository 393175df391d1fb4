"""A start that waits for its broker: one that restarts is away, one that was wiped lets nobody in yet."""

import asyncio
from collections.abc import Awaitable, Callable

from tenacity import AsyncRetrying, RetryCallState
from tenacity.retry import retry_if_exception_type
from tenacity.stop import stop_after_delay
from tenacity.wait import wait_random_exponential

from bus.broker_errors import BrokerUnavailableError
from bus.errors import NotLetInError, StayedAwayError

LONGEST_PAUSE = 2.0
"""Seconds between two tries, at most."""


class StoppedError(Exception):
    """A stop came while we waited: there is nothing to end."""


async def arrive(
    connect: Callable[[], Awaitable[None]],
    *,
    within: float,
    say: Callable[[str], None],
    stop: asyncio.Event | None = None,
) -> None:
    """Connect, again and again for `within` seconds; each new reason to wait is said once.

    Raises `StayedAwayError` where the broker stayed away, the last `NotLetInError` where it let nobody in,
    at once any other `ConfigurationError`, for which waiting does not help, and `StoppedError` as soon as
    `stop` is set. May be repeated.
    """
    said: set[str] = set()

    def tell(state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        if str(error) not in said:
            said.add(str(error))
            say(f"{error}. Trying again for {within:g} s ([broker] wait_at_start)")

    tries = AsyncRetrying(
        retry=retry_if_exception_type((BrokerUnavailableError, NotLetInError)),
        stop=stop_after_delay(within),
        wait=wait_random_exponential(multiplier=0.1, max=LONGEST_PAUSE),
        sleep=lambda seconds: _pause(seconds, stop or asyncio.Event()),
        before_sleep=tell,
        reraise=True,
    )
    try:
        await tries(connect)
    except BrokerUnavailableError as error:
        raise StayedAwayError(
            f"the broker stayed away for {within:g} s ([broker] wait_at_start): {error}. Nothing was begun "
            "and nothing is lost; start again when it is there"
        ) from None


async def _pause(seconds: float, stop: asyncio.Event) -> None:
    """Wait, but not through a stop."""
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return
    raise StoppedError
