"""The reading half of `bench/map.py`'s mapping in other people's mapping languages, as plain dicts.

They do less than the sheet: no Unicode form, no limits, no strict times, no problem named. It is what one
would write in them on a good day, so the figures flatter them if anything.
"""

from collections.abc import Callable
from typing import Any

from glom import Coalesce, Spec, glom
from jsonata import Jsonata
from lxml import etree

from bench import map_by_hand as hand

_TEXTS = {
    "receipt_no": "SoBienNhan",
    "subject": "TrichYeuHoSo",
    "tech_id": "MaDoiTuong",
    "email": "Email",
    "phone": "SoDienThoai",
    "submitted_at": "NgayNopHoSo",
    "accepted_at": "NgayTiepNhan",
    "due_at": "NgayHenTra",
    "finished_at": "NgayKetThucXuLy",
    "return_info": "ThongTinTra",
    "other_info": "ThongTinKhac",
    "note": "GhiChu",
    "code": "MaHoSo",
    "procedure": "MaTTHC",
    "name": "ChuHoSo",
}
_CODES: dict[str, tuple[str, dict[str, Any]]] = {
    "channel": ("KenhThucHien", hand.CHANNEL),
    "result_return": ("HinhThuc", hand.RETURN),
    "kind": ("LoaiDoiTuong", hand.KIND),
    "status": ("TrangThaiHoSo", hand.STATUS_IN),
    "account_verified": ("TaiKhoanDuocXacThucVoiVNeID", hand.FLAG),
}
_DOCUMENT = {
    "id": "TepDinhKemId",
    "name": "TenTepDinhKem",
    "component": "MaThanhPhanHoSo",
    "url": "DuongDanTaiTepTin",
}
_FEE = {"name": "TenPhiLePhi", "code": "MaPhiLePhi", "collected": "HinhThucThu", "kind": "LoaiPhiLePhi"}


def by_glom() -> Callable[[dict[str, Any]], Any]:
    """Return the mapping as a glom spec, prepared once."""
    spec: dict[str, Any] = {ours: Coalesce(their, default=None) for ours, their in _TEXTS.items()}
    for ours, (their, table) in _CODES.items():
        spec[ours] = (Coalesce(their, default=None), table.get)
    document = {**_DOCUMENT, "removed": ("IsDeleted", hand.REMOVED.get)}
    spec["documents"] = (Coalesce("TaiLieuNop", default=()), [document])
    spec["fees"] = (Coalesce("DanhSachLePhi", default=()), [{**_FEE, "amount": ("Gia", int)}])
    prepared = Spec(spec)
    return lambda tree: glom(tree, prepared)


def by_jsonata() -> Callable[[dict[str, Any]], Any]:
    """Return the mapping as a JSONata expression, parsed once."""
    lines = [f'"{ours}": $trim({their})' for ours, their in _TEXTS.items()]
    lines += [f'"{ours}": $lookup($codes.{ours}, {their})' for ours, (their, _) in _CODES.items()]
    document = ", ".join(f'"{ours}": {their}' for ours, their in _DOCUMENT.items())
    fee = ", ".join(f'"{ours}": {their}' for ours, their in _FEE.items())
    lines.append(f'"documents": [TaiLieuNop.{{{document}, "removed": IsDeleted = "True"}}]')
    lines.append(f'"fees": [DanhSachLePhi.{{{fee}, "amount": $number(Gia)}}]')
    codes = {ours: table for ours, (_, table) in _CODES.items()}
    expression = Jsonata(f"{{{', '.join(lines)}}}")
    expression.assign("codes", codes)
    evaluate: Callable[[dict[str, Any]], Any] = expression.evaluate
    return evaluate


def by_xslt(tree: dict[str, Any]) -> Callable[[], Any]:
    """Return the mapping as XSLT on the like message in XML; it is parsed beforehand."""
    texts = "".join(
        f'<{ours}><xsl:value-of select="normalize-space({their})"/></{ours}>'
        for ours, their in _TEXTS.items()
    )
    codes = "".join(_choose(ours, their, table) for ours, (their, table) in _CODES.items())
    document = "".join(
        f'<{ours}><xsl:value-of select="{their}"/></{ours}>' for ours, their in _DOCUMENT.items()
    )
    fee = "".join(
        f'<{ours}><xsl:value-of select="{their}"/></{ours}>'
        for ours, their in {**_FEE, "amount": "Gia"}.items()
    )
    lists = (
        '<documents><xsl:for-each select="TaiLieuNop">'
        f"<document>{document}</document></xsl:for-each></documents>"
        f'<fees><xsl:for-each select="DanhSachLePhi"><fee>{fee}</fee></xsl:for-each></fees>'
    )
    sheet = (
        '<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">'
        f'<xsl:template match="/HoSo"><dossier>{texts}{codes}{lists}</dossier></xsl:template>'
        "</xsl:stylesheet>"
    )
    transform, document_tree = etree.XSLT(etree.XML(sheet)), _xml(tree)
    return lambda: transform(document_tree)


def _choose(ours: str, their: str, table: dict[str, Any]) -> str:
    cases = "".join(f"<xsl:when test=\"{their}='{code}'\">{word}</xsl:when>" for code, word in table.items())
    return f"<{ours}><xsl:choose>{cases}</xsl:choose></{ours}>"


def _xml(tree: dict[str, Any]) -> Any:
    root = etree.Element("HoSo")
    for name, value in tree.items():
        for item in value if isinstance(value, list) else [value]:
            element = etree.SubElement(root, name)
            for inner, each in item.items() if isinstance(item, dict) else ():
                etree.SubElement(element, inner).text = str(each)
            element.text = None if isinstance(item, dict) else str(item)
    return root
