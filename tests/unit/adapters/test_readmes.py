"""Each connector's README says what the code says."""

from pathlib import Path

import msgspec
import pytest

from adapters._kit.readme import blocks, refreshed
from adapters._kit.schema import checker, read_schema
from adapters.insurance.settings import Unit
from adapters.registry import adapter_types
from adapters.tax.settings import Party
from bus.files import FileStore
from bus.ports import Adapter, AdapterType
from bus.settings import Secret, Url
from mappings.dossier import MESSAGES

HERE = Path(__file__).resolve().parents[3] / "adapters"
OWN = {
    "national_portal": {
        "adapter_url": Url("http://127.0.0.1:9/f"),
        "madonvi": "000.00.00.H12",
        "username": "000.00.00.H12",
        "password": Secret("x"),
    },
    "ioffice": {
        "endpoint": Url("http://127.0.0.1:9/adapter"),
        "system_id": "00.00.H12",
        "secret": Secret("x"),
    },
    "onestop": {
        "url": Url("http://127.0.0.1:9"),
        "token_url": Url("http://127.0.0.1:9/token"),
        "client_id": "lien-thong",
        "client_secret": Secret("x"),
    },
    "insurance": {
        "address": Url("http://127.0.0.1:9/HoSoService"),
        "unit": Unit(name="x", code="YN0001Z", office="09601"),
        "username": "camau",
        "password": Secret("x"),
    },
    "tax": {
        "address": Url("http://127.0.0.1:9/T2B/GIP"),
        "sender": Party(code="H12"),
        "username": "camau",
        "password": Secret("x"),
    },
}
SHIPPED = sorted(OWN)
JSON = ["national_portal", "onestop"]


def built(kind: AdapterType) -> Adapter:
    """An adapter that has never spoken to anybody, with a file store that it never touches."""
    own = kind.settings(type=kind.name, **OWN[kind.name])
    return kind.connect(kind.name, own, FileStore(HERE / "none", limit=1))


def test_all_adapter_types_are_found_by_their_folders() -> None:
    """The registry finds a type because its folder is there, and names no list of types."""
    assert sorted(adapter_types()) == SHIPPED


@pytest.mark.parametrize("name", SHIPPED)
def test_the_readme_shows_settings_operations_and_messages_as_they_are(name: str) -> None:
    """Writing the generated blocks afresh changes nothing."""
    kind = adapter_types()[name]
    adapter = built(kind)
    text = (HERE / name / "README.md").read_text(encoding="utf-8")
    adapter.close()
    assert refreshed(text, blocks(kind, adapter)) == text


@pytest.mark.parametrize("name", SHIPPED)
def test_what_a_type_declares_is_what_its_connector_offers(name: str) -> None:
    """Operations and messages known without building an adapter are those that it has."""
    kind = adapter_types()[name]
    adapter = built(kind)
    adapter.close()
    assert tuple(adapter.operations) == kind.operations
    assert set(kind.messages) <= set(MESSAGES)
    uncertain = {name for name, each in adapter.operations.items() if each.certainty == "person"}
    theirs = {
        "send_status",
        "ask_back",
        "answer_ask_back",
        "update_dossier",
        "replace_dossier",
        "revoke_dossier",
    }
    assert uncertain == (theirs if kind.name == "ioffice" else set())


@pytest.mark.parametrize("name", JSON)
def test_every_sample_request_is_accepted_by_the_schema_it_is_named_for(name: str) -> None:
    """samples/SCHEMA.NAME.json passes schemas/SCHEMA.json."""
    samples = [path for path in (HERE / name / "samples").glob("*.json") if path.name.count(".") == 2]
    assert samples
    for path in samples:
        schema = read_schema(HERE / name / "schemas" / f"{path.name.partition('.')[0]}.json")
        assert checker(schema)(msgspec.json.decode(path.read_bytes())) == (), path.name
