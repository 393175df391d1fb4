"""What the one-stop lists: every dossier that changed since, and what it tells of one read alike."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from adapters.onestop.changes import VIETNAM
from bus.views import Lists, Rereads
from tests.contract.onestop_adapter.onestops import CREATE, NUMBER, Connect, Reader, call
from tests.contract.onestop_adapter.test_simulated import simulated, simulator
from tests.contract.strict_onestop import StrictOneStop

pytestmark = pytest.mark.contract


def test_what_is_listed_is_what_was_told_over_several_pages(peer: StrictOneStop, connect: Connect) -> None:
    """Five dossiers by pages of two: the list and the messages of the poll, read, are the same."""
    ids = [peer.open(NUMBER), *(peer.open(None) for _ in range(4))]
    peer.work(ids[1], 2)
    one = connect(page=2)
    assert isinstance(one, Lists)
    listed = {each.number: each for each in one.listed(datetime(2020, 1, 1, tzinfo=VIETNAM))}
    told = [item for item in Reader(one).drain() if item.kind == one.listed_kind]
    assert len(listed) == 5
    assert {each.number: each for each in (one.read_listed(item.raw) for item in told)} == listed
    assert len({each.status for each in listed.values()}) == 2
    last = max(each.changed for each in listed.values() if each.changed)
    assert list(one.listed(last + timedelta(days=1))) == []


def test_a_dossier_read_anew_tells_all_of_it_with_the_same_keys(
    peer: StrictOneStop, connect: Connect
) -> None:
    """Whatever was seen before: record, steps and parts again, so that only what was lost is new."""
    known = peer.open(NUMBER)
    peer.work(known, 2)
    one = connect()
    assert isinstance(one, Rereads)
    told = Reader(one).drain()
    assert len(told) > 1
    again = one.reread(peer.dossiers[known]["code"])
    assert [(item.kind, item.key) for item in again] == [(item.kind, item.key) for item in told]
    assert one.reread("H12.06-000101-0000") == ()


def test_what_is_no_dossier_is_refused(connect: Connect) -> None:
    """A kept message that is none is a ValueError, never a dossier without a number."""
    one = connect()
    assert isinstance(one, Lists)
    for raw in (b"<html>", b"[]", b'{"id": "1"}'):
        with pytest.raises(ValueError, match=r"."):
            one.read_listed(raw)


def test_the_simulator_lists_what_its_create_answered(tmp_path: Path) -> None:
    """A dossier made there is listed under the number and status of the answer."""
    with simulator(tmp_path, "--pace", "3600", "--late", "0") as url:
        one = simulated(url)
        assert isinstance(one, Lists)
        (said,) = one.operations["create_dossier"].call(call(CREATE)).says
        told = one.read_listed(said.raw)
        rows = {each.number: each for each in one.listed(datetime(2020, 1, 1, tzinfo=VIETNAM))}
        one.close()
    assert told.number
    assert rows[told.number].status == told.status != ""
