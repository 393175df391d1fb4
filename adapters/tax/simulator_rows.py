"""What the simulated gateway reads from rows and writes into them (reference 1.2b and 1.2d)."""

import re
from datetime import datetime
from typing import Any

from lxml import etree

from adapters.tax.simulator_office import Case, Owed, Person, Voucher

_DOSSIER = re.compile(r"(?:\d{3}\.\d{2,3}\.\d{2}\.[A-Z]\d{2}|[A-Z]\d{2}(?:\.\d{2,3}){0,4})-\d{6,8}-\d{4,7}")
_MONEY = re.compile(r"\d{1,15}")


def kind_of(row: Any) -> str:
    """Return the word by which a row is routed."""
    return (row.findtext("SYSTEM_INFO/MSG_TYPE") or row.findtext("TYPE") or "").strip()


def slip_problems(row: Any) -> list[str]:
    """Return what is wrong with a slip: each a sentence."""
    problems = []
    if not _DOSSIER.fullmatch(row.findtext("TT_CHUNG/MA_HS", "")):
        problems.append("MA_HS không đúng định dạng")
    if not row.findtext("TT_CHUNG/SO_PHIEU", ""):
        problems.append("thiếu SO_PHIEU")
    if not row.findtext("SYSTEM_INFO/SEQ_ID", ""):
        problems.append("thiếu SEQ_ID")
    if not people(row):
        problems.append("thiếu người sử dụng đất")
    if not row.findtext("TT_THUADAT/THUADAT/SO_THUA", ""):
        problems.append("thiếu thửa đất")
    price = row.findtext("TT_CHUYENNHUONG/GIA_CHUYEN_NHUONG")
    if price is not None and not _MONEY.fullmatch(price):
        problems.append("GIA_CHUYEN_NHUONG không đúng định dạng")
    return problems


def people(row: Any) -> list[Person]:
    """Return the land users of a slip."""
    return [
        Person(
            each.findtext("HO_TEN", ""),
            each.findtext("MA_SO_THUE") or each.findtext("SO_GIAY_TO") or "",
            each.findtext("SO_GIAY_TO", ""),
        )
        for each in row.findall("TT_NSD/NSD")
        if each.findtext("HO_TEN")
    ]


def land(row: Any) -> tuple[str, str, str]:
    """Return certificate, parcel and map sheet of a slip."""
    paths = ("TT_CHUNG/MA_GCN", "TT_THUADAT/THUADAT/SO_THUA", "TT_THUADAT/THUADAT/SO_TO_BANDO")
    certificate, parcel, sheet = (row.findtext(path, "") for path in paths)
    return certificate, parcel, sheet


def filled(tag: str, *fields: tuple[str, str]) -> Any:
    """Make an element of plain fields; empty ones stay empty elements."""
    element = etree.Element(tag)
    for name, text in fields:
        etree.SubElement(element, name).text = text or None
    return element


def gateway_row(asked: Any, kind: str, *facts: tuple[str, str]) -> Any:
    """A ROW of the land gateway: it names the question's message and dossier, then tells."""
    seq = asked.findtext("SYSTEM_INFO/SEQ_ID", "")
    head = (("MSG_TYPE", kind), ("SEQ_ID", ""), ("SEQ_REFID", seq), ("MA_HS", asked.findtext("MA_HS", "")))
    return filled("ROW", *head, *facts)


def acknowledgement(row: Any, number: tuple[str, str], now: datetime, code: str, text: str) -> Any:
    """Acknowledge what was filed; `number` is the name and value of its own number."""
    dossier = row.findtext("TT_CHUNG/MA_HS") or row.findtext("MA_HS") or ""
    return filled(
        "ROW",
        ("MSG_TYPE", kind_of(row)),
        ("SEQ_ID", ""),
        ("SEQ_REFID", row.findtext("SYSTEM_INFO/SEQ_ID", "")),
        ("MA_HS", dossier),
        number,
        ("NGAYCHUYEN", f"{now:%Y-%m-%d}"),
        ("NGUOICHUYEN", "Hệ thống"),
        ("ERROR_CODE", code),
        ("ERROR_DESC", text),
    )


