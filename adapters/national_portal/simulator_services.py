"""The portal's services that write (reference 1c): records, progress, status of portal dossiers."""

from collections.abc import Callable, Sequence
from typing import Any, TypeGuard

import msgspec

from adapters.national_portal import simulator_checks as checks
from adapters.national_portal import simulator_dossier as dossiers
from adapters.national_portal.simulator_codes import PORTAL_DOSSIER, belongs_to
from adapters.national_portal.simulator_desk import Call, Desk, Done, Exists, Outcome, Refused

Item = dict[str, Any]


def sync_records(desk: Desk, call: Call) -> Outcome:
    """DongBoHoSoMC (reference 1c, 2): all records of the batch, or none.

    isUpdating "False" inserts, and is told "đã tồn tại" where one exists [C S2]; "True" updates, and is told
    "không tồn tại" where one does not [I]. Repeatable: an equal record changes nothing and is an echo.
    """
    updating, records = call.params.get("isUpdating"), call.params.get("data")
    if updating not in ("True", "False"):
        return _refuse(desk, call, "DongBoHoSoMC", [], ['isUpdating phải là "True" hoặc "False"'])
    if not _is_batch(records):
        return _refuse(desk, call, "DongBoHoSoMC", [], ["data phải là mảng hồ sơ"])
    problems = [problem for record in records for problem in _record_problems(desk, call, record)]
    if problems:
        return _refuse(desk, call, "DongBoHoSoMC", records, problems)
    missing = [r["MaHoSo"] for r in records if desk.register.get(r["MaHoSo"]) is None]
    if updating == "True" and missing:
        return _refuse(desk, call, "DongBoHoSoMC", records, [f"Hồ sơ {missing[0]} không tồn tại"])
    if updating == "False" and len(missing) < len(records):
        _refuse(desk, call, "DongBoHoSoMC", records, ["đã tồn tại"])
        held = next(r["MaHoSo"] for r in records if r["MaHoSo"] not in missing)
        return Exists(f"Hồ sơ {held} đã tồn tại")
    for record in records:
        _write(desk, call, record)
    return Done("Đồng bộ hồ sơ thành công")


def add_progress(desk: Desk, call: Call) -> Outcome:
    """CapNhatTienDoHoSoMC (reference 1c, 3): append the rows of the batch, or none. Not repeatable.

    The record comes before its progress (flow of reference 2): without one the batch is refused.
    """
    rows = call.params.get("data")
    if not _is_batch(rows):
        return _refuse(desk, call, "CapNhatTienDoHoSoMC", [], ["data phải là mảng tiến độ"])
    problems = [problem for row in rows for problem in _progress_problems(desk, call, row)]
    if problems:
        return _refuse(desk, call, "CapNhatTienDoHoSoMC", rows, problems)
    for row in rows:
        _append(desk, call, row)
    return Done("Cập nhật tiến độ thành công")


def sync_status(desk: Desk, call: Call) -> Outcome:
    """DongBoTrangThaiHoSo (reference 1c): status of a dossier that originates on the portal.

    Only "2" accepted, "5" supplement or refusal, "11" refusal [V S1,S2]. It becomes a row of progress; a
    dossier nobody has synced yet shows it: 2 as 2, 11 as 3 [I].
    """
    notice = call.params.get("data")
    if not isinstance(notice, dict):
        return _refuse(desk, call, "DongBoTrangThaiHoSo", [], ["data phải là đối tượng"])
    problems = checks.notice_problems(notice)
    if call.params.get("type") != "2":
        problems.append('type phải là "2"')
    held = desk.register.get(str(notice.get("MaHoSo")))
    if held is None or not held.submitted:
        problems.append(f"Hồ sơ {notice.get('MaHoSo')} không tồn tại")
    if problems or held is None:
        return _refuse(desk, call, "DongBoTrangThaiHoSo", [notice], problems)
    _notify(desk, call, held, notice)
    return Done("Đồng bộ trạng thái thành công")


