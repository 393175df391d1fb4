"""When an outcome may be believed and when a delivery is given up: both are questions of time."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bus.errors import DeliveryError, OutcomeUnknownError, PermanentError, TransientError
from bus.ledger.gate_records import GateRow, Outage
from bus.ledger.records import Claimed
from bus.ports import Sighting
from bus.settlement import LONGEST_CODE, of_error, of_sighting
from tests.integration.peer import Peer, connector_of

NOT_YET = TransientError("not there yet", code="404", peer_down=False)
CLAIMED = Claimed(
    delivery=1, attempt=3, tries=3, state="sending", message=1, dossier=1, connector="peer",
    operation="write", route="r", kind="onestop.step", source="onestop", body=b"", fold=b"",
    history=(), codes={}, views={},
    doubt="", ended_at=1000.0, first_try_at=1000.0, lookups=0, crashes=0, traceparent="", now=1000.0,
)  # fmt: skip


def asked(doubt: str, now: float, outcome: str = "not there") -> str:
    """What a look-up makes of an unknown delivery whose last attempt ended at 1000."""
    claimed = msgspec.structs.replace(CLAIMED, state="unknown", doubt=doubt, now=now)
    return of_sighting(claimed, 1, Sighting(outcome), connector_of(Peer())).outcome  # type: ignore[arg-type]  # a word


@pytest.mark.parametrize(
    ("doubt", "seconds", "outcome"),
    [("open", 0.1, "unknown"), ("open", 0.2, "ready"), ("lease", 0.2, "unknown"), ("lease", 1e6, "unknown")],
)
def test_not_there_counts_after_its_time_and_never_while_the_caller_may_still_act(
    doubt: str, seconds: float, outcome: str
) -> None:
    """After a lease that merely ran out only the proof that the process is gone, or its own word, helps."""
    assert asked(doubt, 1000.0 + seconds) == outcome


def test_a_lease_that_merely_ran_out_is_asked_again_with_the_wait_of_questions() -> None:
    """The reason says why nothing is sent, and the wait does not shrink to the end of `absent_after`."""
    claimed = msgspec.structs.replace(CLAIMED, state="unknown", doubt="lease", lookups=3)
    settle = of_sighting(claimed, 1, Sighting("not there"), connector_of(Peer()))
    assert "still lives" in settle.reason
    assert settle.wait == pytest.approx(0.8)


spans = st.lists(st.tuples(st.floats(990, 1010), st.floats(0, 8)), max_size=5)


@given(st.floats(0, 10), spans)
def test_given_up_is_what_failed_for_long_enough_while_the_peer_was_up(
    seconds: float, away: list[tuple[float, float]]
) -> None:
    """Law: dead exactly where the up-time since the first try reaches `give_up_after`, one second."""
    connector = connector_of(Peer())
    connector.gate.outages = [Outage("peer", "", "breaker", at, at + length) for at, length in away]
    claimed = msgspec.structs.replace(CLAIMED, now=1000.0 + seconds)
    up = connector.gate.up_seconds("write", 1000.0, 1000.0 + seconds)
    outcome = of_error(claimed, 1, NOT_YET, connector, connector.adapter.operations["write"]).outcome
    assert outcome == ("dead" if up >= 1.0 else "retrying")
    connector.close()


def test_nothing_is_given_up_while_its_operation_is_shut() -> None:
    """Another operation's breaker is no excuse."""
    connector = connector_of(Peer())
    claimed = msgspec.structs.replace(CLAIMED, now=5000.0)
    for operation, outcome in (("tell", "dead"), ("write", "retrying")):
        row = GateRow("peer", operation, "open", 1, "away", 4999.0, 1.0, None, None, None)
        connector.gate.adopt({operation: row})
        settle = of_error(claimed, 1, NOT_YET, connector, connector.adapter.operations["write"])
        assert settle.outcome == outcome


@pytest.mark.parametrize("kind", [TransientError, OutcomeUnknownError, PermanentError])
def test_a_code_that_quotes_what_was_sent_is_covered_and_short(kind: type[DeliveryError]) -> None:
    """A peer's code stands in lists and logs; its answer, whole, does not."""
    said = f"không hợp lệ: CCCD 096190000123, họ tên: Nguyễn Thị Bé {'…' * 100}"
    settle = of_error(CLAIMED, 1, kind("no", code=said, answer=said.encode()), connector_of(Peer()), None)
    assert settle.code.startswith("không hợp lệ: CCCD ")
    assert "096190000123" not in settle.code
    assert "Bé" not in settle.code
    assert len(settle.code) <= LONGEST_CODE
    assert settle.answer == said.encode()
    plain = of_error(CLAIMED, 1, kind("no", code="HTTP 500"), connector_of(Peer()), None)
    assert plain.code == "HTTP 500"
