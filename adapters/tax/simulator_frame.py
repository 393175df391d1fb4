"""The frame as the simulated gateway wants it and writes it (reference 1.2d): fields in order, odd dates."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from lxml import etree

from adapters._kit.simulator_journal import HANOI
from adapters._kit.simulator_seal import Kind, Seal, signature_problem

_FIELDS = [
    "VERSION", "SENDER_CODE", "SENDER_NAME", "RECEIVER_CODE", "RECEIVER_NAME", "TRAN_CODE", "MSG_ID",
    "MSG_REFID", "ID_LINK", "SEND_DATE", "ORIGINAL_CODE", "ORIGINAL_NAME", "ORIGINAL_DATE", "ERROR_CODE",
    "ERROR_DESC", "SPARE1", "SPARE2", "SPARE3",
]  # fmt: skip
KIND = Kind("SECURITY", ("HEADER", "BODY"), "ancestor-or-self::HEADER or ancestor-or-self::BODY")
"""What the gateway's signatures cover."""
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


class FrameProblem(Exception):  # noqa: N818 - the gateway answers it, with a code in the header
    """The frame is wrong: `code` and `text` go into the answer's header."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code, self.text = code, text


class Framer:
    """Opens requests and writes answers."""

    def __init__(self, sender: str, seal: Seal, *, need_signature: bool, now: Callable[[], datetime]) -> None:
        self._sender, self._seal, self._need, self._now = sender, seal, need_signature, now
        self._numbers = count(1)

    def open(self, text: str) -> tuple[dict[str, str], Any]:
        """Return header and row of a request; raises `FrameProblem`."""
        try:
            root = etree.fromstring(text.encode(), etree.XMLParser(resolve_entities=False, no_network=True))
        except etree.XMLSyntaxError:
            raise FrameProblem("02", "Sai cấu trúc: không phải XML") from None
        if root.tag != "DATA" or [each.tag for each in root] != ["HEADER", "BODY", "SECURITY"]:
            raise FrameProblem("02", "Sai cấu trúc: DATA phải có HEADER, BODY, SECURITY")
        header = self._header(root[0])
        self._signature(root)
        rows = list(root[1])
        if [each.tag for each in rows] != ["ROW"]:
            raise FrameProblem("02", "Sai cấu trúc: BODY phải có một ROW")
        return header, rows[0]

    def _header(self, head: Any) -> dict[str, str]:
        if [each.tag for each in head] != _FIELDS:
            raise FrameProblem("02", "Sai cấu trúc: HEADER thiếu hoặc sai thứ tự trường")
        header = {str(each.tag): each.text or "" for each in head}
        if (header["VERSION"], header["RECEIVER_CODE"]) != ("1.0", "GIP"):
            raise FrameProblem("02", "Sai cấu trúc: VERSION hoặc RECEIVER_CODE")
        if header["SENDER_CODE"] != self._sender:
            raise FrameProblem("03", "Đơn vị gửi không được phép")
        if not re.fullmatch(r"\d{5}", header["TRAN_CODE"]) or not header["MSG_ID"]:
            raise FrameProblem("02", "Sai cấu trúc: TRAN_CODE hoặc MSG_ID")
        sent = _sent(header["SEND_DATE"])
        if sent is None or abs(sent - self._now()) > timedelta(days=1):
            raise FrameProblem("02", "SEND_DATE không đúng định dạng hoặc lệch giờ")
        return header

    def _signature(self, root: Any) -> None:
        if not self._need and not len(root[2]):
            return
        if problem := signature_problem(root, KIND):
            raise FrameProblem("04", f"Lỗi chữ ký: {problem}")

    def write(self, asked: dict[str, str], row: Any, code: str = "", text: str = "") -> str:
        """Write an answer: another date form than the question's, its own number, signed."""
        now = self._now()
        said = {
            "VERSION": "1",
            "SENDER_CODE": "GIP",
            "SENDER_NAME": "Tổng cục Thuế",
            "RECEIVER_CODE": asked.get("SENDER_CODE", ""),
            "RECEIVER_NAME": asked.get("SENDER_NAME", ""),
            "TRAN_CODE": "05011",
            "MSG_ID": f"GIP{now:%Y%m%d}{next(self._numbers):07}",
            "MSG_REFID": asked.get("MSG_ID", ""),
            "SEND_DATE": f"{now:%m-%d-%Y}",
            "ERROR_CODE": code,
            "ERROR_DESC": text,
        }
        root = etree.Element("DATA")
        head = etree.SubElement(root, "HEADER")
        for name in _FIELDS:
            etree.SubElement(head, name).text = said.get(name) or None
        etree.SubElement(root, "BODY").append(row)
        etree.SubElement(root, "SECURITY")
        self._seal.sign(root, KIND)
        return etree.tostring(root, encoding="unicode")


def _sent(text: str) -> datetime | None:
    """Read SEND_DATE in one of the two forms of requests."""
    found = re.fullmatch(r"(\d\d)-([A-Z][a-z]{2}|\d\d)-(\d{4}) (\d\d:\d\d:\d\d)", text)
    if not found:
        return None
    day, month, year, clock = found.groups()
    number = _MONTHS.index(month) + 1 if month in _MONTHS else int(month) if month.isdigit() else 0
    try:
        return datetime.fromisoformat(f"{year}-{number:02}-{day}T{clock}").replace(tzinfo=HANOI)
    except ValueError:
        return None
