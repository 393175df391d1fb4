"""Times as this system writes them: ISO 8601 with offset, Vietnam's clock (reference 7b: dates ISO-8601)."""

from __future__ import annotations

import datetime as dt
import re

VIETNAM = dt.timezone(dt.timedelta(hours=7))
_FORM = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?(Z|[+-]\d{2}:?\d{2})")


def now() -> dt.datetime:
    """Return the present time on Vietnam's clock."""
    return dt.datetime.now(VIETNAM)


def seconds(moment: dt.datetime) -> str:
    """Write a time to the whole second: `2026-11-23T10:55:08+07:00`."""
    return moment.astimezone(VIETNAM).isoformat(timespec="seconds")


def millis(moment: dt.datetime) -> str:
    """Write a time to the millisecond: `2026-11-23T10:55:08.123+07:00`."""
    return moment.astimezone(VIETNAM).isoformat(timespec="milliseconds")


def read(text: object) -> dt.datetime | None:
    """Read a time that carries its offset; anything else, a day alone too, is None."""
    if not isinstance(text, str) or not _FORM.fullmatch(text):
        return None
    try:
        return dt.datetime.fromisoformat(text).astimezone(VIETNAM)
    except (ValueError, OverflowError):
        return None


def due(start: dt.datetime, working_days: int) -> dt.datetime:
    """Return 17:00 of the day that many weekdays after `start` (at least one): the appointment (hẹn trả)."""
    day = start
    for _ in range(max(1, working_days)):
        day += dt.timedelta(days=3 if day.weekday() == 4 else 2 if day.weekday() == 5 else 1)
    return day.replace(hour=17, minute=0, second=0, microsecond=0)


def partial_day(text: object) -> bool:
    """Whether a text is a birth date, whole or partial: `1980`, `1980-02` or `1980-02-29`."""
    if not isinstance(text, str) or not re.fullmatch(r"\d{4}(-\d{2}(-\d{2})?)?", text):
        return False
    try:
        dt.date.fromisoformat(text + "-01-01"[3 * text.count("-") :])
    except ValueError:
        return False
    return True
