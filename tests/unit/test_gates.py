"""The gate: nothing is claimed while a peer is down, and what fails alone stops alone."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bus.errors import (
    DeliveryError,
    OutcomeUnknownError,
    PermanentError,
    RefusedByPeerError,
    TransientError,
)
from bus.floor import Floor
from bus.gates import WHOLE, Gate, verdict
from bus.ledger.gate_records import GateRow, Outage, State
from bus.windows import Window

UNREACHABLE = TransientError("no connection")
BUSY = TransientError("busy", code="HTTP 503")
LOST = OutcomeUnknownError("no answer")


def gate_of(most: int = 3, **more: object) -> Gate:
    """A gate whose breakers open after so many failures."""
    return Gate(most, 60.0, **more)  # type: ignore[arg-type]  # a test may set any field


def row(operation: str, state: State, epoch: int, **more: object) -> GateRow:
    """A row as the ledger tells it."""
    known = {"paused_by": None, "paused_reason": None, "paused_at": None, "probe_in": 0.0, **more}
    return GateRow("peer", operation, state, epoch, "why", 1.0, **known)  # type: ignore[arg-type]  # as above


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (UNREACHABLE, "unreachable"),
        (BUSY, "down"),
        (TransientError("no answer to a question", connected=True), "down"),
        (TransientError("too fast", peer_down=False), "silent"),
        (TransientError("not there yet", code="404", peer_down=False), "answered"),
        (LOST, "down"),
        (OutcomeUnknownError("a proxy's page", code="HTTP 502"), "down"),
        (OutcomeUnknownError("unknown wording", code="0"), "answered"),
        (RefusedByPeerError("no", reason="no"), "answered"),
        (PermanentError("wrong", code="400"), "answered"),
        (PermanentError("cannot be written"), "silent"),
        (KeyError("a bug"), "silent"),
    ],
)
def test_an_error_says_of_its_peer_no_more_than_it_knows(error: Exception, said: str) -> None:
    """Only what shows the peer as down counts against it; a mistake of ours says nothing."""
    assert verdict(error) == said


@pytest.mark.parametrize(
    "error",
    [
        TransientError("busy", code="HTTP 429", retry_after=60.0),
        OutcomeUnknownError("busy", code="HTTP 503", retry_after=60.0),
    ],
)
def test_a_peer_that_wants_rest_is_left_alone_as_a_whole(error: DeliveryError) -> None:
    """From the first such answer on, before any breaker opens; told to the others, and adopted from them."""
    gate, told = gate_of(), []
    gate.changed = lambda: told.append(gate.wish)
    gate.failed("write", error)
    assert (gate.is_shut("other"), gate.is_shut(), told[0]) == (True, True, 60.0)
    assert "left alone for 60 seconds" in gate.why()
    gate.wish = 0.0
    gate.adopt({WHOLE: row(WHOLE, "closed", 0, rest_in=0.0)})
    assert not gate.is_shut()
    gate.adopt({WHOLE: row(WHOLE, "closed", 0, rest_in=5.0)})
    assert gate.is_shut()


def test_a_hint_at_one_message_stops_no_other() -> None:
    """A "not before" said of what was sent, by a peer that is up, is that delivery's own wait."""
    gate = gate_of()
    gate.failed("write", TransientError("not there yet", code="404", retry_after=60.0, peer_down=False))
    assert not gate.is_shut()


def test_a_wish_for_rest_is_believed_for_an_hour_at_most() -> None:
    """A slip of the peer's, or of whoever poses as it, must not stop a province for a year."""
    gate = gate_of()
    gate.failed("write", TransientError("busy", retry_after=31_536_000.0))
    assert 3590.0 < gate.rests_for <= 3600.0


def test_one_operation_that_is_down_stops_no_other() -> None:
    """The breaker is the operation's: the others go on, the connector's gate stays open."""
    gate = gate_of()
    for _ in range(3):
        gate.failed("write", LOST)
    assert gate.is_shut("write")
    assert not gate.is_shut("tell")
    assert not gate.is_shut()
    assert gate.shut_operations == {"write"}
    assert gate.why("write") == "breaker open: no answer"


def test_a_peer_that_cannot_be_reached_stops_all_operations_soon() -> None:
    """Failures to connect count together, whichever operation met them, a poll's or a look-up's too."""
    gate = gate_of()
    for operation in ("write", "tell", ""):
        gate.failed(operation, UNREACHABLE)
    assert gate.is_shut()
    assert gate.is_shut("never tried")


