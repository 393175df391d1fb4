"""What one peer told, told to another in the struct that its sheet takes."""

from datetime import UTC, date, datetime

import pytest

from mappings.dossier import CardResult, Message, Payment, Result, Step, Supplement
from mappings.official import Business, OfficialDocument
from mappings.retelling import RETELLINGS, retold
from tests.unit.mappings.test_official import document

NOW = datetime(2026, 4, 15, 8, 30, tzinfo=UTC)
CARD = CardResult(state="issued", card_no="TE1960012345678", valid_from=date(2026, 4, 15), code="H12-1")
REFUSED = CardResult(state="refused", reason="Thông tin không khớp", as_of=NOW)


def test_a_message_of_the_wanted_kind_is_itself() -> None:
    """Nothing is told anew that needs no telling."""
    result = Result(name="Giấy khai sinh")
    assert retold(result, Result, NOW) is result


def test_an_issued_card_is_a_result_and_a_corrected_one_another() -> None:
    """Known by number and first day, so that the same card told twice is one."""
    first = retold(CARD, Result, NOW)
    assert isinstance(first, Result)
    assert (first.kind, first.number, first.code) == ("insurance_card", "TE1960012345678", "H12-1")
    corrected = retold(CardResult(state="issued", card_no=CARD.card_no, valid_from=NOW.date()), Result, NOW)
    later = retold(CardResult(state="issued", card_no=CARD.card_no, valid_from=date(2026, 5, 1)), Result, NOW)
    assert isinstance(corrected, Result)
    assert isinstance(later, Result)
    assert (first.id == corrected.id, first.id == later.id) == (True, False)
    assert retold(CARD, Result, NOW) == first


def test_a_refused_card_is_a_step_with_its_reason() -> None:
    """A refusal is an answer: the dossier's history says why there is no card."""
    step = retold(REFUSED, Step, NOW)
    assert isinstance(step, Step)
    assert (step.status, step.content) == ("stopped", "Thông tin không khớp")


def test_a_refused_file_stops_and_a_decided_one_does_not() -> None:
    """The kind of the result decides."""
    steps = [retold(Result(id="1", name="Từ chối", kind=kind), Step, NOW) for kind in ("refusal", "decision")]
    assert [step.status for step in steps if isinstance(step, Step)] == ["stopped", "in_progress"]


def test_a_question_of_another_authority_can_be_told_as_a_step() -> None:
    """Where an operation takes steps alone."""
    step = retold(Supplement(id="YC1", content="Bổ sung hợp đồng"), Step, NOW)
    assert isinstance(step, Step)
    assert step.content == "Bổ sung hợp đồng"


def test_a_document_decides_or_takes_back_what_it_names() -> None:
    """A revoking document (thu hồi) is about the one before it."""
    new, revoking = document(), Business(kind="revoke", document_id="000.00.00.H12,2026/12")
    made, back = (retold(each, Result, NOW) for each in (new, document(business=revoking)))
    assert isinstance(made, Result)
    assert isinstance(back, Result)
    assert (made.id, made.kind, made.revoked) == (new.document_id, "decision", None)
    assert (back.id, back.revoked) == ("000.00.00.H12,2026/12", True)


def test_what_cannot_be_told_so_is_said() -> None:
    """A payment is no step."""
    with pytest.raises(TypeError, match="a Payment cannot be told as a Step"):
        retold(Payment(id="1", amount=1, paid_at=NOW, state="paid"), Step, NOW)


def test_every_retelling_is_of_messages() -> None:
    """The table names structs that a sheet may take."""
    assert all(issubclass(told, Message) and issubclass(wanted, Message) for told, wanted in RETELLINGS)
    assert (OfficialDocument, Result) in RETELLINGS
