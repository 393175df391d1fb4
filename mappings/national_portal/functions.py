"""What the portal's sheets cannot say in a line: checks over several fields, values taken from several."""

import json
import re
from random import Random
from typing import Any

from mappings.dossier import Agency, Document, Dossier, File, Place
from mappings.rules import Check, Fault, Finding, Noted, PythonRule
from mappings.rules_text import text

_OLD_ORDER = re.compile(r"\d{3}\.\d{2,3}\.\d{2}\.([A-Z]\d{2})")
_COMPONENT = re.compile(r"000\.00\.00\.G\d{2}-[A-Z]{2}\d{6}", re.ASCII)
_NOT_YET = frozenset({"registered", "not_accepted", "withdrawn"})


def code_starts_with_agency(message: Dossier) -> tuple[Finding, ...]:
    """A local code starts with the code of an agency in charge, or of one above or below it (section 2).

    A number of the portal itself (G22.99) says nothing about agencies.
    """
    org = (message.code or "").partition("-")[0]
    agencies = [each for each in (message.intake_agency, message.handling_agency) if each is not None]
    known = [code for each in agencies for code in (each.code, each.old_code) if code]
    if not org or org.startswith("G22.99") or not known or any(_related(org, code) for code in known):
        return ()
    what = "does not start with the code of the agency that took it in or handles it"
    return (Finding("code", what, "mã hồ sơ không bắt đầu bằng mã cơ quan tiếp nhận hoặc xử lý"),)


def _related(org: str, code: str) -> bool:
    """Whether two codes lie on one branch; the two orders meet only in their root (reference 5)."""
    old, other = _OLD_ORDER.fullmatch(org), _OLD_ORDER.fullmatch(code)
    if bool(old) != bool(other):
        return (old[1] if old else org[:3]) == (other[1] if other else code[:3])
    if old and other:
        return org == code or ("000.00.00" in (org[:9], code[:9]) and old[1] == other[1])
    return f"{org}.".startswith(f"{code}.") or f"{code}.".startswith(f"{org}.")


def accepted_before_due(message: Dossier) -> tuple[Finding, ...]:
    """The appointment is not before the acceptance (NgayHenTra, NgayTiepNhan)."""
    if message.accepted_at is None or message.due_at is None or message.accepted_at <= message.due_at:
        return ()
    return (Finding("due_at", "is before the acceptance", "ngày hẹn trả trước ngày tiếp nhận"),)


def accepted_has_times(message: Dossier) -> tuple[Finding, ...]:
    """An accepted dossier has both times: without them the portal does not count it (section 2, [V S4])."""
    if message.status is None or message.status in _NOT_YET:
        return ()
    named = (("accepted_at", "ngày tiếp nhận"), ("due_at", "ngày hẹn trả"))
    absent = [(field, vi) for field, vi in named if getattr(message, field) is None]
    return tuple(Finding(field, "is missing, though it is accepted", f"thiếu {vi}") for field, vi in absent)


def read_step_id(row: dict[str, Any]) -> str:
    """Name a row of progress by status and time: the portal gives it no number (reference 10.3)."""
    return f"{row.get('TrangThai', '')}@{row.get('ThoiDiemXuLy', '')}"


def read_withdrawal_id(row: dict[str, Any]) -> str:
    """Name a request to withdraw by its time: the portal gives it no number [I]."""
    return f"rut@{row.get('NgayYeuCau', '')}"


def read_payment_id(told: dict[str, Any]) -> str:
    """Name a payment by its notice and time: the portal gives it no number [I]."""
    return f"{told.get('MaThongBaoThue', '')}@{told.get('ThoiGianThanhToan', '')}"


def read_form(value: Any) -> dict[str, Any] | None:
    """Read what a citizen filled in, JSON in a text (as the portal's result of interlinked dossiers is)."""
    if isinstance(value, dict):
        return value or None
    try:
        form = json.loads(value) if isinstance(value, str) and value.strip() else None
    except ValueError:
        form = value
    if form is not None and not isinstance(form, dict):
        raise Fault("is no JSON object in a text", "không phải đối tượng JSON")
    return form or None


