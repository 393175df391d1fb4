"""The one schedule by which a delivery is tried again (lịch gửi lại). Pure; times in seconds.

Exponential with full jitter, so that what failed together does not come back together. Tries inside a
call are not counted here: they end before the first byte and multiply nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from tenacity import RetryCallState, Retrying
from tenacity.wait import wait_exponential


@dataclass(frozen=True, slots=True)
class Schedule:
    """Waits between tries, in seconds: at most `first`, then `factor` times longer each, up to `ceiling`.

    It ends after `give_up_after` seconds, of which only those count while the peer was up; then a person
    decides. Raises ValueError where no such schedule can be.
    """

    first: float = 5.0
    factor: float = 2.0
    ceiling: float = 900.0
    give_up_after: float = 259_200.0

    def __post_init__(self) -> None:
        if not 0 < self.first <= self.ceiling or self.factor < 1 or self.give_up_after <= 0:
            raise ValueError(f"{self}: 0 < first <= ceiling, factor >= 1 and give_up_after > 0 are needed")

    def longest_wait(self, tries: int) -> float:
        """The longest wait after so many tries, counted from 1."""
        state = RetryCallState(_never_called(), None, (), {})
        state.attempt_number = max(1, tries)
        return float(wait_exponential(multiplier=self.first, max=self.ceiling, exp_base=self.factor)(state))

    def next_wait(self, tries: int, jitter: float, *, retry_after: float | None = None) -> float:
        """The wait after so many tries; `jitter` is a random number of [0, 1).

        A peer's hint (`retry_after`) is never undercut, but spread by at most `first` and believed no
        longer than `give_up_after`.
        """
        if retry_after is not None and retry_after > 0:
            return min(retry_after, self.give_up_after) + jitter * self.first
        return jitter * self.longest_wait(tries)

    def is_exhausted(self, up_seconds: float) -> bool:
        """Tell whether to give up: `up_seconds` since the first try, without those when the peer was down."""
        return up_seconds >= self.give_up_after


@dataclass(frozen=True, slots=True)
class Row:
    """Tries `first_try` to `last_try` of a schedule, as times in seconds.

    Each comes at most `longest` (half of it on average) after the one before, the last of them not later
    than `latest` after the first try of all.
    """

    first_try: int
    last_try: int
    longest: float
    latest: float


def describe(schedule: Schedule) -> tuple[Row, ...]:
    """A schedule as the times it makes, one row for each length of wait. May be repeated."""
    return tuple(_rows(schedule))


def _rows(schedule: Schedule) -> Iterator[Row]:
    at, tries = 0.0, 1
    while at < schedule.give_up_after:
        wait = schedule.longest_wait(tries)
        if wait == schedule.longest_wait(tries + 1):
            more = int((schedule.give_up_after - at) // wait) + 1
            yield Row(tries + 1, tries + more, wait, at + more * wait)
            return
        at, tries = at + wait, tries + 1
        yield Row(tries, tries, wait, at)


@cache
def _never_called() -> Retrying:
    """What tenacity's strategies want to be told of; they read the number of the try alone."""
    return Retrying()
