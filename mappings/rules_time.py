"""Rules for times and days. Ours are aware in UTC+7 and whole seconds; a peer's local time is UTC+7.

A pattern is fixed in width: yyyy MM dd HH mm ss and literal text. Its two functions are generated from it,
because times are the most frequent values by far.
"""

import re
from collections.abc import Callable
from datetime import date, datetime, time, timedelta, timezone
from random import Random
from typing import Any

from mappings.rules_terms import Bound, Fault, Noted, Rule, Setting

ICT = timezone(timedelta(hours=7))
"""Vietnam's time (giờ Việt Nam)."""

_SEVEN = timedelta(hours=7)
_TOKEN = re.compile(r"yyyy|MM|dd|HH|mm|ss")
_ORDER = ("yyyy", "MM", "dd", "HH", "mm", "ss")
_ISO = {"yyyy": (0, 4), "MM": (5, 7), "dd": (8, 10), "HH": (11, 13), "mm": (14, 16), "ss": (17, 19)}


def local(value: datetime) -> datetime:
    """Return the same instant in UTC+7; a time without an offset is a fault."""
    offset = value.utcoffset()
    if offset is None:
        raise Fault("is a time without an offset", "thời điểm không có múi giờ")
    return value if offset == _SEVEN else value.astimezone(ICT)


def pieces(pattern: str) -> list[tuple[str, str]]:
    """Split a pattern into (token, "") and ("", literal text)."""
    found: list[tuple[str, str]] = []
    end = 0
    for match in _TOKEN.finditer(pattern):
        if match.start() > end:
            found.append(("", pattern[end : match.start()]))
        found.append((match[0], ""))
        end = match.end()
    if end < len(pattern):
        found.append(("", pattern[end:]))
    return found


def _needs(tokens: tuple[str, ...]) -> Callable[[str], str | None]:
    def check(argument: str) -> str | None:
        found = [token for token, _ in pieces(argument) if token]
        if sorted(found) == sorted(tokens):
            return None
        return f"needs a pattern with each of {' '.join(tokens)} once, such as `{''.join(tokens)}`"

    return check


def compile_pattern(pattern: str, *, day: bool) -> tuple[Callable[[str], Any], Callable[[Any], str]]:
    """Return the two functions of a pattern: strict reading of a text, writing of a day or time."""
    names: dict[str, Any] = {
        "Fault": Fault,
        "date": date,
        "parse": date.fromisoformat if day else datetime.fromisoformat,
        "ICT": ICT,
        "local": _whole,
        "WHAT": f"is no {'day' if day else 'time'} of the form {pattern}",
        "VI": f"{'ngày' if day else 'thời điểm'} không đúng dạng {pattern}",
    }
    code = f"{_reader(pattern, day=day)}\n{_writer(pattern, day=day)}"
    exec(compile(code, f"<pattern {pattern}>", "exec"), names)  # noqa: S102 - generated from the tokens above alone
    return names["read"], names["write"]


def _reader(pattern: str, *, day: bool) -> str:
    spans: dict[str, tuple[int, int]] = {}
    at, tests = 0, []
    for token, literal in pieces(pattern):
        width = len(token) or len(literal)
        if token:
            spans[token] = (at, at + width)
        else:
            tests.append(f"value[{at}:{at + width}] != {literal!r}")
        at += width
    wrong = " or ".join([f"len(value) != {at}", *tests])
    wanted = [spans[token] for token in _ORDER if token in spans]
    figures = "value" if not tests and wanted == sorted(wanted) else _joined(wanted)
    result = "parse(figures)" if day else "parse(figures[:8] + 'T' + figures[8:]).replace(tzinfo=ICT)"
    return (
        "def read(value):\n"
        f"    if {wrong}: raise Fault(WHAT, VI)\n"
        f"    figures = {figures}\n"
        "    if not (figures.isdigit() and figures.isascii()): raise Fault(WHAT, VI)\n"
        "    try:\n"
        f"        return {result}\n"
        "    except ValueError:\n"
        "        raise Fault(WHAT, VI) from None\n"
    )


