"""The days that a report is over."""

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from bus.calendar import ZONE

LONGEST = timedelta(days=3 * 366)


@dataclass(frozen=True, slots=True)
class Period:
    """From the first day to the last, both included, in Vietnam. Raises ValueError where there is none."""

    first: date
    last: date

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise ValueError("kỳ báo cáo kết thúc trước khi bắt đầu (the period ends before it begins)")
        if self.last - self.first > LONGEST:
            raise ValueError("kỳ báo cáo dài quá ba năm (a period is three years at most)")

    @property
    def begins(self) -> datetime:
        """The first moment."""
        return datetime.combine(self.first, time(), ZONE)

    @property
    def ends(self) -> datetime:
        """The first moment after it."""
        return datetime.combine(self.last + timedelta(days=1), time(), ZONE)

    def holds(self, moment: datetime | None) -> bool:
        """Whether a moment is in the period."""
        return moment is not None and self.begins <= moment < self.ends


def read_day(text: str) -> date:
    """A day as people write it, 2026-11-25 or 25/11/2026; raises ValueError with what is expected."""
    try:
        if found := re.fullmatch(r"(\d{1,2})/(\d{1,2})/(\d{4})", text.strip(), re.ASCII):
            return date(int(found[3]), int(found[2]), int(found[1]))
        return date.fromisoformat(text.strip())
    except ValueError:
        raise ValueError("a day like 2026-11-25 or 25/11/2026 (một ngày)") from None
