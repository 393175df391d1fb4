"""The insurance connector against PHP's SoapServer on the shipped WSDL: nothing of ours on the other side."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bus.errors import TransientError
from bus.settings import Secret
from tests.contract.insurance_world import NUMBER, adapter, message, written
from tests.contract.php_world import Php, serving
from tests.contract.tax_world import ROOT, call, signer_file

pytestmark = pytest.mark.contract
WSDL = ROOT / "adapters" / "insurance" / "schemas" / "insurance.wsdl"


@pytest.fixture
def php(tmp_path: Path) -> Iterator[Php]:
    """A service that ends with the test."""
    with serving("bhxh.php", WSDL, tmp_path) as one:
        yield one


def test_token_form_and_enveloped_signature_are_right_to_php(php: Php) -> None:
    """PHP recomputes digests and signature by itself, and reads the child's name out of the form."""
    one = adapter(php.root, signer=signer_file(php.folder), signer_password=Secret("khoa"))
    tree = written("card_request")
    lookup = one.operations["request_card"].lookup
    assert lookup is not None
    assert lookup(call(tree)).outcome == "not there"
    one.operations["request_card"].call(call(tree))
    assert php.notes("names") == ["Trần Ngọc Ánh"]
    assert lookup(call(tree)).outcome == "done"
    (card,) = one.operations["query_card"].call(call(written("query"))).says
    assert (message(card).code, message(card).card_no) == (NUMBER, "TE1969612345678")
    one.close()


def test_a_wrong_password_is_a_fault_before_anything_is_done(php: Php) -> None:
    """PHP's fault, not ours."""
    one = adapter(php.root, password=Secret("sai"))
    with pytest.raises(TransientError, match="FailedAuthentication"):
        one.operations["request_card"].call(call(written("card_request")))
    one.close()
    assert php.notes("files") == []


def test_php_complains_where_there_is_something_to_complain_of(php: Php) -> None:
    """The judge judges: an unsigned file is written down, though it is taken."""
    one = adapter(php.root)
    one.operations["request_card"].call(call(written("card_request")))
    one.close()
    assert php.notes("complaints") == ["no signature", "the form: no signature"]
    (php.folder / "complaints").unlink()
