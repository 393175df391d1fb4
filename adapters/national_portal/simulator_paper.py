"""The papers citizens hand in: small real PDF files, the same bytes for the same number."""

import base64
import re
from collections.abc import Mapping
from typing import Any

PATH = "/tai-lieu/"


def paper(number: str) -> bytes:
    """Make the PDF of one paper; its number stands inside, so that two papers differ."""
    shown = number.encode("ascii", "replace").replace(b"(", b"[").replace(b")", b"]")
    return (
        b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
        b"2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
        b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>endobj\n"
        b"trailer<</Root 1 0 R/Info<</Title(" + shown + b")>>>>\n%%EOF\n"
    )


def inline(document: Mapping[str, Any]) -> dict[str, Any]:
    """Turn a TaiLieu with an address into one with its content, as inbound calls carry it (reference 1d)."""
    if "Base64" in document:
        return dict(document)
    content = paper(str(document.get("TepDinhKemId", "")))
    kept = {name: value for name, value in document.items() if name != "DuongDanTaiTepTin"}
    return kept | {"Base64": base64.b64encode(content).decode()}


def answer_paper(supplement: str) -> dict[str, Any]:
    """Make the TaiLieu with which a citizen answers a supplement; its address lies on this server."""
    number = "bs-" + re.sub(r"[^A-Za-z0-9.-]", "-", supplement)
    return {
        "TepDinhKemId": number,
        "TenTepDinhKem": "Giấy tờ bổ sung.pdf",
        "IsDeleted": "False",
        "MaThanhPhanHoSo": "",
        "DuongDanTaiTepTin": PATH + number,
    }
