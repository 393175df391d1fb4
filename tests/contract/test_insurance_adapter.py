"""The insurance connector: from sheets through it to the simulated authority, and back into messages."""

import base64
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from lxml import etree

from adapters._kit.simulator_seal import signature_problem
from adapters.insurance.settings import Operations
from adapters.insurance.simulator_papers import FORM_SIGNED, SIGNED
from bus.errors import (
    ConfigurationError,
    DeliveryError,
    OutcomeUnknownError,
    PermanentError,
    RefusedByPeerError,
    TransientError,
)
from bus.ports import Adapter, Answer
from bus.settings import Secret
from mappings.dossier import Birth, Dossier, Insurance, Party, Supplement
from tests.contract.broken_endpoint import BrokenEndpoint, answers, envelope
from tests.contract.insurance_world import (
    CHILD,
    NUMBER,
    adapter,
    message,
    written,
)
from tests.contract.tax_world import ROOT, call, signer_file, simulator

pytestmark = pytest.mark.contract

CALM = ("--ask-share", "0", "--refuse-share", "0")


@dataclass
class Office:
    """A simulated authority at work, a connector, and the desk to look behind its counter."""

    url: str
    desk: httpx.Client
    bhxh: Adapter

    def do(self, operation: str, request: Any, **how: Any) -> Answer:
        """Call an operation."""
        return self.bhxh.operations[operation].call(call(request, **how))

    def seen(self, operation: str, request: Any, **how: Any) -> str:
        """Ask whether it took effect."""
        lookup = self.bhxh.operations[operation].lookup
        assert lookup is not None
        return lookup(call(request, **how)).outcome

    def switch(self, mode: str, operation: str = "guiHoSo", **how: Any) -> None:
        """Let it misbehave."""
        self.desk.post("/_sim/switch", json={"mode": mode, "operation": operation, **how}).raise_for_status()

    def effects(self) -> dict[str, Any]:
        """What it counts."""
        counted: dict[str, Any] = self.desk.get("/_sim/effects").json()
        return counted

    def failure(self, operation: str, request: Any, **how: Any) -> DeliveryError:
        """The error of a call that must not succeed."""
        with pytest.raises(DeliveryError) as caught:
            self.do(operation, request, **how)
        return caught.value

    def told(self, operation: str, kind: str, seconds: float = 5) -> Any:
        """Ask until a message of a kind comes, and read it."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for one in self.do(operation, written("query")).says:
                if one.kind == kind:
                    return message(one)
            time.sleep(0.05)
        raise AssertionError(f"{kind} did not come")


Open = Callable[..., Office]


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Open]:
    """Open offices that close with the test; the connector signs what it hands in."""
    with ExitStack() as stack:

        def start(*options: str, **settings: Any) -> Office:
            arguments = ("--need-signature", *options)
            url, control = stack.enter_context(
                simulator(tmp_path / "office", *arguments, name="insurance", path="/HoSoService")
            )
            desk = stack.enter_context(httpx.Client(base_url=control))
            own = {"signer": signer_file(tmp_path), "signer_password": Secret("khoa")}
            one = adapter(url, **(own | settings))
            stack.callback(one.close)
            return Office(url, desk, one)

        yield start


def test_a_childs_card_is_asked_for_and_comes_later(office: Open) -> None:
    """Handed in once, nothing at first, then the card: fifteen characters, valid to the 30th of September."""
    at = office("--work-seconds", "1.5", *CALM)
    at.do("request_card", written("card_request"))
    assert at.do("query_card", written("query")).says == ()
    card = at.told("query_card", "insurance.card_result")
    assert (card.code, card.state, card.facility) == (NUMBER, "issued", "96001")
    assert card.card_no == f"TE196{card.insurance_no}"
    assert card.valid_to.isoformat() == "2032-09-30"
    assert at.effects()["cards"] == 1


def test_the_file_that_goes_out_is_an_i_van_file_signed_whole(office: Open) -> None:
    """The form is inside as Base64, DoDaiFile its length as text; names carry the decision's number."""
    seen: list[bytes] = []

    def remember(connection: Any, request: bytes) -> None:
        seen.append(request.partition(b"\r\n\r\n")[2])
        answers(wrapped("<KetQua><maKetQua>200</maKetQua></KetQua>", "guiHoSo"))(connection, request)

    endpoint = BrokenEndpoint(remember)
    at = office(*CALM)
    one = adapter(endpoint.url, signer=at_signer(at), signer_password=Secret("khoa"))
    one.operations["request_card"].call(call(written("card_request")))
    one.close()
    endpoint.close()
    inner = etree.fromstring(seen[0]).find(".//noiDung")
    assert inner is not None
    file = etree.fromstring(inner.text or "")
    assert signature_problem(file, SIGNED) == ""
    form: Any = file.find("NoiDung/ThongTinHoSo/ToKhais/FileToKhai")
    content = form.findtext("NoiDungFile")
    assert form.findtext("DoDaiFile") == str(len(content))
    assert form.findtext("TenFile") == "TK1-TS-595.xml"
    said = etree.fromstring(base64.b64decode(content))
    assert (said.tag, said[-1].tag, signature_problem(said, FORM_SIGNED)) == ("TK1-TS", "Cky", "")
    assert said.findtext("treEm/hoTen") == "Trần Ngọc Ánh"
    assert (said.findtext("me/ngaySinh"), said.findtext("me/loaiNgaySinh")) == ("1999", "1")
    assert (said.findtext("cha/ngaySinh"), said.findtext("cha/loaiNgaySinh")) == ("03/1997", "2")


