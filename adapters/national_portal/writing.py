"""What a province writes to the portal: records, progress, the status of dossiers that began there.

None of it is repeatable: the portal keeps no request id. A record replaces and is looked up by comparing; a
row of progress appends and is looked up among the rows that the portal shows, where it shows any.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from adapters._kit.schema import Check
from adapters.national_portal.client import PortalClient
from adapters.national_portal.comparing import shows
from adapters.national_portal.faults import Said, error_of
from adapters.national_portal.settings import PortalSettings
from adapters.national_portal.spelling import restored
from bus.errors import DeliveryError, PermanentError
from bus.ports import Answer, Call, Sighting, Tree

_STATUS_FOLDED = {"2": "2", "4": "2", "6": "2", "9": "2", "10": "2", "5": "5"}
"""TrangThai of DongBoTrangThaiHoSo knows "accepted" and "refused" alone (reference 1c)."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What the writing operations work with; `names` spell upper-case keys back."""

    settings: PortalSettings
    connector: str
    client: PortalClient
    names: Mapping[str, str]
    record_check: Check
    progress_check: Check

    def row(self, number: str, call: Call) -> dict[str, Any] | None:
        """Look a dossier up, keys restored."""
        row = self.client.find(number, call.deadline)
        return None if row is None else restored(row, self.names)

    def progress(self, row: Mapping[str, Any]) -> list[dict[str, Any]] | None:
        """The rows of progress that a looked-up dossier shows; None where the portal shows none at all."""
        field = self.names.get(self.settings.search.progress, self.settings.search.progress)
        listed = row.get(field) if field else None
        return [item for item in listed if isinstance(item, dict)] if isinstance(listed, list) else None


def sync_record(desk: Desk, call: Call) -> Answer:
    """DongBoHoSoMC after TraCuuHoSo has said whether to insert or to update (flow of reference 2)."""
    record = call.request
    _refuse(desk.record_check(record), _own_number(desk, record))
    held = desk.client.find(record["MaHoSo"], call.deadline) is not None
    said = _sync(desk, call, updating=held)
    # told otherwise (reference 1f, "đã tồn tại"; its reverse after the portal lost a dossier): turn once
    if said.means == ("missing" if held else "exists"):
        said = _sync(desk, call, updating=not held)
    return _done(said)


def record_is_there(desk: Desk, call: Call) -> Sighting:
    """Whether the portal shows the record as we asked for it."""
    row = desk.row(call.request["MaHoSo"], call)
    return Sighting("not there" if row is None else shows(row, call.request))


def add_progress(desk: Desk, call: Call) -> Answer:
    """CapNhatTienDoHoSoMC with one row; an append-only log, so nothing is sent twice knowingly."""
    _refuse(desk.progress_check(call.request), _own_number(desk, call.request))
    if call.attempt > 1 and progress_is_there(desk, call).outcome == "done":
        return Answer(note="the portal has this row already")
    said = desk.client.write("CapNhatTienDoHoSoMC", {"data": [call.request]}, call.deadline, call.request_id)
    return _done(said, also="exists")


def progress_is_there(desk: Desk, call: Call) -> Sighting:
    """Whether the row is among those that TraCuuHoSo shows [I]."""
    request = call.request
    return _listed(desk, call, request["TrangThai"], request["ThoiDiemXuLy"])


def progress_key(row: Tree) -> str:
    """What a row of progress adds: MaHoSo, TrangThai, ThoiDiemXuLy (reference 10.3)."""
    return "|".join(str(row.get(name, "")) for name in ("MaHoSo", "TrangThai", "ThoiDiemXuLy"))


def set_status(desk: Desk, call: Call) -> Answer:
    """DongBoTrangThaiHoSo, type "2": tells a dossier that began on the portal accepted or refused.

    The request is a row of progress; this service spells the same facts its own way (reference 1c).
    """
    notice = _notice(desk, call)
    if call.attempt > 1 and status_is_there(desk, call).outcome == "done":
        return Answer(note="the portal has this status already")
    params = {"type": "2", "data": notice}
    return _done(
        desk.client.write("DongBoTrangThaiHoSo", params, call.deadline, call.request_id), also="exists"
    )


def status_is_there(desk: Desk, call: Call) -> Sighting:
    """Whether the status shows among the dossier's progress [I]."""
    notice = _notice(desk, call)
    return _listed(desk, call, notice["TrangThai"], notice["NgayXuLy"])


def _notice(desk: Desk, call: Call) -> dict[str, Any]:
    row = call.request
    _refuse(desk.progress_check(row), lambda: ())
    local = next((code for name, code in call.codes.items() if name != desk.connector), row["MaHoSo"])
    return {
        "MaHoSo": row["MaHoSo"],
        "MaHoSoDonVi": local,
        "MaDoiTuong": "",
        "NoiDung": row["NoiDungXuLy"],
        "NgayXuLy": row["ThoiDiemXuLy"],
        "TrangThai": _STATUS_FOLDED.get(row["TrangThai"], desk.settings.refusal_code),
        "TaiLieuXuLy": [],
    }


def _listed(desk: Desk, call: Call, status: str, at: str) -> Sighting:
    row = desk.row(call.request["MaHoSo"], call)
    if row is None:
        return Sighting("not there")
    rows = desk.progress(row)
    if rows is None:
        return Sighting("cannot say")
    there = any((item.get("TrangThai"), item.get("ThoiDiemXuLy")) == (status, at) for item in rows)
    return Sighting("done" if there else "not there")


def _sync(desk: Desk, call: Call, *, updating: bool) -> Said:
    params = {"isUpdating": "True" if updating else "False", "data": [call.request]}
    return desk.client.write("DongBoHoSoMC", params, call.deadline, call.request_id)


def _done(said: Said, also: str = "done") -> Answer:
    if said.means in ("done", also) and (said.code == "0" or said.means == also):
        return Answer(raw=said.raw)
    error: DeliveryError = error_of(said, effect=True)
    raise error


def _own_number(desk: Desk, tree: Mapping[str, Any]) -> Callable[[], tuple[str, ...]]:
    """MaHoSo begins with a code of our own organisation, or the portal gave it (reference 2)."""

    def problems() -> tuple[str, ...]:
        number = str(tree.get("MaHoSo", ""))
        if number.startswith("G22.99") or _root(number.partition("-")[0]) == _root(desk.settings.madonvi):
            return ()
        return (f"MaHoSo: {number} does not begin with a code of {desk.settings.madonvi}",)

    return problems


def _root(code: str) -> str:
    """The root of an organisation's code in either order (reference 5)."""
    return code.rpartition(".")[2] if re.match(r"\d", code) else code.partition(".")[0]


def _refuse(problems: tuple[str, ...], further: Callable[[], tuple[str, ...]]) -> None:
    found = (*problems, *further())
    if found:
        raise PermanentError("The message is not what the portal accepts; it was not sent.", problems=found)
