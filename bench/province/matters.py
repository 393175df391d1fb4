"""What a dossier is about, as its citizen fills it in: the birth of a child, land, an insured person.

It goes with the record as `ThongTinDaNop` (named in clause 1d of the reference), JSON in a text; its fields
are the one-stop form's: births as the hộ tịch has them (1.1a), insured persons as the insurance authority
(1.1c), land is ours [I]. Facts are awkward here too: partial birth dates, several users, one parent.
"""

import json
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from random import Random

from bench.province.identifiers import citizen_id, mobile, tax_code
from bench.province.names import company_name, person_name
from bench.province.parties import Record, address
from bench.province.tables import Tables

UNDER_SIX = timedelta(days=6 * 365)
_DAY = "%d/%m/%Y"


def filled_in(rng: Random, group: str, record: Record, tables: Tables) -> str:
    """Fill in the form of a dossier of this group; "" where its procedures have none."""
    make = _FORMS.get(group)
    return json.dumps(make(rng, record, tables), ensure_ascii=False) if make else ""


def birth(rng: Random, record: Record, tables: Tables) -> Record:
    """Invent a child under six with a mother, in nine of ten a father, and who asks for the registration."""
    sex, applied = rng.choice(("male", "female")), _submitted(record)
    born = applied - timedelta(days=rng.randrange(3, UNDER_SIX.days if rng.random() < 0.1 else 60))
    place = _place(address(rng, rng.choice(tables.wards)))
    form = {
        "nksHoTen": person_name(rng, sex),
        "nksGioiTinh": "1" if sex == "male" else "2",
        "nksNgaySinh": born.strftime(_DAY),
        "nksDanToc": rng.choice(("Kinh", "Kinh", "Khmer", "Hoa")),
        "nksQuocTich": "Việt Nam",
        "nksNoiSinh": place,
        "nksQueQuan": place,
        **_parent(rng, "me", "female", born),
        **(_parent(rng, "cha", "male", born) if rng.random() < 0.9 else {}),
        "nycQuanHe": "Cha, mẹ",
        "nycSoDienThoai": mobile(rng),
        "soLuongBanSao": rng.randrange(1, 4),
        "maDKBD": rng.choice(("96001", "96014", "96021")),
    }
    return {"khaiSinh": form | {"nycHoTen": form["meHoTen"]}}


def land(rng: Random, record: Record, tables: Tables) -> Record:
    """Invent one to three users, one or two parcels, in most cases a transfer between two people."""
    others = [_user(rng, tables) for _ in range(rng.choice((0, 0, 1, 1, 2)))]
    users = [_owner(rng, record, tables), *others]
    parcels = [_parcel(rng, tables) for _ in range(rng.choice((1, 1, 1, 2)))]
    form: Record = {"nguoiSuDung": users, "thuaDat": parcels}
    if rng.random() < 0.3:
        house = {"diaChi": parcels[0]["diaChi"], "dienTich": f"{rng.randrange(40, 300)}.5", "capHang": "4"}
        form["nha"] = [house | {"namXayDung": rng.randrange(1985, 2025)}]
    if rng.random() < 0.7:
        signed = _submitted(record) - timedelta(days=rng.randrange(1, 60))
        form["chuyenNhuong"] = {
            "benChuyen": _user(rng, tables),
            "benNhan": users[0],
            "ngayHopDong": signed.isoformat(),
            "gia": rng.randrange(50, 3000) * 1_000_000 + rng.randrange(1000),
        }
    return {"datDai": form}


def insured(rng: Random, record: Record, tables: Tables) -> Record:
    """Invent a participant; of every fourth only the year, or year and month, of birth is known."""
    sex = rng.choice(("male", "female"))
    born = date(1942, 1, 1) + timedelta(days=rng.randrange(23_000))
    kind, text = rng.choice((("0", "%Y%m%d"),) * 6 + (("1", "%Y"), ("2", "%Y%m")))
    form = {
        "hoTen": person_name(rng, sex),
        "ngaySinh": born.strftime(text),
        "loaiNgaySinh": kind,
        "gioiTinh": "1" if sex == "male" else "2",
        "soDinhDanh": citizen_id(rng, sex, born),
        "dienThoai": mobile(rng),
        "diaChi": _place(address(rng, rng.choice(tables.wards))),
        "maSoBhxh": f"96{rng.randrange(10**8):08d}",
        "kyKeKhai": f"{_submitted(record):%m/%Y}",
    }
    if rng.random() < 0.4:
        unit = {"tenDonVi": company_name(rng), "maDonVi": f"YN{rng.randrange(10**4):04d}Z"}
        form["donVi"] = unit | {"maSoThue": tax_code(rng), "coQuanQuanLy": "09601"}
    return {"baoHiem": form}


def _parent(rng: Random, who: str, sex: str, child: date) -> Record:
    born = child - timedelta(days=rng.randrange(18 * 365, 45 * 365))
    return {
        f"{who}HoTen": person_name(rng, sex),
        f"{who}NgaySinh": born.strftime(rng.choice((_DAY, _DAY, _DAY, "%Y", "%m/%Y"))),
        f"{who}DanToc": "Kinh",
        f"{who}QuocTich": "Việt Nam",
        f"{who}SoDDCN": citizen_id(rng, sex, born),
    }


def _owner(rng: Random, record: Record, tables: Tables) -> Record:
    """The owner of the dossier is the first of the users: by that number the tax book is asked."""
    number = record["DinhDanhCHS"][0]["SoDinhDanh"]
    known = {"hoTen": record["ChuHoSo"], "soGiayTo": number}
    # a citizen's number of twelve digits is a tax code too, an older card's or a passport's is not
    if code := record.get("MaSoThue") or ("" if len(number) == 12 else tax_code(rng)):
        known["maSoThue"] = code
    return _user(rng, tables) | known


def _user(rng: Random, tables: Tables) -> Record:
    sex = rng.choice(("male", "female"))
    born = date(1945, 1, 1) + timedelta(days=rng.randrange(21_000))
    place = address(rng, rng.choice(tables.wards))
    return {
        "hoTen": person_name(rng, sex),
        "soGiayTo": citizen_id(rng, sex, born),
        "dienThoai": mobile(rng),
        "diaChi": place["DiaChiChiTiet"],
        "maTinh": place["MaTinh"],
        "maXa": place["MaXa"],
    }


def _parcel(rng: Random, tables: Tables) -> Record:
    place = address(rng, rng.choice(tables.wards))
    return {
        "soThua": str(rng.randrange(1, 900)),
        "soToBanDo": str(rng.randrange(1, 60)),
        "diaChi": place["DiaChiChiTiet"],
        "maTinh": place["MaTinh"],
        "maXa": place["MaXa"],
        "dienTich": f"{rng.randrange(60, 20_000)}.{rng.randrange(10)}",
        "mucDich": rng.choice(("ODT", "ONT", "CLN", "LUC")),
        "nguonGoc": rng.choice(("DG-CTT", "CNQ-CTT", "NCN")),
    }


def _place(place: Mapping[str, str]) -> Record:
    return {"maTinh": place["MaTinh"], "maXa": place["MaXa"], "dcChiTiet": place["DiaChiChiTiet"]}


def _submitted(record: Record) -> date:
    return date.fromisoformat(record["NgayNopHoSo"][:8])


_FORMS: Mapping[str, Callable[[Random, Record, Tables], Record]] = {
    "birth_card": birth,
    "land_tax": land,
    "insurance": insured,
}