def write_form(form: dict[str, Any]) -> str:
    """Write a form as JSON in a text."""
    return json.dumps(form, ensure_ascii=False)


def read_components(cases: Any) -> tuple[Document, ...] | None:
    """Gather the components of all cases of THANHPHANHOSO (reference 1e); what two cases want counts once."""
    found: dict[str, Document] = {}
    for case in cases if isinstance(cases, list) else [cases]:
        papers = case.get("GIAYTO") or [] if isinstance(case, dict) else []
        for paper in (each for each in papers if isinstance(each, dict)):
            key, name = str(paper.get("MAGIAYTO") or ""), str(paper.get("TENGIAYTO") or "").strip()
            if name:
                url = str(paper.get("URL") or paper.get("Url") or "") or None
                found.setdefault(
                    key or name, Document(id=key or name, name=name, component=key or None, url=url)
                )
    return tuple(found.values()) or None


def read_agencies(rows: Any) -> tuple[Agency, ...] | None:
    """Read COQUANTHUCHIEN: the order of MADONVI tells which of our two codes it is (reference 5)."""
    agencies = []
    for row in rows if isinstance(rows, list) else [rows]:
        code, name = (str(row.get(key) or "").strip() for key in ("MADONVI", "TENDONVI"))
        old = bool(_OLD_ORDER.fullmatch(code))
        if code or name:
            agencies.append(
                Agency(code=None if old else code or None, old_code=code if old else None, name=name or None)
            )
    return tuple(agencies) or None


def read_owner_place(record: dict[str, Any]) -> Place | None:
    """Read the owner's address: DiaChiChuHoSo [I], of an enterprise DiaChiDoanhNghiep (clause 1d, [V])."""
    address = record.get("DiaChiChuHoSo") or record.get("DiaChiDoanhNghiep")
    if not isinstance(address, dict):
        return None
    names = {"province": "MaTinh", "district": "MaHuyen", "ward": "MaXa", "line": "DiaChiChiTiet"}
    said = {ours: text(str(address.get(their) or "")) or None for ours, their in names.items()}
    if not any(said.values()):
        return None
    return Place(province=said["province"], district=said["district"], ward=said["ward"], line=said["line"])


def read_stored(content: Any) -> File:
    """Read what our adapter put in the place of Base64 (clause 1d): bytes never pass through a sheet.

    Nothing that a peer can write is a `File`: only what was stored gets an address.
    """
    if isinstance(content, File):
        return content
    raise Noted(None, "is no content that was stored: left out", "nội dung tệp không đọc được")


def write_component(code: str) -> str | None:
    """Write a component's national code (reference 5, component); the province's own means nothing there."""
    if _COMPONENT.fullmatch(code):
        return code
    raise Noted(None, "is no national component code: not sent", "mã thành phần của tỉnh, không gửi")


def make_component(random: Random) -> str:
    """Draw a national component code."""
    return f"000.00.00.G{random.randint(1, 24):02}-KQ{random.randint(0, 999999):06}"


CHECKS: dict[str, Check] = {
    "code_starts_with_agency": code_starts_with_agency,
    "accepted_before_due": accepted_before_due,
    "accepted_has_times": accepted_has_times,
}

RULES: dict[str, PythonRule] = {
    "national_component": PythonRule(
        text, write_component, make_component, {"type": "string"}, "mã quốc gia"
    ),
    "owner_place": PythonRule(read_owner_place, vi="địa chỉ của chủ hồ sơ"),
    "stored": PythonRule(read_stored, vi="tệp đã lưu"),
    "step_id": PythonRule(read_step_id, vi="trạng thái và thời điểm"),
    "payment_id": PythonRule(read_payment_id, vi="thông báo và thời điểm nộp"),
    "form": PythonRule(
        read_form,
        write_form,
        lambda random: {"khac": random.randint(0, 9)},
        {"type": ["string", "object"]},
        vi="JSON trong chuỗi",
    ),
    "withdrawal_id": PythonRule(read_withdrawal_id, vi="thời điểm yêu cầu"),
    "components": PythonRule(read_components, vi="gộp mọi trường hợp"),
    "agencies": PythonRule(read_agencies, vi="mã cơ quan theo thứ tự cũ hoặc mới"),
}
