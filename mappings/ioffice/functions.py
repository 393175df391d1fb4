"""What the sheets of the document axis cannot say in a line: checks over several fields, days of times."""

from collections import Counter
from datetime import datetime
from random import Random

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


def write_sign(number: str) -> str:
    """Write the sign under which a dossier travels as a document: its number and what it is."""
    return f"{number}/Hồ sơ liên thông"


def make_number(random: Random) -> str:
    """A number of a dossier."""
    return f"H12.{random.randrange(100):02}-260415-{random.randrange(10_000):04}"


RULES: dict[str, PythonRule] = {
    "dossier_sign": PythonRule(None, write_sign, make_number, {"type": "string"}, "số, ký hiệu của hồ sơ"),
    "day_of": PythonRule(None, write_day, make_time, {"type": "string"}, "ngày của thời điểm"),
}

CHECKS: dict[str, Check] = {
    "issued_not_in_future": issued_not_in_future,
    "recipients_differ": recipients_differ,
}
