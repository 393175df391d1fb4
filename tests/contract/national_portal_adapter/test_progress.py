"""Rows of progress and the status: appended once, found again after a lost answer."""

import pytest

from adapters.national_portal.settings import Search
from bus.errors import OutcomeUnknownError, TransientError
from bus.views import ShowsSteps
from tests.contract.national_portal_adapter.portals import NUMBER, RECORD, ROW, Connect, call
from tests.contract.strict_portal import StrictPortal

pytestmark = pytest.mark.contract


def test_a_row_of_progress_is_known_by_number_status_and_time(portal: StrictPortal, connect: Connect) -> None:
    """10.3; the text may differ."""
    key = connect().operations["add_progress"].key
    assert key is not None
    assert key(ROW) == f"{NUMBER}|4|20260415093000"
    assert key(ROW | {"NoiDungXuLy": "khác"}) == key(ROW)


def test_a_row_whose_answer_was_lost_is_found_and_not_added_twice(
    portal: StrictPortal, connect: Connect
) -> None:
    """The portal only appends: it is asked before a second attempt too."""
    portal.records[NUMBER] = dict(RECORD)
    add = connect().operations["add_progress"]
    assert add.lookup is not None
    portal.script["CapNhatTienDoHoSoMC"] = ["lost"]
    with pytest.raises(OutcomeUnknownError):
        add.call(call(ROW))
    assert add.lookup(call(ROW)).outcome == "done"
    add.call(call(ROW, attempt=2))
    assert portal.progress[NUMBER] == [ROW]
    assert add.lookup(call(ROW | {"ThoiDiemXuLy": "20260415093001"})).outcome == "not there"


def test_a_portal_that_shows_no_progress_leaves_it_to_a_person(
    portal: StrictPortal, connect: Connect
) -> None:
    """As configured, or as found."""
    assert connect(search=Search(progress="")).operations["add_progress"].certainty == "person"
    portal.shows_progress = False
    portal.records[NUMBER] = dict(RECORD)
    lookup = connect().operations["add_progress"].lookup
    assert lookup is not None
    assert lookup(call(ROW)).outcome == "cannot say"


def test_a_row_that_the_portal_lost_is_told_by_its_key(portal: StrictPortal, connect: Connect) -> None:
    """Each by itself, whatever else is shown; without the dossier, or without progress, none is told."""
    portal.records[NUMBER] = dict(RECORD)
    one = connect()
    assert isinstance(one, ShowsSteps)
    add = one.operations[one.steps_by]
    assert add.key is not None
    rows = [ROW | {"ThoiDiemXuLy": f"2026041509300{second}"} for second in range(3)]
    for row in rows:
        add.call(call(row))
    keys = [add.key(row) for row in rows]
    assert one.lost_steps(keys) == ()
    assert one.lost_steps(keys[:1]) == ()
    portal.progress[NUMBER].remove(rows[1])
    assert one.lost_steps(keys) == (keys[1],)
    portal.shows_progress = False
    assert one.lost_steps(keys) is None
    portal.shows_progress = True
    del portal.records[NUMBER]
    assert one.lost_steps(keys) is None


def test_progress_before_its_record_waits(portal: StrictPortal, connect: Connect) -> None:
    """The portal does not have the dossier yet: nothing was done, and the peer is not down."""
    with pytest.raises(TransientError) as caught:
        connect().operations["add_progress"].call(call(ROW))
    assert not caught.value.peer_down


@pytest.mark.parametrize(("status", "told"), [("2", "2"), ("5", "5"), ("3", "11"), ("8", "11")])
def test_the_status_of_a_portal_dossier_is_folded_as_the_service_wants_it(
    portal: StrictPortal, connect: Connect, status: str, told: str
) -> None:
    """1c: accepted, supplement, refused; with both numbers."""
    codes = {"national_portal": NUMBER, "onestop": "H12.06-260415-0001"}
    connect().operations["set_status"].call(call(ROW | {"TrangThai": status}, codes=codes))
    (notice,) = portal.notices
    assert (notice["TrangThai"], notice["MaHoSoDonVi"]) == (told, "H12.06-260415-0001")
    assert (notice["NoiDung"], notice["NgayXuLy"]) == (ROW["NoiDungXuLy"], ROW["ThoiDiemXuLy"])
