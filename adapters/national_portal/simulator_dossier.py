"""One dossier as the portal holds it, and what each event makes of it. Values in, values out."""

import unicodedata
from collections.abc import Mapping
from typing import Any, Literal

import msgspec

Record = dict[str, Any]
Via = Literal["search", "push", "both"]
SyncEffect = Literal["applied", "echo", "out_of_order"]
RowEffect = Literal["applied", "duplicate", "echo", "out_of_order"]

ENDS = frozenset({"3", "7", "8", "10"})
# reference 4 [I]: 1→2|3; 2→4; 4↔5; 4↔6; 4|5|6→7|8; 4→9→10
_RANK = {"1": 0, "2": 1, "4": 2, "5": 2, "6": 2, "9": 3, "10": 4, "3": 4, "7": 4, "8": 4}
_ROW_KEY = ("TrangThai", "ThoiDiemXuLy", "NoiDungXuLy")


class Dossier(msgspec.Struct, frozen=True):
    """One dossier of the portal.

    `record`: its facts, as submitted and then as the province last wrote them. `synced`: the last status the
    province wrote, empty before. `withdrawn`: when the citizen withdrew, empty if not. `answers`: supplements
    the citizen answered, by HoSoBoSungId, until the province writes them answered. `rows`: progress from the
    province; `own`: progress that began here. `asked`, `answered`: rounds of supplement. `changed`: stamp of
    the last change that the search tells.
    """

    record: Record
    changed: str
    via: Via | None = None
    synced: str = ""
    withdrawn: str = ""
    answers: Mapping[str, Record] = msgspec.field(default_factory=dict)
    rows: tuple[Record, ...] = ()
    own: tuple[Record, ...] = ()
    asked: int = 0
    answered: int = 0

    @property
    def submitted(self) -> bool:
        """Whether a citizen submitted it here; otherwise it came from the province."""
        return self.via is not None

    @property
    def status(self) -> str:
        """Status that the portal shows: 7 as soon as the citizen withdrew, until the province ends it."""
        if self.withdrawn and self.synced not in ENDS:
            return "7"
        return str(self.record.get("TrangThaiHoSo", ""))


def submit(record: Record, via: Via, now: str) -> Dossier:
    """Take a citizen's submission; the portal writes the first row of its progress itself."""
    row = own_row("1", str(record.get("NgayNopHoSo") or now), "Công dân nộp hồ sơ")
    return Dossier(record, now, via, own=(row,))


def sync(dossier: Dossier, record: Record, now: str) -> tuple[Dossier, SyncEffect]:
    """Write a record of the province over what is held (DongBoHoSoMC with isUpdating "True").

    A field that is not given stays [I]. An equal record is an echo; a status that goes back along section 4's
    order, or leaves an end, is out of order: written all the same, the portal knows no better.
    """
    merged = dossier.record | {name: value for name, value in record.items() if value is not None}
    status = record["TrangThaiHoSo"]
    effect = _sync_effect(dossier, merged, status)
    # a province that polls seldom tells the next round without the work between: then its list alone does
    another = dossier.synced != "5" or not _listed(merged) <= _listed(dossier.record)
    asked = dossier.asked + (status == "5" and another)
    answers = {key: text for key, text in dossier.answers.items() if not _answered(merged, key)}
    changes = {"record": merged, "synced": status, "asked": asked, "answers": answers}
    return msgspec.structs.replace(dossier, **changes, changed=now), effect


def append(dossier: Dossier, row: Record) -> tuple[Dossier, RowEffect]:
    """Append a row of progress (CapNhatTienDoHoSoMC, append-only [I] reference 3).

    The same row twice is a duplicate; a row that began here and comes back is an echo (same status, time and
    text); neither is appended. A row earlier than the last one is out of order, and appended.
    """
    key = _row_key(row)
    if any(_row_key(held) == key for held in dossier.rows):
        return dossier, "duplicate"
    if any(_row_key(held) == key for held in dossier.own):
        return dossier, "echo"
    late = bool(dossier.rows) and row["ThoiDiemXuLy"] < dossier.rows[-1]["ThoiDiemXuLy"]
    grown = msgspec.structs.replace(dossier, rows=(*dossier.rows, row))
    return grown, "out_of_order" if late else "applied"


def withdraw(dossier: Dossier, now: str) -> Dossier:
    """Let the citizen withdraw (status 7) at `now`."""
    row = own_row("7", now, "Công dân yêu cầu rút hồ sơ")
    return msgspec.structs.replace(dossier, withdrawn=now, changed=now, own=(*dossier.own, row))


def answer(dossier: Dossier, supplements: Mapping[str, Record], now: str) -> Dossier:
    """Let the citizen answer supplements, by HoSoBoSungId, at `now`."""
    row = own_row("5", now, "Công dân đã nộp giấy tờ bổ sung")
    return msgspec.structs.replace(
        dossier,
        answers={**dossier.answers, **supplements},
        answered=dossier.asked,
        changed=now,
        own=(*dossier.own, row),
    )


def open_supplements(dossier: Dossier) -> list[Record]:
    """Return the supplements asked for (BoSung of section 2) that nobody has answered."""
    listed = dossier.record.get("DanhSachHoSoBoSung") or []
    return [s for s in listed if not s.get("TrangThaiBoSung") and s["HoSoBoSungId"] not in dossier.answers]


def shown(dossier: Dossier) -> Record:
    """Return the record as the portal tells it: what citizens did since the last sync lies over it."""
    record = dossier.record | {"TrangThaiHoSo": dossier.status}
    if dossier.answers:
        listed = {s["HoSoBoSungId"]: s for s in record.get("DanhSachHoSoBoSung") or []}
        merged = {key: listed.get(key, {}) | given for key, given in dossier.answers.items()}
        record["DanhSachHoSoBoSung"] = list((listed | merged).values())
    return record


def own_row(status: str, at: str, text: str) -> Record:
    """Make a row of progress that begins on the portal."""
    return {"NguoiXuLy": "Công dân", "ThoiDiemXuLy": at, "NoiDungXuLy": text, "TrangThai": status}


def _sync_effect(dossier: Dossier, merged: Record, status: str) -> SyncEffect:
    before = dossier.synced
    if before and status != before and (before in ENDS or _RANK[status] < _RANK[before]):
        return "out_of_order"
    return "echo" if _told(merged) == _told(dossier.record) else "applied"


def _told(value: Any) -> Any:
    """Reduce a value to what it tells: blank, null, empty and missing say the same."""
    if isinstance(value, dict):
        return {key: told for key, item in value.items() if (told := _told(item)) not in (None, "", [], {})}
    if isinstance(value, list):
        return [_told(item) for item in value]
    return unicodedata.normalize("NFC", value).strip() if isinstance(value, str) else value


def _listed(record: Record) -> set[str]:
    return {s["HoSoBoSungId"] for s in record.get("DanhSachHoSoBoSung") or []}


def _answered(record: Record, key: str) -> bool:
    listed = record.get("DanhSachHoSoBoSung") or []
    return any(s["HoSoBoSungId"] == key and s.get("TrangThaiBoSung") for s in listed)


def _row_key(row: Record) -> tuple[str, ...]:
    return tuple(unicodedata.normalize("NFC", str(row.get(name, ""))).strip() for name in _ROW_KEY)
