"""What else the simulated office is asked: subsections, scanned papers, one voucher; and taking one back.

All forms are ours [I] but one: a voucher is named as in a bank's observed request, CHUNGTU{MST, SO_CHUNGTU}.
"""

from typing import Any

from lxml import etree

from adapters._kit.simulator_journal import Effect
from adapters.tax.simulator_frame import FrameProblem
from adapters.tax.simulator_office import SUBSECTIONS, Case, Office, Voucher
from adapters.tax.simulator_rows import filled, gateway_row, told_voucher

_CANCEL = "00024"


def subsections(row: Any) -> Any:
    """Answer 00019: the whole list; raises `FrameProblem` for more than type and name."""
    _only(row, "00019", {"TYPE", "NAME"})
    told = filled("ROW", ("TYPE", "00019"), ("NAME", "Danh mục tiểu mục"))
    listed = etree.SubElement(told, "DANHMUC")
    listed.extend(
        filled("TIEUMUC", ("MA_TMUC", code), ("TEN_TMUC", name), ("MA_CHUONG", "757"))
        for code, name in SUBSECTIONS
    )
    return told


def scans(case: Case | None, row: Any) -> Any:
    """Answer TCT_TVHSSC: the papers of a slip that it has taken in; raises `FrameProblem`."""
    _only(row, "TCT_TVHSSC", {"SYSTEM_INFO", "MA_HS"})
    dossier = row.findtext("MA_HS", "")
    if case is None:
        return gateway_row(row, "TCT_TVHSSC", ("MA_KETQUA", "1"), ("DIEN_GIAI", "Chưa có hồ sơ scan"))
    told = gateway_row(
        row,
        "TCT_TVHSSC",
        ("MA_GCN", case.certificate),
        ("SO_PHIEU", case.slips[0]),
        ("MA_KETQUA", "0"),
        ("DIEN_GIAI", "Có hồ sơ scan"),
        ("MA_CQT", "10960"),
    )
    papers = etree.SubElement(told, "DS_HOSO")
    papers.append(
        filled(
            "HOSO",
            ("MA", f"{dossier}/{case.slips[0]}"),
            ("TEN", "Phiếu chuyển thông tin.pdf"),
            ("LOAI", "PHIEU_CHUYEN"),
            ("DUONG_DAN", f"https://scan.thue.example/{dossier}/{case.slips[0]}.pdf"),
        )
    )
    return told


def one_voucher(office: Office, row: Any) -> Any:
    """Answer 00022 in a bank's form: the voucher, or a row without one."""
    found = _named(office, row, "00022")
    told = filled("ROW", ("TYPE", "00022"))
    if found is not None:
        told.append(told_voucher(found[0].dossier, found[1]))
    return told


def taken_back(office: Office, row: Any) -> tuple[Any, str, str, Effect]:
    """Take a voucher back (00024): the answer, and dossier, voucher and effect for the journal."""
    found = _named(office, row, _CANCEL)
    number = row.findtext("CHUNGTU/SO_CHUNGTU", "")
    if found is None:
        return _answer(number, "05", "Không tìm thấy chứng từ"), "", number, "refused"
    case, voucher = found
    first = office.take_back(case, voucher)
    if first is None:
        text = "Từ chối: hồ sơ đã hoàn thành nghĩa vụ"
        return _answer(number, "11", text), case.dossier, number, "refused"
    return _answer(number, "00", ""), case.dossier, number, "applied" if first else "duplicate"


def _answer(number: str, code: str, text: str) -> Any:
    return filled(
        "ROW", ("TYPE", _CANCEL), ("SO_CHUNGTU", number), ("ERROR_CODE", code), ("ERROR_DESC", text)
    )


def _named(office: Office, row: Any, kind: str) -> tuple[Case, Voucher] | None:
    _only(row, kind, {"TYPE", "NAME", "CHUNGTU"})
    said = {str(each.tag): (each.text or "").strip() for each in row.find("CHUNGTU")}
    if said.keys() != {"MST", "SO_CHUNGTU"} or not all(said.values()):
        raise FrameProblem("02", f"Sai cấu trúc: CHUNGTU của loại {kind}")
    return office.voucher(said["SO_CHUNGTU"], said["MST"])


def _only(row: Any, kind: str, names: set[str]) -> None:
    if {str(each.tag) for each in row} != names:
        raise FrameProblem("02", f"Sai cấu trúc: ROW của loại {kind}")
