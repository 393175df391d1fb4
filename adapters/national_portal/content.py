"""What a citizen's fact says, so that one told by push and by search is one, and a changed one is seen.

Both forms tell what the citizen filled in (`BOTH`, and of lists what names their items): that is compared
between them. What stands in one form alone (the bytes of a pushed file, the number of a found one) has a name
of its own and is compared with the same form only. What portal and province write (status, receipt, times of
their work) is no content. Blank says nothing. Which fields the two forms really share is not documented [I]:
the setting `told_differently` takes one out.
"""

import hashlib
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from mappings.tables import bare

Form = Literal["push", "search"]

BOTH = (
    "MaTTHC",
    "NgayNopHoSo",
    "TrichYeuHoSo",
    "KenhThucHien",
    "HinhThuc",
    "DonViXuLy",
    "MaDonViTiepNhan",
    "ChuHoSo",
    "LoaiDoiTuong",
    "MaSoThue",
    "NgaySinh",
    "LoaiNgaySinh",
    "NguoiLienHe",
    "SoDienThoaiNguoiLienHe",
    "Email",
    "Fax",
    "SoDienThoai",
    "DiaChiChuHoSo",
    "DiaChiDoanhNghiep",
)
NAMED_BY: Mapping[str, tuple[str, ...]] = {
    "DinhDanhCHS": ("LoaiDinhDanh", "SoDinhDanh"),
    "TaiLieuNop": ("TenTepDinhKem",),
    "DanhSachTepDinhKemKhac": ("TenGiayTo", "SoLuong"),
    "DanhSachLePhi": ("TenPhiLePhi", "Gia"),
    "DanhSachGiayToBoSung": ("TenTepDinhKem",),
    "DanhSachLePhiBoSung": ("TenPhiLePhi", "Gia"),
}
_FILES = ("TaiLieuNop", "DanhSachGiayToBoSung")
_OWN = ("NoiDungBoSung", "LyDo", "NgayYeuCau")
_IDENTIFYING = ("MaTTHC", "NgayNopHoSo")


def of_fact(tree: Mapping[str, Any], form: Form, *, ours: bool = False) -> dict[str, str]:
    """The fields that a fact tells, normalised. `ours`: we may have written over it, little is believed."""
    if ours:
        return _told((name, tree.get(name)) for name in _IDENTIFYING)
    return _told(
        (
            *((name, tree.get(name)) for name in BOTH),
            *((name, _items(tree.get(name), keys)) for name, keys in NAMED_BY.items()),
            *((f"{form}:{name}", tree.get(name)) for name in _OWN),
            *((f"{form}:{name}", _contents(tree.get(name))) for name in _FILES),
        )
    )


def shared(content: Mapping[str, str], told_differently: frozenset[str]) -> dict[str, str]:
    """The content without fields of which the two forms tell something else."""
    return {name: text for name, text in content.items() if name.partition(".")[0] not in told_differently}


def _told(fields: Any) -> dict[str, str]:
    return dict(pair for name, value in fields for pair in _flat(name, value))


def _flat(name: str, value: Any) -> Iterator[tuple[str, str]]:
    """One field, or those of the table that it is; nothing where it is blank."""
    if isinstance(value, Mapping):
        for key, part in value.items():
            yield from _flat(f"{name}.{key}", part)
    elif text := _plain(bare(str(value).strip()) if name == "MaTTHC" and value else value):
        yield name, text


def _plain(value: Any) -> str:
    """A value as text: composed, without case and blanks, which the forms may write differently."""
    return "" if value is None else "".join(unicodedata.normalize("NFC", str(value)).casefold().split())


def _items(listed: Any, keys: tuple[str, ...]) -> str:
    """A list's items in an order of their own, each by what names it."""
    return "\n".join(sorted("\t".join(_plain(item.get(key)) for key in keys) for item in _there(listed)))


def _contents(listed: Any) -> str:
    """The files of a list, each with what this form has of it: its bytes, or its number on the portal."""
    return "\n".join(sorted(f"{_plain(item.get('TenTepDinhKem'))}\t{_held(item)}" for item in _there(listed)))


def _held(item: Mapping[str, Any]) -> str:
    bytes_ = item.get("Base64")
    return hashlib.sha256(str(bytes_).encode()).hexdigest() if bytes_ else _plain(item.get("TepDinhKemId"))


def _there(listed: Any) -> Iterator[Mapping[str, Any]]:
    for item in listed if isinstance(listed, list) else ():
        if isinstance(item, Mapping) and _plain(item.get("IsDeleted")) not in ("true", "1"):
            yield item
