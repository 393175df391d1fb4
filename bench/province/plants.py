"""How each awkward fact is put into a record. Every function takes a record and gives a new one.

What they plant is awkward, never wrong: section 2 of the reference accepts all of it.
`bench.province.marks` recognises the facts without knowing anything of this module.
"""

# `bench.province.awkward` says each fact in a sentence; a docstring would only say it again.
# ruff: noqa: D103

import unicodedata
from random import Random

from bench.province.form import attachment, fee, supplement, with_procedure
from bench.province.identifiers import branch_tax_code, mobile, old_identity
from bench.province.names import given_name, person_name
from bench.province.parties import Record, address, citizen, enterprise, household, without_owner
from bench.province.tables import Tables

_TINY_PDF = "JVBERi0xLjQKJcOkw7zDtsOfCjEgMCBvYmoKPDw+PgplbmRvYmoKdHJhaWxlcgo8PD4+CiUlRU9GCg=="
_HOLIDAYS = ("20250902", "20260101", "20260430", "20260501")
_CLAUSES = (
    "kèm theo giấy tờ chứng minh quan hệ nhân thân",
    "đề nghị trả kết quả tại Trung tâm Phục vụ hành chính công",
    "nội dung thay đổi được trình bày trong tờ khai",
    "đã nộp bản chính để đối chiếu ngày nộp hồ sơ",
)


def partial_birth_date(record: Record, rng: Random, tables: Tables) -> Record:
    owner = citizen(rng, tables)
    year, month = owner["NgaySinh"][:4], owner["NgaySinh"][4:6]
    value, kind = rng.choice(((year, "1"), (year + month, "2")))
    return {**without_owner(record), **owner, "NgaySinh": value, "LoaiNgaySinh": kind}


def one_word_name(record: Record, rng: Random, tables: Tables) -> Record:
    return _named(record, rng, tables, given_name(rng, "female"))


def decomposed_unicode(record: Record, rng: Random, tables: Tables) -> Record:
    return _named(record, rng, tables, unicodedata.normalize("NFD", f"Nguyễn {given_name(rng, 'male')}"))


def two_owners(record: Record, rng: Random, tables: Tables) -> Record:
    return _pair(record, rng, tables, person_name(rng, "male"), "Trần Thị Hai")


def same_name_twice(record: Record, rng: Random, tables: Tables) -> Record:
    name = person_name(rng, "male")
    return _pair(record, rng, tables, name, name)


def doubled_spaces(record: Record, rng: Random, tables: Tables) -> Record:
    return _named(record, rng, tables, person_name(rng, "female").replace(" ", "  "))


def apostrophe_name(record: Record, rng: Random, tables: Tables) -> Record:
    return _named(
        record, rng, tables, rng.choice(("H'Hen Niê", "K'Brôi", "Y-Sa Niê Kđăm", "Ma-ri-a Lê Thị Sáu"))
    )


def khmer_name(record: Record, rng: Random, tables: Tables) -> Record:
    given = rng.choice(("Sà Rươl", "Sóc Kha", "Phia Rinh", "Thị Sà Vươn", "Chanh Đa Ra"))
    return _named(record, rng, tables, f"{rng.choice(('Danh', 'Thạch'))} {given}")


def foreign_passport(record: Record, rng: Random, tables: Tables) -> Record:
    name = rng.choice(("KIM MIN JUN", "JOHN PATRICK O'NEIL", "ANNA-LENA MÜLLER", "SOKHA CHEA"))
    passport = {"LoaiDinhDanh": "3", "SoDinhDanh": f"{rng.choice('CMNP')}{rng.randrange(100_000_000):08d}"}
    return {**_named(record, rng, tables, name), "DinhDanhCHS": [passport]}


def old_identity_card(record: Record, rng: Random, tables: Tables) -> Record:
    card = {"LoaiDinhDanh": "2", "SoDinhDanh": old_identity(rng)}
    return {**without_owner(record), **citizen(rng, tables), "DinhDanhCHS": [card]}


def unmapped_identity_kind(record: Record, rng: Random, tables: Tables) -> Record:
    paper = {"LoaiDinhDanh": "7", "SoDinhDanh": f"QD{rng.randrange(1_000_000):06d}"}
    return {**without_owner(record), **citizen(rng, tables), "DinhDanhCHS": [paper]}


def household_business(record: Record, rng: Random, tables: Tables) -> Record:
    return {**without_owner(record), **household(rng, tables)}