def _write(desk: Desk, call: Call, record: Item) -> None:
    number = record["MaHoSo"]
    held = desk.register.get(number)
    now = desk.register.now()
    if held is None:
        asked = int(record["TrangThaiHoSo"] == "5")
        dossier = dossiers.Dossier(record, now, synced=record["TrangThaiHoSo"], asked=asked)
        effect: str = "applied"
    else:
        dossier, effect = dossiers.sync(held, record, now)
    _record(desk, call, "DongBoHoSoMC", number, effect, status=record["TrangThaiHoSo"])
    desk.register.put(number, dossier, by_province=True)
    desk.noticed(number)


def _append(desk: Desk, call: Call, row: Item) -> None:
    number = row["MaHoSo"]
    held = desk.register.get(number)
    if held is None:
        raise LookupError(number)
    dossier, effect = dossiers.append(held, row)
    status, at = row["TrangThai"], row["ThoiDiemXuLy"]
    _record(desk, call, "CapNhatTienDoHoSoMC", number, effect, status=status, time=at)
    if dossier is not held:
        desk.register.put(number, dossier, by_province=True)


def _notify(desk: Desk, call: Call, held: dossiers.Dossier, notice: Item) -> None:
    number, status = notice["MaHoSo"], notice["TrangThai"]
    shown = {"2": "2", "11": "3"}.get(status, held.status)
    row = {
        "NguoiXuLy": call.organisation,
        "ThoiDiemXuLy": notice["NgayXuLy"],
        "NoiDungXuLy": notice["NoiDung"],
        "TrangThai": status,
    }
    dossier, effect = dossiers.append(held, row)
    if not held.synced and held.status == "1":
        dossier = msgspec.structs.replace(dossier, record=dossier.record | {"TrangThaiHoSo": shown})
    _record(desk, call, "DongBoTrangThaiHoSo", number, effect, status=status)
    desk.register.put(number, dossier, by_province=True)


def _record_problems(desk: Desk, call: Call, record: Item) -> list[str]:
    problems = checks.record_problems(record)
    number = str(record.get("MaHoSo") or "")
    if number and not _acceptable(desk, call, number):
        problems.append(f"Trường MaHoSo {number} không bắt đầu bằng mã đơn vị hoặc không do Cổng cấp")
    procedure = record.get("MaTTHC")
    if isinstance(procedure, str) and procedure and not desk.catalogue.knows(procedure):
        problems.append(f"Trường MaTTHC {procedure} không tồn tại trong CSDLQG về TTHC")
    return problems


def _acceptable(desk: Desk, call: Call, number: str) -> bool:
    """MaHoSo starts with the sender's org code (reference 2), or is a number this portal issued."""
    held = desk.register.get(number)
    issued = held is not None and held.submitted and PORTAL_DOSSIER.fullmatch(number)
    return belongs_to(number, call.organisation) or bool(issued)


def _progress_problems(desk: Desk, _call: Call, row: Item) -> list[str]:
    problems = checks.progress_problems(row)
    held = desk.register.get(str(row.get("MaHoSo")))
    if held is None:
        problems.append(f"Hồ sơ {row.get('MaHoSo')} không tồn tại")
    elif not held.synced:
        problems.append(f"Hồ sơ {row.get('MaHoSo')} chưa được đồng bộ, hãy gửi DongBoHoSoMC trước")
    return problems


def _is_batch(value: Any) -> TypeGuard[list[Item]]:
    return isinstance(value, list) and bool(value) and all(isinstance(item, dict) for item in value)


def _refuse(desk: Desk, call: Call, service: str, items: Sequence[Item], problems: Sequence[str]) -> Refused:
    for number in [str(item.get("MaHoSo", "")) for item in items] or [""]:
        _record(desk, call, service, number, "refused", problems=list(problems))
    return Refused("; ".join(problems))


def _record(desk: Desk, call: Call, service: str, number: str, effect: Any, **detail: Any) -> None:
    desk.journal.record(service, number, effect, call.request_id, **detail)


WRITES: dict[str, Callable[[Desk, Call], Outcome]] = {
    "DongBoHoSoMC": sync_records,
    "CapNhatTienDoHoSoMC": add_progress,
    "DongBoTrangThaiHoSo": sync_status,
}
