"""The forms of single values: days, times and whole numbers, strictly.

A known parser takes 30/10/2020 for a day of the year 31 and an ISO date for nothing (reference 7.5); here
both are problems with their place.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from adapters.ioffice.edxml.names import DAYS, NUMBERS, TIMES, local
from adapters.ioffice.edxml.problems import PackageProblem

_DAY = re.compile(r"\d{4}/\d{2}/\d{2}", re.ASCII)
_TIME = re.compile(r"\d{4}/\d{2}/\d{2} \d{2}:\d{2}:\d{2}", re.ASCII)
_NUMBER = re.compile(r"-?\d{1,9}", re.ASCII)


def is_day(text: str) -> bool:
    """Whether a text is a day of the calendar, yyyy/MM/dd."""
    return bool(_DAY.fullmatch(text)) and _exists(text, "%Y/%m/%d")


def is_time(text: str) -> bool:
    """Whether a text is a time, yyyy/MM/dd HH:mm:ss."""
    return bool(_TIME.fullmatch(text)) and _exists(text, "%Y/%m/%d %H:%M:%S")


def _exists(text: str, form: str) -> bool:
    try:
        datetime.strptime(text, form)  # noqa: DTZ007 - only whether the calendar has it
    except ValueError:
        return False
    return True


_FORMS: Mapping[str, tuple[Callable[[str], object], str, str]] = {
    **dict.fromkeys(DAYS, (is_day, "is no day of the form yyyy/MM/dd", "ngày phải theo dạng yyyy/MM/dd")),
    **dict.fromkeys(
        TIMES,
        (
            is_time,
            "is no time of the form yyyy/MM/dd HH:mm:ss",
            "thời điểm phải theo dạng yyyy/MM/dd HH:mm:ss",
        ),
    ),
    **dict.fromkeys(NUMBERS, (_NUMBER.fullmatch, "is no whole number", "phải là số nguyên")),
}


def paths(tree: Any, at: str = "") -> Iterator[tuple[Any, str, str]]:
    """Yield each child with its name and its path; those that stand several times are counted from 0."""
    names = [local(child.tag) for child in tree]
    several, seen = Counter(names), Counter[str]()
    for child, name in zip(tree, names, strict=True):
        yield child, name, f"{at}{name}/{seen[name]}" if several[name] > 1 else f"{at}{name}"
        seen[name] += 1


def value_problems(tree: Any, at: str = "") -> Iterator[PackageProblem]:
    """Yield every value below `tree` that has not its form; an empty one says nothing and has none."""
    for child, name, path in paths(tree, at):
        if len(child):
            yield from value_problems(child, f"{path}/")
        elif name in _FORMS and (text := (child.text or "").strip()):
            good, what, vi = _FORMS[name]
            if not good(text):
                yield PackageProblem(path, child.sourceline or 0, what, vi, text)
