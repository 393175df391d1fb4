"""What the sheets write the connectors accept; what the connectors hand in the sheets read."""

from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from adapters._kit.schema import checker, read_schema
from adapters.national_portal.facts import Seen, news
from adapters.national_portal.pushed import Pushed
from adapters.national_portal.settings import Inbound
from adapters.national_portal.spelling import restored, spellings
from adapters.onestop.states import Seen as SeenStates
from adapters.onestop.states import news as states
from adapters.registry import adapter_types
from bench.province.stream import submissions
from bench.province.tables import load_tables
from bus.ports import HttpRequest
from bus.settings import Secret
from mappings.dossier import Dossier
from mappings.engine import Compiled, compile_sheet
from mappings.sheet import load_sheets
from mappings.tables import load

ROOT = Path(__file__).resolve().parents[3]
PORTAL, ONESTOP = ROOT / "adapters" / "national_portal", ROOT / "adapters" / "onestop"
CREATE = checker(read_schema(ONESTOP / "schemas" / "create.json"))


@pytest.fixture(scope="module")
def sheets() -> Mapping[str, Compiled]:
    """All shipped sheets, compiled with the shipped tables."""
    tables = load([ROOT / "deploy" / "tables"])
    return {name: compile_sheet(sheet, tables) for name, sheet in load_sheets([ROOT / "mappings"]).items()}


def sample(path: Path) -> dict[str, Any]:
    """A shipped sample."""
    return msgspec.json.decode(path.read_bytes(), type=dict[str, Any])


def sheet_of(kind: str) -> str:
    """The sheet that reads a message kind."""
    return adapter_types()[kind.partition(".")[0]].messages[kind]


def test_every_event_of_a_dossier_of_the_one_stop_is_read_by_its_sheet(
    sheets: Mapping[str, Compiled],
) -> None:
    """The sample brings a record, steps and a request for a supplement; all carry the dossier's number."""
    record = sample(ONESTOP / "samples" / "online.json")
    events, _ = states(record, SeenStates())
    for event in events:
        message = sheets[sheet_of(event.kind)].read(event.tree, source="onestop").message
        assert message.code == record["code"]
    assert len({event.kind for event in events}) == 3


@pytest.mark.parametrize("name", ["push_dossier", "push_supplement", "push_withdrawal"])
def test_every_push_of_the_portal_is_read_by_its_sheet(sheets: Mapping[str, Compiled], name: str) -> None:
    """Metadata of attachments suffices: bytes never pass through a sheet."""
    body = (PORTAL / "samples" / f"{name}.json").read_bytes()
    request = HttpRequest("POST", "/", {"x-lienthong-key": "k"}, body, "127.0.0.1")
    (item,) = Pushed(Inbound(key=Secret("k"))).receive(request).items
    message = sheets[sheet_of(item.kind)].read(item.tree, source="national_portal").message
    assert message.code == "G22.99-260415-000001"


def test_a_submission_found_by_search_is_the_one_that_was_pushed(sheets: Mapping[str, Compiled]) -> None:
    """Field for field, but for where the attachments lie: a push carries bytes, a search addresses."""
    names = spellings(read_schema(PORTAL / "schemas" / "record.json"))
    row = restored(sample(PORTAL / "samples" / "search_row.json"), names)
    (found,), _ = news(row, row.pop("DANHSACHTIENDO"), Seen(), "Công dân")
    pushed = sample(PORTAL / "samples" / "push_dossier.json")["data"]
    sheet = sheets["national_portal/submission"]
    by_search, by_push = (sheet.read(tree, source="national_portal").message for tree in (found.tree, pushed))
    assert plain(by_search) == plain(by_push)


def plain(message: Any) -> Any:
    """A message without what depends on the way it came."""
    documents = tuple(msgspec.structs.replace(each, url=None) for each in message.documents)
    return msgspec.structs.replace(message, documents=documents, as_of=None, extras={})


def test_whatever_citizens_submit_becomes_a_dossier_that_the_one_stop_accepts(
    sheets: Mapping[str, Compiled],
) -> None:
    """A hundred and twenty dossiers with all forty awkward facts, through both sheets and the schema."""
    read, write = sheets["national_portal/submission"], sheets["onestop/create"]
    awkward: set[str] = set()
    for submission in submissions(120, 7, load_tables()):
        message = read.read(submission.record, source="national_portal", as_of=NOW).message
        assert isinstance(message, Dossier)
        known = msgspec.structs.replace(message, codes={"national_portal": message.code})
        tree = write.write(known, source="onestop", as_of=TODAY).tree
        assert CREATE(tree) == (), submission.record["MaHoSo"]
        awkward |= submission.facts
    assert len(awkward) == 40


NOW = datetime.fromisoformat("2026-04-15T08:30:00+07:00")
TODAY = date(2026, 4, 15)