def branch_tax(record: Record, rng: Random, tables: Tables) -> Record:
    return {**without_owner(record), **enterprise(rng, tables), "MaSoThue": branch_tax_code(rng)}


def owner_not_submitter(record: Record, rng: Random, tables: Tables) -> Record:
    other = {"NguoiLienHe": f"{person_name(rng, 'male')} Em", "SoDienThoaiNguoiLienHe": mobile(rng)}
    return {**without_owner(record), **citizen(rng, tables), **other}


def no_phone(record: Record, _rng: Random, _tables: Tables) -> Record:
    return {**record, "SoDienThoai": ""}


def international_phone(record: Record, rng: Random, _tables: Tables) -> Record:
    return {**record, "SoDienThoai": f"+84{mobile(rng)[1:]}"}


def upper_case_email(record: Record, rng: Random, _tables: Tables) -> Record:
    return {**record, "Email": f"DOANH.NGHIEP{rng.randrange(1000)}@THU.EXAMPLE"}


def abolished_ward(record: Record, rng: Random, tables: Tables) -> Record:
    owner = {**citizen(rng, tables), "DiaChiChuHoSo": address(rng, rng.choice(tables.closed_wards))}
    day = f"2025{rng.randrange(1, 7):02d}{rng.randrange(1, 29):02d}"
    return {**_in_old_days(record, rng, tables), **owner, "NgayNopHoSo": f"{day}{_clock(rng)}"}


def procedure_suffix(record: Record, _rng: Random, _tables: Tables) -> Record:
    return {**record, "MaTTHC": f"{record['MaTTHC']}.000.00.00.H12"}


def intake_elsewhere(record: Record, rng: Random, tables: Tables) -> Record:
    """Phi địa giới: taken in at a commune that is not the one that handles it.

    The portal's record has no field for it; the two names are ours [I].
    """
    taken_by = rng.choice([agency for agency in tables.communes if agency.name != record["DonViXuLy"]])
    return {**record, "MaDonViTiepNhan": taken_by.code, "DonViTiepNhan": taken_by.name}


def long_subject(record: Record, rng: Random, _tables: Tables) -> Record:
    subject = str(record["TrichYeuHoSo"])
    while len(subject) < 960:
        subject = f"{subject}; {rng.choice(_CLAUSES)}"
    return {**record, "TrichYeuHoSo": subject[:1000].strip()}


def line_breaks(record: Record, _rng: Random, _tables: Tables) -> Record:
    return {**record, "GhiChu": "Giấy tờ nộp kèm:\n\t1. Tờ khai\n\t2. Bản sao\nXin liên hệ giờ hành chính."}


def markup(record: Record, _rng: Random, _tables: Tables) -> Record:
    return {**record, "TrichYeuHoSo": 'Cấp lại cho "Tân Phát & Con" <bản sao>, số &amp; ngày như cũ; 3 < 5'}


def rare_characters(record: Record, _rng: Random, _tables: Tables) -> Record:
    return {**record, "ThongTinKhac": "Tên chữ Nôm: 𡨸喃 𤤰; xin cảm ơn 🙏🏽"}


def awkward_file_name(record: Record, rng: Random, _tables: Tables) -> Record:
    name = 'Đơn đề nghị "cấp lại"  (bản chính) - ông Tư\'s #2 50%.pdf'
    return {**record, "TaiLieuNop": [*record["TaiLieuNop"], attachment(rng, name)]}


def same_file_name_twice(record: Record, rng: Random, _tables: Tables) -> Record:
    return {**record, "TaiLieuNop": [attachment(rng, "IMG_0001.jpg"), attachment(rng, "IMG_0001.jpg")]}


def removed_attachment(record: Record, rng: Random, _tables: Tables) -> Record:
    removed = {**attachment(rng, "Nộp nhầm.pdf"), "IsDeleted": "True"}
    return {**record, "TaiLieuNop": [*record["TaiLieuNop"], removed]}


def attachment_in_base64(record: Record, rng: Random, _tables: Tables) -> Record:
    """Bytes instead of an address, as in the inbound "nhận hồ sơ" [V 1d]."""
    whole = attachment(rng, "Tờ khai có chữ ký.pdf")
    inline = {field: value for field, value in whole.items() if field != "DuongDanTaiTepTin"}
    return {**record, "TaiLieuNop": [*record["TaiLieuNop"], {**inline, "Base64": _TINY_PDF}]}


