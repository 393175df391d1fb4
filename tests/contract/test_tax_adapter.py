"""The tax connector against the simulated office, and against gateways that answer what a test wants."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from lxml import etree
from msgspec.structs import replace

from adapters._kit.simulator_seal import signature_problem
from adapters.tax.adapter import TYPE
from adapters.tax.simulator_frame import KIND
from bus.errors import (
    DeliveryError,
    OutcomeUnknownError,
    PermanentError,
    RefusedByPeerError,
    TransientError,
)
from bus.peer_settings import Timeout
from bus.ports import Adapter, Answer
from bus.settings import Seconds, Secret
from mappings.dossier import Dossier, Identity, Party
from mappings.engine import compile_sheet
from mappings.sheet import load_sheets
from tests.contract.tax_world import (
    DOSSIER,
    ROOT,
    adapter,
    call,
    certificate,
    pem,
    query,
    rsa_key,
    signer_file,
    simulator,
    slip,
)

pytestmark = pytest.mark.contract
CALM = ("--ask-share", "0", "--refuse-share", "0")
SHORT = Timeout(connect=Seconds(1), answer=Seconds(0.5))


@dataclass
class Office:
    """A simulated office at work, a connector that trusts it, and the desk to look behind its counter."""

    url: str
    desk: httpx.Client
    tax: Adapter
    folder: Path

    def do(self, operation: str, request: Any, **how: Any) -> Answer:
        """Call an operation."""
        return self.tax.operations[operation].call(call(request, **how))

    def question(self, operation: str) -> Any:
        """What an operation asks about a dossier of the first land user, as its sheet writes it."""
        owner = Party(identities=(Identity(kind="citizen_id", number="096190000123"),))
        dossier = Dossier(code=DOSSIER, owner=owner, form={"SO_TKHAI": "TK1"})
        sheet = load_sheets([ROOT / "mappings"])[self.tax.operations[operation].sheet]
        return compile_sheet(sheet).write(dossier, source="tax").tree

    def seen(self, operation: str, request: Any, **how: Any) -> str:
        """Ask whether it took effect."""
        lookup = self.tax.operations[operation].lookup
        assert lookup is not None
        return lookup(call(request, **how)).outcome

    def switch(self, mode: str, operation: str = "TCT_GPC", **how: Any) -> None:
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


Open = Callable[..., Office]


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Open]:
    """Open offices that close with the test; the connector signs, and verifies what it is told."""
    with ExitStack() as stack:

        def start(*options: str, **settings: Any) -> Office:
            folder = tmp_path / "office"
            url, control = stack.enter_context(simulator(folder, "--need-signature", *options))
            desk = stack.enter_context(httpx.Client(base_url=control))
            (tmp_path / "gip.pem").write_bytes(desk.get("/_sim/certificate").content)
            own = {
                "signer": signer_file(tmp_path),
                "signer_password": Secret("khoa"),
                "verify_with": tmp_path / "gip.pem",
            }
            tax = adapter(url, **(own | settings))
            stack.callback(tax.close)
            return Office(url, desk, tax, tmp_path)

        yield start


def message(incoming: Any) -> Any:
    """What the sheet of a message reads."""
    sheet = compile_sheet(load_sheets([ROOT / "mappings"])[TYPE.messages[incoming.kind]])
    return sheet.read(incoming.tree, source="tax").message


def until(condition: Callable[[], Any], seconds: float = 5) -> Any:
    """Wait for a condition, and give what it gave."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.05)
    raise AssertionError("it did not come about")


# --- the road: slip, notices, vouchers ----------------------------------------------------------------


