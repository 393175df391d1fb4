"""What the portal lists, shows and tells anew, so that it can be compared with what we believe."""

from datetime import datetime

import httpx
import pytest

from adapters.national_portal.facts import VIETNAM
from bus.ports import Adapter
from bus.views import Lists, Rereads, Shows
from tests.contract.national_portal_adapter.portals import RECORD, call, drained, poll_of, submitted
from tests.contract.national_portal_adapter.test_simulated import simulated

__all__ = ["simulated"]

pytestmark = pytest.mark.contract
LONG_AGO = datetime(2020, 1, 1, tzinfo=VIETNAM)


def test_submissions_are_compared_while_they_are_the_citizens_own(
    simulated: tuple[Adapter, httpx.Client],
) -> None:
    """Listed as told, over a poll and a push alike; one that we have written is only seen to be there."""
    one, desk = simulated
    assert isinstance(one, Lists)
    desk.post("/_sim/submit", json={"records": [submitted(n) for n in range(3)]})
    items, _ = drained(poll_of(one, "submitted"), {})
    told = {row.number: row for row in (one.read_listed(item.raw) for item in items)}
    listed = {row.number: row for row in one.listed(LONG_AGO)}
    assert {n: (row.procedure, row.status) for n, row in listed.items()} == {
        n: (row.procedure, row.status) for n, row in told.items()
    }
    assert all(row.compared and row.changed for row in listed.values())
    number = items[0].tree["MaHoSo"]
    one.operations["sync_record"].call(call(RECORD | {"MaHoSo": number}))
    assert [row.number for row in one.listed(LONG_AGO) if not row.compared] == [number]
    for raw in (b"<html>", b"[]", b'{"data": {}}'):
        with pytest.raises(ValueError, match=r"."):
            one.read_listed(raw)


def test_a_status_is_shown_as_it_stands_and_a_submission_is_told_again(
    simulated: tuple[Adapter, httpx.Client],
) -> None:
    """The status moves behind our back and is seen; what the citizen did has the key it had."""
    one, desk = simulated
    assert isinstance(one, Shows)
    assert isinstance(one, Rereads)
    desk.post("/_sim/submit", json={"records": [submitted(0)]})
    (item,), _ = drained(poll_of(one, "submitted"), {})
    number = item.tree["MaHoSo"]
    (again,) = one.reread(number)
    assert (again.kind, again.key) == (item.kind, item.key)
    one.operations[one.shown_by].call(call(RECORD | {"MaHoSo": number, "TrangThaiHoSo": "4"}))
    desk.post("/_sim/status", json={"MaHoSo": number, "TrangThaiHoSo": "2"})
    shown = one.shown(number)
    assert shown is not None
    assert (shown.number, shown.status) == (number, "2")
    nobody = "000.00.00.H12-000101-0000"
    assert (one.shown(nobody), one.reread(nobody), one.reread(number)) == (None, (), ())