def test_an_answer_to_anybody_starts_the_count_of_the_whole_again() -> None:
    """While one operation gets answers, another that does not is stopped alone."""
    gate = gate_of()
    for _ in range(3):
        gate.failed("write", UNREACHABLE)
        gate.answered("tell")
    assert (gate.is_shut(), gate.is_shut("write"), gate.is_shut("tell")) == (False, True, False)


def test_an_answer_does_not_close_what_is_open() -> None:
    """A call from before the failure says nothing of now: a probe closes it, by the ledger."""
    gate = gate_of(most=1)
    gate.failed("write", LOST)
    gate.answered("write")
    assert gate.is_shut("write")


def test_a_trial_that_fails_opens_at_once_and_one_that_works_closes() -> None:
    """Half-open: one failure is enough, one success too."""
    for fail, wish in ((True, "open"), (False, "closed")):
        gate = gate_of()
        gate.adopt({"write": row("write", "half-open", 3)})
        assert not gate.is_shut("write")
        gate.failed("write", LOST) if fail else gate.answered("write")
        assert [(name, one.wish) for name, one in gate.wishes()] == [("write", wish)]


def test_the_ledger_decides_except_over_what_it_was_not_told_yet() -> None:
    """Another process's closing is taken over; a change of our own waits for its writing."""
    gate = gate_of(most=1)
    gate.failed("write", LOST)
    gate.adopt({"write": row("write", "closed", 1)})
    assert gate.is_shut("write")
    gate.breakers["write"].wish = None
    gate.adopt({"write": row("write", "closed", 2)})
    assert not gate.is_shut("write")


def test_what_a_person_stopped_the_machine_does_not_start() -> None:
    """A pause shuts the gate, and while it lasts nobody is asked."""
    gate = gate_of()
    gate.adopt({WHOLE: row(WHOLE, "open", 1, paused_by="an", paused_reason="new version")})
    assert gate.is_shut()
    assert gate.due_probes() == []
    gate.adopt({WHOLE: row(WHOLE, "open", 1)})
    assert gate.due_probes() == [WHOLE]


def test_while_nothing_can_be_reached_no_operation_is_asked_by_itself() -> None:
    """One question is enough; the operations' own come after it."""
    gate = gate_of()
    gate.adopt({name: row(name, "open", 1) for name in (WHOLE, "write")})
    assert gate.due_probes() == [WHOLE]


@pytest.mark.parametrize(
    ("shut", "why"),
    [
        (lambda gate: setattr(gate, "stopped", True), "stopping"),
        (lambda gate: gate.floor.look(), "the disk is nearly full"),
    ],
)
def test_a_stop_and_a_full_disk_shut_every_gate(shut: Callable[[Gate], None], why: str) -> None:
    """One question to the gate answers for all of them."""
    gate = gate_of(floor=Floor(Path(), 100, read=lambda _: 50))
    assert not gate.is_shut("write")
    shut(gate)
    assert gate.is_shut("write")
    assert gate.why() == why


def test_a_window_shuts_the_gate() -> None:
    """Inside, nothing may be claimed; it is told which window it is."""
    gate = gate_of(window=Window("00:00-12:00 hold, 12:00-24:00 hold"))
    assert gate.is_shut("write")
    assert "maintenance window" in gate.why()


def test_time_away_is_that_of_the_operation_and_of_the_whole_once() -> None:
    """Overlapping outages are counted once; another operation's do not count."""
    gate = gate_of()
    gate.outages = [
        Outage("peer", WHOLE, "breaker", 10.0, 30.0),
        Outage("peer", "write", "breaker", 20.0, 40.0),
        Outage("peer", "tell", "breaker", 50.0, 60.0),
        Outage("peer", WHOLE, "pause", 90.0, None),
    ]
    assert gate.up_seconds("write", 0.0, 100.0) == 10.0 + 50.0
    assert gate.up_seconds("tell", 0.0, 100.0) == 10.0 + 20.0 + 30.0


@given(st.lists(st.sampled_from([None, UNREACHABLE, BUSY, LOST]), max_size=40), st.integers(1, 5))
def test_a_breaker_is_open_as_soon_as_so_many_failed_in_a_row(
    ends: list[DeliveryError | None], most: int
) -> None:
    """Law: an operation is shut exactly where somewhere so many calls in a row found the peer down."""
    gate = gate_of(most)
    run, longest = 0, 0
    for end in ends:
        gate.answered("write") if end is None else gate.failed("write", end)
        run = 0 if end is None else run + 1
        longest = max(longest, run)
    assert gate.is_shut("write") == (longest >= most)
