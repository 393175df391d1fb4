"""The tax connector against PHP's SoapServer on the shipped WSDL: nothing of ours on the other side."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from adapters.tax.adapter import TYPE
from bus.errors import OutcomeUnknownError, TransientError
from bus.ports import Adapter
from bus.settings import Secret
from mappings.dossier import Dossier, FinancialObligation, Identity, Party, Payment
from mappings.engine import ParkError, compile_sheet
from mappings.rules_time import ICT
from mappings.sheet import load_sheets
from tests.contract.php_world import Php, serving
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
    slip,
)

pytestmark = pytest.mark.contract
WSDL = ROOT / "adapters" / "tax" / "schemas" / "tax.wsdl"


@pytest.fixture
def php(tmp_path: Path) -> Iterator[Php]:
    """A gateway that ends with the test."""
    with serving("gip.php", WSDL, tmp_path) as one:
        yield one


@pytest.fixture
def tax(php: Php) -> Iterator[Adapter]:
    """A connector that signs."""
    one = adapter(f"{php.root}/T2B/GIP", signer=signer_file(php.folder), signer_password=Secret("khoa"))
    yield one
    one.close()


def test_token_frame_and_signature_are_right_to_php(php: Php, tax: Adapter) -> None:
    """PHP recomputes digest and signature with its own libraries; Vietnamese comes back whole."""
    answer = tax.operations["file_slip"].call(call(slip()))
    assert "Đặng Thị Mỹ" in answer.raw.decode()
    assert php.notes("slips") == ["000.00.32.H12-261120-0001|PC-1"]
    assert len(php.notes("nonces")) == 1


def test_php_complains_where_there_is_something_to_complain_of(php: Php) -> None:
    """The judge judges: an unsigned message is written down, though it is answered."""
    one = adapter(f"{php.root}/T2B/GIP")
    one.operations["file_slip"].call(call(slip()))
    one.close()
    assert php.notes("complaints") == ["the signature covers something else"]
    (php.folder / "complaints").unlink()


def test_what_was_filed_is_found_by_asking(php: Php, tax: Adapter) -> None:
    """And what was not, is not."""
    lookup = tax.operations["file_slip"].lookup
    assert lookup is not None
    assert lookup(call(slip())).outcome == "not there"
    tax.operations["file_slip"].call(call(slip()))
    assert lookup(call(slip())).outcome == "done"
    assert len(php.notes("slips")) == 1


def test_an_amount_that_no_float_holds_is_read_to_the_last_dong(tax: Adapter) -> None:
    """Beyond 2^43, as a land price may be."""
    (told,) = tax.operations["query_obligation"].call(call(query("00109"))).says
    sheet = compile_sheet(load_sheets([ROOT / "mappings"])[TYPE.messages[told.kind]])
    message: Any = sheet.read(told.tree, source="tax").message
    assert isinstance(message, FinancialObligation)
    assert message.payers[0].notices[0].remaining == 9_007_199_254_740


def ask(tax: Adapter, operation: str, **form: str) -> Any:
    """What an operation's question about a whole dossier brings, written and read by the shipped sheets."""
    owner = Party(tax_code="2000000010", identities=(Identity(kind="citizen_id", number="096190000123"),))
    dossier = Dossier(code=DOSSIER, owner=owner, form=dict(form) or None)
    sheets = load_sheets([ROOT / "mappings"])
    request = compile_sheet(sheets[tax.operations[operation].sheet]).write(dossier, source="tax").tree
    (told,) = tax.operations[operation].call(call(request)).says
    read = compile_sheet(sheets[TYPE.messages[told.kind]]).read(told.tree, source="tax")
    assert read.notes == ()
    assert read.message.code == DOSSIER
    return read.message


@pytest.mark.parametrize("operation", ["query_taxpayer", "search_taxpayer"])
def test_a_taxpayer_is_found_by_code_and_by_paper(operation: str, tax: Adapter) -> None:
    """PHP writes down every question that is not the observed one: the dossier's number is not sent."""
    found = ask(tax, operation)
    assert (found.tax_code, found.name, found.state) == ("2000000010", "Đặng Thị Mỹ", "00")


@pytest.mark.parametrize("operation", ["query_dues", "query_registration_book", "query_personal_book"])
def test_a_book_is_read_entry_by_entry(operation: str, tax: Adapter) -> None:
    """Whole đồng and the fifth form of date; the observed reply 00047 comes without SECURITY."""
    found = ask(tax, operation, SO_TKHAI="TK1", MA_CQ_THU="10960", LOAITHUE="VND")
    assert [each.remaining for each in found.entries] == [29_220_000, 29_220_000]
    assert (found.entries[0].issued_on, found.entries[0].currency) == (date(2026, 2, 25), "VND")


