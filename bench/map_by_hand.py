"""The mapping of `bench/map.py` written by hand, as one would without sheets: same work, same results.

It does what the sheet does and no less: NFC and outer blanks, required fields, limits of length, strict
times, codes both ways, whole đồng, fields that nobody named kept with their item and given back.
"""

import re
from datetime import datetime, timedelta, timezone
from typing import Any
from unicodedata import normalize

from mappings.dossier import Document, Dossier, Fee, Party

ICT = timezone(timedelta(hours=7))
CODE = re.compile(
    r"(?:\d{3}\.\d{2,3}\.\d{2}\.[A-Z]\d{2}|[A-Z]\d{2}(?:\.\d{2,3}){0,4})-(?:\d{6}|\d{8})-\d{4,7}", re.ASCII
)
PROCEDURE = re.compile(r"\d\.\d{6}(?:\.\d{3}\.\d{2,3}\.\d{2}\.[A-Z]\d{2})?", re.ASCII)
STAMP = re.compile(r"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)", re.ASCII)
URL = re.compile(r"https?://[^\s]+", re.ASCII)

CHANNEL = {"1": "counter", "2": "online", "3": "post"}
RETURN = {"0": "counter", "1": "post"}
KIND = {"1": "citizen", "2": "enterprise", "3": "state_agency", "4": "organisation"}
STATUS = dict(
    enumerate(
        [
            "registered",
            "accepted",
            "not_accepted",
            "in_progress",
            "supplement_requested",
            "payment_due",
            "withdrawn",
            "stopped",
            "finished",
            "returned",
        ],
        1,
    )
)
STATUS_IN = {str(code): word for code, word in STATUS.items()}
FLAG = {"1": True, "0": False}
REMOVED = {"True": True, "False": False}
COLLECTED = {"1": "on_intake", "2": "on_supplement", "4": "on_return"}
FEE_KIND = {"1": "charge", "2": "fee"}


def _back(table: dict[str, Any]) -> dict[Any, str]:
    return {word: code for code, word in table.items()}


CHANNEL_OUT, RETURN_OUT, KIND_OUT, STATUS_OUT = map(_back, (CHANNEL, RETURN, KIND, STATUS_IN))
COLLECTED_OUT, FEE_KIND_OUT = map(_back, (COLLECTED, FEE_KIND))

FIELDS = frozenset(
    [
        "MaHoSo",
        "SoBienNhan",
        "MaTTHC",
        "TrichYeuHoSo",
        "KenhThucHien",
        "HinhThuc",
        "ChuHoSo",
        "LoaiDoiTuong",
        "MaDoiTuong",
        "Email",
        "SoDienThoai",
        "TaiKhoanDuocXacThucVoiVNeID",
        "TrangThaiHoSo",
        "NgayNopHoSo",
        "NgayTiepNhan",
        "NgayHenTra",
        "NgayKetThucXuLy",
        "ThongTinTra",
        "ThongTinKhac",
        "GhiChu",
        "TaiLieuNop",
        "DanhSachLePhi",
    ]
)
DOCUMENT_FIELDS = frozenset(
    ["TepDinhKemId", "TenTepDinhKem", "IsDeleted", "MaThanhPhanHoSo", "DuongDanTaiTepTin"]
)
FEE_FIELDS = frozenset(["TenPhiLePhi", "MaPhiLePhi", "HinhThucThu", "Gia", "LoaiPhiLePhi"])


class WrongError(Exception):
    """A field that cannot be mapped."""


def text(tree: dict[str, Any], name: str, limit: int | None = None) -> str | None:
    """Read a text, None where it is absent."""
    value = tree.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise WrongError(name)
    value = normalize("NFC", value.strip())
    if limit is not None and len(value) > limit:
        raise WrongError(name)
    return value or None


def needed(tree: dict[str, Any], name: str, limit: int | None = None) -> str:
    """Read a text that must be there."""
    value = text(tree, name, limit)
    if value is None:
        raise WrongError(name)
    return value


