"""The tax connector against PHP's SoapServer on the shipped WSDL: nothing of ours on the other side."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from adapters.tax.adapter import TYPE
from bus.errors import OutcomeUnknownError, TransientError
from bus.ports import Adapter
from bus.settings import Secret
from mappings.dossier import FinancialObligation
from mappings.engine import compile_sheet
from mappings.sheet import load_sheets
from tests.contract.php_world import Php, serving
from tests.contract.tax_world import ROOT, adapter, call, query, signer_file, slip

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