def test_a_slip_becomes_notices_and_its_payments_become_vouchers(office: Open) -> None:
    """Filed once; nothing to tell at first; then two taxpayers with their notices; each payment a message."""
    at = office("--work-seconds", "1.5", *CALM)
    assert at.do("file_slip", slip()).note == ""
    assert at.do("query_obligation", query("00109")).says == ()
    (told,) = until(lambda: at.do("query_obligation", query("00109")).says)
    owed = message(told)
    assert owed.code == DOSSIER
    assert [each.tax_code for each in owed.payers] == ["096190000123", "096080004567"]
    assert all(each.total == sum(one.remaining for one in each.notices) for each in owed.payers)
    numbers = [one.number for each in owed.payers for one in each.notices]
    for number in numbers:
        at.desk.post("/_sim/pay", json={"MA_HS": DOSSIER, "SO_QUYET_DINH": number}).raise_for_status()
    vouchers = at.do("query_payments", query("00022")).says
    assert [message(each).notice_number for each in vouchers] == numbers
    assert len({each.key for each in vouchers}) == len(numbers)
    assert sum(message(each).amount for each in vouchers) == sum(each.total for each in owed.payers)
    assert at.effects()["states"]["settled"] == 1


def test_an_answer_is_kept_as_it_was_signed(office: Open) -> None:
    """Byte for byte: the signature inside is still right when somebody asks in five years."""
    at = office("--work-seconds", "0", *CALM)
    at.do("file_slip", slip())
    answer = at.do("query_obligation", query("00109"))
    assert signature_problem(etree.fromstring(answer.raw), KIND) == ""
    assert answer.says[0].raw == answer.raw


def test_the_same_answer_asked_for_twice_is_the_same_message(office: Open) -> None:
    """The gateway is asked again and again: the place is the same, and a voucher's key is its number."""
    at = office("--work-seconds", "0", *CALM)
    at.do("file_slip", slip())
    first, second = (at.do("query_obligation", query("00109")).says[0] for _ in range(2))
    assert (first.key, first.place) == (second.key, second.place) == (None, f"00110/{DOSSIER}")
    assert message(first) == message(second)


def test_a_request_for_more_is_answered_once_and_never_by_a_second_slip(office: Open) -> None:
    """Mẫu 01/CCTT-ĐĐTCQ: the question comes with its clock, the answer goes back under its number."""
    at = office("--work-seconds", "0.1", "--ask-share", "1", "--refuse-share", "0")
    at.do("file_slip", slip())
    (asked,) = until(
        lambda: [
            each
            for each in at.do("query_obligation", query("00109")).says
            if each.kind == "tax.supplement_request"
        ]
    )
    question = message(asked)
    assert asked.key == f"{DOSSIER}/{question.id}"
    assert question.answer_until > question.asked_at
    said = f"<MA_HS>{DOSSIER}</MA_HS><SO_YEUCAU>{question.id}</SO_YEUCAU><NOI_DUNG>đã bổ sung</NOI_DUNG>"
    answer = etree.fromstring(f"<ROW>{said}</ROW>")
    assert at.seen("answer_supplement", answer) == "not there"
    at.do("answer_supplement", answer)
    assert at.seen("answer_supplement", answer) == "done"
    until(lambda: [s for s in at.do("query_obligation", query("00109")).says if s.kind == "tax.obligation"])
    assert at.effects()["by_operation"]["TCT_BSPC"]["applied"] == 1
    assert at.effects()["slips"] == 1


def test_notices_and_books_follow_what_is_owed_and_what_was_paid(office: Open) -> None:
    """One office, asked in every way it can be: the amounts agree before and after a payment."""
    at = office("--work-seconds", "1.5", *CALM)
    notices = at.question("query_notices")
    at.do("file_slip", slip())
    assert at.do("query_notices", notices).says == ()
    (told,) = until(lambda: at.do("query_notices", notices).says)
    (owed,) = message(at.do("query_obligation", query("00109")).says[0]).payers[:1]
    (payer,) = message(told).payers
    assert {(each.number, each.remaining) for each in payer.notices} == {
        (each.number, each.remaining) for each in owed.notices
    }
    (book,) = at.do("query_dues", at.question("query_dues")).says
    assert sum(each.remaining for each in message(book).entries) == payer.total == owed.total
    first = payer.notices[0].number
    at.desk.post("/_sim/pay", json={"MA_HS": DOSSIER, "SO_QUYET_DINH": first}).raise_for_status()
    (after,) = message(at.do("query_notices", notices).says[0]).payers
    assert after.total == payer.total - payer.notices[0].remaining
    assert (after.due, after.paid) == (payer.due, payer.notices[0].remaining)
    for operation in ("query_personal_book", "query_registration_book", "query_dues"):
        entries = message(at.do(operation, at.question(operation)).says[0]).entries
        assert first not in {each.number for each in entries}


