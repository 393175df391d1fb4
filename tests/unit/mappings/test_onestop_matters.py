"""What a dossier is about, as the one-stop shows it: births, land, insured persons; slips and transfers."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from adapters.onestop.adapter import TYPE
from adapters.onestop.states import Seen, news
from mappings.dossier import Dossier, InformationSlip, Message, Result, Transfer
from mappings.engine import Compiled, MappingError, compile_sheet
from mappings.sheet import load_sheets
from mappings.tables import load

ROOT = Path(__file__).resolve().parents[3]
RECORD: dict[str, Any] = {
    "id": "a1",
    "code": "H12.06-260415-0001",
    "nationCode": "G22.99-260415-000001",
    "procedure": {"code": "9.100109"},
    "statusCurrentTask": {"id": 4},
    "updatedDate": "2026-04-15T09:00:00.000+07:00",
}
BIRTH = {
    "nksHoTen": "Danh Thị Bé",
    "nksGioiTinh": "2",
    "nksNgaySinh": "02/04/2026",
    "meHoTen": "Thạch Thị Sa",
    "meNgaySinh": "1999",
    "meSoDDCN": "096199001234",
    "chaHoTen": "Danh Sóc Kha",
    "chaNgaySinh": "11/1995",
    "soDangKy": "12",
    "soDinhDanh": "096326001234",
}
LAND = {
    "nguoiSuDung": [{"hoTen": "Nguyễn Thị Út", "soGiayTo": "096180001234"}, {"hoTen": "Lê Văn Tư"}],
    "thuaDat": [{"soThua": "12", "soToBanDo": "7", "dienTich": "100.50"}],
    "chuyenNhuong": {"benChuyen": {"hoTen": "Lê Văn Tư"}, "benNhan": {"hoTen": "Trần Ba"}, "gia": 500000000},
}
INSURANCE = {"hoTen": "Lý A", "ngaySinh": "1988", "loaiNgaySinh": "1", "maSoBhxh": "9600000123"}


@pytest.fixture(scope="module")
def sheets() -> Mapping[str, Compiled]:
    """All shipped sheets of the one-stop, compiled with the shipped tables."""
    tables = load([ROOT / "deploy" / "tables"])
    every = load_sheets([ROOT / "mappings"]).items()
    return {name: compile_sheet(sheet, tables) for name, sheet in every if name.startswith("onestop/")}


def read(sheets: Mapping[str, Compiled], kind: str, tree: Any) -> Message:
    """A message of the one-stop as its sheet reads it."""
    message: Message = sheets[TYPE.messages[kind]].read(tree, source="onestop").message
    return message


def whole(sheets: Mapping[str, Compiled], form: dict[str, Any]) -> Dossier:
    """The record with a form."""
    message = read(sheets, "onestop.dossier", RECORD | {"eForm": {"data": form}})
    assert isinstance(message, Dossier)
    return message


def test_a_birth_is_read_with_parents_of_whom_only_a_year_or_a_month_is_known(
    sheets: Mapping[str, Compiled],
) -> None:
    """Partial dates stay partial; what the registration gave is there for the next authority."""
    birth = whole(sheets, {"khaiSinh": BIRTH}).birth
    assert birth is not None
    assert (birth.child.name, birth.child.sex, birth.child.born) == ("Danh Thị Bé", "female", "2026-04-02")
    assert birth.mother is not None
    assert birth.father is not None
    assert (birth.mother.born, birth.father.born) == ("1999", "1995-11")
    assert birth.certificate is not None
    assert birth.certificate.personal_id == "096326001234"


def test_land_is_read_with_several_users_and_an_exact_area(sheets: Mapping[str, Compiled]) -> None:
    """An area keeps its zeros, a price is whole đồng."""
    land = whole(sheets, {"datDai": LAND}).land
    assert land is not None
    assert [user.name for user in land.users] == ["Nguyễn Thị Út", "Lê Văn Tư"]
    assert land.parcels[0].area_m2 == Decimal("100.50")
    assert land.transfer is not None
    assert land.transfer.price == 500_000_000


def test_an_insured_person_is_read_with_a_year_of_birth(sheets: Mapping[str, Compiled]) -> None:
    """The kind of the date, loaiNgaySinh 1, says so."""
    insurance = whole(sheets, {"baoHiem": INSURANCE}).insurance
    assert insurance is not None
    assert (insurance.participant.born, insurance.insurance_no) == ("1988", "9600000123")


def test_the_form_goes_back_whole_though_lines_read_parts_of_it(sheets: Mapping[str, Compiled]) -> None:
    """Nothing of a form is an extra, nothing of it is lost on the way back."""
    form = {"khaiSinh": BIRTH, "truongKhac": {"a": [1, None]}}
    message = whole(sheets, form)
    assert message.extras.get("onestop", {}).keys() <= {"id"}
    assert sheets["onestop/dossier"].write(message, source="onestop").tree["eForm"]["data"] == form


def test_a_form_with_a_date_that_does_not_exist_is_refused_by_its_path(
    sheets: Mapping[str, Compiled],
) -> None:
    """Never the first of January of year one."""
    with pytest.raises(MappingError) as caught:
        whole(sheets, {"khaiSinh": BIRTH | {"nksNgaySinh": "31/02/2026"}})
    assert "nksNgaySinh" in str(caught.value.problems[0])


def test_what_officials_make_of_a_land_dossier_is_told_as_messages_in_order(
    sheets: Mapping[str, Compiled],
) -> None:
    """The record, then a slip, transfers, a result that was taken back, a request for a decision; once."""
    agencies = {"fromAgency": {"code": "H12.32.01"}, "toAgency": {"code": "H12.06"}}
    results = [{"id": "k1", "name": "Giấy", "kind": "GCN_QSDD"}, {"id": "k2", "name": "Cũ", "revoked": True}]
    record = RECORD | {
        "slips": [{"id": "PC-1", "approvedDate": "2026-04-15", "datDai": LAND}],
        "transfers": [{"id": "c1", "transferDate": "2026-04-15T08:00:00+07:00", **agencies}],
        "results": results,
        "decisionRequests": [{"id": "d1"}],
    }
    events, seen = news(record, Seen())
    messages = {event.kind: read(sheets, event.kind, event.tree) for event in events}
    assert [event.kind.partition(".")[2] for event in events] == [
        "dossier", "result", "result_revoked", "slip", "transfer", "decision_request",
    ]  # fmt: skip
    assert {message.code for message in messages.values()} == {RECORD["code"]}
    slip, transfer, result = (messages[f"onestop.{kind}"] for kind in ("slip", "transfer", "result"))
    assert isinstance(slip, InformationSlip)
    assert (slip.number, slip.approved_on, len(slip.land.users)) == ("PC-1", date(2026, 4, 15), 2)
    assert isinstance(transfer, Transfer)
    assert transfer.to_agency.code == "H12.06"
    assert isinstance(result, Result)
    assert result.kind == "land_certificate"
    assert isinstance(messages["onestop.decision_request"], Dossier)
    assert news(record, seen)[0] == ()
