"""The simulated insurance authority against an independent client: envelopes, forms and digests by hand."""

import base64
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import httpx
import pytest

from tests.contract.tax_world import ROOT
from tests.contract.test_tax_simulator import token

pytestmark = pytest.mark.contract

DOSSIER = "H12.16-261125-0042"
TRANSACTION = "0" * 19 + "1"
CHILD = "<hoTen>Lê Ánh</hoTen><ngaySinh>2026</ngaySinh><loaiNgaySinh>1</loaiNgaySinh>"
FORM = f"<TK1-TS><treEm>{CHILD}</treEm><Cky/></TK1-TS>"


def file(form: str = FORM, *, length: int | None = None, unit: str = "YN0001Z", **head: str) -> str:
    """An unsigned I-VAN file."""
    content = base64.b64encode(form.encode()).decode()
    said = {
        "TenThuTuc": "",
        "MaThuTuc": "1.0",
        "KyKeKhai": "11/2026",
        "MaHoSo": DOSSIER,
        "MaGiaoDich": TRANSACTION,
        "NgayLap": "25/11/2026",
        "SoLuongFile": "1",
        "QuyTrinhISO": "",
    } | head
    size = len(content) if length is None else length
    fields = "".join(f"<{name}>{text}</{name}>" for name, text in said.items())
    return (
        "<Hoso><NoiDung><ThongTinIVAN><MaIVAN>0</MaIVAN><TenIVAN>x</TenIVAN></ThongTinIVAN><ThongTinDonVi>"
        f"<TenDoiTuong>x</TenDoiTuong><MaSoBHXH>{unit}</MaSoBHXH><LoaiDoiTuong>1</LoaiDoiTuong><MaSoThue/><NguoiKy/>"
        f"<DienThoai/><CoQuanQuanLy>09601</CoQuanQuanLy></ThongTinDonVi><ThongTinHoSo>{fields}<ToKhais><FileToKhai>"
        "<MaToKhai>TK1-TS</MaToKhai><MoTaToKhai/><TenFile>TK1-TS-595.xml</TenFile><LoaiFile>xml</LoaiFile>"
        f"<DoDaiFile>{size}</DoDaiFile><NoiDungFile>{content}</NoiDungFile>"
        "</FileToKhai></ToKhais></ThongTinHoSo></NoiDung><CKy_Dvi/></Hoso>"
    )


class Client:
    """Posts envelopes made by hand."""

    def __init__(self, http: httpx.Client) -> None:
        self.http = http

    def post(self, operation: str, text: str, header: str | None = None) -> httpx.Response:
        """Post a text to an operation."""
        body = (
            '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Header>'
            f"{token() if header is None else header}</s:Header><s:Body>"
            f'<i:{operation} xmlns:i="urn:lienthong:insurance:request"><noiDung><![CDATA[{text}]]></noiDung>'
            f"</i:{operation}></s:Body></s:Envelope>"
        )
        headers = {"content-type": "text/xml; charset=utf-8"}
        return self.http.post("/HoSoService", content=body.encode(), headers=headers)

    def say(self, operation: str, text: str) -> Any:
        """Send a text and read the answer's."""
        answer = self.post(operation, text)
        assert answer.status_code == 200, answer.text
        told = ET.fromstring(answer.text).find(".//ketQua")  # noqa: S314 - our own simulator's
        assert told is not None
        return ET.fromstring(told.text or "")  # noqa: S314 - our own simulator's

    def code(self, operation: str, text: str) -> str:
        """Its maKetQua."""
        return str(self.say(operation, text).findtext("maKetQua"))

    def effects(self) -> dict[str, Any]:
        """What it counts."""
        counted: dict[str, Any] = self.http.get("/_sim/effects").json()
        return counted