def test_a_taxpayer_is_known_once_a_slip_names_them(office: Open) -> None:
    """Before, nobody: no message, and no error; the question never holds the dossier's number."""
    at = office(*CALM)
    for operation in ("query_taxpayer", "search_taxpayer"):
        assert at.do(operation, at.question(operation)).says == ()
    at.do("file_slip", slip())
    for operation in ("query_taxpayer", "search_taxpayer"):
        (told,) = at.do(operation, at.question(operation)).says
        assert (message(told).name, message(told).code) == ("Đặng Thị Mỹ", DOSSIER)


def paid(at: Office) -> list[Any]:
    """A slip with its notices, of which the first is paid: the vouchers as messages."""
    at.do("file_slip", slip())
    owed = message(until(lambda: at.do("query_obligation", query("00109")).says)[0])
    number = owed.payers[0].notices[0].number
    at.desk.post("/_sim/pay", json={"MA_HS": DOSSIER, "SO_QUYET_DINH": number}).raise_for_status()
    return [message(each) for each in at.do("query_payments", query("00022")).says]


def about(payment: Any, operation: str) -> Any:
    """What an operation sends about a voucher, as its sheet writes it."""
    sheet = load_sheets([ROOT / "mappings"])[f"tax/{operation}"]
    return compile_sheet(sheet).write(payment, source="tax").tree


def taken_back(at: Office) -> tuple[int, int]:
    """How often a voucher was taken back, and how often once too many."""
    counted = at.effects()["by_operation"]["00024"]
    return counted["applied"], counted["duplicates"]


def test_a_voucher_that_is_taken_back_is_told_as_reversed_and_is_owed_again(office: Open) -> None:
    """By a bank's question and by ours; the amount is due as before, and can be paid anew."""
    at = office("--work-seconds", "0", *CALM)
    (voucher,) = paid(at)
    question, request = about(voucher, "payment_query"), about(voucher, "payment_cancel")
    (told,) = at.do("query_payment", question).says
    assert (message(told).state, told.key) == ("paid", f"{voucher.id}/1")
    assert message(told).code == DOSSIER
    assert at.seen("cancel_payment", request) == "not there"
    at.do("cancel_payment", request)
    assert at.seen("cancel_payment", request) == "done"
    (after,) = at.do("query_payment", question).says
    assert (message(after).state, after.key) == ("reversed", f"{voucher.id}/2")
    assert [message(each).state for each in at.do("query_payments", query("00022")).says] == ["reversed"]
    (owed,) = message(at.do("query_obligation", query("00109")).says[0]).payers[:1]
    assert voucher.amount in {each.remaining for each in owed.notices}


def test_a_voucher_that_nobody_has_is_no_message_and_is_not_taken_back(office: Open) -> None:
    """Asked for: nothing; taken back: not yet, and whether it was nobody can say."""
    at = office("--work-seconds", "0", *CALM)
    (voucher,) = paid(at)
    other = about(replace(voucher, id="CT-KHAC"), "payment_cancel")
    assert at.do("query_payment", about(replace(voucher, id="CT-KHAC"), "payment_query")).says == ()
    assert at.seen("cancel_payment", other) == "cannot say"
    assert type(at.failure("cancel_payment", other)) is TransientError
    assert taken_back(at) == (0, 0)


