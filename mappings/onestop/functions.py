"""What the one-stop's sheets cannot say in a line: one identity of several, and a day where it has a time."""

import re
from datetime import date, datetime, time
from random import Random
from typing import Any

from mappings.dossier import Identity
from mappings.rules import ICT, Fault, Noted, PythonRule
from mappings.rules_text import text
from mappings.rules_time import read_iso

_BIRTHDAY = re.compile(r"(\d{2}/)?(\d{2}/)?\d{4}", re.ASCII)
_KINDS = {"1": "citizen_id", "2": "old_id"}
_PERSONS = {
    "1": "citizen", "2": "enterprise", "3": "state_agency", "4": "organisation", "5": "household_business",
}  # fmt: skip
_CODES = {kind: code for code, kind in _KINDS.items()}


def read_identities(person: dict[str, Any]) -> tuple[Identity, ...] | None:
    """Read identityNumber and identityKind ([I]: the portal's LoaiDinhDanh); an unknown kind stays, "?3"."""
    number = str(person.get("identityNumber") or "").strip()
    code = str(person.get("identityKind") or "").strip() or _kind_of(number)
    if not number:
        return None
    return (Identity(kind=_KINDS.get(code, f"?{code}"), number=number),)


def _kind_of(number: str) -> str:
    """Tell a number's kind by its form: 12 digits a citizen's, 9 digits the old card's (section 2)."""
    return {12: "1", 9: "2"}.get(len(number), "") if number.isascii() and number.isdigit() else ""


def read_person_kind(person: dict[str, Any]) -> str:
    """Read `kind` [I]; where a clerk named none, a tax code without a personal number is an enterprise's."""
    code = str(person.get("kind") or "").strip()
    if code in _PERSONS:
        return _PERSONS[code]
    if code:
        raise Fault("is no kind of applicant", "loại đối tượng không có trong danh mục", park=True)
    return "enterprise" if person.get("taxCode") and not person.get("identityNumber") else "citizen"


def read_subject(dossier: dict[str, Any]) -> str | None:
    """Read the subject (trích yếu); where a clerk wrote none, the name of the procedure stands for it."""
    said = dossier.get("subject")
    if isinstance(said, str) and said.strip():
        return text(said)
    procedure = dossier.get("procedure")
    words = procedure.get("translate") if isinstance(procedure, dict) else None
    first = words[0] if isinstance(words, list) and words else None
    name = first.get("name") if isinstance(first, dict) else None
    return text(name) or None if isinstance(name, str) else None


def read_changed(value: Any) -> datetime:
    """Read when the one-stop changed a dossier, to the millisecond: it orders what it tells."""
    if not isinstance(value, str):
        raise Fault("is no ISO 8601 time", "thời điểm không đúng dạng ISO 8601")
    try:
        return read_iso(value)
    except Noted as noted:
        whole: datetime = noted.value
        return whole.replace(microsecond=datetime.fromisoformat(value.strip()).microsecond)


def first_number(identities: tuple[Identity, ...]) -> str:
    """Write the number of the first identity: this peer has room for one."""
    return identities[0].number


def first_kind(identities: tuple[Identity, ...]) -> str | None:
    """Write the kind of the first identity."""
    kind = identities[0].kind
    return _CODES.get(kind, kind.removeprefix("?")) or None


def read_birthday(value: Any) -> str:
    """Read a birth date as the hộ tịch writes it: dd/MM/yyyy, MM/yyyy or yyyy."""
    if not isinstance(value, str) or not _BIRTHDAY.fullmatch(value.strip()):
        raise Fault("is no birth date (dd/MM/yyyy, MM/yyyy, yyyy)", "ngày sinh không đúng dạng")
    parts = value.strip().split("/")[::-1]
    try:
        date(int(parts[0]), *map(int, [*parts[1:], "1", "1"][:2]))
    except ValueError:
        raise Fault("is no day of the calendar", "ngày sinh không có trong lịch") from None
    return "-".join(parts)


def write_birthday(born: str) -> str:
    """Write a partial day as the hộ tịch does."""
    return "/".join(born.split("-")[::-1])


def make_birthday(random: Random) -> str:
    """Draw a birth date, whole or partial."""
    whole = date(1940, 1, 1).fromordinal(date(1940, 1, 1).toordinal() + random.randrange(31_000)).isoformat()
    return whole[: random.choice((4, 7, 10))]


def day_of_time(value: Any) -> date:
    """Read the day of an ISO 8601 time, in Vietnam."""
    if not isinstance(value, str):
        raise Fault("is no ISO 8601 time", "thời điểm không đúng dạng ISO 8601")
    return read_changed(value).date()


def time_of_day(day: date) -> str:
    """Write a day as its first second in Vietnam."""
    return datetime.combine(day, time(), ICT).isoformat()


RULES: dict[str, PythonRule] = {
    "subject": PythonRule(read_subject, vi="trích yếu, nếu trống thì tên thủ tục"),
    "changed": PythonRule(read_changed, schema={"type": "string"}, vi="thời điểm, đến phần nghìn giây"),
    "person_kind": PythonRule(read_person_kind, vi="loại đối tượng"),
    "identities": PythonRule(read_identities, vi="số và loại giấy tờ định danh"),
    "first_number": PythonRule(None, first_number, schema={"type": "string"}, vi="số của giấy tờ đầu tiên"),
    "first_kind": PythonRule(None, first_kind, schema={"type": "string"}, vi="loại của giấy tờ đầu tiên"),
    "birthday": PythonRule(
        read_birthday,
        write_birthday,
        make_birthday,
        {"type": "string"},
        vi="ngày sinh dd/MM/yyyy, MM/yyyy hoặc yyyy",
    ),
    "day_of_time": PythonRule(day_of_time, schema={"type": "string"}, vi="ngày của thời điểm"),
    "time_of_day": PythonRule(None, time_of_day, schema={"type": "string"}, vi="giây đầu của ngày"),
}
