"""The forms of single values: days, times and whole numbers, strictly.

A known parser takes 30/10/2020 for a day of the year 31 and an ISO date for nothing (reference 7.5); here
both are problems with their place.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import Any

from adapters.ioffice.edxml.names import DAYS, NUMBERS, TIMES, local, q
from adapters.ioffice.edxml.problems import PackageProblem

_DAY = re.compile(r"(\d{4})/(\d{2})/(\d{2})", re.ASCII)
_TIME = re.compile(r"(\d{4})/(\d{2})/(\d{2}) ([01]\d|2[0-3]):[0-5]\d:[0-5]\d", re.ASCII)
_NUMBER = re.compile(r"-?\d{1,9}", re.ASCII)

Form = tuple[Callable[[str], object], str, str]


def is_day(text: str) -> bool:
    """Whether a text is a day of the calendar, yyyy/MM/dd."""
    return _exists(_DAY.fullmatch(text))


def is_time(text: str) -> bool:
    """Whether a text is a time, yyyy/MM/dd HH:mm:ss."""
    return _exists(_TIME.fullmatch(text))


def _exists(found: re.Match[str] | None) -> bool:
    if found is None:
        return False
    try:
        date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError:
        return False
    return True


_A_DAY: Form = (is_day, "is no day of the form yyyy/MM/dd", "ngày phải theo dạng yyyy/MM/dd")
_A_TIME: Form = (
    is_time,
    "is no time of the form yyyy/MM/dd HH:mm:ss",
    "thời điểm phải theo dạng yyyy/MM/dd HH:mm:ss",
)
_A_NUMBER: Form = (_NUMBER.fullmatch, "is no whole number", "phải là số nguyên")

FORMS: Mapping[str, Form] = {
    q(name): form
    for names, form in ((DAYS, _A_DAY), (TIMES, _A_TIME), (NUMBERS, _A_NUMBER))
    for name in names
}
"""lxml's name of an element -> the form of its text: a test, and what is wrong in English and Vietnamese."""


def value_problems(tree: Any) -> Iterator[PackageProblem]:
    """Yield every value below `tree` that has not its form; an empty one says nothing and has none."""
    for element in tree.iter(*FORMS):
        if not len(element) and (text := (element.text or "").strip()):
            good, what, vi = FORMS[element.tag]
            if not good(text):
                yield PackageProblem(path_of(element, tree), element.sourceline or 0, what, vi, text)


def path_of(element: Any, tree: Any) -> str:
    """Return the path of an element from below `tree`; those that stand several times are counted from 0."""
    steps: list[str] = []
    while element is not tree:
        parent = element.getparent()
        same = [each for each in parent if each.tag == element.tag]
        if len(same) > 1:
            steps.append(str(same.index(element)))
        steps.append(local(element.tag))
        element = parent
    return "/".join(reversed(steps))
