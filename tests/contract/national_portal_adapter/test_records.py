"""Records: inserted or updated, refused before sending, and what a lost answer means."""

import json
from typing import Any

import pytest

from bus.errors import DeliveryError, OutcomeUnknownError, PermanentError, TransientError
from tests.contract.national_portal_adapter.portals import NUMBER, RECORD, Connect, call
from tests.contract.strict_portal import StrictPortal

pytestmark = pytest.mark.contract


def test_a_record_is_inserted_once_and_updated_from_then_on(portal: StrictPortal, connect: Connect) -> None:
    """TraCuuHoSo decides isUpdating (the flow of section 2), whatever form error_code takes."""
    sync = connect().operations["sync_record"]
    for status in ("2", "4", "9"):
        sync.call(call(RECORD | {"TrangThaiHoSo": status}))
    writes = [one.body["isUpdating"] for one in portal.seen if one.service == "DongBoHoSoMC"]
    assert writes == ["False", "True", "True"]
    assert portal.records[NUMBER]["TrangThaiHoSo"] == "9"


@pytest.mark.parametrize("code", ["0", '"3"', '"-3"'])
def test_an_insert_of_what_exists_becomes_an_update(
    portal: StrictPortal, connect: Connect, code: str
) -> None:
    """The text "đã tồn tại" under any of the codes seen with it (1f)."""
    portal.script["DongBoHoSoMC"] = [f'answer {{"error_code": {code}, "message": "Hồ sơ đã tồn tại"}}']
    sync = connect().operations["sync_record"]
    portal.script["TraCuuHoSo"] = ['answer {"error_code": 0, "message": "OK", "result": []}']
    portal.records[NUMBER] = dict(RECORD)
    sync.call(call(RECORD | {"GhiChu": "mới"}))
    assert portal.records[NUMBER]["GhiChu"] == "mới"


def test_an_update_of_what_is_gone_becomes_an_insert(portal: StrictPortal, connect: Connect) -> None:
    """The look-up still knew it, the write did not."""
    portal.script["TraCuuHoSo"] = ['answer {"error_code": 0, "message": "OK", "result": [{"MAHOSO": "x"}]}']
    connect().operations["sync_record"].call(call(RECORD))
    assert portal.records[NUMBER] == RECORD


def test_a_look_up_that_answers_not_found_means_insert(portal: StrictPortal, connect: Connect) -> None:
    """1f: -1 is "not found" as well."""
    portal.script["TraCuuHoSo"] = ['answer {"error_code": "-1", "message": "Hồ sơ không tồn tại"}']
    connect().operations["sync_record"].call(call(RECORD))
    assert portal.records[NUMBER] == RECORD


def test_what_the_portal_would_not_accept_is_not_sent(portal: StrictPortal, connect: Connect) -> None:
    """All problems at once, before even a log-in."""
    wrong = RECORD | {
        "TrichYeuHoSo": "",
        "TenLinhVuc": "x" * 151,
        "MaHoSo": "H15.01-260415-0001",
        "NgayHenTra": "",
    }
    with pytest.raises(PermanentError) as caught:
        connect().operations["sync_record"].call(call(wrong))
    told = " ".join(map(str, caught.value.problems))
    assert all(name in told for name in ("TrichYeuHoSo", "TenLinhVuc", "NgayHenTra", "MaHoSo"))
    assert portal.seen == []


@pytest.mark.parametrize("number", ["000.00.12.H12-260415-0001", "H12.06-260415-0001", NUMBER])
def test_numbers_of_our_own_family_and_of_the_portal_are_sent(
    portal: StrictPortal, connect: Connect, number: str
) -> None:
    """Section 5: both orders of our code, and what the portal gave."""
    connect().operations["sync_record"].call(call(RECORD | {"MaHoSo": number}))
    assert number in portal.records


