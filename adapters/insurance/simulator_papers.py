"""What the simulated insurance office reads from texts and writes into them (reference 1.1c)."""

import base64
import binascii
import re
from typing import Any

from lxml import etree

from adapters._kit.simulator_seal import Kind, signature_problem
from adapters.insurance.simulator_office import ASKED, DONE, REFUSED, Card, File

SIGNED = Kind("CKy_Dvi")
FORM_SIGNED = Kind("Cky")
"""The file is signed whole, but for the signature itself."""
_UNIT = ("TenDoiTuong", "MaSoBHXH", "LoaiDoiTuong", "MaSoThue", "NguoiKy", "DienThoai", "CoQuanQuanLy")
_FORM = ("MaToKhai", "MoTaToKhai", "TenFile", "LoaiFile", "DoDaiFile", "NoiDungFile")
_DOSSIER = re.compile(r"(?:\d{3}\.\d{2,3}\.\d{2}\.[A-Z]\d{2}|[A-Z]\d{2}(?:\.\d{2,3}){0,4})-\d{6,8}-\d{4,7}")
_BORN = re.compile(r"(?:(?:\d\d/)?\d\d/)?\d{4}")
_KINDS = {"0": 10, "1": 4, "2": 7}
"""loaiNgaySinh -> the length of ngaySinh: day, year, month and year."""


def parsed(text: str) -> Any:
    """Parse a text; None where it is no XML."""
    try:
        return etree.fromstring(text.encode(), etree.XMLParser(resolve_entities=False, no_network=True))
    except etree.XMLSyntaxError:
        return None


def is_asked(root: Any) -> bool:
    """Whether a text is a question of ours."""
    return root is not None and root.tag == "YeuCau"


def file_problems(root: Any, unit: str, *, need_signature: bool) -> list[str]:
    """Return what is wrong with an I-VAN file: each a sentence."""
    if root is None or root.tag != "Hoso" or [each.tag for each in root] != ["NoiDung", "CKy_Dvi"]:
        return ["Hoso phải có NoiDung và CKy_Dvi"]
    content = root[0]
    if [each.tag for each in content] != ["ThongTinIVAN", "ThongTinDonVi", "ThongTinHoSo"]:
        return ["NoiDung phải có ThongTinIVAN, ThongTinDonVi, ThongTinHoSo"]
    problems = []
    if tuple(each.tag for each in content[1]) != _UNIT or content.findtext("ThongTinDonVi/MaSoBHXH") != unit:
        problems.append("ThongTinDonVi không đúng")
    head = content[2]
    if not _DOSSIER.fullmatch(head.findtext("MaHoSo", "")):
        problems.append("MaHoSo không đúng định dạng")
    if not re.fullmatch(r"\d{20}", head.findtext("MaGiaoDich", "")):
        problems.append("MaGiaoDich không đúng định dạng")
    if not re.fullmatch(r"\d\d/\d{4}", head.findtext("KyKeKhai", "")):
        problems.append("KyKeKhai không đúng định dạng")
    forms = head.findall("ToKhais/FileToKhai")
    if head.findtext("SoLuongFile") != str(len(forms)) or not forms:
        problems.append("SoLuongFile không đúng")
    problems += [problem for form in forms for problem in _form_problems(form, need_signature=need_signature)]
    if need_signature and (wrong := signature_problem(root, SIGNED)):
        problems.append(wrong)
    return problems


def _form_problems(form: Any, *, need_signature: bool) -> list[str]:
    content = form.findtext("NoiDungFile", "")
    if tuple(each.tag for each in form) != _FORM:
        return ["FileToKhai thiếu hoặc sai thứ tự trường"]
    if form.findtext("DoDaiFile") != str(len(content)):
        return ["DoDaiFile phải là độ dài của chuỗi Base64"]
    inner = _inner(form)
    if inner is None:
        return ["NoiDungFile không đọc được"]
    if inner.tag != form.findtext("MaToKhai") or not len(inner) or inner[-1].tag != "Cky":
        return ["Tờ khai phải có gốc là MaToKhai và Cky ở cuối"]
    if need_signature and (wrong := signature_problem(inner, FORM_SIGNED)):
        return [f"Tờ khai: {wrong}"]
    return [
        "ngaySinh không hợp với loaiNgaySinh"
        for person in inner.iter("treEm", "nguoiThamGia", "me", "cha")
        if not _born_right(person)
    ]


def _born_right(person: Any) -> bool:
    born, kind = person.findtext("ngaySinh", ""), person.findtext("loaiNgaySinh", "")
    return not born or (bool(_BORN.fullmatch(born)) and _KINDS.get(kind) == len(born))