def test_a_settled_dossiers_voucher_is_not_taken_back(office: Open) -> None:
    """The office's no is an answer: its states only climb."""
    at = office("--work-seconds", "0", *CALM)
    (voucher,) = paid(at)
    for each in message(at.do("query_obligation", query("00109")).says[0]).payers:
        for one in each.notices:
            at.desk.post("/_sim/pay", json={"MA_HS": DOSSIER, "SO_QUYET_DINH": one.number})
    assert at.effects()["states"]["settled"] == 1
    assert isinstance(at.failure("cancel_payment", about(voucher, "payment_cancel")), RefusedByPeerError)


def test_a_lost_answer_to_taking_back_ends_in_one_effect(office: Open) -> None:
    """Unknown, looked up, found; and whoever tries again all the same asks first."""
    at = office("--work-seconds", "0", *CALM)
    request = about(paid(at)[0], "payment_cancel")
    at.switch("lose_answer", "00024", times=1, seconds=0)
    assert type(at.failure("cancel_payment", request)) is OutcomeUnknownError
    assert at.seen("cancel_payment", request, attempt=2) == "done"
    assert "already" in at.do("cancel_payment", request, attempt=2).note
    assert taken_back(at) == (1, 0)
    at.do("cancel_payment", request)
    assert taken_back(at) == (1, 1)


def test_the_papers_of_a_slip_and_the_list_of_subsections(office: Open) -> None:
    """Before the slip there are none; the list is the same for every dossier."""
    at = office(*CALM)
    papers, listed = at.question("query_slip_papers"), at.question("query_subsections")
    assert at.do("query_slip_papers", papers).says == ()
    at.do("file_slip", slip())
    (told,) = at.do("query_slip_papers", papers).says
    assert (message(told).code, message(told).number) == (DOSSIER, "PC-1")
    assert [each.url for each in message(told).documents] == [f"https://scan.thue.example/{DOSSIER}/PC-1.pdf"]
    (told,) = at.do("query_subsections", listed).says
    assert (told.kind, message(told).code) == ("tax.subsections", DOSSIER)
    assert [each.subsection for each in message(told).subsections] == ["2801", "1006", "1401"]


# --- one effect ---------------------------------------------------------------------------------------


def test_the_office_is_not_repeatable_and_counts(office: Open) -> None:
    """Two first attempts are two slips: nothing but asking prevents that."""
    at = office(*CALM)
    for _ in range(2):
        at.do("file_slip", slip())
    assert (at.effects()["applied"], at.effects()["duplicates"], at.effects()["slips_again"]) == (1, 1, 1)


def test_a_lost_answer_ends_in_one_effect(office: Open) -> None:
    """Unknown, looked up, found; and whoever tries again all the same asks first."""
    at = office(*CALM)
    at.switch("lose_answer", times=1, seconds=0)
    assert type(at.failure("file_slip", slip())) is OutcomeUnknownError
    assert at.seen("file_slip", slip(), attempt=2) == "done"
    assert "already" in at.do("file_slip", slip(), attempt=2).note
    assert (at.effects()["applied"], at.effects()["duplicates"]) == (1, 0)


def test_an_office_that_acts_after_having_said_not_there_is_found_out_by_asking_later(office: Open) -> None:
    """Its first "not there" is no proof: the bus believes one only after `absent_after`."""
    at = office(*CALM)
    at.switch("delay_effect", times=1, seconds=1.5)
    assert type(at.failure("file_slip", slip())) is OutcomeUnknownError
    assert at.seen("file_slip", slip()) == "not there"
    until(lambda: at.seen("file_slip", slip()) == "done")
    assert "already" in at.do("file_slip", slip(), attempt=2).note
    assert (at.effects()["applied"], at.effects()["duplicates"]) == (1, 0)


