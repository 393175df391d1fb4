"""Reading: every submission, supplement and withdrawal once, whatever a row looks like."""

import json

import pytest

from adapters.national_portal.settings import Catalogue, Search
from tests.contract.national_portal_adapter.portals import NUMBER, Connect, drained, poll_of, submitted
from tests.contract.strict_portal import StrictPortal

pytestmark = pytest.mark.contract


def put(portal: StrictPortal, number: int, changed: str) -> str:
    """A citizen submits."""
    record = submitted(number)
    portal.records[record["MaHoSo"]] = record
    portal.changed[record["MaHoSo"]] = changed
    return str(record["MaHoSo"])


def test_every_submission_is_found_once_though_many_share_a_second(
    portal: StrictPortal, connect: Connect
) -> None:
    """Pages of seven, forty dossiers, two seconds; then one that commits late."""
    numbers = [put(portal, n, f"2026041508300{n % 2}") for n in range(40)]
    poll = poll_of(connect(search=Search(rows=7)), "submitted")
    memory: dict[str, bytes] = {}
    items, cursor = drained(poll, memory)
    assert sorted(item.key or "" for item in items) == sorted(numbers)
    late = put(portal, 99, "20260415082930")
    items, cursor = drained(poll, memory, cursor)
    assert [item.key for item in items] == [late]
    assert drained(poll, memory, cursor)[0] == []


def test_a_submission_found_is_spelled_as_it_is_written(portal: StrictPortal, connect: Connect) -> None:
    """Upper-case keys become those of section 2, at every depth; what is the search's own is left out."""
    number = put(portal, 1, "20260415083000")
    (item,), _ = drained(poll_of(connect(), "submitted"), {})
    assert item.kind == "national_portal.dossier"
    assert item.tree == portal.records[number]
    assert item.as_of is not None
    assert item.as_of.isoformat() == "2026-04-15T08:30:00+07:00"
    assert b"MAHOSO" in item.raw


def test_supplements_and_withdrawals_follow_their_dossier(portal: StrictPortal, connect: Connect) -> None:
    """What citizens do later is handed in once, in order."""
    number = put(portal, 1, "20260415083000")
    poll = poll_of(connect(), "submitted")
    memory: dict[str, bytes] = {}
    _, cursor = drained(poll, memory)
    answer = {
        "HoSoBoSungId": "BS-1",
        "NoiDungBoSung": "x",
        "TrangThaiBoSung": True,
        "NgayTiepNhanBoSung": "20260416080000",
    }
    portal.records[number] |= {
        "TrangThaiHoSo": "7",
        "NgayTiepNhan": "20260415090000",
        "DanhSachHoSoBoSung": [answer],
    }
    for status, at in (("5", "20260416080000"), ("7", "20260416100000")):
        portal.progress[number].append({"NguoiXuLy": "Công dân", "TrangThai": status, "ThoiDiemXuLy": at})
    portal.changed[number] = "20260416100000"
    items, cursor = drained(poll, memory, cursor)
    assert [(item.kind, item.key) for item in items] == [
        ("national_portal.supplement", f"{number}/BS-1"),
        ("national_portal.withdrawn", f"{number}/rut"),
    ]
    assert drained(poll, memory, cursor)[0] == []


def test_a_row_that_cannot_be_read_does_not_stop_the_others(portal: StrictPortal, connect: Connect) -> None:
    """It is set aside with its reason."""
    rows = [{"CHUHOSO": "không số"}, {"MAHOSO": NUMBER, "TRANGTHAIHOSO": "1"}]
    portal.script["TraCuuHoSo"] = [f"answer {json.dumps({'error_code': 0, 'message': 'OK', 'result': rows})}"]
    page = poll_of(connect(), "submitted").fetch("", lambda _: {})
    assert [item.key for item in page.items] == [NUMBER]
    assert [b"CHUHOSO" in raw for raw, _ in page.broken] == [True]


def test_procedures_are_read_in_portions_and_handed_in_when_they_change(
    portal: StrictPortal, connect: Connect
) -> None:
    """Five at a time; the second round brings the changed one alone."""
    portal.procedures = {f"1.{n:06d}": {"MATTHC": f"1.{n:06d}", "TENTTHC": "Thủ tục"} for n in range(12)}
    poll = poll_of(connect(catalogue=Catalogue(on=True, at_once=5)), "procedures")
    memory: dict[str, bytes] = {}
    items, cursor = drained(poll, memory)
    assert [item.tree["MATTHC"] for item in items] == sorted(portal.procedures)
    portal.procedures["1.000007"]["TENTTHC"] = "Thủ tục sửa đổi"
    items, _ = drained(poll, memory, cursor)
    assert [item.tree["TENTTHC"] for item in items] == ["Thủ tục sửa đổi"]


def test_the_catalogue_and_the_door_are_closed_unless_opened(connect: Connect) -> None:
    """Off by default; no key, no webhook."""
    one = connect()
    assert [poll.name for poll in one.polls] == ["submitted"]
    assert one.webhooks == ()