@pytest.mark.parametrize(
    "act", ["lost", "half", "html/502", "html/404", "slow", "x-road/Server.ServerProxy.NetworkError"]
)
def test_after_a_write_was_sent_no_usable_answer_means_unknown(
    portal: StrictPortal, connect: Connect, act: str
) -> None:
    """Rule 5: reset, half an answer, a proxy's page, time-out, a failure behind the portal's own server."""
    portal.script["DongBoHoSoMC"] = [act]
    sync = connect().operations["sync_record"]
    with pytest.raises(OutcomeUnknownError):
        sync.call(call(RECORD))
    assert portal.services().count("DongBoHoSoMC") == 1


@pytest.mark.parametrize(
    "act", ["lost", "half", "html/502", "slow", "x-road/Server.ServerProxy.NetworkError"]
)
def test_before_the_write_the_same_troubles_are_transient(
    portal: StrictPortal, connect: Connect, act: str
) -> None:
    """The look-up has no effect: nothing was done."""
    portal.script["TraCuuHoSo"] = [act]
    with pytest.raises(TransientError):
        connect().operations["sync_record"].call(call(RECORD))
    assert "DongBoHoSoMC" not in portal.services()


@pytest.mark.parametrize("kind", ["Client.BadRequest", "Server.ClientProxy.UnknownMember"])
def test_an_error_of_our_own_security_server_means_nothing_was_done(
    portal: StrictPortal, connect: Connect, kind: str
) -> None:
    """6b: X-Road-Error of the caller's side never reached the provider."""
    portal.script["DongBoHoSoMC"] = [f"x-road/{kind}"]
    with pytest.raises(TransientError) as caught:
        connect().operations["sync_record"].call(call(RECORD))
    assert caught.value.code == kind
    assert portal.records == {}


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ({"error_code": 0, "message": "Đã ghi nhận"}, OutcomeUnknownError),
        ({"error_code": 0, "message": "Đồng bộ không thành công"}, OutcomeUnknownError),
        ({"error_code": "99", "message": "Mã lạ"}, TransientError),
        ({"error_code": 0, "message": "Trường NgayHenTra bắt buộc nhập"}, PermanentError),
        ({"error_code": -1, "message": "Hệ thống đang bận"}, TransientError),
        ({"message": "không có mã"}, OutcomeUnknownError),
        ([], OutcomeUnknownError),
    ],
)
def test_acceptance_is_not_success_and_unknown_words_are_not_guessed_at(
    portal: StrictPortal, connect: Connect, answer: Any, error: type[DeliveryError]
) -> None:
    """1f and 10.2: the text decides; under code 0 an unknown one leaves the outcome unknown."""
    portal.script["DongBoHoSoMC"] = [f"answer {json.dumps(answer, ensure_ascii=False).replace('/', '')}"]
    with pytest.raises(error) as caught:
        connect().operations["sync_record"].call(call(RECORD))
    assert caught.value.answer


def test_an_unknown_outcome_is_settled_by_what_the_portal_shows(
    portal: StrictPortal, connect: Connect
) -> None:
    """Acted and answer lost: done. Not acted: not there. Another content: not there."""
    sync = connect().operations["sync_record"]
    assert sync.lookup is not None
    assert sync.lookup(call(RECORD)).outcome == "not there"
    portal.script["DongBoHoSoMC"] = ["lost"]
    with pytest.raises(OutcomeUnknownError):
        sync.call(call(RECORD))
    assert sync.lookup(call(RECORD)).outcome == "done"
    assert sync.lookup(call(RECORD | {"TrangThaiHoSo": "9"})).outcome == "not there"


def test_a_reply_wrapped_as_text_by_a_gateway_is_read(portal: StrictPortal, connect: Connect) -> None:
    """1c: {"message": "<JSON as string>"}."""
    portal.script |= {"TraCuuHoSo": ["wrapped"], "DongBoHoSoMC": ["wrapped"]}
    connect().operations["sync_record"].call(call(RECORD))
    assert portal.records[NUMBER] == RECORD
