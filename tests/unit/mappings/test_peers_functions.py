"""The named functions beside the peers' sheets: every check and every rule in Python, each with its test."""

from datetime import date, datetime, timedelta
from typing import Any

import msgspec
import pytest

from mappings.dossier import Agency, Dossier, File
from mappings.national_portal import functions as portal
from mappings.onestop import functions as onestop
from mappings.rules import ICT, Fault, Noted

NOW = datetime(2026, 11, 23, 8, tzinfo=ICT)


@pytest.mark.parametrize(
    ("code", "agency", "found"),
    [
        ("H12.06-261123-0001", Agency(code="H12.06"), 0),
        ("H12.06-261123-0001", Agency(code="H12"), 0),
        ("H12-261123-0001", Agency(code="H12.06"), 0),
        ("H12.06-261123-0001", Agency(code="H12.07"), 1),
        ("H12.060-261123-0001", Agency(code="H12.06"), 1),
        ("000.00.12.H12-261123-0001", Agency(code="H12.06", old_code="000.00.06.H12"), 0),
        ("000.00.12.H62-261123-0001", Agency(old_code="000.00.06.H12"), 1),
        ("000.00.12.H12-261123-0001", Agency(old_code="000.00.00.H12"), 0),
        ("G22.99-261123-000001", Agency(code="H12.06"), 0),
        ("H12.06-261123-0001", Agency(name="Sở"), 0),
        (None, Agency(code="H12.06"), 0),
    ],
)
def test_a_local_code_lies_on_the_branch_of_an_agency_in_charge(
    code: str | None, agency: Agency, found: int
) -> None:
    """The same agency, one above or below it; the portal's own numbers and unknown agencies say nothing."""
    message = Dossier(code=code, handling_agency=agency)
    assert len(portal.code_starts_with_agency(message)) == found


def test_the_intake_agency_counts_too() -> None:
    """Phi địa giới: numbered where it was taken in, handled elsewhere."""
    message = Dossier(
        code="H12.50.05-261123-0001",
        intake_agency=Agency(code="H12.50.05"),
        handling_agency=Agency(code="H12.06"),
    )
    assert portal.code_starts_with_agency(message) == ()


def test_an_appointment_is_not_before_the_acceptance() -> None:
    """Equal is good; absent says nothing."""
    later = NOW + timedelta(seconds=1)
    assert portal.accepted_before_due(Dossier(accepted_at=NOW, due_at=NOW)) == ()
    assert portal.accepted_before_due(Dossier(due_at=NOW)) == ()
    assert [each.ours for each in portal.accepted_before_due(Dossier(accepted_at=later, due_at=NOW))] == [
        "due_at"
    ]


@pytest.mark.parametrize(
    ("status", "missing"),
    [
        ("registered", 0),
        ("not_accepted", 0),
        ("withdrawn", 0),
        (None, 0),
        ("in_progress", 2),
        ("returned", 2),
    ],
)
def test_an_accepted_dossier_has_its_times(status: Any, missing: int) -> None:
    """Without them the portal does not count it; before acceptance there are none."""
    assert len(portal.accepted_has_times(Dossier(status=status))) == missing
    assert portal.accepted_has_times(Dossier(status=status, accepted_at=NOW, due_at=NOW)) == ()


def test_rows_without_a_number_are_named_by_what_they_say() -> None:
    """Progress by status and time, a withdrawal by its time."""
    assert portal.read_step_id({"TrangThai": "4", "ThoiDiemXuLy": "20261123080000"}) == "4@20261123080000"
    assert portal.read_withdrawal_id({"NgayYeuCau": "20261123080000"}) == "rut@20261123080000"


def test_components_of_all_cases_are_gathered_once() -> None:
    """Reference 1e: cases repeat papers; the key URL is also seen as Url."""
    cases = [
        {"TRUONGHOP": "a", "GIAYTO": [{"MAGIAYTO": "1", "TENGIAYTO": "Đơn", "Url": "https://x.vn/1"}]},
        {"TRUONGHOP": "b", "GIAYTO": [{"MAGIAYTO": "1", "TENGIAYTO": "Đơn"}, {"TENGIAYTO": "Ảnh"}, None, {}]},
        "lạ",
    ]
    found = portal.read_components(cases) or ()
    assert [(each.id, each.name, each.url) for each in found] == [
        ("1", "Đơn", "https://x.vn/1"),
        ("Ảnh", "Ảnh", None),
    ]
    assert portal.read_components([]) is None


def test_the_order_of_a_code_tells_which_of_ours_it_is() -> None:
    """Old order and new order of one tree have a field each."""
    rows = [{"MADONVI": "000.00.00.G22", "TENDONVI": "VPCP"}, {"MADONVI": "H12.06", "TENDONVI": ""}, {}]
    assert portal.read_agencies(rows) == (
        Agency(old_code="000.00.00.G22", name="VPCP"),
        Agency(code="H12.06"),
    )
    assert portal.read_agencies([{}]) is None


def test_an_owner_s_address_is_the_person_s_or_the_enterprise_s() -> None:
    """DiaChiChuHoSo first; anything that is no address is none."""
    address = {"MaTinh": "96", "MaHuyen": "", "MaXa": "32001", "DiaChiChiTiet": " Ấp 1 "}
    place = portal.read_owner_place({"DiaChiDoanhNghiep": address})
    assert place is not None
    assert (place.province, place.district, place.ward, place.line) == ("96", None, "32001", "Ấp 1")
    for nothing in ({}, {"DiaChiChuHoSo": "x"}, {"DiaChiChuHoSo": {"MaTinh": ""}}):
        assert portal.read_owner_place(nothing) is None


def test_bytes_never_pass_through_a_sheet() -> None:
    """Only what our adapter put there is a file; what a peer may write in its place is none."""
    file = File(hash="0" * 64, size=1, media_type="text/plain", name="a.txt")
    assert portal.read_stored(file) is file
    for foreign in ("JVBERi0=", msgspec.to_builtins(file), None, 7):
        with pytest.raises(Noted):
            portal.read_stored(foreign)


def test_one_identity_of_several_is_written_and_read_by_its_kind() -> None:
    """This peer has room for one; an unknown kind stays as it came."""
    found = onestop.read_identities({"identityNumber": " C1234567 ", "identityKind": "3"}) or ()
    assert [(each.kind, each.number) for each in found] == [("?3", "C1234567")]
    assert (onestop.first_kind(found), onestop.first_number(found)) == ("3", "C1234567")
    assert onestop.read_identities({"identityKind": "1"}) is None


def test_a_day_is_the_day_of_a_time_in_vietnam() -> None:
    """A time late in the evening in UTC is the next day here; a day is written as its first second."""
    assert onestop.day_of_time("2026-11-22T20:00:00Z") == date(2026, 11, 23)
    assert onestop.time_of_day(date(2026, 11, 23)) == "2026-11-23T00:00:00+07:00"
    for wrong in (5, "hôm qua", "2026-11-23"):
        with pytest.raises(Fault):
            onestop.day_of_time(wrong)