def at_signer(at: Office) -> str:
    """The signer that the office's connector has."""
    settings: Any = at.bhxh
    return str(settings._settings.signer)


def wrapped(inner: str, operation: str) -> str:
    """A text in the answer's envelope, escaped."""
    text = inner.replace("&", "&amp;").replace("<", "&lt;")
    return envelope(
        f'<r:{operation}Response xmlns:r="urn:lienthong:insurance:response"><ketQua>{text}</ketQua>'
        f"</r:{operation}Response>"
    )


def test_an_insurance_file_is_handled_on_the_spot(office: Open) -> None:
    """Handed in, decided, and the result names the authority's own number."""
    at = office("--work-seconds", "0", *CALM)
    at.do("submit_file", written("file"))
    result = at.told("query_file", "insurance.file_result")
    assert (result.code, result.kind, result.id) == (NUMBER, "decision", "00001/2026/09601")


def test_a_refused_request_is_an_answer_with_its_reason(office: Open) -> None:
    """State 6: the card was refused, in the authority's words."""
    at = office("--work-seconds", "0", "--ask-share", "0", "--refuse-share", "1")
    at.do("request_card", written("card_request"))
    card = at.told("query_card", "insurance.card_result")
    assert (card.state, card.card_no) == ("refused", None)
    assert "không khớp" in card.reason


def test_a_question_is_answered_once_and_the_card_comes(office: Open) -> None:
    """A supplement round: asked, answered under its number, never a second request."""
    at = office("--work-seconds", "0.05", "--ask-share", "1", "--refuse-share", "0")
    at.do("request_card", written("card_request"))
    asked = at.told("query_card", "insurance.supplement_request")
    answer = Supplement(code=NUMBER, id=asked.id, received_info="Gửi bản sao")
    tree = written("supplement_answer", answer)
    assert at.seen("add_supplement", tree) == "not there"
    at.switch("lose_answer", "boSungHoSo", times=1, seconds=0)
    assert type(at.failure("add_supplement", tree)) is OutcomeUnknownError
    assert at.seen("add_supplement", tree) == "done"
    assert "already" in at.do("add_supplement", tree, attempt=2).note
    assert at.told("query_card", "insurance.card_result").state == "issued"
    assert (at.effects()["files"], at.effects()["duplicates"]) == (1, 0)


def test_a_lost_answer_ends_in_one_effect(office: Open) -> None:
    """By the number of our request, which a resend repeats; a second delivery is a second file, counted."""
    at = office(*CALM)
    at.switch("lose_answer", times=1, seconds=0)
    tree = written("card_request")
    assert type(at.failure("request_card", tree)) is OutcomeUnknownError
    assert at.seen("request_card", tree) == "done"
    assert "already" in at.do("request_card", tree, attempt=2).note
    other = "0e3bd0a0-0000-4000-8000-000000000002"
    assert at.seen("request_card", tree, request_id=other) == "not there"
    at.do("request_card", tree, request_id=other)
    assert (at.effects()["applied"], at.effects()["duplicates"], at.effects()["files_again"]) == (2, 0, 1)


def test_an_office_that_acts_after_having_said_not_there_is_found_out_by_asking_later(office: Open) -> None:
    """Its first "not there" is no proof."""
    at = office(*CALM)
    at.switch("delay_effect", times=1, seconds=1.5)
    tree = written("card_request")
    assert type(at.failure("request_card", tree)) is OutcomeUnknownError
    assert at.seen("request_card", tree) == "not there"
    end = time.monotonic() + 10
    while at.seen("request_card", tree) != "done":
        assert time.monotonic() < end
        time.sleep(0.05)


