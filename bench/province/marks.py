"""How each awkward fact is recognised in a portal record, whoever made the record.

Written from the fact's sentence, not from `bench.province.plants`: coverage is measured, not claimed.
No function raises, whatever the record holds.
"""

# `bench.province.awkward` says each fact in a sentence; a docstring would only say it again.
# ruff: noqa: D103

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

Foreign = Mapping[str, Any]

_LISTS = (
    "TaiLieuNop",
    "DanhSachLePhi",
    "DanhSachTepDinhKemKhac",
    "DanhSachHoSoBoSung",
    "DanhSachGiayToKetQua",
)
_HOLIDAYS = ("0101", "0430", "0501", "0902")
_KNOWN_KINDS = ("1", "2", "3")
_KNOWN_FIELDS = frozenset(
    {
        "MaHoSo",
        "MaTTHC",
        "TenTTHC",
        "MaLinhVuc",
        "TenLinhVuc",
        "KenhThucHien",
        "SoBienNhan",
        "ChuHoSo",
        "LoaiDoiTuong",
        "MaDoiTuong",
        "ThongTinKhac",
        "Email",
        "Fax",
        "SoDienThoai",
        "TrichYeuHoSo",
        "NgayTiepNhan",
        "NgayHenTra",
        "TrangThaiHoSo",
        "NgayTra",
        "ThongTinTra",
        "HinhThuc",
        "NgayKetThucXuLy",
        "DonViXuLy",
        "GhiChu",
        "TaiLieuNop",
        "DanhSachLePhi",
        "DanhSachTepDinhKemKhac",
        "DanhSachHoSoBoSung",
        "DanhSachGiayToKetQua",
        "NoiNopHoSo",
        "HoSoCoThanhPhanSoHoa",
        "TaiKhoanDuocXacThucVoiVNeID",
        "DuocThanhToanTrucTuyen",
        "NgayTuChoi",
        "DinhDanhCHS",
        "NgayNopHoSo",
        "DSKetNoiCSDL",
        "SoGiayToChuHoSo",
        "UrlDetail",
        "NgaySinh",
        "LoaiNgaySinh",
        "DiaChiChuHoSo",
        "MaSoThue",
        "DiaChiDoanhNghiep",
        "NguoiLienHe",
        "SoDienThoaiNguoiLienHe",
        "MaDonViTiepNhan",
        "DonViTiepNhan",
        "ThongTinDaNop",
    }
)


def text(record: Foreign, field: str) -> str:
    """Read the field's text; empty where it is absent or no text."""
    value = record.get(field)
    return value if isinstance(value, str) else ""


def items(record: Foreign, field: str) -> list[Foreign]:
    """Read the list's items that are objects; empty where it is absent or no list."""
    value = record.get(field)
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def partial_birth_date(record: Foreign) -> bool:
    return bool(re.fullmatch(r"\d{4}(\d{2})?", text(record, "NgaySinh")))


def one_word_name(record: Foreign) -> bool:
    return _citizen(record) and len(text(record, "ChuHoSo").split()) == 1


def decomposed_unicode(record: Foreign) -> bool:
    return any(
        isinstance(value, str) and not unicodedata.is_normalized("NFC", value) for value in record.values()
    )


def two_owners(record: Foreign) -> bool:
    first, *others = _owners(record)
    return any(other != first for other in others) and _distinct_numbers(record) >= 2


def same_name_twice(record: Foreign) -> bool:
    owners = _owners(record)
    return len(owners) > len(set(owners)) and _distinct_numbers(record) >= 2


def doubled_spaces(record: Foreign) -> bool:
    return "  " in text(record, "ChuHoSo").strip()


def apostrophe_name(record: Foreign) -> bool:
    return _citizen(record) and any(sign in text(record, "ChuHoSo") for sign in "'’-")


def khmer_name(record: Foreign) -> bool:
    return _citizen(record) and text(record, "ChuHoSo").split(" ")[0] in {"Danh", "Thạch"}


def foreign_passport(record: Foreign) -> bool:
    return any(
        kind == "3" and re.fullmatch(r"[A-Z]{1,2}\d{6,8}", number) for kind, number in _identities(record)
    )


def old_identity_card(record: Foreign) -> bool:
    return any(kind == "2" and re.fullmatch(r"\d{9}", number) for kind, number in _identities(record))


def unmapped_identity_kind(record: Foreign) -> bool:
    return any(kind not in _KNOWN_KINDS for kind, _ in _identities(record))


def household_business(record: Foreign) -> bool:
    return text(record, "LoaiDoiTuong") == "2" and text(record, "ChuHoSo").lower().startswith(
        "hộ kinh doanh "
    )


def branch_tax(record: Foreign) -> bool:
    return bool(re.fullmatch(r"\d{10}-\d{3}", text(record, "MaSoThue")))


def owner_not_submitter(record: Foreign) -> bool:
    other = text(record, "NguoiLienHe")
    return _citizen(record) and bool(other) and other != text(record, "ChuHoSo")