def _joined(spans: list[tuple[int, int]]) -> str:
    merged: list[tuple[int, int]] = []
    for start, end in spans:
        if merged and merged[-1][1] == start:
            merged[-1] = (merged[-1][0], end)
        else:
            merged.append((start, end))
    return " + ".join(f"value[{start}:{end}]" for start, end in merged)


def _writer(pattern: str, *, day: bool) -> str:
    parts = [f"iso[{_ISO[t][0]}:{_ISO[t][1]}]" if t else repr(literal) for t, literal in pieces(pattern)]
    checked = (
        "    if value.__class__ is not date: raise Fault('is no day', 'không phải ngày')\n"
        if day
        else "    if value.tzinfo is not ICT or value.microsecond: value = local(value, write)\n"
    )
    return f"def write(value):\n{checked}    iso = value.isoformat()\n    return {' + '.join(parts)}\n"


def _whole(value: datetime, write: Callable[[datetime], str]) -> datetime:
    value = local(value)
    if value.microsecond:
        written = write(value.replace(microsecond=0, tzinfo=ICT))
        raise Noted(written, "fractions of a second dropped", "bỏ phần lẻ của giây")
    return value


def make_time(random: Random) -> datetime:
    """Draw a time of the years the province speaks of."""
    return datetime(2019, 1, 1, tzinfo=ICT) + timedelta(seconds=random.randrange(8 * 365 * 86400))


def make_day(random: Random) -> date:
    """Draw a day."""
    return make_time(random).date()


def _time(argument: str, setting: Setting) -> Bound:
    del setting
    if argument == "iso":
        schema = {
            "type": "string",
            "pattern": r"^\s*\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}([.,]\d+)?)?(Z|[+-].*)\s*$",
        }
        return Bound(read_iso, write_iso, schema, make_time, ours=(datetime,))
    read, write = compile_pattern(argument, day=False)
    return Bound(read, write, _schema(argument), make_time, ours=(datetime,))


def _day(argument: str, setting: Setting) -> Bound:
    del setting
    with_clock = "HH" in argument
    read, write = _day_with_clock(argument) if with_clock else compile_pattern(argument, day=True)
    return Bound(read, write, _schema(argument), make_day, ours=(date,))


def _day_with_clock(pattern: str) -> tuple[Callable[[str], date], Callable[[date], str]]:
    """The two functions of a day that a peer writes as a time: what the clock says is noted, never kept."""
    read_time, write_time = compile_pattern(pattern, day=False)

    def read(value: str) -> date:
        at: datetime = read_time(value)
        if at.time() != time():
            raise Noted(at.date(), "is a day: its time of day is dropped", "chỉ lấy ngày, bỏ giờ")
        return at.date()

    def write(value: date) -> str:
        if type(value) is not date:
            raise Fault("is no day", "không phải ngày")
        return write_time(datetime.combine(value, time(), ICT))

    return read, write


def _schema(pattern: str) -> dict[str, Any]:
    parts = (rf"\d{{{len(token)}}}" if token else re.escape(literal) for token, literal in pieces(pattern))
    return {"type": "string", "pattern": f"^{''.join(parts)}$"}


def read_iso(value: str) -> datetime:
    """Read ISO 8601 with an offset (the same instant, in UTC+7); fractions are dropped and noted."""
    try:
        time = datetime.fromisoformat(value.strip())
    except ValueError:
        raise Fault("is no ISO 8601 time", "thời điểm không đúng dạng ISO 8601") from None
    offset = time.utcoffset()
    if offset is None:
        raise Fault("is a time without an offset", "thời điểm không có múi giờ")
    time = time.replace(tzinfo=ICT) if offset == _SEVEN else time.astimezone(ICT)
    if time.microsecond:
        whole = time.replace(microsecond=0)
        raise Noted(whole, "fractions of a second dropped", "bỏ phần lẻ của giây")
    return time