def test_a_withdrawn_request_stays_withdrawn(office: Open) -> None:
    """Cancelled once; again is as good; a card that came first cannot be cancelled."""
    at = office("--work-seconds", "60", *CALM)
    at.do("request_card", written("card_request"))
    assert at.seen("cancel_card", written("cancel")) == "not there"
    for _ in range(2):
        at.do("cancel_card", written("cancel"))
    assert at.seen("cancel_card", written("cancel")) == "done"
    assert at.do("query_card", written("query")).says == ()
    late = office("--work-seconds", "0", *CALM)
    late.do("request_card", written("card_request"), request_id="0e3bd0a0-0000-4000-8000-000000000009")
    late.told("query_card", "insurance.card_result")
    assert isinstance(late.failure("cancel_card", written("cancel")), RefusedByPeerError)


def test_a_card_is_checked_and_a_participant_found_by_a_year_alone(office: Open) -> None:
    """Codes of the authority become a state with its code; partial birth dates go both ways."""
    at = office("--work-seconds", "0", *CALM)
    at.do("request_card", written("card_request"))
    card = at.told("query_card", "insurance.card_result")

    def asked(**changes: Any) -> Dossier:
        person = Party(name=changes.pop("name", CHILD.name), born="2026")
        insured = Insurance(participant=person, card_no=card.card_no, insurance_no=card.insurance_no)
        return Dossier(code=NUMBER, insurance=insured)

    (good,) = at.do("check_card", written("card_question", asked())).says
    assert (message(good).state, message(good).reason_code, message(good).code) == ("issued", "000", NUMBER)
    (bad,) = at.do("check_card", written("card_question", asked(name="Người Khác"))).says
    assert (message(bad).state, message(bad).reason_code) == ("refused", "060")
    (found,) = at.do("find_participant", written("participant_question", asked())).says
    person = message(found)
    assert (person.insurance_no, person.participant.born) == (card.insurance_no, "2026-11-20")
    nobody = asked(name="Không Ai")
    assert at.do("find_participant", written("participant_question", nobody)).says == ()


def test_what_the_schema_refuses_is_not_sent(office: Open) -> None:
    """A form without the child's name, a period that is none: all at once, nothing handed in."""
    at = office(*CALM)
    tree = written("card_request")
    tree.find("NoiDung/ToKhai/treEm").remove(tree.find("NoiDung/ToKhai/treEm/hoTen"))
    etree.SubElement(tree.find("NoiDung/ThongTinHoSo"), "KyKeKhai").text = "2026-11"
    error = at.failure("request_card", tree)
    assert isinstance(error, PermanentError)
    assert len(error.problems) >= 2
    assert at.effects()["by_operation"] == {}


def test_each_layer_of_a_probe_is_named(office: Open) -> None:
    """From the name to a question about nobody."""
    at = office(*CALM)
    found = list(at.bhxh.probe())
    assert [each.layer for each in found] == ["DNS", "TCP", "login", "schema", "echo"]
    assert all(each.ok for each in found)


INNER = [
    ("no XML", "xin chào", OutcomeUnknownError, TransientError),
    ("empty", "", OutcomeUnknownError, TransientError),
    ("no code", "<KetQua><ghiChu>x</ghiChu></KetQua>", OutcomeUnknownError, TransientError),
    ("another root", "<Loi><maKetQua>200</maKetQua></Loi>", OutcomeUnknownError, TransientError),
    ("unknown code", "<KetQua><maKetQua>777</maKetQua></KetQua>", OutcomeUnknownError, TransientError),
    ("busy", "<KetQua><maKetQua>101</maKetQua></KetQua>", TransientError, TransientError),
    ("failed", "<KetQua><maKetQua>500</maKetQua></KetQua>", OutcomeUnknownError, TransientError),
    ("not let in", "<KetQua><maKetQua>401</maKetQua></KetQua>", TransientError, TransientError),
    ("form", "<KetQua><maKetQua>205</maKetQua></KetQua>", PermanentError, PermanentError),
    (
        "refused",
        "<KetQua><maKetQua>300</maKetQua><ghiChu>Không</ghiChu></KetQua>",
        RefusedByPeerError,
        TransientError,
    ),
]


@pytest.mark.parametrize(("_name", "inner", "writing", "asking"), INNER, ids=[each[0] for each in INNER])
def test_what_stands_inside_on_http_200_is_judged(
    _name: str, inner: str, writing: type[DeliveryError], asking: type[DeliveryError]
) -> None:
    """The class of maKetQua is not HTTP's: 101 is retryable, 401 the account, 205 our mistake."""

    def serve(connection: Any, request: bytes) -> None:
        operation = "guiHoSo" if b"guiHoSo" in request else "traCuuHoSo"
        answers(wrapped(inner, operation))(connection, request)

    endpoint = BrokenEndpoint(serve)
    one = adapter(endpoint.url)
    for operation, tree, kind in (("request_card", "card_request", writing), ("query_card", "query", asking)):
        with pytest.raises(DeliveryError) as caught:
            one.operations[operation].call(call(written(tree)))
        assert type(caught.value) is kind
    one.close()
    endpoint.close()


