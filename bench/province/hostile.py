"""Bad input by name: what must be refused, or held for a person, and the field that is to blame.

`path` is the field as the portal spells it, `A/0/B` for a list's item, empty for the whole message.
`outcome` is "refuse", or "park" where the record sheet says that an unmapped code waits for a person.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from bench.province.parties import Record

BODY_LIMIT = 20 * 1024 * 1024
"""The intake's default limit in bytes (settings, `body_limit`)."""


@dataclass(frozen=True)
class Hostile:
    """One bad input: raw bytes, or a record that is wrong in one field. `clause` says what it breaks."""

    name: str
    payload: bytes | dict[str, Any]
    path: str
    clause: str
    outcome: Literal["refuse", "park"] = "refuse"


def valid_record() -> Record:
    """Make the plain record that every hostile one is made from: nothing is wrong with it."""
    return {
        "MaHoSo": "G22.99-260415-000001",
        "MaTTHC": "1.001193",
        "TenTTHC": "Đăng ký khai sinh",
        "MaLinhVuc": "G15-HT01",
        "TenLinhVuc": "Hộ tịch",
        "KenhThucHien": "2",
        "ChuHoSo": "Nguyễn Thị Bé",
        "LoaiDoiTuong": "1",
        "Email": "",
        "SoDienThoai": "0912345678",
        "TrichYeuHoSo": "Đề nghị giải quyết: Đăng ký khai sinh",
        "TrangThaiHoSo": "1",
        "HinhThuc": "0",
        "DonViXuLy": "Ủy ban nhân dân xã Năm Căn",
        "NgayNopHoSo": "20260415083000",
        "NoiNopHoSo": "1",
        "DinhDanhCHS": [{"LoaiDinhDanh": "1", "SoDinhDanh": "096190000123"}],
        "TaiLieuNop": [
            {
                "TepDinhKemId": "1",
                "TenTepDinhKem": "Tờ khai.pdf",
                "IsDeleted": "False",
                "MaThanhPhanHoSo": "",
                "DuongDanTaiTepTin": "https://tep.congdvc.example/tai-lieu/1",
            }
        ],
        "DanhSachLePhi": [
            {
                "TenPhiLePhi": "Lệ phí",
                "MaPhiLePhi": "LP01",
                "HinhThucThu": "1",
                "Gia": "8000",
                "LoaiPhiLePhi": "2",
            }
        ],
        "DanhSachTepDinhKemKhac": [{"TenGiayTo": "Giấy chứng sinh", "SoLuong": 1, "LoaiGiayTo": 1}],
    }


def hostile() -> tuple[Hostile, ...]:
    """Make all of them: broken bytes first, then records with one wrong field each."""
    return (*hostile_bytes(), *hostile_records())


