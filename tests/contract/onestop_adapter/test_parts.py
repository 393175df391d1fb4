"""What is added to a dossier or changes it, and how it is found after a lost answer."""

import pytest

from bus.errors import (
    OutcomeUnknownError,
    TransientError,
)
from tests.contract.onestop_adapter.onestops import NUMBER, REQUEST_ID, Connect, call, sample
from tests.contract.strict_onestop import StrictOneStop

pytestmark = pytest.mark.contract

PARTS = {
    "add_supplement": ("supplements", sample("supplement.answer")),
    "withdraw": ("withdrawal", sample("withdrawal.citizen")),
    "add_result": ("results", sample("result.certificate")),
    "add_step": ("tasks", sample("step.tax_refusal")),
    "ask_supplement": ("supplement-requests", sample("supplement_request.tax")),
    "set_obligation": ("financial-obligation", sample("obligation.two_payers")),
    "add_payment": ("fees/payments", sample("payment.notice")),
    "obligation_met": ("financial-obligation/met", sample("obligation_met.all_paid")),
    "set_ready": ("ready", sample("ready.birth")),
    "hand_over": ("transfers", sample("hand_over.elsewhere")),
    "result_to_intake": ("results/returns", sample("result_return.certificate")),
}
KEYS = {
    "add_payment": "LTB0000123-TK0000456/TB-CCT|500000|DA_NOP",
    "obligation_met": "met|LTB0000123-TK0000456/TB-CCT|500000|DA_NOP",
    "set_ready": "ready",
    "hand_over": "H12.06",
}
"""What is known otherwise than by its id."""


@pytest.mark.parametrize("name", PARTS)
def test_a_part_goes_to_the_dossier_that_the_codes_name(
    peer: StrictOneStop, connect: Connect, name: str
) -> None:
    """By the own number, or the national one while the own is unknown; it stands in the path alone."""
    peer.open("G22.99-260415-000009")
    known = peer.open(NUMBER)
    field, body = PARTS[name]
    operation = connect().operations[name]
    operation.call(call(body, codes={"onestop": "H12.06-260415-0002"}))
    operation.call(call(body | {"code": NUMBER}, codes={"national_portal": NUMBER}))
    writes = [one for one in peer.seen if one.operation == field]
    assert [one.path for one in writes] == [f"/pa/dossier/{known}/{field}"] * 2
    assert writes[0].body == body
    assert {one.headers["x-request-id"] for one in writes} == {REQUEST_ID}


@pytest.mark.parametrize("name", PARTS)
def test_a_part_whose_answer_was_lost_is_found_and_not_added_twice(
    peer: StrictOneStop, connect: Connect, name: str
) -> None:
    """It is known by its id, and looked for before a second attempt too."""
    peer.open(NUMBER)
    field, body = PARTS[name]
    operation = connect().operations[name]
    codes = {"onestop": "H12.06-260415-0001"}
    assert operation.lookup is not None
    assert (operation.key is None) == (operation.effect == "replaces")
    if operation.key is not None:
        assert operation.key(body) == KEYS.get(name, body.get("id"))
    assert operation.lookup(call(body, codes=codes)).outcome == "not there"
    peer.script[field] = ["lost"]
    with pytest.raises(OutcomeUnknownError):
        operation.call(call(body, codes=codes))
    assert operation.lookup(call(body, codes=codes)).outcome == "done"
    operation.call(call(body, attempt=2, codes=codes))
    assert peer.operations().count(field) == 1


def test_a_part_of_a_dossier_that_the_search_does_not_show_yet_waits(
    peer: StrictOneStop, connect: Connect
) -> None:
    """Nothing was done, the peer is not down."""
    with pytest.raises(TransientError) as caught:
        connect().operations["withdraw"].call(call(PARTS["withdraw"][1], codes={"onestop": "H12-1"}))
    assert not caught.value.peer_down
    assert "withdrawal" not in peer.operations()


def test_an_update_changes_what_it_names_and_is_looked_up_by_it(
    peer: StrictOneStop, connect: Connect
) -> None:
    """The one-stop may add words to codes; what was asked for is what counts."""
    known = peer.open(NUMBER, subject="cũ", applyMethod={"id": 1, "name": "Trực tiếp"})
    body = {"subject": "mới", "applyMethod": {"id": 2}, "asOf": "2026-04-15T09:00:00+07:00"}
    update, codes = connect().operations["update_dossier"], {"onestop": "H12.06-260415-0001"}
    assert update.lookup is not None
    assert update.lookup(call(body, codes=codes)).outcome == "not there"
    update.call(call(body, codes=codes))
    peer.dossiers[known]["applyMethod"] = {"id": 2, "name": "Trực tuyến"}
    assert update.lookup(call(body, codes=codes)).outcome == "done"


def test_a_result_is_taken_back_once_and_stays_in_the_list(peer: StrictOneStop, connect: Connect) -> None:
    """Revoked by its id; after a lost answer the dossier shows it."""
    known = peer.open(
        NUMBER, results=[{"id": "qd-12", "name": "Quyết định"}, {"id": "qd-13", "name": "Khác"}]
    )
    operation, codes = connect().operations["revoke_result"], {"onestop": "H12.06-260415-0001"}
    body = sample("revocation.decision")
    assert operation.lookup is not None
    assert operation.lookup(call(body, codes=codes)).outcome == "not there"
    peer.script["results/revocations"] = ["lost"]
    with pytest.raises(OutcomeUnknownError):
        operation.call(call(body, codes=codes))
    assert operation.lookup(call(body, codes=codes)).outcome == "done"
    assert [one["revoked"] for one in peer.dossiers[known]["results"]] == [True, False]


def test_a_corrected_obligation_is_not_the_one_before(peer: StrictOneStop, connect: Connect) -> None:
    """It replaces: only the last one is shown, and a lookup for the first says that it is not there."""
    peer.open(NUMBER)
    operation, codes = connect().operations["set_obligation"], {"onestop": "H12.06-260415-0001"}
    first = sample("obligation.two_payers")
    corrected = {**first, "payers": first["payers"][:1]}
    operation.call(call(first, codes=codes))
    operation.call(call(corrected, codes=codes))
    assert operation.lookup is not None
    assert operation.lookup(call(corrected, codes=codes)).outcome == "done"
    assert operation.lookup(call(first, codes=codes)).outcome == "not there"


def test_a_payment_that_portal_and_tax_office_both_tell_of_is_known_by_one_key(connect: Connect) -> None:
    """Their own numbers differ and one may lack the reference; a failed payment is another thing."""
    key = connect().operations["add_payment"].key
    assert key is not None
    told = sample("payment.notice")
    assert key(told) == key({**told, "id": "CT-khac"})
    bare = {name: value for name, value in told.items() if name != "reference"}
    assert key(told) == key(bare)
    assert key({"id": "CT-1", "reference": "TC1"}) == key({"id": "CT-2", "reference": "TC1"}) == "TC1"
    assert key(bare) == key({**bare, "id": "CT-khac"})
    assert key(bare) != key({**bare, "state": "KHONG_THANH_CONG"})
    assert key({"id": "CT-1", "amount": 5}) == "CT-1"
