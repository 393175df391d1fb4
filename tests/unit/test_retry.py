"""The retry schedule: bounds, growth, the peer's hint, and the table people read."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bus.retry import Row, Schedule, describe

schedules = st.builds(
    lambda first, factor, room, beyond: Schedule(first, factor, first * room, first * room * beyond),
    st.floats(0.1, 60),
    st.floats(1, 10),
    st.floats(1, 1000),
    st.floats(1, 100),
)
tries = st.integers(0, 10_000)
jitters = st.floats(0, 1, exclude_max=True)


@settings(deadline=None)  # the machine may be busy
@given(schedules, tries, jitters)
def test_a_wait_lies_between_nothing_and_the_ceiling(schedule: Schedule, count: int, jitter: float) -> None:
    """Full jitter: any part of the longest wait, which grows to the ceiling and never beyond."""
    assert 0 <= schedule.next_wait(count, jitter) <= schedule.longest_wait(count) <= schedule.ceiling
    assert schedule.longest_wait(count) <= schedule.longest_wait(count + 1)
    assert schedule.next_wait(count, 0.5) == pytest.approx(schedule.longest_wait(count) / 2)


def test_the_default_waits_double_from_five_seconds_to_a_quarter_of_an_hour() -> None:
    """The first waits are those of the shipped settings."""
    waits = [Schedule().longest_wait(count) for count in range(1, 10)]
    assert waits == [5, 10, 20, 40, 80, 160, 320, 640, 900]


@settings(deadline=None)  # the machine may be busy
@given(schedules, tries, jitters, st.floats(0.001, 10**7))
def test_a_peer_s_hint_is_never_undercut(schedule: Schedule, count: int, jitter: float, hint: float) -> None:
    """We come back not before the peer said, a little spread, never beyond the time to give up."""
    wait = schedule.next_wait(count, jitter, retry_after=hint)
    believed = min(hint, schedule.give_up_after)
    assert believed <= wait <= believed + schedule.first


def test_a_hint_of_no_time_is_no_hint() -> None:
    """A "Retry-After: 0" does not make us hammer a peer that asks for it."""
    assert Schedule().next_wait(9, 0.5, retry_after=0) == Schedule().next_wait(9, 0.5)


def test_exhaustion_counts_the_time_the_peer_was_up() -> None:
    """Tries alone never exhaust a delivery, only the time that its peer could have taken it."""
    schedule = Schedule(give_up_after=100, ceiling=50)
    assert not schedule.is_exhausted(99.9)
    assert schedule.is_exhausted(100)


@settings(deadline=None)  # the machine may be busy
@given(schedules)
def test_the_table_covers_every_try_until_giving_up(schedule: Schedule) -> None:
    """Rows follow one another without a gap, and only the last reaches the time to give up."""
    rows = describe(schedule)
    assert rows[0].first_try == 2
    assert all(one.last_try + 1 == other.first_try for one, other in pairwise(rows))
    assert all(row.latest < schedule.give_up_after for row in rows[:-1])
    assert rows[-1].latest >= schedule.give_up_after
    assert [row.longest for row in rows] == [schedule.longest_wait(row.first_try - 1) for row in rows]


def test_the_table_of_a_short_schedule_reads_as_expected() -> None:
    """One row for each length of wait; the last one says how many tries there are at the ceiling."""
    assert describe(Schedule(first=5, factor=2, ceiling=20, give_up_after=60)) == (
        Row(2, 2, 5, 5),
        Row(3, 3, 10, 15),
        Row(4, 6, 20, 75),
    )


@pytest.mark.parametrize(
    "wrong", [{"first": 0}, {"first": 10, "ceiling": 5}, {"factor": 0.5}, {"give_up_after": 0}]
)
def test_an_impossible_schedule_is_refused(wrong: dict[str, float]) -> None:
    """What cannot be a schedule is no value at all."""
    with pytest.raises(ValueError, match="are needed"):
        Schedule(**wrong)
