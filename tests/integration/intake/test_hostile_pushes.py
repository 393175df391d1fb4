"""Bad input through the door: refused to its sender, the field named, or kept whole; never a traceback."""

import json
import zlib
from typing import Any

import pytest

from bench.province.hostile import Hostile, hostile_bytes, hostile_records, valid_record
from tests.integration.intake.conftest import KEY, Intake

pytestmark = pytest.mark.integration

LENIENT = {
    "no identity": "an empty list says nothing, as everywhere at this peer; bodies without a number exist",
    "citizen's number '09619000012A'": "the rule of a number does not know its kind: this may be a passport",
}
"""What is taken in although the portal's own guide forbids it, with the reason."""

PERSONAL = ("096190000123", "Nguyễn Thị Bé", "0912345678", "09619000012", "Năm Căn")


def envelope(data: Any, service: str = "NhanHoSo") -> bytes:
    """A record as the portal pushes it."""
    body = {"madonvi": "000.00.00.G22", "service": service, "data": data}
    return json.dumps(body, ensure_ascii=False).encode()


def refused(intake: Intake, body: bytes) -> str:
    """Push what must be refused; the reason that its sender gets."""
    before = len(intake.messages())
    answer = intake.push(body)
    assert answer.status_code == 200
    told = answer.json()
    assert told["error_code"] == -1, told
    assert len(intake.messages()) == before, "what is refused is not kept"
    message: str = told["message"]
    return message


@pytest.mark.parametrize("case", hostile_bytes(), ids=lambda case: case.name)
def test_bytes_that_are_no_record_are_refused(intake: Intake, case: Hostile) -> None:
    """Each with a sentence; what is too large is not even read."""
    assert isinstance(case.payload, bytes)
    if case.name == "beyond the size limit":
        answer = intake.push(case.payload)
        assert (answer.status_code, "larger than" in answer.text) == (413, True)
    else:
        assert refused(intake, case.payload)


@pytest.mark.parametrize(
    "case", [case for case in hostile_records() if case.outcome == "refuse"], ids=lambda case: case.name
)
def test_a_record_that_is_wrong_in_a_field_is_refused_with_that_field(intake: Intake, case: Hostile) -> None:
    """The sender reads its own name of the field."""
    if case.name in LENIENT:
        assert intake.push(envelope(case.payload)).json()["error_code"] != -1, "then it is lenient no more"
        return
    told = refused(intake, envelope(case.payload))
    assert case.path in told, told


@pytest.mark.parametrize(
    "case", [case for case in hostile_records() if case.outcome == "park"], ids=lambda case: case.name
)
def test_a_record_with_a_code_of_no_list_waits_whole(intake: Intake, case: Hostile) -> None:
    """It is answered as taken, and stands in the ledger as it came, with the field that is to blame."""
    assert isinstance(case.payload, dict)
    number = f"G22.99-260415-{zlib.crc32(case.name.encode()) % 10**6:06d}"
    body = envelope({**case.payload, "MaHoSo": number})
    assert intake.push(body).json()["error_code"] == 0
    kept = next(message for message in intake.messages() if message.key == number)
    assert (kept.state, kept.raw) == ("parked", body)
    assert case.path in kept.reason
    assert intake.push(body).json()["error_code"] == 1


def test_all_wrong_fields_are_named_at_once(intake: Intake) -> None:
    """Nobody mends one mistake to be told of the next; in Vietnamese beside the English."""
    record = valid_record() | {"MaTTHC": "x", "NgayNopHoSo": "20260230080000", "TrichYeuHoSo": "9" * 1001}
    record["DanhSachLePhi"] = [{"TenPhiLePhi": "", "Gia": "tám nghìn"}]
    told = refused(intake, envelope(record))
    wanted = ("MaTTHC", "NgayNopHoSo", "TrichYeuHoSo", "DanhSachLePhi/0/TenPhiLePhi", "DanhSachLePhi/0/Gia")
    assert [name for name in wanted if name not in told] == []
    assert "(không phải số tiền viết bằng chữ số, đơn vị đồng)" in told


@pytest.mark.parametrize("service", ["NhanHoSo", "NhanHoSoBoSung", "NhanYeuCauRutHoSo"])
@pytest.mark.parametrize("data", [None, [], {}, "x", 7, [1], [{}, {}], {"MaHoSo": {"a": 1}}, {"MaHoSo": ""}])
def test_no_shape_of_data_breaks_a_service(intake: Intake, service: str, data: object) -> None:
    """Every service reads what comes as a stranger's."""
    assert refused(intake, envelope(data, service))


def test_a_text_with_a_zero_byte_is_refused_or_kept(intake: Intake) -> None:
    """JSON may say what a database may not store: even then nobody is told to try again later."""
    for field in ("ChuHoSo", "MaHoSo", "TrichYeuHoSo", "GhiChu"):
        record = valid_record() | {field: "G22.99-260415-\x00", "NgayNopHoSo": "20260415083059"}
        answer = intake.push(envelope(record))
        assert answer.status_code == 200
        assert "gửi lại sau" not in answer.text
    for identity in ("BS\x001", "\x00"):
        data = {"MaHoSo": "G22.99-260415-000001", "HoSoBoSungId": identity, "NoiDungBoSung": "x"}
        assert "gửi lại sau" not in intake.push(envelope(data, "NhanHoSoBoSung")).text


def test_a_caller_without_the_key_learns_nothing(intake: Intake) -> None:
    """A good record with a wrong key, or at a door that is not there: refused, and not kept."""
    before = len(intake.messages())
    for key in ("", "sai", KEY + "x", "\xff\xfe"):
        told = intake.push(envelope(valid_record()), key=key).json()
        assert (told["error_code"], "khóa" in told["message"]) == (-1, True)
    assert intake.push(b"{}", path="national_portal/khac").status_code == 404
    assert intake.push(b"{}", path="..%2fetc%2fpasswd").status_code == 404
    assert len(intake.messages()) == before


def test_the_one_stop_s_door_takes_signed_announcements_alone(intake: Intake) -> None:
    """Bytes of any kind without a signature: 401, whatever they are."""
    for case in hostile_bytes():
        if case.name != "beyond the size limit":
            assert isinstance(case.payload, bytes)
            assert intake.push(case.payload, path="onestop/changed").status_code == 401


def test_the_log_has_no_traceback_and_nothing_of_a_citizen(intake: Intake) -> None:
    """Last, over all that this module pushed: good records after bad ones are still taken."""
    number = "G22.99-260415-999999"
    assert intake.push(envelope(valid_record() | {"MaHoSo": number})).json()["error_code"] == 0
    log = intake.log()
    assert "Traceback" not in log
    assert [one for one in PERSONAL if one in log] == []