def _inner(form: Any) -> Any:
    try:
        content = base64.b64decode(form.findtext("NoiDungFile", ""), validate=True)
        return etree.fromstring(content, etree.XMLParser(resolve_entities=False, no_network=True))
    except (binascii.Error, etree.XMLSyntaxError):
        return None


def what_of(root: Any) -> tuple[str, str, str, tuple[str, str, str]]:
    """Return dossier, transaction, form, and the person (name, born, facility) of a good file."""
    head = root.find("NoiDung/ThongTinHoSo")
    form = head.find("ToKhais/FileToKhai")
    inner = _inner(form)
    person = next(inner.iter("treEm", "nguoiThamGia"), inner)
    named = (person.findtext("hoTen", ""), person.findtext("ngaySinh", ""), inner.findtext("maDKBD", ""))
    return head.findtext("MaHoSo", ""), head.findtext("MaGiaoDich", ""), form.findtext("MaToKhai", ""), named


def answer(code: str, text: str = "", *further: Any) -> str:
    """Write an answer."""
    root = filled("KetQua", ("maKetQua", code), ("ghiChu", text))
    for each in further:
        root.append(each)
    return etree.tostring(root, encoding="unicode")


def filled(tag: str, *fields: tuple[str, str]) -> Any:
    """Make an element of plain fields."""
    element = etree.Element(tag)
    for name, text in fields:
        etree.SubElement(element, name).text = text or None
    return element


def file_shown(file: File) -> Any:
    """A file as a query shows it."""
    shown = filled(
        "hoSo",
        ("maHoSo", file.dossier),
        ("maGiaoDich", file.transaction),
        ("soHoSo", file.number),
        ("trangThai", file.state),
        ("tenKetQua", "Thẻ BHYT" if file.form == "TK1-TS" else "Kết quả giải quyết hồ sơ bảo hiểm"),
    )
    for each in file.answered:
        etree.SubElement(shown, "daBoSung").text = each
    if file.state == ASKED:
        shown.append(_question(file))
    if file.state == REFUSED:
        etree.SubElement(shown, "ghiChu").text = "Thông tin không khớp cơ sở dữ liệu"
    if file.state == DONE:
        etree.SubElement(shown, "soKetQua").text = file.number
        etree.SubElement(shown, "ngayTra").text = "25/11/2026"
    if file.card is not None:
        shown.append(filled("the", *_card_fields(file.card)))
    return shown


def _question(file: File) -> Any:
    return filled(
        "yeuCauBoSung",
        ("maHoSo", file.dossier),
        ("soYeuCau", file.question),
        ("noiDung", "Đề nghị bổ sung bản sao giấy khai sinh"),
        ("thoiGian", "25/11/2026 08:00:00"),
        ("hanBoSung", "02/12/2026 17:00:00"),
    )


def _card_fields(card: Card) -> list[tuple[str, str]]:
    return [
        ("maSoBhxh", card.insured),
        ("maThe", card.number),
        ("gtTheTu", card.valid_from),
        ("gtTheDen", card.valid_to),
        ("maDKBD", card.facility),
        ("cqBHXH", "09601"),
    ]


def card_checked(card: Card | None, name: str, born: str) -> str:
    """Answer a card check by the authority's list of codes."""
    if card is None:
        return answer("050", "Không thấy thông tin thẻ BHYT")
    if " ".join(name.split()).casefold() != card.name.casefold():
        return answer("060", "Thẻ sai họ tên")
    if born and card.born and born[-4:] != card.born[-4:]:
        return answer("070", "Thẻ sai ngày sinh")
    fields = [filled_one(name, text) for name, text in _card_fields(card) if name != "maSoBhxh"]
    return answer("000", "Thông tin thẻ chính xác", filled_one("maSoBHXH", card.insured), *fields)


def filled_one(name: str, text: str) -> Any:
    """Make an element with a text."""
    element = etree.Element(name)
    element.text = text
    return element


def participant(card: Card) -> Any:
    """A participant; a birth date may be a year or a month (loaiNgaySinh)."""
    parts = card.born.split("/")
    kind = {3: "0", 1: "1", 2: "2"}.get(len(parts), "0")
    return filled(
        "nguoiThamGia",
        ("maSoBhxh", card.insured),
        ("maThe", card.number),
        ("hoTen", card.name),
        ("ngaySinh", "".join(reversed(parts))),
        ("loaiNgaySinh", kind),
    )
