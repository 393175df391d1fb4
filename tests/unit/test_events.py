"""What is told of a settled delivery: enough to know what became of a dossier, nothing of a person."""

from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bus.events import identity, told
from bus.ledger.records import Event
from mappings.dossier import Agency, Dossier, Message, Party, Step
from mappings.fold import State, encode, fold

AT = datetime(2026, 11, 23, 8, tzinfo=UTC)
NUMBERS = {"onestop": "H12.09-261123-0007", "national_portal": "G22.99-261123-000001"}
OWNER = Party(name="Nguyễn Thị Bé", phone="0912345678")


def folded(*messages: tuple[str, Message]) -> bytes:
    """The fold of messages (source, message), each of the kind of its struct."""
    state: State | None = None
    for source, message in messages:
        kind = f"{source}.{'dossier' if isinstance(message, Dossier) else 'step'}"
        state = fold(state, source=source, kind=kind, message=message, as_of=AT)
    assert state
    return encode(state)


def event(fold_: bytes = b"", **fields: object) -> Event:
    """An event of a delivery to the portal."""
    values = {
        "id": 1,
        "delivery": 7,
        "kind": "delivered",
        "at": 1764000000.123456,
        "connector": "national_portal",
        "operation": "sync_record",
        "traceparent": "",
        "codes": NUMBERS,
        "fold": fold_,
    }
    return Event(**{**values, **fields})  # type: ignore[arg-type]  # a test may give any field


def test_number_status_and_agency_are_told_and_nothing_of_the_owner() -> None:
    """The fold's own words, whichever source said them; the body has these fields and no other."""
    record = Dossier(status="in_progress", handling_agency=Agency(code="H12.09"), owner=OWNER)
    for state in (
        folded(("onestop", record)),
        folded(("national_portal", Dossier(status="registered", owner=OWNER)), ("onestop", record)),
    ):
        body = msgspec.to_builtins(told(event(state), "H12"))
        assert body == {
            "dossier": NUMBERS["national_portal"],
            "numbers": NUMBERS,
            "status": "in_progress",
            "agency": "H12.09",
            "connector": "national_portal",
            "operation": "sync_record",
            "outcome": "delivered",
        }


@pytest.mark.parametrize(
    ("dossier", "agency"),
    [
        (Dossier(intake_agency=Agency(code="H12.36")), "H12.36"),
        (Dossier(handling_agency=Agency(name="UBND phường"), intake_agency=Agency(code="H12.36")), "H12.36"),
        (Dossier(handling_agency=Agency(code="sai mã #")), "H12"),
        (Dossier(handling_agency=Agency(code="x" * 300)), "H12"),
        (Dossier(), "H12"),
    ],
)
def test_a_dossier_without_a_usable_agency_is_told_as_ours(dossier: Dossier, agency: str) -> None:
    """A routing key is always there and always fits: handling, else intake, else our own code."""
    assert told(event(folded(("onestop", dossier))), "H12").agency == agency


def test_a_dossier_of_which_nothing_is_known_yet_is_told_all_the_same() -> None:
    """A step came before any record: no status, no agency, perhaps no number."""
    step = Step(id="1", status="accepted", at=AT, handler="a", content="b")
    body = told(event(folded(("onestop", step)), codes={}), "H12")
    assert (body.dossier, body.status, body.agency) == (None, None, "H12")
    assert told(event(b""), "H12").status is None


@given(st.floats(1.6e9, 4e9), st.sampled_from(["delivered", "dead"]))
def test_a_transition_has_one_id_however_often_it_is_told(at: float, kind: str) -> None:
    """It depends on the transition alone, not on the row's number, which SQLite may give again."""
    assert identity(event(at=at, kind=kind)) == identity(event(id=99, at=at, kind=kind, codes={}))
    assert identity(event(at=at, kind=kind)) != identity(event(at=at + 1, kind=kind))
    assert identity(event(at=at, kind=kind)) != identity(event(at=at, kind="superseded"))
