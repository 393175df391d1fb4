"""One log-in for all who need one."""

import threading
import time
from collections.abc import Callable

import pytest

from adapters._kit.tokens import Tokens
from bus.errors import TransientError
from bus.ports import Deadline


class Office:
    """Gives out numbered tokens, slowly, and counts."""

    def __init__(self, lives: float = 60, takes: float = 0.05) -> None:
        self.given = 0
        self._lives, self._takes = lives, takes

    def fetch(self, _: Deadline) -> tuple[str, float]:
        """Log in."""
        time.sleep(self._takes)
        self.given += 1
        return f"t{self.given}", self._lives


def soon(seconds: float = 5) -> Deadline:
    """A deadline that many seconds from now."""
    return Deadline(time.monotonic() + seconds)


def together(count: int, work: Callable[[], str]) -> list[str]:
    """What `count` threads get that call at the same time."""
    got: list[str] = []
    threads = [threading.Thread(target=lambda: got.append(work())) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return got


def test_many_who_begin_together_log_in_once() -> None:
    """Single flight: sixteen threads, one log-in, one token."""
    office = Office()
    tokens = Tokens(office.fetch)
    assert set(together(16, lambda: tokens.get(soon()))) == {"t1"}
    assert office.given == 1


def test_many_whose_token_is_refused_together_log_in_once_more() -> None:
    """Whoever comes second finds the new token and does not ask for a third."""
    office = Office()
    tokens = Tokens(office.fetch)
    stale = tokens.get(soon())
    assert set(together(16, lambda: tokens.renew(stale, soon()))) == {"t2"}
    assert office.given == 2


def test_a_token_past_its_time_is_not_used() -> None:
    """Its life is the peer's word, counted from the log-in."""
    office = Office(lives=0.05, takes=0)
    tokens = Tokens(office.fetch)
    tokens.get(soon())
    time.sleep(0.06)
    assert tokens.get(soon()) == "t2"


def test_who_waits_for_a_log_in_does_not_outlast_the_own_deadline() -> None:
    """A slow log-in of one thread holds no other beyond its time."""
    tokens = Tokens(Office(takes=0.5).fetch)
    first = threading.Thread(target=tokens.get, args=(soon(),))
    first.start()
    time.sleep(0.05)
    with pytest.raises(TransientError):
        tokens.get(soon(0.1))
    first.join()


def test_a_failed_log_in_is_tried_again_by_the_next() -> None:
    """Nothing is remembered of a failure."""
    fails = iter([True, False])

    def fetch(_: Deadline) -> tuple[str, float]:
        if next(fails):
            raise TransientError("not now")
        return "good", 60.0

    tokens = Tokens(fetch)
    with pytest.raises(TransientError):
        tokens.get(soon())
    assert tokens.get(soon()) == "good"
