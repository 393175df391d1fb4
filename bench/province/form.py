"""A dossier as the portal holds it before anybody has accepted it: fields of section 2 of the reference.

TrangThaiHoSo is "1". NgayTiepNhan and NgayHenTra are absent: nobody has accepted anything, nothing is due.
All scalars are strings except those the reference marks as numbers or booleans.
"""

from datetime import date, datetime, timedelta
from random import Random

from bench.province.parties import Record, citizen, enterprise, household
from bench.province.tables import Procedure, Tables

PORTAL_FILES = "https://tep.congdvc.example/tai-lieu"
STAMP = "%Y%m%d%H%M%S"

_FIRST_DAY = datetime(2025, 8, 1)  # noqa: DTZ001 - the portal's dates are local time without an offset
_DAYS = 330
_FIRST_OLD_DAY = date(2025, 3, 1)
"""Since then the departments are today's; the communes are until 30 June 2025 those of before."""
_OLD_DAYS = 122
_ENTERPRISE_SHARE = {"business": 0.9, "environment": 0.55, "other": 0.6, "insurance": 0.3, "land_tax": 0.08}
_PAPERS = ("Tờ khai", "Đơn đề nghị", "Bản sao giấy tờ tùy thân", "Hợp đồng", "Giấy ủy quyền", "Ảnh chân dung")
_FORMATS = ("pdf", "pdf", "pdf", "jpg", "docx")


def submitted(rng: Random, procedure: Procedure, tables: Tables) -> Record:
    """Make one dossier for `procedure` as its owner submits it; without MaHoSo, which the portal gives."""
    at = _moment(rng)
    return {
        **_procedure_fields(rng, procedure, tables),
        "KenhThucHien": "2",
        "SoBienNhan": "",
        **_owner(rng, procedure, tables),
        "TrangThaiHoSo": "1",
        "NgayNopHoSo": at.strftime(STAMP),
        "HinhThuc": "1" if rng.random() < 0.25 else "0",
        "NoiNopHoSo": "1",
        "ThongTinKhac": "",
        "GhiChu": "",
        **_matter(rng, procedure),
        "HoSoCoThanhPhanSoHoa": "0",
        "TaiKhoanDuocXacThucVoiVNeID": "1" if rng.random() < 0.8 else "0",
        "DuocThanhToanTrucTuyen": "1" if procedure.fee else "0",
    }


def with_procedure(record: Record, rng: Random, procedure: Procedure, tables: Tables) -> Record:
    """Give the same owner another procedure: its names, agency, fees and papers go with it."""
    paid = {"DuocThanhToanTrucTuyen": "1" if procedure.fee else "0"}
    return {**record, **_procedure_fields(rng, procedure, tables), **_matter(rng, procedure), **paid}


def of_old_days(record: Record, rng: Random, procedure: Procedure, tables: Tables) -> Record:
    """Let a dossier have been submitted before July 2025, to whom it then belonged; as it is if to nobody.

    A commune's agency of that day has been merged since: another has its work now.
    """
    day = _FIRST_OLD_DAY + timedelta(days=rng.randrange(_OLD_DAYS))
    own = (
        rng.choice(tables.closed_communes)
        if procedure.level == "commune"
        else tables.agencies[procedure.agency]
    )
    if own.since > day:
        return record
    return {**record, "DonViXuLy": own.name, "NgayNopHoSo": f"{day:%Y%m%d}{record['NgayNopHoSo'][8:]}"}


def attachment(rng: Random, name: str) -> Record:
    """Make a digital component by its address (TaiLieu)."""
    number = f"{rng.getrandbits(64):016x}"
    return {
        "TepDinhKemId": number,
        "TenTepDinhKem": name,
        "IsDeleted": "False",
        "MaThanhPhanHoSo": "" if rng.random() < 0.4 else f"000.00.00.G22-KQ{rng.randrange(1_000_000):06d}",
        "DuongDanTaiTepTin": f"{PORTAL_FILES}/{number}",
    }


def fee(name: str, amount: int) -> Record:
    """Make a fee taken at intake (LePhi); `amount` in whole đồng."""
    return {
        "TenPhiLePhi": name,
        "MaPhiLePhi": "LP01",
        "HinhThucThu": "1",
        "Gia": str(amount),
        "LoaiPhiLePhi": "2",
    }


def supplement(rng: Random, at: str) -> Record:
    """Make a supplement that the citizen hands in of his own accord (BoSung), at the portal's time `at`."""
    return {
        "HoSoBoSungId": f"BS-{rng.getrandbits(40):010x}",
        "NguoiYeuCauBoSung": "",
        "NoiDungBoSung": "Công dân tự bổ sung giấy tờ trước khi tiếp nhận",
        "NgayBoSung": at,
        "NguoiTiepNhanBoSung": "",
        "ThongTinTiepNhan": "",
        "NgayTiepNhanBoSung": "",
        "TrangThaiBoSung": True,
        "DanhSachGiayToBoSung": [attachment(rng, "Giấy tờ bổ sung.pdf")],
        "DanhSachLePhiBoSung": [],
        "NgayHenTraTruoc": "",
        "NgayHenTraMoi": "",
    }


def _moment(rng: Random) -> datetime:
    # citizens submit by day, and a few late in the evening; never exactly at midnight
    hour = rng.choice((7, 8, 8, 9, 9, 10, 10, 11, 13, 14, 14, 15, 15, 16, 19, 20, 21, 22))
    return _FIRST_DAY + timedelta(days=rng.randrange(_DAYS), hours=hour, seconds=rng.randrange(3600))


def _owner(rng: Random, procedure: Procedure, tables: Tables) -> Record:
    if procedure.group == "household_business":
        return household(rng, tables)
    if rng.random() < _ENTERPRISE_SHARE.get(procedure.group, 0.0):
        return enterprise(rng, tables)
    return citizen(rng, tables)


def _procedure_fields(rng: Random, procedure: Procedure, tables: Tables) -> Record:
    own = rng.choice(tables.communes) if procedure.level == "commune" else tables.agencies[procedure.agency]
    return {
        "MaTTHC": procedure.code,
        "TenTTHC": procedure.name,
        "MaLinhVuc": procedure.sector,
        "TenLinhVuc": procedure.sector_name,
        "TrichYeuHoSo": f"Đề nghị giải quyết: {procedure.name}",
        "DonViXuLy": own.name,
    }


def _matter(rng: Random, procedure: Procedure) -> Record:
    names = rng.sample(_PAPERS, rng.randrange(1, 4))
    fees = [fee(f"Lệ phí {procedure.sector_name}", procedure.fee)] if procedure.fee else []
    papers = [{"TenGiayTo": "Bản chính giấy tờ", "SoLuong": rng.randrange(1, 4), "LoaiGiayTo": 1}]
    return {
        "TaiLieuNop": [attachment(rng, f"{name}.{rng.choice(_FORMATS)}") for name in names],
        "DanhSachLePhi": fees,
        "DanhSachTepDinhKemKhac": papers if rng.random() < 0.3 else [],
    }
