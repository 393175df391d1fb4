"""A cursor that forgets nothing, however rows move while pages are read."""

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from adapters._kit import scan as scans
from adapters._kit.scan import Scan

END = "999999"


class Feed:
    """A peer's search: subjects by the time of their last change, oldest first."""

    def __init__(self, times: list[int]) -> None:
        self.rows = dict(enumerate(sorted(times)))

    def page(self, scan: Scan, size: int) -> list[tuple[int, int]]:
        """The rows from `scan.at` on, of its page."""
        since = int(scan.at or 0)
        found = sorted(((at, subject) for subject, at in self.rows.items() if at >= since))
        return [(subject, at) for at, subject in found][scan.page * size : (scan.page + 1) * size]

    def touch(self, subject: int, at: int) -> None:
        """Change a subject now."""
        self.rows[subject] = at


def stamp(number: int) -> str:
    """A time as text that sorts."""
    return f"{number:06d}"


def read_all(feed: Feed, size: int, moves: list[int]) -> set[tuple[int, int]]:
    """Read one scan page by page; after each page the next of `moves` changes."""
    scan, seen, now = scans.begin(Scan(), ""), set(), itertools.count(500_000)
    changes = iter(moves)
    for _ in range(200):
        rows = feed.page(scan, size)
        seen |= set(rows)
        scan = scans.read(
            scans.write(scans.advance(scan, [stamp(at) for _, at in rows], last=len(rows) < size, latest=END))
        )
        if not scan.more:
            break
        subject = next(changes, None)
        if subject is not None and subject in feed.rows:
            feed.touch(subject, next(now))
    return seen


@settings(max_examples=200)
@given(
    st.lists(st.integers(1, 1000), min_size=0, max_size=40, unique=True),
    st.integers(2, 7),
    st.lists(st.integers(0, 39), max_size=12),
)
def test_a_scan_sees_every_subject_though_some_move_while_it_reads(
    times: list[int], size: int, moves: list[int]
) -> None:
    """What moves is seen at its new place, and nobody's neighbour is skipped."""
    feed = Feed(times)
    seen = read_all(feed, size, moves)
    assert {subject for subject, _ in seen} == set(feed.rows)
    assert set(feed.rows.items()) <= seen


@settings(max_examples=300)
@given(
    st.lists(st.integers(1, 3), min_size=0, max_size=40),
    st.integers(2, 7),
    st.lists(st.integers(0, 39), max_size=4),
)
def test_a_scan_sees_every_subject_though_many_share_an_instant_and_some_move(
    times: list[int], size: int, moves: list[int]
) -> None:
    """Pages that had to be counted are read again until nothing moved: a neighbour that moved up is found."""
    feed = Feed(times)
    assert {subject for subject, _ in read_all(feed, size, moves)} == set(feed.rows)


@given(st.integers(1, 60), st.integers(1, 9))
def test_a_whole_page_of_one_instant_does_not_stop_the_scan(count: int, size: int) -> None:
    """Rows that share a second, more than a page holds, are all read."""
    feed = Feed([7] * count)
    assert {subject for subject, _ in read_all(feed, size, [])} == set(range(count))


def test_a_scan_that_ended_begins_again_before_its_end() -> None:
    """The next scan starts where its caller says; the latest change is remembered."""
    ended = scans.advance(scans.begin(Scan(), ""), [stamp(3), stamp(9)], last=True, latest=END)
    assert (ended.high, ended.more) == (stamp(9), False)
    assert scans.begin(ended, stamp(5)) == Scan(stamp(9), stamp(5), 0, more=True, start=stamp(5))


def test_a_scan_under_way_is_not_begun_again() -> None:
    """A restart goes on where the cursor stands."""
    under_way = Scan(stamp(9), stamp(5), 2, more=True)
    assert scans.begin(scans.read(scans.write(under_way)), stamp(1)) == under_way


def test_rows_out_of_order_are_read_by_counting_pages() -> None:
    """A peer that does not sort is not believed to have sorted."""
    scan = scans.advance(scans.begin(Scan(), ""), [stamp(9), stamp(3)], last=False, latest=END)
    assert (scan.at, scan.page, scan.high) == ("", 1, stamp(9))


def test_a_time_from_the_future_does_not_move_the_cursor_past_the_present() -> None:
    """One row with a wrong clock would otherwise hide every change until then."""
    scan = scans.advance(scans.begin(Scan(stamp(5)), ""), [stamp(6), stamp(900)], last=True, latest=stamp(10))
    assert scan.high == stamp(6)
