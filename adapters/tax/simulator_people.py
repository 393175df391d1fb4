"""What the simulated office knows of taxpayers: the land gateway's notices, registers and books.

Requests as observed (reference 1.2d): exactly these fields of TRUYVAN, each type its own. The replies'
groups are those of the observed reply 00047; notices are those of reference 1.2b, whose two spellings of
who answered and when both occur.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from lxml import etree

from adapters.tax.simulator_frame import FrameProblem
from adapters.tax.simulator_office import Case, Notice, Owed, Person
from adapters.tax.simulator_rows import filled, gateway_row

ASKS: Mapping[str, tuple[frozenset[str], frozenset[str]]] = {
    "00001": (frozenset({"SO"}), frozenset()),
    "00003": (frozenset({"MST"}), frozenset()),
    "00005": (frozenset({"MST"}), frozenset()),
    "00046": (frozenset({"SO_TKHAI", "MST"}), frozenset()),
    "00128": (frozenset({"MST"}), frozenset({"MA_CQ_THU", "LOAITHUE"})),
}
"""Type -> the fields of its TRUYVAN that must be there, and those that may be."""
_GROUPS = {"2801": "LPTB", "1401": "TSDD", "1006": "TNCN"}
_ALL = ("LPTB", "TSDD", "TNCN", "TMD", "TMN")
_WEIGHTS = (31, 29, 23, 19, 17, 13, 7, 5, 3)
_FEES = ("2801", "2802")


def question(kind: str, row: Any) -> dict[str, str]:
    """Read a question about a taxpayer; raises `FrameProblem` for anything but the observed form."""
    asked = row.find("TRUYVAN")
    found = {} if asked is None else {str(each.tag): (each.text or "").strip() for each in asked}
    must, may = ASKS[kind]
    if {each.tag for each in row} != {"TYPE", "NAME", "TRUYVAN"} or not must <= found.keys() <= must | may:
        raise FrameProblem("02", f"Sai cấu trúc: TRUYVAN của loại {kind}")
    if not all(found.values()) or not _sound(found.get("MST", "0100109106")):
        raise FrameProblem("02", f"Sai cấu trúc: giá trị trong TRUYVAN của loại {kind}")
    return found


def answer(kind: str, asked: Mapping[str, str], cases: Sequence[Case]) -> Any:
    """Answer a question about a taxpayer from all dossiers; raises `FrameProblem` where nobody is known."""
    number = asked.get("MST") or asked["SO"]
    mine = [
        (case, owed)
        for case in cases
        for owed in case.owed
        if number in (owed.person.code, owed.person.identity)
    ]
    if not mine:
        raise FrameProblem("05", "Không tìm thấy người nộp thuế")
    row = filled("ROW", ("TYPE", "00047" if kind == "00046" else kind), ("NAME", "Kết quả truy vấn"))
    person = mine[0][1].person
    told = etree.SubElement(row, "THONGTIN_NNT")
    register = kind in ("00001", "00003")
    etree.SubElement(told, "THONGTINCHUNG").append(_register(person) if register else _short(person))
    etree.SubElement(told, "DIACHI").append(
        filled(
            "ROW_DIACHI", ("MOTA_DIACHI", "Khóm 3"), ("MA_TINH", "96"), ("MA_HUYEN", ""), ("MA_XA", "31825")
        )
    )
    if not register:
        book = etree.SubElement(told, "SOTHUE")
        book.extend(_entries(mine, fees=kind == "00046"))
    return row


def notices(case: Case | None, row: Any, now: datetime) -> Any:
    """Answer TCT_TVTBT: the first taxpayer of a dossier and their notices in five groups of columns."""
    dossier = row.findtext("MA_HS", "")
    if {each.tag for each in row} != {"SYSTEM_INFO", "MA_HS"} or not row.findtext("SYSTEM_INFO/SEQ_ID"):
        raise FrameProblem("02", "Sai cấu trúc: ROW của loại TCT_TVTBT")
    if case is None or case.state not in ("noticed", "settled"):
        return gateway_row(row, "TCT_TVTBT", ("MA_KETQUA", "1"), ("DIEN_GIAI", "Chưa có thông báo"))
    day, who = ("NGAYTRA", "NGUOITRA") if sum(map(ord, dossier)) % 2 else ("NGAY_TRA", "NGUOI_TRA")
    owed = case.owed[0]
    told = gateway_row(
        row,
        "TCT_TVTBT",
        ("MA_GCN", case.certificate),
        ("SO_PHIEU", case.slips[0]),
        ("MA_KETQUA", "0"),
        ("DIEN_GIAI", "Có thông báo"),
        ("MA_CQT", "10960"),
        (day, f"{now:%Y-%m-%d}"),
        (who, "Chi cục Thuế khu vực"),
        *_totals(case, owed),
        ("NNT_TEN", owed.person.name),
        ("NNT_MST", owed.person.code),
        ("NNT_CMT", owed.person.identity),
        ("NNT_DIA_CHI", "Khóm 3"),
        ("CREATE_DATE", f"{now:%Y-%m-%d}"),
    )
    by_group = {_GROUPS[each.subsection]: each for each in owed.notices}
    for group in _ALL:
        told.extend(_group(case, group, by_group.get(group)))
    return told


def _totals(case: Case, owed: Owed) -> Iterator[tuple[str, str]]:
    left = sum(each.remaining for each in owed.notices)
    paid = sum(_paid(case, each) for each in owed.notices)
    amounts = {"PHAI_NOP": left + paid, "MIEN_GIAM": 0, "DA_NOP": paid, "CON_PNOP": left}
    yield from ((f"TONG_{name}", str(amount)) for name, amount in amounts.items())


def _group(case: Case, group: str, notice: Notice | None) -> Any:
    names = ("SO_THONG_BAO", "NGAY_THONG_BAO", "HAN_NOP", "SO_QDMG", "NGAY_QD")
    amounts = ("PHAI_NOP", "MIEN_GIAM", "DA_NOP", "CON_PNOP", "DULIEU")
    texts = [""] * len((*names, *amounts))
    if notice is not None:
        paid = _paid(case, notice)
        texts = [
            notice.number, notice.issued_on, notice.due_on, "", "",
            str(notice.remaining + paid), "0", str(paid), str(notice.remaining), "",
        ]  # fmt: skip
    named = zip((*names, *amounts), texts, strict=True)
    return filled("x", *((f"{group}_{name}", text) for name, text in named))


def _paid(case: Case, notice: Notice) -> int:
    paid = (each for each in case.vouchers if each.notice == notice.number and not each.taken_back)
    return sum(each.amount for each in paid)


def _register(person: Person) -> Any:
    return filled(
        "ROW_NNT",
        ("TRANG_THAI", "00"),
        ("MST", person.code),
        ("TEN_NNT", person.name),
        ("LOAI_NNT", "0210"),
        ("NGAYCAP_MST", "2019-05-06 00:00:00.0"),
        ("SO", person.identity),
        ("CQT_QL", "10960"),
        ("CAP_CHUONG", "3"),
        ("CHUONG", "757"),
        ("CHAN_DATE", ""),
    )


def _short(person: Person) -> Any:
    return filled(
        "ROW_NNT",
        ("MST", person.code),
        ("TEN_NNT", person.name),
        ("LOAI_NNT", "0210"),
        ("SO_CMND", person.identity),
        ("CHUONG", "757"),
        ("MA_CQT_QL", "10960"),
    )


def _entries(mine: Sequence[tuple[Case, Owed]], *, fees: bool) -> Iterator[Any]:
    for case, owed in mine:
        for each in owed.notices if case.state == "noticed" else ():
            if each.remaining and (each.subsection in _FEES or not fees):
                yield _entry(owed.person, each)


def _entry(person: Person, notice: Notice) -> Any:
    year, month, day = notice.issued_on.split("-")
    return filled(
        "ROW_SOTHUE",
        ("MST", person.code),
        ("MA_CHUONG", "757"),
        ("MA_CQ_THU", "1054817"),
        ("SHKB", "1769"),
        ("MA_TMUC", notice.subsection),
        ("NO_CUOI_KY", str(notice.remaining)),
        ("SO_TAI_KHOAN_CO", "7111"),
        ("SO_QDINH", notice.number),
        ("NGAY_QDINH", f"{day}/{month}/{year}"),
        ("LOAI_TIEN", "VND"),
        ("TI_GIA", ""),
        ("LOAI_THUE", "12"),
        ("DIA_CHI_TS", ""),
        ("SO_KHUNG", ""),
        ("SO_MAY", ""),
        ("MA_DBHC", "31825"),
        ("KY_THUE", f"{month}/{year}"),
        ("DAC_DIEM_PTIEN", ""),
    )


def _sound(number: str) -> bool:
    """Whether a taxpayer's code is one: 12 digits of a citizen, or 10 with their check digit and 3 more."""
    if re.fullmatch(r"\d{12}", number):
        return True
    if not re.fullmatch(r"\d{10}(?:-?\d{3})?", number):
        return False
    weighed = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, number, strict=False))
    return int(number[9]) == 10 - weighed % 11