def result(dossier: str, code: str, text: str) -> Any:
    """Answer a question by a code."""
    return filled("ROW", ("MA_HS", dossier), ("MA_KETQUA", code), ("DIEN_GIAI", text))


def tax_book(case: Case | None, identity: str) -> Any:
    """Answer 00109: what is owed, what the office wants to know, or that there is nothing yet."""
    row = filled("ROW", ("TYPE", "00110"), ("NAME", "Trả lời sổ thuế nhà đất"))
    book = etree.SubElement(row, "SOTHUE")
    known = case is not None and any(identity in (o.person.identity, o.person.code) for o in case.owed)
    if case is None or not known or case.state != "noticed":
        etree.SubElement(book, "TRANGTHAI").text = "00"
        etree.SubElement(book, "MOTA_TRANGTHAI").text = "Chưa có thông báo hoặc không còn nợ thuế đất"
        if case is not None and known and case.state == "asked":
            row.append(_question(case))
        return row
    etree.SubElement(book, "TRANGTHAI").text = "01"
    etree.SubElement(book, "MOTA_TRANGTHAI").text = "Tồn tại mã hồ sơ và số CMND/CCCD và có còn nợ thuế đất"
    for owed in case.owed:
        book.append(_owed(case, owed))
    return row


def _question(case: Case) -> Any:
    return filled(
        "YEUCAU_BOSUNG",
        ("MA_HS", case.dossier),
        ("SO_YEUCAU", case.question),
        ("NGUOI_YEUCAU", "Chi cục Thuế khu vực"),
        ("NGAY_YEUCAU", "20/11/2026 08:00:00"),
        ("NOI_DUNG", "Đề nghị bổ sung hợp đồng chuyển nhượng"),
        ("HAN_TRALOI", "27/11/2026 17:00:00"),
    )


def _owed(case: Case, owed: Owed) -> Any:
    total = sum(each.remaining for each in owed.notices)
    element = filled("TONG_TIEN", ("MA_SO_THUE", owed.person.code), ("TT_NNT", str(total)))
    for each in owed.notices:
        notice = filled(
            "ROW_SOTHUE",
            ("MA_HS", case.dossier),
            ("MA_GCN", case.certificate),
            ("SO_THUADAT", case.parcel),
            ("SO_TO_BANDO", case.map_sheet),
            ("MA_SO_THUE", owed.person.code),
            ("TEN_NNT", owed.person.name),
            ("SO", owed.person.identity),
            ("SO_QUYET_DINH", each.number),
            ("NGAY_QUYET_DINH", f"{each.issued_on} 08:05:25.0"),
            ("MA_CHUONG", "757"),
            ("MA_TMUC", each.subsection),
            ("TEN_TMUC", each.subsection_name),
            ("LOAI_TK_NSNN", "7111"),
            ("SO_CON_PHAI_NOP", str(each.remaining)),
            ("HAN_NOP", f"{each.due_on} 00:00:00.0"),
        )
        element.append(notice)
    return element


def vouchers(case: Case | None) -> Any:
    """Answer 00022: the money received for a dossier."""
    row = filled("ROW", ("TYPE", "00022"))
    for each in case.vouchers if case else ():
        row.append(told_voucher(case.dossier if case else "", each))
    return row


def told_voucher(dossier: str, voucher: Voucher) -> Any:
    """Tell of one voucher: 1 paid, 2 taken back."""
    return filled(
        "CHUNGTU",
        ("MA_HS", dossier),
        ("SO_CHUNGTU", voucher.number),
        ("SO_QUYET_DINH", voucher.notice),
        ("SO_THAMCHIEU", f"TC{voucher.number}"),
        ("MA_SO_THUE", voucher.person.code),
        ("TEN_NNT", voucher.person.name),
        ("SO_TIEN", str(voucher.amount)),
        ("NGAY_NOP", voucher.paid_at),
        ("TRANG_THAI", "2" if voucher.taken_back else "1"),
    )
