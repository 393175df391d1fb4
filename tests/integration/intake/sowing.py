"""Ten thousand invented identifiers, each told once, in records of a portal; and how they are found."""

import json
import random
import re
import unicodedata
from collections.abc import Iterable, Iterator
from html import escape
from pathlib import Path
from typing import Any

from bench.province.hostile import valid_record

ROOT = Path(__file__).resolve().parents[3]
ONLINE = ROOT / "adapters" / "onestop" / "samples" / "online.json"
PACKAGE = ROOT / "adapters" / "ioffice" / "samples" / "document.dossier.edxml"
RECORDS, EACH = 60, 168
ELSEWHERE = 8
"""Dossiers of the one-stop, packages of the axis and dossiers of an agency, each."""
_MARKED = "ạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỷỹỵ"
_WORD = re.compile(r"[^\W\d_]{8,}")
_DIGITS = re.compile(r"\d{9,15}")
_MAIL = re.compile(r"[\w.+'-]+@[\w-]+(?:\.[\w-]+)+")
_ESCAPED = re.compile(r"\\+u([0-9a-f]{4})")
_SPLIT = re.compile(r"(?<=\d)[ .-](?=\d)")


class Sower:
    """Draws identifiers, remembers all of them, and writes records around them."""

    def __init__(self, seed: int = 7) -> None:
        self._draw = random.Random(seed)  # noqa: S311  a test's stream
        self.sown: set[str] = set()

    def _digits(self, first: str, length: int) -> str:
        while True:
            made = first + "".join(self._draw.choices("0123456789", k=length - len(first)))
            if made not in self.sown:
                self.sown.add(made)
                return made

    def _name(self) -> str:
        """A family name, and a given name that nobody has, every other time with its marks apart."""
        given = "".join(self._draw.choices(_MARKED, k=10)).capitalize()
        self.sown.add(given)
        form = self._draw.choice(("NFC", "NFD"))
        return unicodedata.normalize(form, f"Nguyễn Thị {given}")  # type: ignore[arg-type]  # one of the two

    def _mail(self) -> str:
        made = f"dan.{self._draw.randrange(10**9, 10**10)}x@vidu.example"
        self.sown.add(made)
        return made

    def sentence(self) -> str:
        """Eight identifiers as people and systems write them, between this and that."""
        cccd, cmnd, tax = self._digits("096", 12), self._digits("38", 9), self._digits("20", 10)
        social, card, phone = self._digits("96", 10), self._digits("4", 13), self._digits("09", 10)
        said = [
            f"họ tên: {self._name()}", f"CCCD {cccd}", f'"cmnd":"{cmnd}"', f"MST={tax}", f"BHXH:{social}",
            f"thẻ GD{card}", f"ĐT {phone}", f"<email>{self._mail()}</email>",
        ]  # fmt: skip
        self._draw.shuffle(said)
        return self._draw.choice((", ", "; ", "\n", "\t", " / ")).join(said)

    def record(self, number: int) -> dict[str, Any]:
        """A record that the portal pushes, with `EACH` identifiers or a few more in it."""
        before = len(self.sown)
        record = valid_record() | {
            "MaHoSo": f"G22.99-260415-{number:06d}",
            "ChuHoSo": self._name(),
            "Email": self._mail(),
            "SoDienThoai": self._digits("09", 10),
            "DinhDanhCHS": [{"LoaiDinhDanh": "1", "SoDinhDanh": self._digits("096", 12)}],
        }
        record["TrichYeuHoSo"] = f"Đề nghị giải quyết. {self.sentence()}"
        said = []
        while len(self.sown) - before < EACH:
            said.append(re.sub(r"[\n\t/]", ",", self.sentence()))
        record["TaiLieuNop"][0]["TenTepDinhKem"] = " - ".join(said) + ".pdf"
        return record

    def _party(self, *, name: str, number: str, phone: str, **more: Any) -> dict[str, Any]:
        """A person under the names that a peer has for their parts."""
        return {name: self._name(), number: self._digits("096", 12), phone: self._digits("09", 10), **more}

    def at_the_onestop(self, number: int) -> dict[str, Any]:
        """What the one-stop shows of a dossier that asks for a decision, and goes to tax or insurance."""
        record: dict[str, Any] = json.loads(ONLINE.read_bytes())
        record |= {name: [] for name in ("tasks", "supplements")}
        record["applicant"]["data"] |= self._party(name="fullname", number="identityNumber", phone="phone")
        record["applicant"]["data"]["email"] = self._mail()
        user = self._party(name="hoTen", number="soGiayTo", phone="dienThoai")
        if number == 1:
            user["maSoThue"] = self._digits("20", 10)  # with a wrong check digit: it is set aside
        insured = self._party(name="hoTen", number="soDinhDanh", phone="dienThoai", gioiTinh="2")
        slip = {"id": f"PC-{number}", "datDai": {"nguoiSuDung": [user], "thuaDat": [{"soThua": "12"}]}}
        return record | {
            "subject": f"Đề nghị {self.sentence()}",
            "reason": self.sentence(),
            "intakeAgency": {"code": "H12.16", "name": "Trung tâm PVHCC"},
            "procedure": {"code": "9.100109" if number % 2 else "9.100001"},
            "onTheSpot": True,
            "statusCurrentTask": {"id": 2, "name": "Được tiếp nhận"},
            "eForm": {"data": {"baoHiem": insured | {"maSoBhxh": self._digits("96", 10)}}},
            "slips": [slip | {"debtText": self.sentence()}] if number % 2 else [],
            "decisionRequests": [{"id": f"QD-{number}", "requestedDate": "2026-04-15T10:00:00+07:00"}],
        }

    def package(self, number: int) -> bytes:
        """An official document that comes over the axis."""
        text = PACKAGE.read_text(encoding="utf-8")
        said = escape(self.sentence().replace("\n", " ").replace("\t", " "), quote=False)
        text = text.replace("V/v cấp giấy phép", f"V/v {said}").replace("15/SNNMT", f"{100 + number}/SNNMT")
        return text.replace("Công văn.pdf", f"{self._name()} {self._digits('096', 12)}.pdf").encode()

    def of_an_agency(self, number: int) -> dict[str, Any]:
        """A dossier as an agency hands it in."""
        owner = self._party(name="name", number="number", phone="phone", email=self._mail())
        identity = {"kind": "citizen_id", "number": owner.pop("number")}
        return {
            "code": f"H12.09-260415-{number:04d}",
            "procedure": "9.100083",
            "subject": f"Cấp bản sao văn bằng. {self.sentence()}",
            "channel": "counter",
            "owner": owner | {"kind": "citizen", "identities": [identity]},
            "submitted_at": "2026-04-15T08:30:00+07:00",
        }


def told_in(text: str) -> Iterator[str]:
    """Everything in a text that could be one of them, whole, joined, or in another form of its letters."""
    whole = unicodedata.normalize("NFC", _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text))
    yield from _WORD.findall(whole)
    yield from _MAIL.findall(whole)
    for form in (whole, _SPLIT.sub("", whole)):
        for run in _DIGITS.findall(form):
            yield from (run, run.removeprefix("84"))


def found(sown: set[str], texts: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """What was sown and is told, by where."""
    by_place = {place: sorted(sown & set(told_in(text))) for place, text in texts}
    return {place: one for place, one in by_place.items() if one}
