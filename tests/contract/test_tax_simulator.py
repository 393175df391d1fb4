"""The simulated tax office against an independent client: envelopes and digests by hand (reference 1.2d)."""

import base64
import hashlib
import html
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import httpx
import pytest

from tests.contract.tax_world import PASSWORD, ROOT

pytestmark = pytest.mark.contract

DOSSIER = "000.00.32.H12-261120-0007"
OASIS = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-"
SYSTEM = "<SYSTEM_INFO><MSG_TYPE>{kind}</MSG_TYPE><SEQ_ID>1</SEQ_ID><SEQ_REFID/><ERROR_NOTE/></SYSTEM_INFO>"
SLIP = (
    SYSTEM.format(kind="TCT_GPC") + f"<TT_CHUNG><MA_HS>{DOSSIER}</MA_HS><SO_PHIEU>P1</SO_PHIEU></TT_CHUNG>"
    "<TT_NSD><NSD><HO_TEN>Lê Thị Út</HO_TEN><SO_GIAY_TO>096190000123</SO_GIAY_TO></NSD></TT_NSD>"
    "<TT_THUADAT><THUADAT><SO_THUA>1</SO_THUA></THUADAT></TT_THUADAT>"
)
FILED = SYSTEM.format(kind="TCT_TVNVTC") + f"<MA_HS>{DOSSIER}</MA_HS><SO_PHIEU>P1</SO_PHIEU>"
BOOK = f"<TRUYVAN><MA_HS>{DOSSIER}</MA_HS><SO>096190000123</SO></TRUYVAN><TYPE>00109</TYPE><NAME>x</NAME>"
FIELDS = (
    "VERSION SENDER_CODE SENDER_NAME RECEIVER_CODE RECEIVER_NAME TRAN_CODE MSG_ID MSG_REFID ID_LINK SEND_DATE"
    " ORIGINAL_CODE ORIGINAL_NAME ORIGINAL_DATE ERROR_CODE ERROR_DESC SPARE1 SPARE2 SPARE3"
)
STEPS = ("taken", "asked", "answered", "noticed", "settled")


def token(
    password: str = PASSWORD, *, at: datetime | None = None, nonce: bytes | None = None, form: str = ""
) -> str:
    """A security header with a token."""
    mark = nonce or os.urandom(16)
    created = form or f"{(at or datetime.now(UTC)):%Y-%m-%dT%H:%M:%S}.000Z"
    digest = hashlib.sha1(mark + created.encode() + password.encode()).digest()  # noqa: S324 - the standard's
    return (
        f'<w:Security xmlns:w="{OASIS}wssecurity-secext-1.0.xsd" xmlns:u="{OASIS}wssecurity-utility-1.0.xsd"'
        ' s:mustUnderstand="1"><w:UsernameToken u:Id="t"><w:Username>camau</w:Username>'
        f"<w:Password>{base64.b64encode(digest).decode()}</w:Password>"
        f"<w:Nonce>{base64.b64encode(mark).decode()}</w:Nonce><u:Created>{created}</u:Created>"
        "</w:UsernameToken></w:Security>"
    )


def frame(row: str, **header: str) -> str:
    """An unsigned request."""
    said = {
        "VERSION": "1.0",
        "SENDER_CODE": "H12",
        "RECEIVER_CODE": "GIP",
        "TRAN_CODE": "05010",
        "MSG_ID": "20261125-1",
        "SEND_DATE": f"{datetime.now(UTC) + timedelta(hours=7):%d-%m-%Y %H:%M:%S}",
    } | header
    head = "".join(f"<{name}>{said.get(name, '')}</{name}>" for name in FIELDS.split())
    return f"<DATA><HEADER>{head}</HEADER><BODY><ROW>{row}</ROW></BODY><SECURITY/></DATA>"