def write_iso(value: datetime) -> str:
    """Write a time with +07:00, in whole seconds."""
    if value.tzinfo is not ICT or value.microsecond:
        value = _whole(value, write_iso)
    return value.isoformat()


_FULL, _YEAR, _MONTH = "0", "1", "2"
"""Values of loaiNgaySinh: day, year alone, year and month (reference soap_insurance_tax, BHXH over NGSP)."""

_LENGTHS = {4: _YEAR, 7: _MONTH, 10: _FULL}


def without(pattern: str, token: str) -> str:
    """Return a pattern without one token and the literal text beside it."""
    parts = pieces(pattern)
    at = parts.index((token, ""))
    near = at + 1 if at + 1 < len(parts) and not parts[at + 1][0] else at - 1
    gone = {at, near} if 0 <= near < len(parts) and not parts[near][0] else {at}
    return "".join(t or literal for count, (t, literal) in enumerate(parts) if count not in gone)


def _partial_day(argument: str, setting: Setting) -> Bound:
    del setting
    pattern = argument.rsplit(" ", 1)[0]
    month = without(pattern, "dd")
    forms = {_FULL: (pattern, 10), _MONTH: (month, 7), _YEAR: (without(month, "MM"), 4)}
    readers = {kind: _partial(form, length) for kind, (form, length) in forms.items()}

    def read(pair: tuple[str | None, str | None]) -> str | None:
        value, kind = pair
        if value is None:
            return None
        if kind not in readers:
            raise Fault("has no known kind beside it (0 day, 1 year, 2 month)", "không rõ loại ngày")
        return readers[kind](value)

    def write(value: str) -> tuple[str, str]:
        kind = _LENGTHS.get(len(value), _FULL)
        iso = value + "-01-01"[len(value) - 4 :] if len(value) in _LENGTHS else value
        return _fill(iso, forms[kind][0]), kind

    def make(random: Random) -> str:
        return make_day(random).isoformat()[: random.choice((4, 7, 10))]

    return Bound(read, write, {"type": "string"}, make)


def _partial(form: str, length: int) -> Callable[[str], str]:
    absent = [token for token in ("MM", "dd") if token not in form]
    strict, _ = compile_pattern(form + "".join(absent), day=True)
    missing = "01" * len(absent)

    def read(value: str) -> str:
        try:
            day: date = strict(value + missing)
        except Fault:
            raise Fault(f"is no day of the form {form}", f"ngày không đúng dạng {form}") from None
        return day.isoformat()[:length]

    return read


def _fill(iso: str, form: str) -> str:
    try:
        date.fromisoformat(iso)
    except ValueError:
        raise Fault("is no partial day", "không phải ngày, tháng hoặc năm") from None
    return "".join(iso[slice(*_ISO[token])] if token else literal for token, literal in pieces(form))


def _partial_argument(argument: str) -> str | None:
    pattern, _, kind = argument.rpartition(" ")
    complaint = _needs(("yyyy", "MM", "dd"))(pattern)
    if complaint or not kind:
        return "needs a pattern and the peer's field that tells the kind: `partial_day yyyyMMdd loaiNgaySinh`"
    return None


def _day_argument(argument: str) -> str | None:
    return _needs(_ORDER)(argument) and _needs(_ORDER[:3])(argument)


def _time_argument(argument: str) -> str | None:
    return None if argument == "iso" else _needs(_ORDER)(argument)


TIME_RULES = (
    Rule("time", "thời điểm {0}", frozenset({"time"}), _time, _time_argument),
    Rule("day", "ngày {0}", frozenset({"day"}), _day, _day_argument),
    Rule(
        "partial_day",
        "ngày, tháng hoặc năm {0}",
        frozenset({"text"}),
        _partial_day,
        _partial_argument,
        shape="pair",
    ),
)
