"""The rehearsal of tax and insurance: other hosts, contracts, operations and elements, one field more.

Everything that is other stands in `rehearsal/`: settings, tables, schemas, WSDLs, sheets of an overlay. The
peers are PHP's SoapServer on those WSDLs. No Python of ours is touched.
"""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from bus.ports import Adapter
from commands.parts import adapter_types, read_settings
from mappings.dossier import Birth, Dossier, InformationSlip, Land, Message, Party
from mappings.engine import Compiled, compile_sheet
from mappings.sheet import SHIPPED, load_sheets
from mappings.tables import load
from tests.contract.php_world import Php, serving
from tests.contract.tax_world import PASSWORD, ROOT, call

pytestmark = pytest.mark.contract
OTHER = Path(__file__).with_name("rehearsal")
NUMBER = "H99.16-261125-0001"


@contextmanager
def rehearsing(kind: str, folder: Path) -> Iterator[tuple[Php, Adapter, Mapping[str, Compiled]]]:
    """A peer of another supplier, and the connector and sheets that its settings file makes."""
    with ExitStack() as stack:
        php = stack.enter_context(serving("rehearsal.php", OTHER / f"{kind}.wsdl", folder))
        shutil.copytree(OTHER, folder, dirs_exist_ok=True)
        (folder / "password").write_text(PASSWORD)
        text = (OTHER / "settings.toml").read_text(encoding="utf-8").format(url=php.root)
        (folder / "settings.toml").write_text(text, encoding="utf-8")
        installation = read_settings(folder / "settings.toml")
        overlay = installation.mappings.overlay
        assert overlay is not None
        tables = load([ROOT / "deploy" / "tables"])
        sheets = {
            name: compile_sheet(sheet, tables)
            for name, sheet in load_sheets([SHIPPED, overlay]).items()
            if name.startswith(f"{kind}/")
        }
        adapter = adapter_types()[kind].build(kind, installation.connectors[kind])
        stack.callback(adapter.close)
        yield php, adapter, sheets


def written(sheets: Mapping[str, Compiled], adapter: Adapter, operation: str, message: Message) -> Any:
    """The request of an operation, by its sheet."""
    return sheets[adapter.operations[operation].sheet].write(message, source="peer").tree


def read(sheets: Mapping[str, Compiled], said: Any, sheet: str) -> Any:
    """A message out of an answer, by its sheet."""
    return sheets[sheet].read(said.tree, source="peer").message


def test_another_tax_gateway_needs_no_python(tmp_path: Path) -> None:
    """A slip is filed under other names with a field more, looked up, and its notice is read."""
    with rehearsing("tax", tmp_path) as (php, tax, sheets):
        land = Land(users=(Party(name="Lê Thị Út", identity="096190000123"),))
        slip = written(sheets, tax, "file_slip", InformationSlip(code=NUMBER, number="P1", land=land))
        filing = tax.operations["file_slip"]
        assert filing.lookup is not None
        assert filing.key is not None
        assert filing.lookup(call(slip)).outcome == "not there"
        filing.call(call(slip))
        assert filing.lookup(call(slip)).outcome == "done"
        assert filing.key(slip) == f"{NUMBER}|P1"
        asked = written(sheets, tax, "query_obligation", Dossier(code=NUMBER))
        (said,) = tax.operations["query_obligation"].call(call(asked)).says
        obligation = read(sheets, said, "tax/obligation")
        assert php.notes("filed") == [f"{NUMBER}|P1"]
        assert php.notes("extra") == ["7"]
        assert php.notes("kinds") == ["KHAC_HOI", "KHAC_PHIEU", "KHAC_HOI", "KHAC_NGHIAVU"]
    assert (obligation.code, obligation.payers[0].notices[0].remaining) == (NUMBER, 1_500_000)
    assert obligation.payers[0].notices[0].subsection_name == "11/2026"


def test_another_insurance_service_needs_no_python(tmp_path: Path) -> None:
    """A card is asked for through two operations that serve for all six, found by our number, and read."""
    with rehearsing("insurance", tmp_path) as (php, insurance, sheets):
        child = Birth(child=Party(name="Trần Ngọc Ánh"))
        dossier = Dossier(code=NUMBER, procedure="9.100003", subject="Cấp thẻ lần đầu", birth=child)
        request = written(sheets, insurance, "request_card", dossier)
        filing = insurance.operations["request_card"]
        assert filing.lookup is not None
        assert filing.lookup(call(request)).outcome == "not there"
        filing.call(call(request))
        assert filing.lookup(call(request)).outcome == "done"
        asked = written(sheets, insurance, "query_card", Dossier(code=NUMBER))
        (said,) = insurance.operations["query_card"].call(call(asked)).says
        card = read(sheets, said, "insurance/card_result")
        assert php.notes("names") == ["Trần Ngọc Ánh"]
        assert php.notes("extra") == ["Cấp thẻ lần đầu"]
        assert set(php.notes("kinds")) == {"HoiDap"}
    assert (card.code, card.state, card.card_no, card.reason) == (
        NUMBER,
        "issued",
        "TE1969612345678",
        "2 nam",
    )
