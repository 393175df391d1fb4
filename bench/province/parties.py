"""Who submits: citizens and enterprises with their contacts and address, as fields of a portal record.

`NgaySinh`, `LoaiNgaySinh` (0 day, 1 year, 2 year and month, as in the insurance contract) and `DiaChiChuHoSo`
are not in section 2 of the reference: a portal's newer form may send them, so they are extras [I].
`MaSoThue`, `DiaChiDoanhNghiep`, `NguoiLienHe`, `SoDienThoaiNguoiLienHe` are spelled as in clause 1d [V].
"""

from datetime import date, timedelta
from random import Random
from typing import Any

from bench.province.identifiers import citizen_id, mobile, tax_code, tech_id
from bench.province.names import company_name, person_name, unaccented
from bench.province.tables import Tables, Ward

Record = dict[str, Any]

OWNER_FIELDS = (
    "NgaySinh",
    "LoaiNgaySinh",
    "DiaChiChuHoSo",
    "MaSoThue",
    "DiaChiDoanhNghiep",
    "NguoiLienHe",
    "SoDienThoaiNguoiLienHe",
)
"""Fields that only one kind of owner has: taken off before another owner is put in."""

_MAIL_HOSTS = ("thu.example", "hopthu.example", "email.example")
_STREETS = (
    "ấp {n}",
    "khóm {n}",
    "số {n} đường Lý Thường Kiệt",
    "số {n} đường Phan Ngọc Hiển",
    "tổ {n}, ấp Kinh Tư",
)
_FIRST_BIRTH = date(1940, 1, 1)


def without_owner(record: Record) -> Record:
    """Take off what says who owns the record."""
    return {field: value for field, value in record.items() if field not in OWNER_FIELDS}


def citizen(rng: Random, tables: Tables) -> Record:
    """Invent a citizen as owner (công dân, LoaiDoiTuong 1)."""
    sex = rng.choice(("male", "female"))
    born = _FIRST_BIRTH + timedelta(days=rng.randrange(24_600))
    name = person_name(rng, sex)
    return {
        "ChuHoSo": name,
        "LoaiDoiTuong": "1",
        "DinhDanhCHS": [{"LoaiDinhDanh": "1", "SoDinhDanh": citizen_id(rng, sex, born)}],
        "NgaySinh": born.strftime("%Y%m%d"),
        "LoaiNgaySinh": "0",
        "DiaChiChuHoSo": address(rng, rng.choice(tables.wards)),
        **contact(rng, name),
    }


def enterprise(rng: Random, tables: Tables) -> Record:
    """Invent an enterprise as owner (doanh nghiệp, LoaiDoiTuong 2), identified by its representative."""
    sex = rng.choice(("male", "female"))
    born = _FIRST_BIRTH + timedelta(days=rng.randrange(9_000, 24_000))
    person = person_name(rng, sex)
    return {
        "ChuHoSo": company_name(rng),
        "LoaiDoiTuong": "2",
        "DinhDanhCHS": [{"LoaiDinhDanh": "1", "SoDinhDanh": citizen_id(rng, sex, born)}],
        "MaSoThue": tax_code(rng),
        "DiaChiDoanhNghiep": address(rng, rng.choice(tables.wards)),
        "NguoiLienHe": person,
        "SoDienThoaiNguoiLienHe": mobile(rng),
        **contact(rng, person),
    }


def household(rng: Random, tables: Tables) -> Record:
    """Invent a household business as owner (hộ kinh doanh), which the portal files under LoaiDoiTuong 2."""
    return {**enterprise(rng, tables), "ChuHoSo": f"Hộ kinh doanh {person_name(rng, 'female')}"}


def contact(rng: Random, name: str) -> Record:
    """Invent phone, e-mail (two in five have none), fax and portal account."""
    mail = f"{unaccented(name)}{rng.randrange(100)}@{rng.choice(_MAIL_HOSTS)}" if rng.random() < 0.6 else ""
    return {"Email": mail, "Fax": "", "SoDienThoai": mobile(rng), "MaDoiTuong": tech_id(rng)}


def address(rng: Random, ward: Ward) -> Record:
    """Invent an address by codes and a line, as clause 1d spells it; MaHuyen is empty after 2025-07-01."""
    line = rng.choice(_STREETS).format(n=rng.randrange(1, 300))
    tail = f"{ward.name}, {ward.district_name}" if ward.district else ward.name
    return {
        "MaTinh": ward.province,
        "MaHuyen": ward.district,
        "MaXa": ward.code,
        "DiaChiChiTiet": f"{line}, {tail}",
    }
