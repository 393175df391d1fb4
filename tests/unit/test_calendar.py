"""Working time: the laws, Vietnam's holidays and make-up days, and lengths of time as written."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bus.calendar import DAYS, ZONE, Duration, Unit, WorkingCalendar, read_duration

USUAL = WorkingCalendar()
law = settings(deadline=None)  # the first look into a year computes its holidays


def at(text: str) -> datetime:
    """A moment in the province's time."""
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


# hypothesis takes its bounds without a zone
FIRST, LAST = datetime(2018, 1, 1), datetime(2032, 1, 1)  # noqa: DTZ001  see above
moments = st.datetimes(FIRST, LAST, timezones=st.just(ZONE))
amounts = st.integers(0, 200)
units = st.sampled_from(["second", "minute", "hour", "day"])
clock = st.lists(
    st.integers(0, 95).map(lambda quarter: time(quarter // 4, quarter % 4 * 15)),
    min_size=2,
    max_size=6,
    unique=True,
).map(sorted)
calendars = st.builds(
    WorkingCalendar,
    hours=clock.map(lambda times: tuple(zip(times[::2], times[1::2], strict=False))),
    weekend=st.frozensets(st.sampled_from(DAYS), max_size=6),
    days_off=st.frozensets(st.dates(date(2024, 1, 1), date(2024, 3, 1)), max_size=5),
    working_days=st.frozensets(st.dates(date(2024, 4, 1), date(2024, 5, 1)), max_size=5),
)
LENGTHS = {"second": timedelta(seconds=1), "minute": timedelta(minutes=1), "hour": timedelta(hours=1)}


@law
@given(calendars, moments, st.integers(0, 40), units)
def test_working_time_added_is_the_working_time_between(
    calendar: WorkingCalendar, start: datetime, amount: int, unit: Unit
) -> None:
    """Adding working time and counting it are one another's inverse, to the microsecond."""
    end = calendar.add_working(start, amount, unit)
    assert calendar.working_between(start, end) == amount * LENGTHS.get(unit, calendar.day)
    assert end == start or calendar.working_between(
        start, end - timedelta.resolution
    ) < calendar.working_between(start, end)


@law
@given(moments, moments, moments)
def test_working_time_adds_up(a: datetime, b: datetime, c: datetime) -> None:
    """From a to c is from a to b and on to c, forwards and backwards."""
    calendar = WorkingCalendar(days_off=frozenset({date(2026, 3, 4)}))
    near = [a, a + (b - a) / 100, a + (c - a) / 100]
    one, other, third = near
    parts = calendar.working_between(one, other) + calendar.working_between(other, third)
    assert parts == calendar.working_between(one, third)


@law
@given(moments, amounts, st.sampled_from(["second", "minute", "hour"]))
def test_working_time_ends_in_working_hours(start: datetime, amount: int, unit: Unit) -> None:
    """A clock runs out while somebody is at work, and never before calendar time would have."""
    end = USUAL.add_working(start, amount + 1, unit)
    assert USUAL.is_working_day(end.date())
    assert any(begin < end.timetz().replace(tzinfo=None) <= until for begin, until in USUAL.hours)
    assert end - start >= (amount + 1) * LENGTHS[unit]


@pytest.mark.parametrize(
    ("start", "text", "end"),
    [
        ("2026-11-23 08:00", "4 working hours", "2026-11-23 14:00"),
        ("2026-11-23 07:00", "4 working hours", "2026-11-23 11:00"),
        ("2026-11-23 12:00", "1 working hour", "2026-11-23 14:00"),
        ("2026-11-20 16:00", "4 working hours", "2026-11-23 10:00"),
        ("2026-11-22 10:00", "1 working day", "2026-11-23 17:00"),
        ("2026-11-23 10:00", "1 working day", "2026-11-25 10:00"),
        ("2026-02-13 16:30", "1 working hour", "2026-02-23 07:30"),
        ("2026-08-21 16:00", "2 working hours", "2026-08-22 08:00"),
        ("2026-08-28 16:00", "2 working hours", "2026-09-03 08:00"),
        ("2024-04-26 16:00", "2 working hours", "2024-05-02 08:00"),
        ("2024-05-03 16:00", "2 working hours", "2024-05-04 08:00"),
        ("2019-01-04 16:00", "2 working hours", "2019-01-05 08:00"),
        ("2026-11-21 10:00", "2 days", "2026-11-23 10:00"),
        ("2026-11-21 10:00", "90 minutes", "2026-11-21 11:30"),
    ],
)
def test_a_clock_runs_out_when_a_clerk_would_say(start: str, text: str, end: str) -> None:
    """Noon, nights, weekends, Tết, 24 November, National Day and the Saturdays worked instead."""
    assert USUAL.due(at(start), read_duration(text)) == at(end)


def test_an_installation_corrects_the_calendar() -> None:
    """A further day off, a worked holiday, other hours and another weekend."""
    calendar = WorkingCalendar(
        hours=((time(8), time(12)),),
        weekend=frozenset({"sunday"}),
        days_off=frozenset({date(2026, 11, 23)}),
        working_days=frozenset({date(2026, 11, 24)}),
    )
    assert calendar.day == timedelta(hours=4)
    assert calendar.add_working(at("2026-11-21 11:00"), 2, "hour") == at("2026-11-24 09:00")


def test_other_zones_mean_the_same_moment() -> None:
    """A start in UTC gives its end in UTC."""
    start = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
    end = USUAL.add_working(start, 2, "hour")
    assert (end, end.tzinfo) == (datetime(2026, 11, 23, 7, 0, tzinfo=UTC), UTC)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("4 working hours", Duration(4, "hour", working=True)),
        ("1 working day", Duration(1, "day", working=True)),
        ("20 seconds", Duration(20, "second")),
        ("2 minutes", Duration(2, "minute")),
        ("3 days", Duration(3, "day")),
        ("1 week", Duration(1, "week")),
    ],
)
def test_a_length_of_time_is_read_and_written(text: str, value: Duration) -> None:
    """The value prints as it was written."""
    assert read_duration(text) == value
    assert str(value) == text


@pytest.mark.parametrize(
    "text",
    ["", "4", "4 hrs", "-1 days", "0 days", "1.5 hours", "2 working weeks", "99999 days", "4 hours working"],
)
def test_anything_else_is_refused_with_an_example(text: str) -> None:
    """The sentence shows how a length of time is written."""
    with pytest.raises(ValueError, match="4 working hours"):
        read_duration(text)


@pytest.mark.parametrize(
    "wrong",
    [
        {"hours": ()},
        {"weekend": frozenset(DAYS)},
        {"hours": ((time(7), time(12)), (time(11), time(17)))},
        {"hours": ((time(11), time(7)),)},
    ],
)
def test_an_impossible_calendar_is_refused(wrong: dict[str, frozenset[str]]) -> None:
    """A calendar without working time would never come to an end."""
    with pytest.raises(ValueError, match="working"):
        WorkingCalendar(**wrong)  # type: ignore[arg-type]  # wrong on purpose


def test_nothing_is_added_backwards() -> None:
    """A negative length of time is no length of time."""
    with pytest.raises(ValueError, match="cannot be added"):
        USUAL.add_working(at("2026-11-23 08:00"), -1, "hour")
