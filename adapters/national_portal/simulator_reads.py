"""The portal's services that read (reference 1b): dossiers, catalogues, TechID. Repeatable."""

import re
from collections.abc import Callable
from typing import Any

from adapters.national_portal.simulator_codes import is_stamp
from adapters.national_portal.simulator_desk import Call, Desk, Done, Outcome, Refused
from adapters.national_portal.simulator_dossier import Dossier, Record, shown
from adapters.national_portal.simulator_facade import upper

_LARGEST_PAGE = 200
_END_OF_TIME = "99991231235959"


def search(desk: Desk, call: Call) -> Outcome:
    """TraCuuHoSo: by `mahoso` one row or none [V S1]; else by time of change, a page of rows [I].

    `tungay`, `denngay` (yyyyMMddHHmmss, inclusive, on NGAYCAPNHAT), `trang` from 1, `soluong` up to 200, all
    strings. Rows come oldest change first; several may share a second, and a row that changes while pages are
    read moves to the end, so that others move up a place. Dossiers that are only pushed are not listed.
    """
    if call.params.get("mahoso"):
        number = call.params["mahoso"]
        held = desk.register.get(str(number))
        return Done("Tra cứu thành công", [] if held is None else [row(held, call.base)])
    since, until = call.params.get("tungay"), call.params.get("denngay") or _END_OF_TIME
    page, size = _count(call.params.get("trang", "1")), _count(call.params.get("soluong", "50"))
    if not (isinstance(since, str) and is_stamp(since) and isinstance(until, str) and is_stamp(until)):
        return Refused("Cần mahoso, hoặc tungay và denngay dạng yyyyMMddHHmmss")
    if not page or not size or size > _LARGEST_PAGE:
        return Refused(f"trang và soluong phải là số từ 1, soluong không quá {_LARGEST_PAGE}")
    found = desk.register.changed(since, until)[(page - 1) * size : page * size]
    return Done("Tra cứu thành công", [row(dossier, call.base) for _, dossier in found])


def procedure(desk: Desk, call: Call) -> Outcome:
    """LayThuTuc by `maTTHC` (reference 1e)."""
    code = call.params.get("maTTHC")
    if not isinstance(code, str) or not code:
        return Refused("Trường maTTHC bắt buộc nhập")
    return Done("Tra cứu thành công", desk.catalogue.procedure(code))


def technical_id(desk: Desk, call: Call) -> Outcome:
    """TraCuuTechID by `provider` "wso2is" and `mstorcmnd` (reference 1b), of who has submitted here."""
    provider, number = call.params.get("provider"), call.params.get("mstorcmnd")
    if provider != "wso2is" or not isinstance(number, str) or not number:
        return Refused('provider phải là "wso2is", mstorcmnd bắt buộc nhập')
    known = next(
        filter(None, (_technical_id(d, number) for _, d in desk.register.items() if d.submitted)), None
    )
    return Done("Tra cứu thành công", [{"TECHNICALID": known}] if known else [])


def row(dossier: Dossier, base: str) -> Record:
    """Write one row of TraCuuHoSo: the record as shown, its progress, its time of change; UPPER-CASE keys."""
    record = _with_addresses(shown(dossier), base)
    progress = sorted((*dossier.own, *dossier.rows), key=lambda step: str(step["ThoiDiemXuLy"]))
    told: Record = upper(record | {"DanhSachTienDo": progress, "NgayCapNhat": dossier.changed})
    return told


def _with_addresses(value: Any, base: str) -> Any:
    """Complete the addresses of files that lie on this server."""
    if isinstance(value, dict):
        return {key: _with_addresses(item, base) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_with_addresses(item, base) for item in value]
    return base + value if isinstance(value, str) and value.startswith("/tai-lieu/") else value


def _technical_id(dossier: Dossier, number: str) -> str | None:
    owners = dossier.record.get("DinhDanhCHS") or []
    if any(owner.get("SoDinhDanh") == number for owner in owners):
        return dossier.record.get("MaDoiTuong") or None
    return None


def _count(text: Any) -> int:
    return int(text) if isinstance(text, str) and re.fullmatch(r"[0-9]{1,6}", text) else 0


def _catalogue(service: str) -> Callable[[Desk, Call], Outcome]:
    return lambda desk, _call: Done("Tra cứu thành công", desk.catalogue.services[service]())


READS: dict[str, Callable[[Desk, Call], Outcome]] = {
    "TraCuuHoSo": search,
    "LayThuTuc": procedure,
    "TraCuuTechID": technical_id,
} | {
    name: _catalogue(name) for name in ("LayDanhMucCoQuan", "LayDanhMucLinhVuc", "LayDanhSachTTHC", "LayDVC")
}
