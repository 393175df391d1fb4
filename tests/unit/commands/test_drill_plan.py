"""What a drill draws: the same from the same seed, every kind before any comes again."""

from itertools import islice

import pytest

from commands.drill_faults import KINDS
from commands.drill_plan import LANES, Wish, faults, lives
from commands.kill_points import POINTS


def test_the_same_seed_draws_the_same_faults_and_lives() -> None:
    """A violation can be had again; another seed is another drill."""
    one, other = Wish(seed=1), Wish(seed=2)
    assert faults(one, KINDS) == faults(Wish(seed=1), KINDS) != faults(other, KINDS)
    first, again, another = (list(islice(lives(wish, "serve"), 50)) for wish in (one, Wish(seed=1), other))
    assert first == again != another
    assert first != list(islice(lives(one, "worker1"), 50))


def test_a_long_drill_has_every_fault_and_every_kill_point() -> None:
    """In the order of the stream, from its beginning to its end."""
    drawn = faults(Wish(kills=200), KINDS)
    assert {fault.kind for fault in drawn} == KINDS
    assert [fault.at for fault in drawn] == sorted(fault.at for fault in drawn)
    assert 0.0 <= drawn[0].at < 0.1
    assert 0.9 < drawn[-1].at <= 1.0
    points = {life.point for life in islice(lives(Wish(), "serve"), 2000)}
    assert points == {*POINTS, ""}


@pytest.mark.parametrize("lane", LANES)
def test_of_a_lane_each_kind_comes_before_any_comes_again(lane: str) -> None:
    """However many there are, none is left to chance."""
    drawn = [fault.kind for fault in faults(Wish(faults=120), KINDS) if fault.lane == lane]
    assert set(drawn[: len(set(drawn))]) <= KINDS
    counts = {kind: drawn.count(kind) for kind in set(drawn)}
    assert max(counts.values()) - min(counts.values()) <= 1


def test_what_a_machine_cannot_do_is_not_drawn() -> None:
    """It is left out, with the reason in the result."""
    possible = KINDS - {"disk full", "clock back"}
    assert {fault.kind for fault in faults(Wish(faults=200), possible)} == possible


def test_a_drill_on_sqlite_is_one_process() -> None:
    """SQLite serves one."""
    assert Wish(ledger="sqlite").processes == ("serve",)
    assert Wish(workers=2).processes == ("serve", "worker1", "worker2")