def test_an_amount_in_another_currency_waits_for_a_person(tax: Adapter) -> None:
    """It is never read as đồng (PHP says back as its currency what was asked as the kind of tax)."""
    with pytest.raises(ParkError):
        ask(tax, "query_personal_book", MA_CQ_THU="10960", LOAITHUE="USD")


def test_notices_in_five_groups_are_notices_of_their_one_taxpayer(tax: Adapter) -> None:
    """TCT_TVTBT: the columns of the row itself; an empty group is no notice; either spelling of when."""
    found = ask(tax, "query_notices")
    (payer,) = found.payers
    assert (payer.tax_code, payer.party.name, payer.total) == ("2000000010", "Đặng Thị Mỹ", 9_007_199_254_740)
    assert [(each.kind, each.number) for each in payer.notices] == [("income_tax", "TB1")]
    assert (found.answered_on, found.answered_by) == (date(2026, 11, 25), "Chi cục Thuế")


def test_the_papers_of_a_slip_and_the_list_of_subsections_are_read(tax: Adapter) -> None:
    """TCT_TVHSSC and 00019: what is of the message, like who answered, is no note."""
    assert [each.name for each in ask(tax, "query_slip_papers").documents] == ["Hợp đồng.pdf"]
    assert [each.subsection for each in ask(tax, "query_subsections").subsections] == ["2801"]


def test_a_voucher_is_asked_for_and_taken_back_in_a_banks_form(php: Php, tax: Adapter) -> None:
    """Once; PHP's answer names no dossier, so the voucher is that of whoever asked by its number."""
    at = datetime(2026, 4, 21, 9, tzinfo=ICT)
    payer = Party(tax_code="2000000010")
    payment = Payment(code=DOSSIER, id="CT1", amount=1, paid_at=at, state="reversed", payer=payer)
    sheets = load_sheets([ROOT / "mappings"])
    asked, request = (
        compile_sheet(sheets[f"tax/{name}"]).write(payment, source="tax").tree
        for name in ("payment_query", "payment_cancel")
    )
    for state in ("paid", "reversed"):
        (told,) = tax.operations["query_payment"].call(call(asked)).says
        read = compile_sheet(sheets["tax/payment"]).read(told.tree, source="tax").message
        assert (read.code, read.amount, read.state) == (DOSSIER, 9_007_199_254_740, state)
        tax.operations["cancel_payment"].call(call(request, attempt=2 if state == "reversed" else 1))
    assert php.notes("cancelled") == ["CT1"]


def test_an_unsigned_answer_is_not_believed_where_signatures_are_verified(php: Php, tmp_path: Path) -> None:
    """Without SECURITY, and with an empty one: neither is an answer of anybody we trust."""
    (tmp_path / "gip.pem").write_bytes(pem(certificate("GIP", rsa_key())))
    one = adapter(
        f"{php.root}/T2B/GIP",
        signer=signer_file(php.folder),
        signer_password=Secret("khoa"),
        verify_with=tmp_path / "gip.pem",
    )
    for operation in ("query_registration_book", "query_taxpayer"):
        with pytest.raises(TransientError, match="no signature"):
            ask(one, operation, SO_TKHAI="TK1")
    one.close()


def test_a_wrong_password_is_a_fault_before_anything_is_done(php: Php) -> None:
    """PHP's fault, not ours: its code has a prefix, its status is 500."""
    one = adapter(f"{php.root}/T2B/GIP", password=Secret("sai"))
    with pytest.raises(TransientError, match="FailedAuthentication"):
        one.operations["file_slip"].call(call(slip()))
    one.close()
    assert php.notes("slips") == []


def test_an_exception_in_the_peer_after_its_effect_is_unknown(php: Php, tax: Adapter) -> None:
    """PHP's uncaught exception: HTTP 500, whatever its body; the slip is there, and asking finds it."""
    broken = slip("HONG")
    with pytest.raises(OutcomeUnknownError):
        tax.operations["file_slip"].call(call(broken))
    lookup = tax.operations["file_slip"].lookup
    assert lookup is not None
    assert lookup(call(broken)).outcome == "done"
    assert len(php.notes("slips")) == 1


def test_a_fault_that_the_table_knows_is_judged_by_it(tax: Adapter) -> None:
    """Overload ("quá tải") under Server is "busy": nothing was done."""
    with pytest.raises(TransientError, match="overloaded"):
        tax.operations["query_payments"].call(call(query("00022")))


def test_sixty_slips_of_eight_threads_are_sixty(php: Php, tax: Adapter) -> None:
    """One client, one key, one schema; each with its own nonce."""

    def file(count: int) -> None:
        request_id = f"0e3bd0a0-0000-4000-8000-{count:012}"
        tax.operations["file_slip"].call(call(slip(f"PC-{count}"), request_id=request_id))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(file, range(60)))
    assert len(set(php.notes("slips"))) == len(php.notes("slips")) == 60
    assert len(set(php.notes("nonces"))) == 60