@contextmanager
def running(folder: Path, *options: str) -> Iterator[tuple[Client, subprocess.Popen[str]]]:
    """Run a simulator; the process may be killed inside."""
    command = [sys.executable, "-m", "adapters.insurance.simulator", "--data", str(folder), "--seed", "3"]
    arguments = [*command, "--work-seconds", "0", "--ask-share", "0", "--refuse-share", "0", *options]
    with subprocess.Popen(arguments, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        assert process.stdout is not None
        urls = re.findall(r'"(http[^"]+)"', process.stdout.readline())
        with httpx.Client(base_url=urls[0]) as http:
            try:
                yield Client(http), process
            finally:
                process.terminate()
                process.wait(10)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A client of an office where nothing is ever taken in."""
    with running(tmp_path_factory.mktemp("office")) as (one, _):
        yield one


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    """A client of a fresh office that works at once."""
    with running(tmp_path) as (one, _):
        yield one


QUERY = f"<YeuCau><maHoSo>{DOSSIER}</maHoSo></YeuCau>"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("no XML", "Hoso"),
        (file(length=4), "DoDaiFile"),
        (file(unit="KHAC"), "ThongTinDonVi"),
        (file(MaHoSo="x"), "MaHoSo"),
        (file(MaGiaoDich="1"), "MaGiaoDich"),
        (file(KyKeKhai="2026-11"), "KyKeKhai"),
        (file(SoLuongFile="2"), "SoLuongFile"),
        (file("<TK1-TS>"), "NoiDungFile"),
        (file(FORM.replace("TK1-TS", "ToKhai")), "MaToKhai"),
        (file(FORM.replace("<Cky/>", "")), "Cky"),
        (file(FORM.replace(">1<", ">0<")), "loaiNgaySinh"),
        (file().replace("<MoTaToKhai/>", ""), "FileToKhai"),
    ],
)
def test_a_file_that_is_not_right_is_refused_with_its_reason(shared: Client, text: str, says: str) -> None:
    """Strict on the I-VAN layout, the length of the Base64 text, partial birth dates (reference 1.1c)."""
    told = shared.say("guiHoSo", text)
    assert told.findtext("maKetQua") == "205"
    assert says in (told.findtext("ghiChu") or "")
    assert shared.code("traCuuHoSo", QUERY) == "404"


def test_an_unsigned_file_is_refused_where_signatures_are_wanted(tmp_path: Path) -> None:
    """The signature covers the whole file."""
    with running(tmp_path, "--need-signature") as (one, _):
        assert "chữ ký" in (one.say("guiHoSo", file()).findtext("ghiChu") or "")


def test_a_file_handed_in_twice_is_two_and_a_resend_is_counted(client: Client) -> None:
    """Another transaction makes another file; the same one again is a duplicate, and yet a file."""
    assert client.code("guiHoSo", file()) == "200"
    assert client.code("guiHoSo", file(MaGiaoDich="0" * 19 + "2")) == "200"
    assert client.code("guiHoSo", file()) == "200"
    counted = client.effects()
    assert (counted["applied"], counted["duplicates"], counted["files_again"]) == (2, 1, 2)
    assert len(client.say("traCuuHoSo", QUERY).findall("hoSo")) == 3


def test_a_card_is_issued_and_checked_by_the_authoritys_codes(client: Client) -> None:
    """000 for the card as it is, 060 for another name, 070 for another year, 050 for no card."""
    client.say("guiHoSo", file())
    card = client.say("traCuuHoSo", QUERY).find("hoSo/the")
    number = card.findtext("maThe")
    assert re.fullmatch(r"TE196\d{10}", number)

    def checked(name: str, born: str, of: str = number) -> str:
        asked = f"<maThe>{of}</maThe><hoTen>{name}</hoTen><ngaySinh>{born}</ngaySinh>"
        return client.code("kiemTraThe", f"<YeuCau>{asked}</YeuCau>")

    assert checked("Lê Ánh", "2026") == "000"
    assert checked("Lê Anh", "2026") == "060"
    assert checked("Lê Ánh", "2025") == "070"
    assert checked("Lê Ánh", "2026", "TE1960000000000") == "050"


def test_a_kill_forgets_nothing_that_was_answered(tmp_path: Path) -> None:
    """Files, cards and counts come back over the same folder."""
    with running(tmp_path) as (one, process):
        one.say("guiHoSo", file())
        before = one.say("traCuuHoSo", QUERY).findtext("hoSo/the/maThe")
        process.send_signal(signal.SIGKILL)
        process.wait(10)
    with running(tmp_path) as (one, _):
        assert one.say("traCuuHoSo", QUERY).findtext("hoSo/the/maThe") == before
        assert one.effects()["applied"] == 1


def test_a_wrong_token_or_operation_is_a_fault(client: Client) -> None:
    """And nothing is done."""
    assert "FailedAuthentication" in client.post("guiHoSo", file(), token("sai")).text
    assert client.post("khongCo", file()).status_code == 500
    assert client.effects()["by_operation"] == {}


def test_a_token_may_be_called_expired_once(shared: Client) -> None:
    """However fresh it is, as where the gateway's clock was set: a fault, and the next one goes."""
    shared.http.post("/_sim/switch", json={"mode": "expire_sessions"})
    answer = shared.post("traCuuHoSo", QUERY)
    assert (answer.status_code, "wsse:MessageExpired" in answer.text) == (500, True)
    assert shared.code("traCuuHoSo", QUERY) == "404"