def test_another_contract_and_another_schema_need_no_python(tmp_path: Path) -> None:
    """Other WSDL, operation names and inner schema: files and settings alone."""
    shipped = ROOT / "adapters" / "insurance" / "schemas"
    text = (shipped / "insurance.wsdl").read_text(encoding="utf-8")
    for old, new in (
        ("guiHoSo", "NopHoSo"),
        ("noiDung", "thongDiep"),
        ("urn:lienthong:insurance:request", "urn:bhxh"),
    ):
        text = text.replace(old, new)
    (tmp_path / "bhxh.wsdl").write_text(text, encoding="utf-8")
    stricter = (shipped / "card_form.xsd").read_text(encoding="utf-8")
    optional = '<xsd:element name="maDKBD" type="xsd:string" minOccurs="0"/>'
    assert optional in stricter
    (tmp_path / "card_form.xsd").write_text(
        stricter.replace(optional, optional.replace(' minOccurs="0"', ""))
    )
    seen: list[bytes] = []

    def serve(connection: Any, request: bytes) -> None:
        seen.append(request)
        answers(wrapped("<KetQua><maKetQua>200</maKetQua></KetQua>", "NopHoSo"))(connection, request)

    endpoint = BrokenEndpoint(serve)
    own = {"wsdl": tmp_path / "bhxh.wsdl", "schemas": tmp_path}
    one = adapter(endpoint.url, operations=Operations(submit="NopHoSo"), **own)
    one.operations["request_card"].call(call(written("card_request")))
    assert b"thongDiep" in seen[0]
    bare = written("card_request", Dossier(code=NUMBER, procedure="9.100003", birth=Birth(child=CHILD)))
    with pytest.raises(PermanentError, match="not sent"):
        one.operations["request_card"].call(call(bare))
    with pytest.raises(ConfigurationError, match="guiHoSo"):
        adapter(endpoint.url, **own)
    one.close()
    endpoint.close()


def test_states_only_climb(office: Open) -> None:
    """Whatever is asked in between, a file never goes back (taken, asked, complete, then an end)."""
    at = office("--work-seconds", "0.1", "--ask-share", "1", "--refuse-share", "0")
    at.do("request_card", written("card_request"))
    heights: list[int] = []
    end = time.monotonic() + 10
    while time.monotonic() < end and heights[-1:] != [3]:
        (file,) = at.desk.get("/_sim/files").json()
        heights.append({"1": 0, "2": 1, "3": 2}.get(file["state"], 3))
        if file["state"] == "2":
            tree = written("supplement_answer", Supplement(code=NUMBER, id=file["question"]))
            at.do("add_supplement", tree)
        time.sleep(0.02)
    assert heights == sorted(heights)
    assert heights[-1] == 3


GOOD, NO = "issued", "refused"
CODES = (
    dict.fromkeys(("000", "001", "002", "003", "004"), GOOD)
    | dict.fromkeys(("010", "050", "051", "052", "053", "060", "061", "070", "090", "110", "130"), NO)
    | dict.fromkeys(("120", "121", "122", "123", "124"), NO)
    | {"054": PermanentError, "055": PermanentError, "205": PermanentError}
    | {"100": TransientError, "101": TransientError, "401": TransientError, "500": TransientError}
)
"""The whole list of maKetQua (reference 1.1c) and what each is to us."""


def test_every_code_of_the_card_check_is_an_answer_or_an_error_of_ours() -> None:
    """The class of a code is not HTTP's: business is told, the rest is retried, or ours to mend."""
    said: list[str] = []

    def serve(connection: Any, _request: bytes) -> None:
        inner = f"<KetQua><maKetQua>{said[-1]}</maKetQua><ghiChu>x</ghiChu></KetQua>"
        answers(wrapped(inner, "kiemTraThe"))(connection, _request)

    endpoint = BrokenEndpoint(serve)
    one = adapter(endpoint.url)
    for code, wanted in CODES.items():
        said.append(code)
        if isinstance(wanted, str):
            (told,) = one.operations["check_card"].call(call(written("card_question"))).says
            assert (message(told).state, message(told).reason_code) == (wanted, code)
        else:
            with pytest.raises(DeliveryError) as caught:
                one.operations["check_card"].call(call(written("card_question")))
            assert type(caught.value) is wanted, code
    one.close()
    endpoint.close()