def hostile_bytes() -> tuple[Hostile, ...]:
    """Make the messages that no JSON reader in UTF-8 may accept as one record."""
    good = json.dumps(valid_record(), ensure_ascii=False)
    cases: dict[str, bytes] = {
        "empty body": b"",
        "blanks only": b" \r\n\t ",
        "an HTML error page": "<html><body>Lỗi hệ thống</body></html>".encode(),
        "cut off in the middle": good.encode()[: len(good) // 2],
        "text after the end": good.encode() + b"}",
        "one quote missing": good.replace('"', "", 1).encode(),
        "Windows-1258 bytes": '{"ChuHoSo": "Trần"}'.encode("cp1258", errors="replace") + b"\xfe\xff",
        "UTF-16 with a mark": good.encode("utf-16"),
        "an overlong UTF-8 form": b'{"ChuHoSo": "\xc0\xaf"}',
        "half a surrogate": b'{"ChuHoSo": "\\ud800"}',
        "a raw control byte in a text": b'{"ChuHoSo": "A\x00B"}',
        "not a number": b'{"SoLuong": NaN}',
        "nested a hundred thousand deep": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
        "a list where a record is meant": b"[1, 2]",
        "a text where a record is meant": '"Hồ sơ"'.encode(),
        "null": b"null",
        "beyond the size limit": b'{"GhiChu": "' + b"x" * BODY_LIMIT + b'"}',
    }
    return tuple(
        Hostile(name, payload, "", "a body is one JSON object in UTF-8") for name, payload in cases.items()
    )


def hostile_records() -> tuple[Hostile, ...]:
    """Make the records that are wrong in exactly one field."""
    return (*_absent(), *_too_long(), *_wrong_values(), *_wrong_shapes(), *_unmapped())


def _absent() -> Iterator[Hostile]:
    for field in ("MaHoSo", "MaTTHC", "TrichYeuHoSo", "LoaiDoiTuong", "TrangThaiHoSo", "HinhThuc"):
        left = {name: value for name, value in valid_record().items() if name != field}
        yield Hostile(f"no {field}", left, field, "required [V S1]")
        for name, value in (("null", None), ("blank", ""), ("blanks", "   ")):
            yield _with(f"{field} {name}", field, value, "required [V S1]")
    yield _with("no identity", "DinhDanhCHS", [], "must not be empty [C S2]")
    for path in ("DinhDanhCHS/0/SoDinhDanh", "TaiLieuNop/0/TepDinhKemId", "TaiLieuNop/0/TenTepDinhKem"):
        yield _with(f"{path} blank", path, "", "required of an item")
    yield _with("a fee without a name", "DanhSachLePhi/0/TenPhiLePhi", "", "required of an item")


def _too_long() -> Iterator[Hostile]:
    limits = {
        "ChuHoSo": 500,
        "TrichYeuHoSo": 1000,
        "Email": 100,
        "SoDienThoai": 50,
        "DinhDanhCHS/0/SoDinhDanh": 40,
        "TaiLieuNop/0/TenTepDinhKem": 4000,
        "DanhSachTepDinhKemKhac/0/TenGiayTo": 2000,
    }
    for path, limit in limits.items():
        yield _with(f"{path} of {limit + 1} characters", path, "9" * (limit + 1), f"at most {limit} [C S2]")


def _wrong_values() -> Iterator[Hostile]:
    stamps = (
        "20260230080000",
        "20261301080000",
        "20260415250000",
        "20260415086000",
        "20260415",
        "00000000000000",
    )
    others = (
        "2026-04-15T08:30:00",
        "٢٠٢٦٠٤١٥٠٨٣٠٠٠",
        "15/04/2026 08:30",
        "20260415083000+07",
        "2026041508300x",
    )
    for stamp in (*stamps, *others):
        yield _with(f"submitted at {stamp!r}", "NgayNopHoSo", stamp, "yyyyMMddHHmmss, a real day [V S1]")
    for code in (
        "G22.99-260415",
        "G22_99-260415-000001",
        "000.00.12.H12-2607-0001",
        "G22.99-260415-000001\n; --",
    ):
        yield _with(f"dossier number {code!r}", "MaHoSo", code, "form of a dossier code (section 5)")
    for code in ("1.00119", "1001193", "1.001193.H12", "x.001193", "1.001193.000.00.00.12H"):
        yield _with(f"procedure code {code!r}", "MaTTHC", code, "form of a procedure code (section 5)")
    for number in ("09619000012", "0961900001234", "09619000012A", "٠٩٦١٩٠٠٠٠١٢٣", "096 190000123"):
        yield _with(f"citizen's number {number!r}", "DinhDanhCHS/0/SoDinhDanh", number, "12 digits [V S2]")
    for amount in ("8.000", "8,5", "-1", "+8000", "1e3", "tám nghìn", "", "8000 đ", "٨٠٠٠"):
        yield _with(f"fee of {amount!r}", "DanhSachLePhi/0/Gia", amount, "digits only, whole đồng")
    for url in ("javascript:alert(1)", "file:///etc/passwd", "tep/1.pdf", "https://", "http://[::1"):
        yield _with(f"file at {url!r}", "TaiLieuNop/0/DuongDanTaiTepTin", url, "an http(s) address [V S1]")
    for word in ("true", "1", "TRUE", "Có"):
        yield _with(f"IsDeleted {word!r}", "TaiLieuNop/0/IsDeleted", word, '"True" or "False" [V S1]')
    for tax in ("2001234560", "2001234567-00", "200123456", "0000000000"):
        yield _with(f"tax code {tax!r}", "MaSoThue", tax, "checksum and form of a tax code")


def _wrong_shapes() -> Iterator[Hostile]:
    yield _with("a number where a text is meant", "TrangThaiHoSo", 1, "all scalars are strings [V S1,S2]")
    yield _with(
        "an object where a text is meant", "ChuHoSo", {"Ho": "Nguyễn"}, "all scalars are strings [V S1,S2]"
    )
    yield _with("a list where a text is meant", "TrichYeuHoSo", ["a"], "all scalars are strings [V S1,S2]")
    yield _with("a text where a list is meant", "TaiLieuNop", "Tờ khai.pdf", "an array [V S1]")
    yield _with("a number in a list of objects", "TaiLieuNop/0", 7, "items are objects [V S1]")
    yield _with("copies as a word", "DanhSachTepDinhKemKhac/0/SoLuong", "hai", "a whole number [V S1]")
    yield _with("half a copy", "DanhSachTepDinhKemKhac/0/SoLuong", 1.5, "a whole number [V S1]")


def _unmapped() -> Iterator[Hostile]:
    codes = {"TrangThaiHoSo": "12", "KenhThucHien": "5", "HinhThuc": "7", "LoaiDoiTuong": "9"}
    for field, code in codes.items():
        record = _replaced(valid_record(), [field], code)
        yield Hostile(f"{field} {code!r}, a code of no list", record, field, "closed code list", "park")


def _with(name: str, path: str, value: object, clause: str) -> Hostile:
    return Hostile(name, _replaced(valid_record(), path.split("/"), value), path, clause)


def _replaced(node: Any, path: list[str], value: object) -> Any:
    head, *rest = path
    if isinstance(node, list):
        place = int(head)
        return [*node[:place], _replaced(node[place], rest, value) if rest else value, *node[place + 1 :]]
    return {**node, head: _replaced(node[head], rest, value) if rest else value}