def no_phone(record: Foreign) -> bool:
    return not text(record, "SoDienThoai").strip()


def international_phone(record: Foreign) -> bool:
    return text(record, "SoDienThoai").replace(" ", "").startswith("+84")


def upper_case_email(record: Foreign) -> bool:
    return "@" in text(record, "Email") and text(record, "Email").isupper()


def abolished_ward(record: Foreign) -> bool:
    place = record.get("DiaChiChuHoSo")
    has_district = isinstance(place, Mapping) and bool(text(place, "MaHuyen")) and bool(text(place, "MaXa"))
    return has_district and "20040101" <= text(record, "NgayNopHoSo")[:8] < "20250701"


def procedure_suffix(record: Foreign) -> bool:
    return bool(re.fullmatch(r"\d\.\d{6}\.\d{3}\.\d{2}\.\d{2}\.[A-Z]\d{2}", text(record, "MaTTHC")))


def intake_elsewhere(record: Foreign) -> bool:
    taken_by = text(record, "DonViTiepNhan")
    return bool(text(record, "MaDonViTiepNhan")) and taken_by not in {"", text(record, "DonViXuLy")}


def long_subject(record: Foreign) -> bool:
    return 900 <= len(text(record, "TrichYeuHoSo")) <= 1000


def line_breaks(record: Foreign) -> bool:
    return "\n" in text(record, "GhiChu") and "\t" in text(record, "GhiChu")


def markup(record: Foreign) -> bool:
    return any(isinstance(value, str) and "<" in value and "&" in value for value in record.values())


def rare_characters(record: Foreign) -> bool:
    return any(isinstance(value, str) and value and max(value) > "\uffff" for value in record.values())


def awkward_file_name(record: Foreign) -> bool:
    names = [text(file, "TenTepDinhKem") for file in items(record, "TaiLieuNop")]
    return any(" " in name and ('"' in name or "'" in name) and not name.isascii() for name in names)


def same_file_name_twice(record: Foreign) -> bool:
    files = items(record, "TaiLieuNop")
    names = {text(file, "TenTepDinhKem") for file in files}
    return len(names) < len({text(file, "TepDinhKemId") for file in files}) == len(files)


def removed_attachment(record: Foreign) -> bool:
    return any(text(file, "IsDeleted") == "True" for file in items(record, "TaiLieuNop"))


def attachment_in_base64(record: Foreign) -> bool:
    return any(text(f, "Base64") and not text(f, "DuongDanTaiTepTin") for f in items(record, "TaiLieuNop"))


def newer_fields(record: Foreign) -> bool:
    return any("DuocSoHoa" in file and "DuocTaiSuDung" in file for file in items(record, "TaiLieuNop"))


def three_absences(record: Foreign) -> bool:
    values = [record.get(field, "missing") for field in _LISTS]
    return "TaiLieuNop" not in record and [] in values and None in values


def zero_copies(record: Foreign) -> bool:
    return any(paper.get("SoLuong") == 0 for paper in items(record, "DanhSachTepDinhKemKhac"))


def zero_fee(record: Foreign) -> bool:
    return any(text(fee, "Gia") == "0" for fee in items(record, "DanhSachLePhi"))


def large_fee(record: Foreign) -> bool:
    # more than a 32-bit number holds
    amounts = [text(fee, "Gia") for fee in items(record, "DanhSachLePhi")]
    return any(amount.isdecimal() and int(amount) > 2**31 for amount in amounts)


def leap_day(record: Foreign) -> bool:
    return text(record, "NgayNopHoSo")[4:8] == "0229"


def midnight(record: Foreign) -> bool:
    return text(record, "NgayNopHoSo")[8:] == "000000"


def public_holiday(record: Foreign) -> bool:
    return text(record, "NgayNopHoSo")[4:8] in _HOLIDAYS


def year_end(record: Foreign) -> bool:
    return text(record, "NgayNopHoSo")[4:] == "1231235959"


def unknown_field(record: Foreign) -> bool:
    return not _KNOWN_FIELDS.issuperset(record)


def supplement_beforehand(record: Foreign) -> bool:
    return text(record, "TrangThaiHoSo") == "1" and bool(items(record, "DanhSachHoSoBoSung"))


def counter_channel(record: Foreign) -> bool:
    return text(record, "KenhThucHien") == "1" and text(record, "NoiNopHoSo") == "1"


def _citizen(record: Foreign) -> bool:
    return text(record, "LoaiDoiTuong") == "1"


def _owners(record: Foreign) -> list[str]:
    return text(record, "ChuHoSo").split(" và ")


def _identities(record: Foreign) -> list[tuple[str, str]]:
    return [(text(item, "LoaiDinhDanh"), text(item, "SoDinhDanh")) for item in items(record, "DinhDanhCHS")]


def _distinct_numbers(record: Foreign) -> int:
    return len({number for _, number in _identities(record)})
