"""What the sheets of the document axis cannot say in a line: checks over several fields, days of times."""

from collections import Counter
from datetime import datetime

from mappings.official import OfficialDocument
from mappings.rules import ICT, Check, Finding, PythonRule
from mappings.rules_time import make_time


def issued_not_in_future(message: OfficialDocument) -> tuple[Finding, ...]:
    """A document is not issued after it passed its last system; noted, for trace times are invented."""
    known = [hop.at for hop in message.trace] + ([message.as_of] if message.as_of else [])
    if not known or message.issued_on <= max(known).astimezone(ICT).date():
        return ()
    what = "lies after the day on which the document was sent"
    return (Finding("issued_on", what, "ngày ban hành sau ngày gửi văn bản", refuse=False),)


def recipients_differ(message: OfficialDocument) -> tuple[Finding, ...]:
    """No agency is named twice among the recipients; hubs refuse it (reference 1.7)."""
    counts = Counter(each.code for each in message.recipients if each.code)
    if not any(count > 1 for count in counts.values()):
        return ()
    return (Finding("recipients", "name an agency twice", "trùng đơn vị nhận"),)


def write_day(time: datetime) -> str:
    """Write the day of a time as the standard has days; the hour is not carried."""
    return f"{time.astimezone(ICT):%Y/%m/%d}"


RULES: dict[str, PythonRule] = {
    "day_of": PythonRule(None, write_day, make_time, {"type": "string"}, "ngày của thời điểm"),
}

CHECKS: dict[str, Check] = {
    "issued_not_in_future": issued_not_in_future,
    "recipients_differ": recipients_differ,
}