def newer_fields(record: Record, rng: Random, _tables: Tables) -> Record:
    """Use the fields of section 2 that are newer than the guide of 2020 [V S2]."""
    newer = {
        "DuocSoHoa": "1",
        "DuocTaiSuDung": "2",
        "DuocLayTuKhoDMQG": "1",
        "MaKetQuaThayThe": f"KQ.G15.{rng.randrange(1_000_000):06d}",
    }
    files = [{**attachment(rng, "Giấy khai sinh số hóa.pdf"), **newer}]
    return {**record, "HoSoCoThanhPhanSoHoa": "1", "DSKetNoiCSDL": [{"MaCSDL": "7"}], "TaiLieuNop": files}


def three_absences(record: Record, _rng: Random, _tables: Tables) -> Record:
    """Three ways to say nothing in one record: an empty list, a null and a missing list."""
    rest = {field: value for field, value in record.items() if field != "TaiLieuNop"}
    return {**rest, "DanhSachLePhi": [], "DanhSachTepDinhKemKhac": None}


def zero_copies(record: Record, _rng: Random, _tables: Tables) -> Record:
    papers = [
        {"TenGiayTo": "Sổ hộ khẩu (chỉ đối chiếu)", "SoLuong": 0, "LoaiGiayTo": 1},
        {"TenGiayTo": "Ảnh 4x6", "SoLuong": 2, "LoaiGiayTo": 2},
    ]
    return {**record, "DanhSachTepDinhKemKhac": papers}


def zero_fee(record: Record, _rng: Random, _tables: Tables) -> Record:
    return {**record, "DanhSachLePhi": [fee("Lệ phí (miễn thu)", 0)]}


def large_fee(record: Record, rng: Random, _tables: Tables) -> Record:
    amount = rng.randrange(3_000_000_000, 90_000_000_000)
    return {**record, "DanhSachLePhi": [fee("Tiền sử dụng đất tạm tính", amount)]}


def leap_day(record: Record, rng: Random, tables: Tables) -> Record:
    return {**_in_old_days(record, rng, tables), "NgayNopHoSo": f"20240229{_clock(rng)}"}


def midnight(record: Record, _rng: Random, _tables: Tables) -> Record:
    return {**record, "NgayNopHoSo": f"{record['NgayNopHoSo'][:8]}000000"}


def public_holiday(record: Record, rng: Random, _tables: Tables) -> Record:
    return {**record, "NgayNopHoSo": f"{rng.choice(_HOLIDAYS)}{_clock(rng)}"}


def year_end(record: Record, _rng: Random, _tables: Tables) -> Record:
    return {**record, "NgayNopHoSo": "20251231235959"}


def unknown_field(record: Record, rng: Random, _tables: Tables) -> Record:
    """Add a field that no published list names: it belongs to the portal and goes back to it alone."""
    unknown = {"PhienBanBieuMau": f"{rng.randrange(1, 9)}.{rng.randrange(10)}", "KhoaTuyChon": ["a", "b"]}
    return {**record, "ThongTinMoRong": unknown}


def supplement_beforehand(record: Record, rng: Random, _tables: Tables) -> Record:
    return {**record, "DanhSachHoSoBoSung": [supplement(rng, record["NgayNopHoSo"])]}


def counter_channel(record: Record, _rng: Random, _tables: Tables) -> Record:
    """KenhThucHien 1 in a dossier of the portal; MaDoiTuong is then null [C S2]."""
    return {**record, "KenhThucHien": "1", "MaDoiTuong": None}


def _named(record: Record, rng: Random, tables: Tables, name: str) -> Record:
    return {**without_owner(record), **citizen(rng, tables), "ChuHoSo": name}


def _pair(record: Record, rng: Random, tables: Tables, first: str, second: str) -> Record:
    owner = citizen(rng, tables)
    other = citizen(rng, tables)["DinhDanhCHS"]
    while other == owner["DinhDanhCHS"]:
        other = citizen(rng, tables)["DinhDanhCHS"]
    both = {"ChuHoSo": f"{first} và {second}", "DinhDanhCHS": [*owner["DinhDanhCHS"], *other]}
    return {**without_owner(record), **owner, **both}


def _in_old_days(record: Record, rng: Random, tables: Tables) -> Record:
    # many of today's agencies did not exist then; the insurance did
    procedure = rng.choice(tables.by_group["insurance"])
    return with_procedure(without_owner(record) | citizen(rng, tables), rng, procedure, tables)


def _clock(rng: Random) -> str:
    return f"{rng.randrange(7, 22):02d}{rng.randrange(60):02d}{rng.randrange(60):02d}"
