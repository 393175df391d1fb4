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
}


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
    operation.call(call(body | {"id": "khac", "code": NUMBER}, codes={"national_portal": NUMBER}))
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
    assert operation.key is not None
    assert operation.key(body) == body["id"]
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
