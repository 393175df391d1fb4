"""What the one-stop's sheets cannot say in a line: one identity of several, and a day where it has a time."""

from datetime import date, datetime, time
from typing import Any

from mappings.dossier import Identity
from mappings.rules import ICT, Fault, PythonRule
from mappings.rules_time import read_iso

_KINDS = {"1": "citizen_id", "2": "old_id"}
_CODES = {kind: code for code, kind in _KINDS.items()}


def read_identities(person: dict[str, Any]) -> tuple[Identity, ...] | None:
    """Read identityNumber and identityKind ([I]: the portal's LoaiDinhDanh); an unknown kind stays, "?3"."""
    number = str(person.get("identityNumber") or "").strip()
    code = str(person.get("identityKind") or "").strip()
    if not number:
        return None
    return (Identity(kind=_KINDS.get(code, f"?{code}"), number=number),)


def first_number(identities: tuple[Identity, ...]) -> str:
    """Write the number of the first identity: this peer has room for one."""
    return identities[0].number


def first_kind(identities: tuple[Identity, ...]) -> str | None:
    """Write the kind of the first identity."""
    kind = identities[0].kind
    return _CODES.get(kind, kind.removeprefix("?")) or None


def day_of_time(value: Any) -> date:
    """Read the day of an ISO 8601 time, in Vietnam."""
    if not isinstance(value, str):
        raise Fault("is no ISO 8601 time", "thời điểm không đúng dạng ISO 8601")
    return read_iso(value).date()


def time_of_day(day: date) -> str:
    """Write a day as its first second in Vietnam."""
    return datetime.combine(day, time(), ICT).isoformat()


RULES: dict[str, PythonRule] = {
    "identities": PythonRule(read_identities, vi="số và loại giấy tờ định danh"),
    "first_number": PythonRule(None, first_number, schema={"type": "string"}, vi="số của giấy tờ đầu tiên"),
    "first_kind": PythonRule(None, first_kind, schema={"type": "string"}, vi="loại của giấy tờ đầu tiên"),
    "day_of_time": PythonRule(day_of_time, schema={"type": "string"}, vi="ngày của thời điểm"),
    "time_of_day": PythonRule(None, time_of_day, schema={"type": "string"}, vi="giây đầu của ngày"),
}