def formed(tree: dict[str, Any], name: str, form: re.Pattern[str]) -> str | None:
    """Read a text of a form."""
    value = text(tree, name)
    if value is not None and not form.fullmatch(value):
        raise WrongError(name)
    return value


def coded(tree: dict[str, Any], name: str, table: dict[str, Any]) -> Any:
    """Read a code."""
    value = tree.get(name)
    if value is None or value == "":
        return None
    if value not in table:
        raise WrongError(name)
    return table[value]


def stamp(tree: dict[str, Any], name: str) -> datetime | None:
    """Read a local time, yyyyMMddHHmmss."""
    value = tree.get(name)
    if value is None or value == "":
        return None
    match = STAMP.fullmatch(value)
    if match is None:
        raise WrongError(name)
    year, month, day, hour, minute, second = map(int, match.groups())
    return datetime(year, month, day, hour, minute, second, tzinfo=ICT)


def money(tree: dict[str, Any], name: str) -> int:
    """Read whole đồng."""
    value = needed(tree, name)
    if not (value.isascii() and value.isdigit()):
        raise WrongError(name)
    return int(value)


def others(tree: dict[str, Any], known: frozenset[str], source: str) -> dict[str, dict[str, Any]]:
    """Keep what nobody named."""
    if tree.keys() <= known:
        return {}
    return {source: {name: value for name, value in tree.items() if name not in known}}


def read_document(tree: dict[str, Any], source: str) -> Document:
    """Read one attachment."""
    removed = coded(tree, "IsDeleted", REMOVED)
    return Document(
        extras=others(tree, DOCUMENT_FIELDS, source),
        id=needed(tree, "TepDinhKemId"),
        name=needed(tree, "TenTepDinhKem", 4000),
        removed=False if removed is None else removed,
        component=text(tree, "MaThanhPhanHoSo"),
        url=formed(tree, "DuongDanTaiTepTin", URL),
    )


def read_fee(tree: dict[str, Any], source: str) -> Fee:
    """Read one fee."""
    return Fee(
        extras=others(tree, FEE_FIELDS, source),
        name=needed(tree, "TenPhiLePhi"),
        code=text(tree, "MaPhiLePhi"),
        collected=coded(tree, "HinhThucThu", COLLECTED),
        amount=money(tree, "Gia"),
        kind=coded(tree, "LoaiPhiLePhi", FEE_KIND),
    )


def read_owner(tree: dict[str, Any]) -> Party:
    """Read the owner."""
    name = text(tree, "ChuHoSo", 500)
    kind = coded(tree, "LoaiDoiTuong", KIND)
    if kind is None:
        raise WrongError("LoaiDoiTuong")
    return Party(
        name=" ".join(name.split()) if name else None,
        kind=kind,
        tech_id=text(tree, "MaDoiTuong", 50),
        email=text(tree, "Email", 100),
        phone=text(tree, "SoDienThoai", 50),
        account_verified=coded(tree, "TaiKhoanDuocXacThucVoiVNeID", FLAG),
    )


def read(tree: dict[str, Any], source: str) -> Dossier:
    """Map a record of the portal into a dossier."""
    code, procedure = formed(tree, "MaHoSo", CODE), formed(tree, "MaTTHC", PROCEDURE)
    result_return, status = coded(tree, "HinhThuc", RETURN), coded(tree, "TrangThaiHoSo", STATUS_IN)
    if code is None or procedure is None or result_return is None or status is None:
        raise WrongError("MaHoSo, MaTTHC, HinhThuc, TrangThaiHoSo")
    return Dossier(
        extras=others(tree, FIELDS, source),
        code=code,
        receipt_no=text(tree, "SoBienNhan"),
        procedure=procedure,
        subject=needed(tree, "TrichYeuHoSo", 1000),
        channel=coded(tree, "KenhThucHien", CHANNEL) or "counter",
        result_return=result_return,
        owner=read_owner(tree),
        status=status,
        submitted_at=stamp(tree, "NgayNopHoSo"),
        accepted_at=stamp(tree, "NgayTiepNhan"),
        due_at=stamp(tree, "NgayHenTra"),
        finished_at=stamp(tree, "NgayKetThucXuLy"),
        return_info=text(tree, "ThongTinTra"),
        other_info=text(tree, "ThongTinKhac"),
        note=text(tree, "GhiChu", 500),
        documents=tuple([read_document(each, source) for each in tree.get("TaiLieuNop") or ()]),
        fees=tuple([read_fee(each, source) for each in tree.get("DanhSachLePhi") or ()]),
    )


