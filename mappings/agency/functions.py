"""What the sheet of handed-in packages cannot say in a line: a subject of three parts, days of times."""

import re
from datetime import datetime, time

from mappings.rules import Fault, PythonRule
from mappings.rules_text import person_name, text
from mappings.rules_time import ICT

_DAY = re.compile(r"\d{4}/\d{2}/\d{2}", re.ASCII)
_LAST = time(23, 59, 59)


def matter(subject: str) -> tuple[str, str, str]:
    """Take `procedure/applicant/number` apart (reference 6b); only the applicant's name may hold a "/"."""
    procedure, _, rest = text(subject).partition("/")
    name, _, number = rest.rpartition("/")
    if not (procedure.strip() and name.strip() and number.strip()):
        what = "is not procedure/applicant/number"
        raise Fault(what, "phải có dạng mã thủ tục/tên người nộp/số hồ sơ")
    return procedure.strip(), person_name(name), number.strip()


def read_procedure(subject: str) -> str:
    """The procedure that a subject begins with."""
    return matter(subject)[0]


def read_applicant(subject: str) -> str:
    """The applicant's name in a subject."""
    return matter(subject)[1]


def read_first(day: str) -> datetime:
    """The first second of a day, UTC+7: the package tells no hour."""
    return _day(day)


def read_last(day: str) -> datetime:
    """The last second of a day, UTC+7: a dossier that is due on a day is not late on it."""
    return datetime.combine(_day(day).date(), _LAST, ICT)


def _day(day: str) -> datetime:
    fault = Fault("is no day yyyy/MM/dd", "không phải ngày dạng năm/tháng/ngày (2026/11/25)")
    if not _DAY.fullmatch(day):
        raise fault
    try:
        return datetime.strptime(day, "%Y/%m/%d").replace(tzinfo=ICT)
    except ValueError:
        raise fault from None


def write_day(moment: datetime) -> str:
    """The day of a time, UTC+7; the hour is not carried."""
    return f"{moment.astimezone(ICT):%Y/%m/%d}"


_TEXT = {"type": "string"}
RULES: dict[str, PythonRule] = {
    "procedure_of": PythonRule(read_procedure, schema=_TEXT, vi="mã thủ tục, phần đầu"),
    "applicant_of": PythonRule(read_applicant, schema=_TEXT, vi="tên người nộp, phần giữa"),
    "first_of_day": PythonRule(read_first, schema=_TEXT, vi="đầu ngày"),
    "last_of_day": PythonRule(read_last, schema=_TEXT, vi="cuối ngày"),
    "day_of": PythonRule(None, write_day, schema=_TEXT, vi="ngày của thời điểm"),
}
