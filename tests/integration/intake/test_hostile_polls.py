"""Bad input in what is polled: kept whole as dead with its reason, and the cursor goes on."""

import zlib
from typing import Any

import pytest

from bench.province.hostile import hostile_bytes, hostile_records, valid_record
from tests.integration.intake.conftest import Intake
from tests.integration.intake.test_hostile_pushes import LENIENT, PERSONAL

pytestmark = pytest.mark.integration

FORMS = ("MaHoSo", "TrangThaiHoSo", "NgayTiepNhan")
"""Fields by which the search itself tells dossiers apart; what is wrong there is another test."""


def shown(intake: Intake, records: dict[str, dict[str, Any]], at: str) -> None:
    """Let the portal show records as changed at a time."""
    with intake.portal.lock:
        for number, record in records.items():
            intake.portal.records[number] = record
            intake.portal.changed[number] = at


def test_each_wrong_record_is_dead_by_itself_with_the_field_named(intake: Intake) -> None:
    """A hundred wrong ones among good ones: every good one is kept, every wrong one stands aside whole."""
    cases = [
        case
        for case in hostile_records()
        if case.outcome == "refuse" and case.name not in LENIENT and not case.path.startswith(FORMS)
    ]
    wrong = {
        f"G22.99-260415-{n:06d}": {**case.payload, "MaHoSo": f"G22.99-260415-{n:06d}"}
        for n, case in enumerate(cases)
        if isinstance(case.payload, dict)
    }
    good = {
        f"G22.99-260416-{n:06d}": valid_record() | {"MaHoSo": f"G22.99-260416-{n:06d}"} for n in range(20)
    }
    both = dict(sorted((wrong | good).items(), key=lambda known: known[0][-6:]))
    shown(intake, both, "20260416090000")
    intake.until(lambda: len(intake.messages()) >= len(both))
    kept = {message.key.partition("#")[0]: message for message in intake.messages()}
    assert {kept[number].state for number in good} == {"kept"}
    for (number, _), case in zip(wrong.items(), cases, strict=True):
        message = kept[number]
        assert message.state == "dead", case.name
        assert case.path.upper() in message.reason.upper(), (case.name, message.reason)
        assert number.encode() in message.raw


def test_rows_of_any_shape_stand_aside_and_nothing_is_polled_twice(intake: Intake) -> None:
    """No number, a number of a wrong form, no record at all: dead with its bytes, once."""
    before = len(intake.messages())
    intake.portal.script["TraCuuHoSo"].append(
        'answer {"error_code": 0, "message": "OK", "result": [7, null, "x", [], {}, {"MAHOSO": 5},'
        ' {"MAHOSO": "khong phai so", "TRANGTHAIHOSO": "1"}, {"MAHOSO": "\\u0000", "TRANGTHAIHOSO": "1"}]}'
    )
    intake.until(lambda: len(intake.messages()) >= before + 8)
    fresh = intake.messages()[before:]
    assert {message.state for message in fresh} == {"dead"}
    assert all(message.reason and message.raw for message in fresh)
    asked = len(intake.portal.seen)
    intake.until(lambda: len(intake.portal.seen) > asked + 3)
    assert len(intake.messages()) == before + len(fresh)


@pytest.mark.parametrize(
    "case",
    [case for case in hostile_bytes() if case.name != "beyond the size limit"],
    ids=lambda one: one.name,
)
def test_an_answer_that_cannot_be_read_is_asked_for_again(intake: Intake, case: Any) -> None:
    """Nothing is kept of it, the cursor stands, and the next poll goes on."""
    before = len(intake.messages())
    intake.portal.raw.append(case.payload)
    intake.until(lambda: not intake.portal.raw)
    asked = len(intake.portal.seen)
    number = f"G22.99-260417-{zlib.crc32(case.name.encode()) % 10**6:06d}"
    shown(intake, {number: valid_record() | {"MaHoSo": number}}, "20260417090000")
    intake.until(lambda: len(intake.portal.seen) > asked)
    intake.until(lambda: any(message.key == number for message in intake.messages()))
    assert len(intake.messages()) == before + 1


def test_the_log_tells_of_them_without_a_traceback_or_a_citizen(intake: Intake) -> None:
    """Last, over all that this module polled."""
    log = intake.log()
    assert "Traceback" not in log
    assert [one for one in PERSONAL if one in log] == []
    assert "poll failed" in log
