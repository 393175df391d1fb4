"""The breaker: nothing is claimed while a peer is down, and one probe asks again."""

import time

from hypothesis import given
from hypothesis import strategies as st

from bus.gates import Gate


def test_failures_in_a_row_shut_the_gate_and_one_success_opens_it() -> None:
    """The breaker counts failures without an answer between them."""
    gate = Gate(most_failures=3, open_for=60.0)
    assert [gate.failed("no route") for _ in range(3)] == [False, False, True]
    assert gate.is_shut
    assert gate.succeeded()
    assert not gate.is_shut


def test_a_success_between_failures_starts_the_count_again() -> None:
    """Single failures of a peer that is up never shut its gate."""
    gate = Gate(most_failures=2, open_for=60.0)
    for _ in range(10):
        assert not gate.failed("slow")
        gate.succeeded()
    assert not gate.is_shut


def test_a_pause_by_a_person_shuts_the_gate_and_no_probe_opens_it() -> None:
    """What a person stopped, the machine does not start."""
    gate = Gate(most_failures=1, open_for=0.0, paused=True)
    gate.failed("down")
    assert gate.is_shut
    assert not gate.wants_probe()
    gate.succeeded()
    assert gate.is_shut


def test_one_probe_at_a_time_asks_an_absent_peer() -> None:
    """Asking sets the time of the next probe."""
    gate = Gate(most_failures=1, open_for=0.02)
    gate.failed("down")
    assert not gate.wants_probe()
    time.sleep(0.03)
    assert gate.wants_probe()
    assert not gate.wants_probe()


@given(st.lists(st.booleans(), max_size=40), st.integers(1, 5))
def test_the_gate_is_shut_exactly_while_the_last_failures_are_enough(answers: list[bool], most: int) -> None:
    """Law: without a person, shut means that the last `most` or more answers were failures."""
    gate = Gate(most_failures=most, open_for=60.0)
    for answer in answers:
        gate.succeeded() if answer else gate.failed("down")
    run = next((place for place, answer in enumerate(reversed(answers)) if answer), len(answers))
    assert gate.is_shut == (run >= most)
