"""Maintenance windows: written as people say them, in the province's time, whatever the machine's zone."""

from datetime import date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bus.calendar import DAYS, ZONE, WorkingCalendar
from bus.uptime import up_seconds
from bus.windows import Watch, Window

MINUTES = st.integers(0, 24 * 60 - 1)


def at(text: str) -> float:
    """A moment of the province as seconds since the epoch."""
    return datetime.fromisoformat(text).replace(tzinfo=ZONE).timestamp()


@st.composite
def windows(draw: st.DrawFn) -> Window:
    """Windows of one to three spans, over midnight and of single weekdays too."""
    word = draw(st.sampled_from(["hold", "only"]))
    parts = []
    for _ in range(draw(st.integers(1, 3))):
        begin, end = draw(st.tuples(MINUTES, MINUTES).filter(lambda pair: pair[0] != pair[1]))
        day = draw(st.sampled_from(["", *(f"{day} " for day in (*DAYS, "holiday", "workday"))]))
        times = f"{begin // 60:02}:{begin % 60:02}-{end // 60:02}:{end % 60:02}"
        parts.append(f"{day}{times} {word}")
    return Window(", ".join(parts))


moments = st.floats(at("2026-08-20T00:00"), at("2026-09-20T00:00"))
"""Round National Day, a holiday in the middle of a week."""


def words(day: date) -> set[str]:
    """The words by which a window may name a day."""
    calendar = WorkingCalendar()
    known = {"holiday": calendar.is_holiday(day), "workday": calendar.is_working_day(day)}
    return {"", DAYS[day.weekday()], *(word for word, true in known.items() if true)}


def by_hand(window: Window, moment: float) -> bool:
    """The same answer from the minute of the day alone, without spans of time."""
    local = datetime.fromtimestamp(moment, ZONE)
    minute = local.hour * 60 + local.minute
    inside = []
    for span in window.spans:
        today, yesterday = (span.day in words(local.date() - timedelta(days=back)) for back in (0, 1))
        if span.begin < span.end:
            inside.append(today and span.begin <= minute < span.end)
        else:
            inside.append((today and minute >= span.begin) or (yesterday and minute < span.end))
    return any(inside) if window.spans[0].word == "hold" else not any(inside)


@pytest.mark.parametrize(
    ("text", "moment", "shut"),
    [
        ("02:00-03:00 hold", "2026-11-25T01:59:59", False),
        ("02:00-03:00 hold", "2026-11-25T02:00:00", True),
        ("02:00-03:00 hold", "2026-11-25T03:00:00", False),
        ("23:30-00:30 hold", "2026-11-25T23:45:00", True),
        ("23:30-00:30 hold", "2026-11-26T00:15:00", True),
        ("23:30-00:30 hold", "2026-11-26T00:30:00", False),
        ("07:00-18:00 only", "2026-11-25T06:59:59", True),
        ("07:00-18:00 only", "2026-11-25T07:00:00", False),
        ("07:00-18:00 only, 12:00-12:30 hold", "2026-11-25T12:10:00", True),
        ("sunday 22:00-04:00 hold", "2026-11-29T23:00:00", True),
        ("sunday 22:00-04:00 hold", "2026-11-30T03:00:00", True),
        ("sunday 22:00-04:00 hold", "2026-11-29T03:00:00", False),
        ("18:00-24:00 hold", "2026-11-25T23:59:59", True),
        ("holiday 00:00-24:00 hold", "2026-09-02T10:00:00", True),
        ("holiday 00:00-24:00 hold", "2026-09-05T10:00:00", False),
        ("workday 07:00-17:00 only", "2026-09-02T10:00:00", True),
        ("workday 07:00-17:00 only", "2026-09-03T10:00:00", False),
    ],
)
def test_a_window_is_the_province_s_time(text: str, moment: str, shut: bool) -> None:  # noqa: FBT001  a table's column
    """Begin belongs to it, end does not; over midnight it is one span, of the day on which it begins."""
    assert Window(text).is_shut(at(moment)) is shut


@pytest.mark.parametrize(
    "text",
    ["", "02:00-03:00", "2:00-3:00 hold", "02:00-02:00 hold", "25:00-26:00 hold", "02:60-03:00 hold",
     "24:00-01:00 hold", "feast 02:00-03:00 hold", "02:00-03:00 hold, nonsense"],
)  # fmt: skip
def test_what_is_no_window_is_refused_with_an_example(text: str) -> None:
    """Nothing is guessed at."""
    with pytest.raises(ValueError, match="02:00-03:00 hold"):
        Window(text)


@given(windows(), moments)
def test_spans_of_time_and_the_minute_of_the_day_agree(window: Window, moment: float) -> None:
    """Law: two ways to work it out give one answer."""
    assert window.is_shut(moment) == by_hand(window, moment)


@given(windows(), moments, st.floats(0, 1))
def test_nothing_changes_before_the_next_change(window: Window, moment: float, share: float) -> None:
    """Law: from a moment to `next_change` the answer is one, and that change lies ahead."""
    change = window.next_change(moment)
    assert moment < change <= moment + timedelta(days=8).total_seconds()
    between = moment + (change - moment) * share
    if between < change:
        assert window.is_shut(between) == window.is_shut(moment)


@given(windows(), moments, st.floats(0, 10 * 86_400), st.lists(st.floats(0, 1), max_size=8))
def test_the_spans_are_exactly_when_it_is_shut(
    window: Window, since: float, length: float, shares: list[float]
) -> None:
    """Law: a moment lies in a span where and only where the window is shut, and spans do not touch."""
    until = since + length
    spans = list(window.shut_spans(since, until))
    assert all(one[1] < other[0] for one, other in pairwise(spans))
    for moment in (since + length * share for share in shares if share < 1):
        if since < moment < until:
            assert any(begin <= moment < end for begin, end in spans) == window.is_shut(moment)


@given(windows(), st.lists(moments, min_size=1, max_size=20))
def test_a_watch_says_what_its_window_says(window: Window, asked: list[float]) -> None:
    """Law: also where the clock is set back."""
    watch = Watch(window)
    assert [watch.is_shut(moment) for moment in asked] == [window.is_shut(moment) for moment in asked]


def test_an_installation_s_own_days_off_are_holidays_of_its_windows() -> None:
    """The calendar of the settings decides, and not the package alone: a day off, and one that is worked."""
    calendar = WorkingCalendar(
        days_off=frozenset({date(2026, 9, 4)}), working_days=frozenset({date(2026, 9, 2)})
    )
    watch = Watch(Window("holiday 00:00-24:00 hold"), calendar)
    assert watch.is_shut(at("2026-09-04T10:00"))
    assert not watch.is_shut(at("2026-09-02T10:00"))


def test_without_a_window_nothing_is_shut() -> None:
    """The usual case."""
    assert not Watch(None).is_shut()


SPANS = st.lists(st.tuples(st.integers(-50, 150), st.integers(-50, 150)).map(sorted).map(tuple), max_size=8)


@given(st.integers(0, 100), st.integers(0, 100), SPANS)
def test_up_time_is_what_no_span_covers(since: int, until: int, away: list[tuple[int, int]]) -> None:
    """Law: counted second by second it is the same, however the spans overlap."""
    covered = {second for begin, end in away for second in range(begin, end)}
    assert up_seconds(since, until, away) == len(set(range(since, until)) - covered)