@contextmanager
def running(folder: Path, *options: str) -> Iterator[tuple["Client", subprocess.Popen[str]]]:
    """Run a simulator; the process may be killed inside."""
    command = [sys.executable, "-m", "adapters.tax.simulator", "--data", str(folder), "--seed", "3"]
    arguments = [*command, "--ask-share", "0", "--refuse-share", "0", *options]
    with subprocess.Popen(arguments, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        assert process.stdout is not None
        urls = re.findall(r'"(http[^"]+)"', process.stdout.readline())
        with httpx.Client(base_url=urls[0]) as http:
            try:
                yield Client(http), process
            finally:
                process.terminate()
                process.wait(10)


class Client:
    """Posts envelopes made by hand."""

    def __init__(self, http: httpx.Client) -> None:
        self.http = http

    def post(self, text: str, header: str | None = None) -> httpx.Response:
        """Post a text inside an envelope."""
        body = (
            '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Header>'
            f"{token() if header is None else header}</s:Header><s:Body>"
            f'<g:xuLyTruyVanMsg xmlns:g="http://gip.request.com/"><in_msg><![CDATA[{text}]]></in_msg>'
            "</g:xuLyTruyVanMsg></s:Body></s:Envelope>"
        )
        return self.http.post(
            "/T2B/GIP", content=body.encode(), headers={"content-type": "text/xml; charset=utf-8"}
        )

    def say(self, row: str, **header: str) -> Any:
        """Send a row and read the answer's frame."""
        answer = self.post(frame(row, **header))
        assert answer.status_code == 200, answer.text
        found = ET.fromstring(answer.text)  # noqa: S314 - our own simulator's
        told = found.find(".//return")
        assert told is not None
        return ET.fromstring(told.text or "")  # noqa: S314 - our own simulator's

    def effects(self) -> dict[str, Any]:
        """What it counts."""
        counted: dict[str, Any] = self.http.get("/_sim/effects").json()
        return counted


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A client of an office where nothing is ever filed."""
    with running(tmp_path_factory.mktemp("office")) as (one, _):
        yield one


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    """A client of a fresh office that works at once."""
    with running(tmp_path, "--work-seconds", "0") as (one, _):
        yield one


def test_the_answer_is_written_as_the_real_one(shared: Client) -> None:
    """S: and ns0:, CDATA, eighteen fields, another date form, our number in MSG_REFID (reference 1.2d)."""
    answer = shared.post(frame(FILED))
    assert answer.headers["content-type"].startswith("text/xml")
    assert "<S:Envelope" in answer.text
    assert (
        '<ns0:xuLyTruyVanMsgResponse xmlns:ns0="http://gip.response.com/"><return><![CDATA[<DATA>'
        in answer.text
    )
    told = shared.say(FILED)
    assert [each.tag for each in told.find("HEADER")] == FIELDS.split()
    assert told.findtext("HEADER/MSG_REFID") == "20261125-1"
    assert re.fullmatch(r"\d\d-\d\d-\d{4}", told.findtext("HEADER/SEND_DATE"))
    assert re.fullmatch(r"GIP\d{15}", told.findtext("HEADER/MSG_ID"))
    assert told.findtext("BODY/ROW/MA_KETQUA") == "1"


@pytest.mark.parametrize(
    ("header", "code"),
    [
        (str, "InvalidSecurity"),
        (lambda: token() + token(), "InvalidSecurity"),
        (lambda: token().replace('s:mustUnderstand="1"', ""), "InvalidSecurity"),
        (lambda: token("sai"), "FailedAuthentication"),
        (lambda: token(at=datetime.now(UTC) - timedelta(minutes=10)), "MessageExpired"),
        (lambda: token(at=datetime.now(UTC) + timedelta(hours=7)), "MessageExpired"),
        (lambda: token(form="2026-11-25T08:00:00+07:00"), "InvalidSecurityToken"),
        (lambda: token(nonce=b"short"), "InvalidSecurityToken"),
    ],
    ids=["none", "two", "not must", "password", "old", "seven hours ahead", "form", "nonce"],
)
def test_a_token_that_is_not_right_is_a_fault(shared: Client, header: Callable[[], str], code: str) -> None:
    """HTTP 500 with a fault of WS-Security, and nothing done."""
    answer = shared.post(frame(SLIP), header())
    assert answer.status_code == 500
    assert code in answer.text
    assert shared.effects()["by_operation"] == {}


def test_a_replayed_token_is_refused(shared: Client) -> None:
    """A nonce is taken once."""
    header = token()
    assert shared.post(frame(FILED), header).status_code == 200
    assert shared.post(frame(FILED), header).status_code == 500


def enquiry(kind: str, fields: str, more: str = "") -> str:
    """A question about a taxpayer."""
    return f"{more}<TYPE>{kind}</TYPE><NAME>x</NAME><TRUYVAN>{fields}</TRUYVAN>"


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (enquiry("00003", "<MST>0100109106</MST>"), "05"),
        (enquiry("00003", "<MST>0100109107</MST>"), "02"),
        (enquiry("00003", "<SO>096190000123</SO>"), "02"),
        (enquiry("00003", "<MST>0100109106</MST>", f"<MA_HS>{DOSSIER}</MA_HS>"), "02"),
        (enquiry("00001", "<SO/>"), "02"),
        (enquiry("00046", "<MST>0100109106</MST>"), "02"),
        (enquiry("00128", "<MST>0100109106</MST><KHAC>1</KHAC>"), "02"),
        (f"<MA_HS>{DOSSIER}</MA_HS>" + SYSTEM.format(kind="TCT_TVTBT") + "<KHAC/>", "02"),
        (f"<MA_HS>{DOSSIER}</MA_HS>" + SYSTEM.format(kind="TCT_TVHSSC") + "<KHAC/>", "02"),
        (f"<TYPE>00019</TYPE><NAME>x</NAME><MA_HS>{DOSSIER}</MA_HS>", "02"),
        ("<TYPE>00024</TYPE><NAME>x</NAME><CHUNGTU><SO_CHUNGTU>CT1</SO_CHUNGTU></CHUNGTU>", "02"),
        ("<TYPE>00022</TYPE><NAME>x</NAME><CHUNGTU><MST/><SO_CHUNGTU>CT1</SO_CHUNGTU></CHUNGTU>", "02"),
    ],
    ids=[
        "nobody",
        "check digit",
        "field",
        "a field of ours",
        "empty",
        "no declaration",
        "more",
        "notices",
        "papers",
        "subsections",
        "take back",
        "voucher",
    ],
)
def test_a_question_about_a_taxpayer_has_its_fields_and_no_others(
    shared: Client, row: str, code: str
) -> None:
    """Each type its own (reference 1.2d); nobody is an answer too, inside."""
    assert shared.say(row).findtext("HEADER/ERROR_CODE") == code


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("no XML", "02"),
        (frame(FILED).replace("<SECURITY/>", ""), "02"),
        (frame(FILED).replace("<VERSION>1.0</VERSION>", ""), "02"),
        (frame(FILED).replace("<SPARE3></SPARE3>", "").replace("<VERSION>", "<SPARE3/><VERSION>"), "02"),
        (frame(FILED, SENDER_CODE="H99"), "03"),
        (frame(FILED, SEND_DATE="2026-11-25"), "02"),
        (frame(FILED, SEND_DATE="25-Nov-2020 08:00:00"), "02"),
        (frame(SYSTEM.format(kind="TCT_KHAC")), "02"),
        (frame(FILED).replace("<SECURITY/>", "<SECURITY><Signature/></SECURITY>"), "04"),
    ],
)
def test_a_frame_that_is_not_right_is_told_inside_on_http_200(shared: Client, text: str, code: str) -> None:
    """The gateway's own errors are inner codes, not faults."""
    answer = shared.post(text)
    assert answer.status_code == 200
    assert f"<ERROR_CODE>{code}</ERROR_CODE>" in html.unescape(answer.text)


def test_a_slip_filed_twice_is_two(client: Client) -> None:
    """Not repeatable, and counted; a slip that is not whole is refused with every reason."""
    for expected in ("applied", "duplicates"):
        assert client.say(SLIP).findtext("BODY/ROW/ERROR_CODE") == "00"
        assert client.effects()[expected] == 1
    assert client.effects()["slips_again"] == 1
    wrong = client.say(SLIP.replace(DOSSIER, "x").replace("<SO_THUA>1</SO_THUA>", ""))
    assert wrong.findtext("BODY/ROW/ERROR_CODE") == "02"
    assert "MA_HS" in wrong.findtext("BODY/ROW/ERROR_DESC")
    assert "thửa đất" in wrong.findtext("BODY/ROW/ERROR_DESC")


def test_a_stranger_does_not_learn_what_is_owed(client: Client) -> None:
    """The book opens to dossier and number together."""
    client.say(SLIP)
    assert client.say(BOOK).findtext("BODY/ROW/SOTHUE/TRANGTHAI") == "01"
    other = client.say(BOOK.replace("096190000123", "096190000999"))
    assert other.findtext("BODY/ROW/SOTHUE/TRANGTHAI") == "00"


def test_totals_are_sums_until_everything_is_paid(client: Client) -> None:
    """TT_NNT = Σ SO_CON_PHAI_NOP after every payment; then nothing is owed and nothing can be paid again."""
    client.say(SLIP)
    while (book := client.say(BOOK)).findtext("BODY/ROW/SOTHUE/TRANGTHAI") == "01":
        (payer,) = book.findall("BODY/ROW/SOTHUE/TONG_TIEN")
        notices = payer.findall("ROW_SOTHUE")
        amounts = [int(each.findtext("SO_CON_PHAI_NOP")) for each in notices]
        assert int(payer.findtext("TT_NNT")) == sum(amounts)
        due = next(each for each, amount in zip(notices, amounts, strict=True) if amount)
        paid = {"MA_HS": DOSSIER, "SO_QUYET_DINH": due.findtext("SO_QUYET_DINH")}
        assert [case["dossier"] for case in client.http.get("/_sim/owing").json()] == [DOSSIER]
        assert client.http.post("/_sim/pay", json=paid).status_code == 200
        assert client.http.post("/_sim/pay", json=paid).status_code == 404
    assert client.effects()["states"]["settled"] == 1
    assert client.http.get("/_sim/owing").json() == []


def test_a_states_ladder_only_climbs(tmp_path: Path) -> None:
    """Taken, asked, answered, noticed, settled: whatever is called in between, it never goes back."""
    heights: list[int] = []
    with running(tmp_path, "--work-seconds", "0.1", "--ask-share", "1") as (one, _):

        def look() -> Any:
            book = one.say(BOOK).find("BODY/ROW")
            heights.extend(STEPS.index(each["state"]) for each in one.http.get("/_sim/cases").json())
            return book

        one.say(SLIP)
        for _ in range(12):
            asked = look().findtext("YEUCAU_BOSUNG/SO_YEUCAU")
            if asked:
                answer = f"<MA_HS>{DOSSIER}</MA_HS><SO_YEUCAU>{asked}</SO_YEUCAU>"
                one.say(SYSTEM.format(kind="TCT_BSPC") + answer)
            one.say(SLIP)
            time.sleep(0.05)
        number = look().findtext("SOTHUE/TONG_TIEN/ROW_SOTHUE/SO_QUYET_DINH")
        one.http.post("/_sim/pay", json={"MA_HS": DOSSIER, "SO_QUYET_DINH": number})
        look()
    assert heights == sorted(heights)
    assert {STEPS[height] for height in heights} >= {"taken", "asked", "noticed"}


def test_a_kill_forgets_nothing_that_was_answered(tmp_path: Path) -> None:
    """State, counts and the gateway's key come back over the same folder."""
    with running(tmp_path, "--work-seconds", "0") as (one, process):
        one.say(SLIP)
        certificate = one.http.get("/_sim/certificate").text
        process.send_signal(signal.SIGKILL)
        process.wait(10)
    with running(tmp_path, "--work-seconds", "0") as (one, _):
        assert one.say(FILED).findtext("BODY/ROW/MA_KETQUA") == "0"
        assert one.effects()["applied"] == 1
        assert one.http.get("/_sim/certificate").text == certificate


def test_the_switchboard_knows_the_types(client: Client) -> None:
    """A switch of one type leaves the others alone; an effect may come after the answer was lost."""
    switch = {"mode": "delay_effect", "operation": "TCT_GPC", "seconds": 1.0, "times": 1}
    client.http.post("/_sim/switch", json=switch)
    with pytest.raises(httpx.RemoteProtocolError):
        client.say(SLIP)
    assert client.say(FILED).findtext("BODY/ROW/MA_KETQUA") == "1"
    time.sleep(1.5)
    assert client.say(FILED).findtext("BODY/ROW/MA_KETQUA") == "0"
    client.http.post("/_sim/switch", json={"mode": "faulty", "operation": "TCT_TVNVTC", "times": 1})
    assert client.post(frame(FILED)).status_code == 503


def test_a_token_may_be_called_expired_once(shared: Client) -> None:
    """However fresh it is, as where the gateway's clock was set: a fault, nothing done, the next one goes."""
    shared.http.post("/_sim/switch", json={"mode": "expire_sessions"})
    answer = shared.post(frame(SLIP))
    assert (answer.status_code, "wsse:MessageExpired" in answer.text) == (500, True)
    assert shared.effects()["by_operation"] == {}
    assert shared.post(frame(FILED)).status_code == 200
