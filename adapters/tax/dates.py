"""The gateway's dates: five forms, two of which look alike (reference 1.2d, "date traps").

SEND_DATE goes out as day-month-year and comes back as month-day-year. A text that fits both is decided by the
date in the message's own number (`GIP`+yyyyMMdd+…), and otherwise says nothing.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, timedelta, timezone
from typing import Literal

VIETNAM = timezone(timedelta(hours=7))
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
"""English, whatever the machine's locale."""
SendDate = Literal["dd-MMM-yyyy HH:mm:ss", "dd-MM-yyyy HH:mm:ss"]
"""Both are seen in requests."""
Order = Callable[[tuple[str, ...]], tuple[int, int, int]]

_CLOCK = r"(?: \d\d:\d\d:\d\d(?:\.0)?)?"
FORMS: Mapping[str, tuple[str, Order]] = {
    "dd-MMM-yyyy": (
        rf"(\d\d)-([A-Za-z]{{3}})-(\d{{4}}){_CLOCK}",
        lambda p: (int(p[2]), _month(p[1]), int(p[0])),
    ),
    "dd-MM-yyyy": (rf"(\d\d)-(\d\d)-(\d{{4}}){_CLOCK}", lambda p: (int(p[2]), int(p[1]), int(p[0]))),
    "MM-dd-yyyy": (rf"(\d\d)-(\d\d)-(\d{{4}}){_CLOCK}", lambda p: (int(p[2]), int(p[0]), int(p[1]))),
    "dd/MM/yyyy": (rf"(\d\d)/(\d\d)/(\d{{4}}){_CLOCK}", lambda p: (int(p[2]), int(p[1]), int(p[0]))),
    "yyyy-MM-dd": (rf"(\d{{4}})-(\d\d)-(\d\d){_CLOCK}", lambda p: (int(p[0]), int(p[1]), int(p[2]))),
}
"""Form -> what fits it, and year, month, day of its parts."""


def write_send_date(at: datetime, form: SendDate) -> str:
    """Write when a request is sent, on Vietnam's clock; `at` is aware."""
    local = at.astimezone(VIETNAM)
    month = MONTHS[local.month - 1] if "MMM" in form else f"{local.month:02}"
    return f"{local.day:02}-{month}-{local.year:04} {local:%H:%M:%S}"


def read_send_date(text: str, message_id: str = "") -> date | None:
    """Read the day of a reply; None where it fits no form, or two that differ and nothing decides."""
    days = set(readings(text))
    if len(days) == 1:
        return days.pop()
    said = {day for day in days if f"{day:%Y%m%d}" in message_id}
    return said.pop() if len(said) == 1 else None


def readings(text: str) -> Iterator[date]:
    """Every day that a text may mean."""
    for pattern, order in FORMS.values():
        found = re.fullmatch(pattern, text.strip(), re.ASCII)
        try:
            if found:
                yield date(*order(found.groups()))
        except ValueError:
            continue


def _month(name: str) -> int:
    """Raises ValueError where it is none."""
    return MONTHS.index(name.capitalize()) + 1
