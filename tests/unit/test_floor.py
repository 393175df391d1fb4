"""The floor of free disk: closed below it, open again a good way above it."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bus.errors import UnavailableError
from bus.floor import AGAIN, RETRY_AFTER, Floor, free_bytes


def readings(values: list[int], least: int) -> list[bool]:
    """What a floor says to one reading after the other."""
    left = iter(values)
    floor = Floor(Path(), least, read=lambda _: next(left))
    return [floor.look() for _ in values]


def test_it_closes_below_the_floor_and_opens_again_a_good_way_above() -> None:
    """Just above the floor is not enough to open again."""
    assert readings([200, 99, 100, 124, 125, 100, 99], 100) == [False, True, True, True, False, False, True]


def test_while_it_is_low_nothing_is_taken_in_and_the_sender_is_told_when_to_come_again() -> None:
    """The door answers "not now"; above the floor it says nothing."""
    free = [50]
    floor = Floor(Path(), 100, read=lambda _: free[0])
    floor.check()
    floor.look()
    with pytest.raises(UnavailableError) as caught:
        floor.check()
    assert caught.value.retry_after == RETRY_AFTER
    free[0] = 1000
    floor.look()
    floor.check()


def test_without_a_floor_nothing_is_measured() -> None:
    """Zero bytes is no floor."""
    assert not Floor(Path("/nowhere/at/all"), 0).look()


def test_a_disk_that_cannot_be_measured_changes_nothing() -> None:
    """What was known stands; the event says so."""
    floor = Floor(Path("/nowhere/at/all"), 100, is_low=True)
    assert floor.look()


def test_the_reading_is_that_of_the_disk_below_the_folder(tmp_path: Path) -> None:
    """A real file system tells more than nothing."""
    assert free_bytes(tmp_path) > 0


@given(st.lists(st.integers(0, 300), max_size=60))
def test_it_never_opens_before_the_way_above_and_never_closes_above_the_floor(values: list[int]) -> None:
    """Law: each change of mind is justified by its reading, each reading that demands one gets it."""
    said = readings(values, 100)
    for before, now, value in zip([False, *said], said, values, strict=False):
        assert now == (value < 100 or (before and value < 100 * AGAIN))
