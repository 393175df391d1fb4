"""The portal's strictness: every field of what is written, against sections 2, 3 and 1c of the reference.

A check answers with sentences in Vietnamese, one a problem, as the portal would; none means accepted.
Fields that the reference does not name are let through: the list grew after guide v1.4 [V S2].
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from adapters.national_portal import simulator_codes as codes

Item = Mapping[str, Any]
_STATUSES = frozenset(map(str, range(1, 11)))
_FLAG = frozenset("01")
# nothing was accepted yet, or ever: no acceptance and no appointment to tell [I]
_NOT_ACCEPTED = frozenset({"1", "3", "7"})


class Field(msgspec.Struct, frozen=True):
    """What one field must be: `required`, at most `longest` characters, one of `words`, of a `form`."""

    name: str
    required: bool = False
    longest: int | None = None
    words: frozenset[str] | None = None
    form: Callable[[str], Any] | None = None


class Array(msgspec.Struct, frozen=True):
    """A field that is an array of objects with these fields."""

    name: str
    fields: tuple[Field, ...]
    arrays: "tuple[Array, ...]" = ()
    numbers: tuple[str, ...] = ()
    booleans: tuple[str, ...] = ()
    further: Callable[[Item], Iterator[str]] | None = None


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _time(name: str, *, required: bool = False) -> Field:
    return Field(name, required=required, form=codes.is_stamp)


def _document_rules(document: Item) -> Iterator[str]:
    """Attachments are addresses served by the province; base64 is for the other direction [V S1,S2]."""
    if "Base64" in document:
        yield "Base64 không được dùng khi đồng bộ, hãy gửi DuongDanTaiTepTin"
    if document.get("IsDeleted") != "True" and not document.get("DuongDanTaiTepTin"):
        yield "DuongDanTaiTepTin bắt buộc nhập"


def _identity_rules(identity: Item) -> Iterator[str]:
    """1 is a CCCD of 12 digits, 2 a CMND of 9 [V S2]; other kinds are not published."""
    digits = {"1": 12, "2": 9}.get(str(identity.get("LoaiDinhDanh")))
    if digits and not re.fullmatch(rf"\d{{{digits}}}", str(identity.get("SoDinhDanh"))):
        yield f"SoDinhDanh phải gồm {digits} chữ số"


_DOCUMENT = (
    Field("TepDinhKemId", required=True),
    Field("TenTepDinhKem", required=True, longest=4000),
    Field("IsDeleted", words=_words("True False")),
    Field("MaThanhPhanHoSo", form=codes.COMPONENT.fullmatch),
    Field("DuongDanTaiTepTin", form=codes.WEB_ADDRESS.fullmatch),
    Field("DuocSoHoa", words=_FLAG),
    Field("DuocTaiSuDung", words=_words("0 1 2")),
    Field("DuocLayTuKhoDMQG", words=_FLAG),
    Field("MaKetQuaThayThe"),
)
_FEE = (
    Field("TenPhiLePhi", required=True),
    Field("MaPhiLePhi"),
    Field("HinhThucThu", words=_words("1 2 4")),
    Field("Gia", required=True, form=re.compile(r"\d+").fullmatch),
    Field("LoaiPhiLePhi", words=_words("1 2 3")),
)
_SUPPLEMENT = (
    Field("HoSoBoSungId", required=True),
    Field("NguoiYeuCauBoSung"),
    Field("NoiDungBoSung", required=True),
    _time("NgayBoSung"),
    Field("NguoiTiepNhanBoSung"),
    Field("ThongTinTiepNhan"),
    _time("NgayTiepNhanBoSung"),
    _time("NgayHenTraTruoc"),
    _time("NgayHenTraMoi"),
)
_RESULT = (
    Field("TenGiayTo", required=True),
    Field("MaThanhPhanHoSo", form=codes.COMPONENT.fullmatch),
    Field("GiayToId"),
    Field("DuongDanTepTinKetQua", required=True, form=codes.WEB_ADDRESS.fullmatch),
    Field("MaGiayToKetQua", form=codes.RESULT_PAPER.fullmatch),
)
_RECORD = (
    Field("MaHoSo", required=True),
    Field("MaTTHC", required=True, longest=50, form=codes.PROCEDURE.fullmatch),
    Field("TenTTHC", required=True),
    Field("MaLinhVuc", required=True, longest=50, form=codes.SECTOR.fullmatch),
    Field("TenLinhVuc", required=True, longest=150),
    Field("KenhThucHien", longest=2, words=_words("1 2 3")),
    Field("SoBienNhan"),
    Field("ChuHoSo", longest=500),
    Field("LoaiDoiTuong", required=True, words=_words("1 2 3 4")),
    Field("MaDoiTuong", longest=50),
    Field("ThongTinKhac"),
    Field("Email", longest=100),
    Field("Fax"),
    Field("SoDienThoai", longest=50),
    Field("TrichYeuHoSo", required=True, longest=1000),
    _time("NgayTiepNhan"),
    _time("NgayHenTra"),
    Field("TrangThaiHoSo", required=True, words=_STATUSES),
    _time("NgayTra"),
    Field("ThongTinTra"),
    Field("HinhThuc", required=True, words=_FLAG),
    _time("NgayKetThucXuLy"),
    Field("DonViXuLy", required=True, form=lambda name: not codes.is_organisation(name.strip())),
    Field("GhiChu", longest=2000),
    Field("NoiNopHoSo", words=_words("1 2")),
    Field("HoSoCoThanhPhanSoHoa", longest=2, words=_FLAG),
    Field("TaiKhoanDuocXacThucVoiVNeID", longest=2, words=_FLAG),
    Field("DuocThanhToanTrucTuyen", longest=2, words=_words("0 1 2 3")),
    _time("NgayTuChoi"),
    _time("NgayNopHoSo"),
)
_DOCUMENTS = Array("TaiLieuNop", _DOCUMENT, further=_document_rules)
_ARRAYS = (
    _DOCUMENTS,
    Array("DanhSachLePhi", _FEE),
    Array(
        "DanhSachTepDinhKemKhac",
        (Field("TenGiayTo", required=True, longest=1999),),
        numbers=("SoLuong", "LoaiGiayTo"),
    ),
    Array(
        "DanhSachHoSoBoSung",
        _SUPPLEMENT,
        arrays=(
            Array("DanhSachGiayToBoSung", _DOCUMENT, further=_document_rules),
            Array("DanhSachLePhiBoSung", _FEE),
        ),
        booleans=("TrangThaiBoSung",),
    ),
    Array("DanhSachGiayToKetQua", _RESULT),
    Array(
        "DinhDanhCHS",
        (Field("LoaiDinhDanh", required=True), Field("SoDinhDanh", required=True, longest=40)),
        further=_identity_rules,
    ),
    Array("DSKetNoiCSDL", (Field("MaCSDL", required=True),)),
)
_PROGRESS = (
    Field("MaHoSo", required=True),
    Field("NguoiXuLy", required=True, longest=50),
    Field("ChucDanh"),
    _time("ThoiDiemXuLy", required=True),
    Field("PhongBanXuLy"),
    Field("NoiDungXuLy", required=True),
    Field("TrangThai", required=True, words=_STATUSES),
    _time("NgayBatDau"),
    _time("NgayKetThucTheoQuyDinh"),
)
_NOTICE = (
    Field("MaHoSo", required=True, form=codes.PORTAL_DOSSIER.fullmatch),
    Field("MaHoSoDonVi", required=True),
    Field("MaDoiTuong", longest=50),
    Field("NoiDung", required=True),
    _time("NgayXuLy", required=True),
    Field("TrangThai", required=True, words=_words("2 5 11")),
)


def record_problems(record: Item) -> list[str]:
    """Check one record of DongBoHoSoMC (reference 2)."""
    return list(_record_problems(record))


def progress_problems(row: Item) -> list[str]:
    """Check one row of CapNhatTienDoHoSoMC (reference 3)."""
    return list(_fields(row, _PROGRESS, ""))


def notice_problems(notice: Item) -> list[str]:
    """Check the object of DongBoTrangThaiHoSo (reference 1c)."""
    return [
        *_fields(notice, _NOTICE, ""),
        *_array(notice, Array("TaiLieuXuLy", _DOCUMENT, further=_document_rules), ""),
    ]


def _record_problems(record: Item) -> Iterator[str]:
    yield from _fields(record, _RECORD, "")
    for name in ("Email", "SoDienThoai"):
        if record.get(name) is None:
            yield f"Trường {name} bắt buộc có, có thể để trống"
    for array in _ARRAYS:
        yield from _array(record, array, "")
    if record.get("DinhDanhCHS") == []:
        yield "Trường DinhDanhCHS không được rỗng"
    if record.get("TrangThaiHoSo") not in _NOT_ACCEPTED:
        for name in ("NgayTiepNhan", "NgayHenTra"):
            if record.get(name) in (None, ""):
                yield f"Trường {name} bắt buộc nhập"


def _fields(item: Item, fields: tuple[Field, ...], at: str) -> Iterator[str]:
    for field in fields:
        value = item.get(field.name)
        if value is None or value == "":
            if field.required:
                yield f"Trường {at}{field.name} bắt buộc nhập"
        elif not isinstance(value, str):
            yield f"Trường {at}{field.name} phải là chuỗi"
        else:
            yield from _text(value, field, at)


def _text(value: str, field: Field, at: str) -> Iterator[str]:
    if field.required and not value.strip():
        yield f"Trường {at}{field.name} bắt buộc nhập"
    if field.longest is not None and len(value) > field.longest:
        yield f"Trường {at}{field.name} vượt quá {field.longest} ký tự"
    if field.words is not None and value not in field.words:
        yield f"Trường {at}{field.name} có giá trị không hợp lệ"
    if field.form is not None and not field.form(value):
        yield f"Trường {at}{field.name} không đúng định dạng"


def _array(item: Item, array: Array, at: str) -> Iterator[str]:
    values = item.get(array.name)
    if values is None:
        return
    if not isinstance(values, list):
        yield f"Trường {at}{array.name} phải là mảng"
        return
    for index, value in enumerate(values):
        path = f"{at}{array.name}[{index}]"
        if isinstance(value, Mapping):
            yield from _object(value, array, f"{path}.")
        else:
            yield f"Trường {path} phải là đối tượng"


def _object(value: Item, array: Array, at: str) -> Iterator[str]:
    yield from _fields(value, array.fields, at)
    for name in array.numbers:
        if value.get(name) is not None and type(value[name]) is not int:
            yield f"Trường {at}{name} phải là số nguyên"
    for name in array.booleans:
        if value.get(name) is not None and type(value[name]) is not bool:
            yield f"Trường {at}{name} phải là true hoặc false"
    for inner in array.arrays:
        yield from _array(value, inner, at)
    if array.further is not None:
        yield from (f"Trường {at}{problem}" for problem in array.further(value))
