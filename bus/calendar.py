"""Working time (thời gian làm việc) on Vietnam's calendar, and lengths of time as people write them.

Public holidays, their days in lieu and the Saturdays worked for them (làm bù) come from the package
`holidays`; an installation corrects them. All times are aware; a day is one of the province's (UTC+7).
Pure: no clock is read.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from functools import lru_cache
from itertools import pairwise
from typing import Literal

from holidays import country_holidays

ZONE = timezone(timedelta(hours=7))
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

Unit = Literal["second", "minute", "hour", "day", "week"]

_LENGTHS: dict[str, timedelta] = {
    "second": timedelta(seconds=1),
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(weeks=1),
}
_LONGEST = 10_000
"""The amount of any unit: beyond it a figure is a slip of the pen."""


def promised_day(due: datetime) -> tuple[datetime, datetime]:
    """When the day of a promise (hẹn trả) begins, and when it is over: at midnight is of the whole day."""
    begins = datetime.combine(due.astimezone(ZONE).date(), time(), ZONE)
    return begins, begins + timedelta(days=1) if due == begins else due


@dataclass(frozen=True, slots=True)
class Duration:
    """A length of time, "4 working hours" or "20 minutes". A working day is all working hours of a day."""

    amount: int
    unit: Unit
    working: bool = False

    def __str__(self) -> str:
        return (
            f"{self.amount} {'working ' if self.working else ''}{self.unit}{'' if self.amount == 1 else 's'}"
        )


def read_duration(text: str) -> Duration:
    """Read a length of time; raises ValueError with what is expected. There are no working weeks."""
    found = re.fullmatch(r"(\d{1,9}) +(working +)?(second|minute|hour|day|week)s?", text.strip())
    working = bool(found and found[2])
    if not found or not 0 < int(found[1]) <= _LONGEST or (working and found[3] == "week"):
        raise ValueError('a length of time like "20 minutes", "4 working hours" or "1 working day"')
    units: dict[str, Unit] = {"second": "second", "minute": "minute", "hour": "hour", "day": "day"}
    return Duration(int(found[1]), units.get(found[3], "week"), working=working)


@dataclass(frozen=True, slots=True)
class WorkingCalendar:
    """Working time of an installation: `[calendar]` of its settings.

    `hours` of every working day, in order; days of the week off as words; `days_off` and `working_days`
    correct the built-in holidays. Raises ValueError where no working time is left or hours overlap.
    """

    hours: tuple[tuple[time, time], ...] = ((time(7), time(11)), (time(13), time(17)))
    weekend: frozenset[str] = frozenset({"saturday", "sunday"})
    days_off: frozenset[date] = frozenset()
    working_days: frozenset[date] = frozenset()

    def __post_init__(self) -> None:
        if not self.hours or set(DAYS) <= self.weekend:
            raise ValueError("no working time is left")
        moments = [moment for span in self.hours for moment in span]
        if any(one >= other for one, other in self.hours) or any(a > b for a, b in pairwise(moments)):
            raise ValueError("working hours overlap or are out of order")

    @property
    def day(self) -> timedelta:
        """The working time of one working day."""
        return sum((_at(date.min, end) - _at(date.min, begin) for begin, end in self.hours), timedelta())

    def is_working_day(self, day: date) -> bool:
        """Tell whether a day is worked on."""
        if day in self.days_off or day in self.working_days:
            return day in self.working_days
        off, worked = _holidays(day.year)
        return day not in off and (day in worked or DAYS[day.weekday()] not in self.weekend)

    def is_holiday(self, day: date) -> bool:
        """Tell whether a day is a public holiday or one in lieu; a weekend alone is none."""
        if day in self.days_off or day in self.working_days:
            return day in self.days_off and day not in self.working_days
        return day in _holidays(day.year)[0]

    def add_working(self, start: datetime, amount: int, unit: Unit) -> datetime:
        """The earliest moment from `start` by which so much working time has passed.

        A working day has the length of `day`: one from Monday 10:00 ends on Tuesday 10:00. Raises
        ValueError for a negative amount or a week.
        """
        if amount < 0 or unit == "week":
            raise ValueError(f"{amount} working {unit}s cannot be added")
        left = amount * (self.day if unit == "day" else _LENGTHS[unit])
        if not left:
            return start
        for begin, end in self._spans(start):
            begins = max(begin, start)
            if end - begins >= left:
                return (begins + left).astimezone(start.tzinfo)
            left -= end - begins
        raise ValueError("the calendar ends before")

    def working_between(self, a: datetime, b: datetime) -> timedelta:
        """The working time from `a` to `b`; negative where `b` is earlier."""
        if b < a:
            return -self.working_between(b, a)
        passed = timedelta()
        for begin, end in self._spans(a):
            if begin >= b:
                break
            passed += min(end, b) - max(begin, a)
        return passed

    def due(self, start: datetime, within: Duration) -> datetime:
        """When a clock that starts now runs out."""
        if within.working:
            return self.add_working(start, within.amount, within.unit)
        return start + within.amount * _LENGTHS[within.unit]

    def _spans(self, start: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Working spans that end after `start`."""
        day = start.astimezone(ZONE).date()
        while day < date.max:
            if self.is_working_day(day):
                for begin, end in self.hours:
                    span = _at(day, begin), _at(day, end)
                    if span[1] > start:
                        yield span
            day += timedelta(days=1)


def _at(day: date, moment: time) -> datetime:
    return datetime.combine(day, moment, ZONE)


@lru_cache(maxsize=64)
def _holidays(year: int) -> tuple[frozenset[date], frozenset[date]]:
    """Public holidays of a year with days in lieu, and weekend days worked; a swap may cross the new year."""
    known = country_holidays("VN", years=range(year - 1, year + 2))
    return frozenset(known), frozenset(known.weekend_workdays)