@pytest.mark.parametrize(
    ("mode", "error"),
    [
        ("silent", OutcomeUnknownError),
        ("dead", OutcomeUnknownError),
        ("faulty", OutcomeUnknownError),
        ("malformed", OutcomeUnknownError),
        ("slow", OutcomeUnknownError),
        ("retry_after", OutcomeUnknownError),
    ],
)
def test_each_way_to_misbehave_is_told_for_what_it_leaves(
    mode: str, error: type[DeliveryError], office: Open
) -> None:
    """A slip: unknown, for the bytes were sent. A question: it can be asked again."""
    at = office(*CALM, timeout=SHORT)
    at.switch(mode, times=1, seconds=2)
    assert type(at.failure("file_slip", slip())) is error
    at.switch(mode, "00109", times=1, seconds=2)
    assert type(at.failure("query_obligation", query("00109"))) is TransientError


def test_many_slips_at_once_are_each_filed_once(office: Open) -> None:
    """Eight threads share one client, its keys and schemas; a tenth of the answers is lost."""
    at = office(*CALM)
    at.switch("lose_answer", probability=0.1, seconds=0)

    def file(count: int) -> str:
        request = slip(f"PC-{count}", f"000.00.32.H12-261120-{count:04}")
        how = {"request_id": f"0e3bd0a0-0000-4000-8000-{count:012}"}
        try:
            at.do("file_slip", request, **how)
        except OutcomeUnknownError:
            return at.seen("file_slip", request, **how)
        return "done"

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(file, range(80))) == {"done"}
    assert (at.effects()["applied"], at.effects()["duplicates"]) == (80, 0)


# --- refusals, mistakes, keys -------------------------------------------------------------------------


def test_a_refusal_is_an_answer(office: Open) -> None:
    """The office's no becomes a step of the dossier, in its own words."""
    error = office("--refuse-share", "1").failure("file_slip", slip())
    assert isinstance(error, RefusedByPeerError)
    assert "thẩm quyền" in error.reason


def test_a_slip_that_the_schema_refuses_is_not_sent(office: Open) -> None:
    """All problems at once, without a value."""
    at = office(*CALM)
    wrong = slip(NGAY_DUYET="20/11/2026", DK_GHINO_NVTC="2")
    wrong.remove(wrong.find("TT_THUADAT"))
    error = at.failure("file_slip", wrong)
    assert isinstance(error, PermanentError)
    assert len(error.problems) >= 3
    assert at.effects()["by_operation"] == {}


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"password": Secret("sai")}, "FailedAuthentication"),
        ({"signer": "", "signer_password": None}, "chữ ký"),
    ],
    ids=["password", "unsigned"],
)
def test_an_account_that_is_not_accepted_burns_nothing(settings: Any, says: str, office: Open) -> None:
    """The gateway said no before it looked: nothing was done, and the breaker sees it."""
    at = office(*CALM, **settings)
    error = at.failure("file_slip", slip())
    assert isinstance(error, TransientError)
    assert error.peer_down
    assert says in f"{error.text} {error.code}"
    assert at.effects()["by_operation"] == {}


def test_an_answer_of_nobody_we_trust_is_not_believed(office: Open, tmp_path: Path) -> None:
    """Another's certificate in `verify_with`: the slip may be filed, so its outcome is unknown."""
    (tmp_path / "other.pem").write_bytes(pem(certificate("khác", rsa_key())))
    at = office(*CALM, verify_with=tmp_path / "other.pem")
    error = at.failure("file_slip", slip())
    assert type(error) is OutcomeUnknownError
    assert "signature" in error.text
    assert [probe.ok for probe in at.tax.probe()][-1] is False


def test_a_probe_names_each_layer(office: Open) -> None:
    """From the name to a question whose answer is verified."""
    at = office(*CALM)
    found = list(at.tax.probe())
    assert [each.layer for each in found] == ["DNS", "TCP", "login", "schema", "echo"]
    assert all(each.ok for each in found)
    at.tax.ping()
