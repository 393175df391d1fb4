"""Working time between two moments for whoever asks often: whole days are worked out once."""

from datetime import date, datetime
from datetime import time as clock
from functools import lru_cache

from bus.calendar import ZONE, WorkingCalendar


class WorkingTime:
    """Working seconds on a calendar."""

    def __init__(self, calendar: WorkingCalendar) -> None:
        self._between = calendar.working_between
        self._days = lru_cache(maxsize=4096)(self._working_days)
        self._works = lru_cache(maxsize=4096)(calendar.is_working_day)
        self._hours = [(_seconds(begin), _seconds(end)) for begin, end in calendar.hours]

    def between(self, start: datetime, end: datetime) -> float:
        """Working seconds from one moment to another; negative where the other is earlier."""
        if end < start:
            return -self.between(end, start)
        one, other = start.astimezone(ZONE), end.astimezone(ZONE)
        return self._days(one.date(), other.date()) - self._of_day(one) + self._of_day(other)

    def _working_days(self, start: date, end: date) -> float:
        return self._between(_midnight(start), _midnight(end)).total_seconds()

    def _of_day(self, moment: datetime) -> float:
        """Working time of the day up to a moment."""
        if not self._works(moment.date()):
            return 0.0
        at = _seconds(moment.time())
        return sum(min(end, at) - begin for begin, end in self._hours if at > begin)


def _seconds(moment: clock) -> float:
    return moment.hour * 3600 + moment.minute * 60 + moment.second + moment.microsecond / 1e6


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=ZONE)