def short(value: str | None, limit: int) -> str:
    """Write a text of limited length, blank where it is absent."""
    if value is None:
        return ""
    if len(value) > limit:
        raise WrongError("too long")
    return value


def must(value: str | None, limit: int = 1_000_000) -> str:
    """Write a text that must be there."""
    if not value:
        raise WrongError("missing")
    return short(value, limit)


def match(value: str | None, form: re.Pattern[str]) -> str:
    """Write a text of a form."""
    if value is None or not form.fullmatch(value):
        raise WrongError("form")
    return value


def time(value: datetime | None) -> str:
    """Write a local time."""
    if value is None:
        return ""
    if value.tzinfo is not ICT:
        value = value.astimezone(ICT)
    return value.strftime("%Y%m%d%H%M%S")


def flag(value: bool | None) -> str:  # noqa: FBT001 - a field's value
    """Write a flag."""
    return "" if value is None else "1" if value else "0"


def write_document(document: Document, source: str) -> dict[str, Any]:
    """Write one attachment."""
    return {
        "TepDinhKemId": must(document.id),
        "TenTepDinhKem": must(document.name, 4000),
        "IsDeleted": "True" if document.removed else "False",
        "MaThanhPhanHoSo": document.component or "",
        "DuongDanTaiTepTin": match(document.url, URL),
        **document.extras.get(source, {}),
    }


def write_fee(fee: Fee, source: str) -> dict[str, Any]:
    """Write one fee."""
    return {
        "TenPhiLePhi": must(fee.name),
        "MaPhiLePhi": fee.code or "",
        "HinhThucThu": COLLECTED_OUT[fee.collected] if fee.collected else "",
        "Gia": str(fee.amount),
        "LoaiPhiLePhi": FEE_KIND_OUT[fee.kind] if fee.kind else "",
        **fee.extras.get(source, {}),
    }


def write(dossier: Dossier, source: str) -> dict[str, Any]:
    """Map a dossier into a record of the portal."""
    owner = dossier.owner or Party()
    return {
        "MaHoSo": match(dossier.code, CODE),
        "SoBienNhan": dossier.receipt_no or "",
        "MaTTHC": match(dossier.procedure, PROCEDURE),
        "TrichYeuHoSo": must(dossier.subject, 1000),
        "KenhThucHien": CHANNEL_OUT[dossier.channel or "counter"],
        "HinhThuc": RETURN_OUT[dossier.result_return],
        "ChuHoSo": short(owner.name, 500),
        "LoaiDoiTuong": KIND_OUT[owner.kind],
        "MaDoiTuong": short(owner.tech_id, 50),
        "Email": short(owner.email, 100),
        "SoDienThoai": short(owner.phone, 50),
        "TaiKhoanDuocXacThucVoiVNeID": flag(owner.account_verified),
        "TrangThaiHoSo": STATUS_OUT[dossier.status],
        "NgayNopHoSo": time(dossier.submitted_at),
        "NgayTiepNhan": time(dossier.accepted_at),
        "NgayHenTra": time(dossier.due_at),
        "NgayKetThucXuLy": time(dossier.finished_at),
        "ThongTinTra": dossier.return_info or "",
        "ThongTinKhac": dossier.other_info or "",
        "GhiChu": short(dossier.note, 500),
        "TaiLieuNop": [write_document(each, source) for each in dossier.documents],
        "DanhSachLePhi": [write_fee(each, source) for each in dossier.fees],
        **dossier.extras.get(source, {}),
    }
