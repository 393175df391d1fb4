"""Reading changes: every one, record before steps, whatever the search shows late."""

from datetime import timedelta
from typing import Any

import pytest

from bus.errors import (
    TransientError,
)
from bus.ports import Incoming
from bus.settings import Seconds
from tests.contract.onestop_adapter.onestops import NUMBER, Connect, Reader
from tests.contract.strict_onestop import StrictOneStop

pytestmark = pytest.mark.contract


def told(items: list[Incoming]) -> list[tuple[str, str]]:
    """Kind of each message and the dossier it is about."""
    return [(item.kind.partition(".")[2], item.tree["code"]) for item in items]


def test_changes_are_handed_in_record_first_then_steps(peer: StrictOneStop, connect: Connect) -> None:
    """Two dossiers worked on between two looks: each in its order, nothing twice."""
    first, second = peer.open(NUMBER), peer.open(None)
    reader = Reader(connect())
    one, other = "H12.06-260415-0001", "H12.06-260415-0002"
    assert told(reader.drain()) == [("dossier", one), ("dossier", other)]
    peer.work(second, 2)
    peer.work(first, 2)
    peer.work(first, 4)
    assert told(reader.drain()) == [
        ("dossier", other),
        ("step", other),
        ("dossier", one),
        ("step", one),
        ("step", one),
    ]
    assert reader.drain() == []


def test_a_change_that_the_search_shows_late_is_not_missed(peer: StrictOneStop, connect: Connect) -> None:
    """It turns up behind the cursor, within the overlap."""
    reader = Reader(connect(overlap=Seconds(60)))
    late = peer.open(NUMBER)
    peer.hidden.add(late)
    peer.open("G22.99-260415-000002")
    assert [code for _, code in told(reader.drain())] == ["H12.06-260415-0002"]
    peer.hidden.clear()
    assert [code for _, code in told(reader.drain())] == ["H12.06-260415-0001"]
    assert reader.drain() == []


def test_every_change_is_seen_though_dossiers_move_between_pages(
    peer: StrictOneStop, connect: Connect
) -> None:
    """Pages of three; after each page the oldest dossier moves to the end."""
    known = [peer.open(f"G22.99-260415-{n:06d}") for n in range(20)]
    reader = Reader(connect(page=3, overlap=Seconds(0.001)))
    moving = iter(known)
    original = peer.search

    def moved(query: dict[str, str]) -> tuple[int, Any]:
        answer = original(query)
        if (one := next(moving, None)) is not None:
            peer.work(one, 2)
        return answer

    peer.search = moved  # type: ignore[method-assign]
    items = reader.drain()
    while found := reader.drain():
        items += found
    steps = [item.tree["code"] for item in items if item.kind == "onestop.step"]
    assert sorted(steps) == sorted(peer.dossiers[one]["code"] for one in known)


def test_a_dossier_unchanged_within_the_overlap_is_not_read_again(
    peer: StrictOneStop, connect: Connect
) -> None:
    """Known rows cost no call."""
    peer.open(NUMBER)
    reader = Reader(connect())
    reader.drain()
    before = peer.operations().count("online")
    reader.drain()
    assert peer.operations().count("online") == before == 1


def test_a_failed_page_is_read_again_whole(peer: StrictOneStop, connect: Connect) -> None:
    """An answer that fails in the middle of a page loses nothing and doubles nothing."""
    for number in range(5):
        peer.open(f"G22.99-260415-{number:06d}")
    reader = Reader(connect(readers=1))
    peer.script["online"] = ["", "", "502 <html>"]
    with pytest.raises(TransientError):
        reader.drain()
    assert len(reader.drain()) == 5


def test_a_listed_dossier_that_is_not_there_is_set_aside(peer: StrictOneStop, connect: Connect) -> None:
    """The others are read all the same."""
    peer.open("G22.99-260415-000001")
    peer.open("G22.99-260415-000002")
    peer.script["online"] = ['404 {"code": "DOSSIER_NOT_FOUND"}']
    one = connect(readers=1)
    page = one.polls[0].fetch("", lambda _: {})
    assert [item.tree["code"] for item in page.items] == ["H12.06-260415-0002"]
    assert len(page.broken) == 1


def test_reading_begins_where_the_settings_say(peer: StrictOneStop, connect: Connect) -> None:
    """A province that has had a one-stop for years does not read it all."""
    peer.open("G22.99-260415-000001")
    since = peer.clock + timedelta(milliseconds=1)
    peer.open("G22.99-260415-000002")
    items = Reader(connect(since=since.isoformat())).drain()
    assert [item.tree["nationCode"] for item in items] == ["G22.99-260415-000002"]
