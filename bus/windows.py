"""Maintenance windows of a peer (khung giờ bảo trì): when nothing is sent to it, in the province's own time.

Inside a window nothing is claimed, so no attempt is spent and no time counts towards giving up. Which days
are holidays (ngày lễ) and which are worked on (ngày làm việc, làm bù too) says the installation's calendar.
Pure: no clock is read but by `Watch`.
"""

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import ClassVar, Literal, Self

from bus.calendar import DAYS, ZONE, WorkingCalendar

_DAYS = "|".join((*DAYS, "holiday", "workday"))
_PART = re.compile(rf"(?:(?P<day>{_DAYS}) +)?(?P<begin>\d\d:\d\d)-(?P<end>\d\d:\d\d) +(?P<word>hold|only)")
_EXPECTED = (
    'spans like "02:00-03:00 hold" (nothing is sent then), "07:00-18:00 only" (nothing is sent outside), '
    '"sunday 22:00-04:00 hold", "holiday 00:00-24:00 hold" or "workday 07:00-17:00 only", commas between '
    "several"
)
_DAY = 86_400.0
_CALENDAR = WorkingCalendar()


@dataclass(frozen=True, slots=True)
class Span:
    """One part of a window, in minutes of a day; an end that is not after its begin is the next day's.

    `day` is a weekday, "holiday" or "workday"; "" is every day.
    """

    begin: int
    end: int
    word: Literal["hold", "only"]
    day: str = ""

    def on(self, day: date, calendar: WorkingCalendar) -> tuple[float, float] | None:
        """Begin and end, in seconds since the epoch, of the span that begins on a day; None without one."""
        if not self._is_of(day, calendar):
            return None
        midnight = datetime(day.year, day.month, day.day, tzinfo=ZONE).timestamp()
        end = self.end if self.end > self.begin else self.end + 24 * 60
        return midnight + self.begin * 60.0, midnight + end * 60.0

    def _is_of(self, day: date, calendar: WorkingCalendar) -> bool:
        match self.day:
            case "holiday":
                return calendar.is_holiday(day)
            case "workday":
                return calendar.is_working_day(day)
        return self.day in ("", DAYS[day.weekday()])


class Window(str):
    """When a peer is left alone: `hold` says when, `only` says when it is not; UTC+7, end exclusive."""

    __slots__ = ()
    form: ClassVar[str] = '"02:00-03:00 hold"'
    unit: ClassVar[str] = "time of day, UTC+7"

    def __new__(cls, text: str) -> Self:
        """Check the text and keep it."""
        if not _read(text):
            raise ValueError(_EXPECTED)
        return super().__new__(cls, text)

    @property
    def spans(self) -> tuple[Span, ...]:
        """Its parts, in the order they were written."""
        return _read(str(self))

    def is_shut(self, at: float, calendar: WorkingCalendar = _CALENDAR) -> bool:
        """Whether nothing is sent at a moment (seconds since the epoch)."""
        open_now: list[bool] = []
        for span in self.spans:
            inside = any(begin <= at < end for begin, end in _around(span, at, calendar))
            if span.word == "hold" and inside:
                return True
            if span.word == "only":
                open_now.append(inside)
        return bool(open_now) and not any(open_now)

    def next_change(self, at: float, calendar: WorkingCalendar = _CALENDAR) -> float:
        """The next moment after `at` at which `is_shut` may be another; at most eight days away."""
        edges = (
            edge for span in self.spans for pair in _around(span, at, calendar, ahead=8) for edge in pair
        )
        return min((edge for edge in edges if edge > at), default=at + _DAY)

    def shut_spans(
        self, since: float, until: float, calendar: WorkingCalendar = _CALENDAR
    ) -> Iterator[tuple[float, float]]:
        """The spans between two moments in which nothing was sent, in order, none touching another."""
        at, began = since, None
        while at < until:
            if self.is_shut(at, calendar):
                began = at if began is None else began
            elif began is not None:
                yield began, at
                began = None
            at = self.next_change(at, calendar)
        if began is not None:
            yield began, until


class Watch:
    """A window asked at every claim, from any thread: worked out anew only when it may have changed."""

    __slots__ = ("_calendar", "_known", "window")

    def __init__(self, window: Window | None, calendar: WorkingCalendar = _CALENDAR) -> None:
        self.window = window
        self._calendar = calendar
        self._known = (0.0, 0.0, False)

    def is_shut(self, at: float | None = None) -> bool:
        """Whether nothing is sent now; a clock that was set back is noticed."""
        if self.window is None:
            return False
        now = time.time() if at is None else at
        since, until, shut = self._known
        if not since <= now < until:
            shut = self.window.is_shut(now, self._calendar)
            self._known = (now, self.window.next_change(now, self._calendar), shut)
        return shut


def _around(
    span: Span, at: float, calendar: WorkingCalendar, ahead: int = 1
) -> Iterator[tuple[float, float]]:
    """The spans that begin on the day before a moment and on so many days from then on."""
    today = datetime.fromtimestamp(at, UTC).astimezone(ZONE).date()
    for offset in range(-1, ahead):
        if found := span.on(today + timedelta(days=offset), calendar):
            yield found


@lru_cache(maxsize=64)
def _read(text: str) -> tuple[Span, ...]:
    """The parts of a window's text; none where any of it cannot be read."""
    spans = [_span(part) for part in text.split(",")]
    return tuple(span for span in spans if span is not None) if None not in spans else ()


def _span(text: str) -> Span | None:
    found = _PART.fullmatch(text.strip())
    if not found:
        return None
    begin, end = _minutes(found["begin"]), _minutes(found["end"])
    if begin >= 24 * 60 or end > 24 * 60 or begin == end:
        return None
    return Span(begin, end, "hold" if found["word"] == "hold" else "only", found["day"] or "")


def _minutes(text: str) -> int:
    hours, minutes = int(text[:2]), int(text[3:])
    return hours * 60 + minutes if minutes < 60 else 25 * 60
