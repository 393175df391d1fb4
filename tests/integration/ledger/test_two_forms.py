"""A submission pushed and found goes through the pipeline once; a changed one is kept beside it and shown."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from adapters.national_portal.facts import Seen, news
from adapters.national_portal.pushed import Pushed
from adapters.national_portal.settings import Inbound
from adapters.registry import adapter_types
from bus.connector import Connector, Rhythm
from bus.files import FileStore
from bus.filing import Filing
from bus.flows import Routes
from bus.ledger import read
from bus.ledger.ledger import Ledger
from bus.ledger.store import Store
from bus.pipeline import Parts, Pipeline
from bus.planning import Planner
from bus.ports import HttpRequest, Incoming
from bus.retry import Schedule
from bus.settings import Secret, Url
from mappings.engine import compile_sheet
from mappings.sheet import load_sheets
from mappings.tables import load
from monitoring.logs import LogObserver

pytestmark = pytest.mark.integration

ROOT = Path(__file__).resolve().parents[3]
SAMPLE = msgspec.json.decode((ROOT / "adapters/national_portal/samples/push_dossier.json").read_bytes())
PORTAL = "national_portal"


@pytest.fixture
def pipeline(ledger_url: str, tmp_path: Path) -> Iterator[tuple[Pipeline, Ledger]]:
    """The real pipeline with the portal's own sheets, without routes."""
    kind = adapter_types()[PORTAL]
    own = {
        "adapter_url": Url("http://127.0.0.1:9/f"),
        "madonvi": "x",
        "username": "x",
        "password": Secret("x"),
    }
    connector = Connector(
        PORTAL, kind, kind.build(PORTAL, kind.settings(type=PORTAL, **own)), Rhythm(Schedule())
    )
    tables = load([ROOT / "deploy" / "tables"])
    sheets = {
        name: compile_sheet(sheet, tables) for name, sheet in load_sheets().items() if name.startswith(PORTAL)
    }
    planner = Planner(Routes(()), {})
    ledger = Ledger(Store(ledger_url), planner.plan, planner.merge)
    filing = Filing(FileStore(tmp_path, limit=1_000_000))
    parts = Parts(
        ledger, planner, sheets, {PORTAL: connector}, lambda _ready: None, LogObserver(), filing=filing
    )
    yield Pipeline(parts), ledger
    connector.close()
    ledger.close()


def pushed(**changes: Any) -> Incoming:
    """What the push of the sample makes, with some fields of the citizen changed."""
    body = msgspec.json.encode({**SAMPLE, "data": {**SAMPLE["data"], **changes}})
    request = HttpRequest("POST", "/", {"x-lienthong-key": "k"}, body, "127.0.0.1")
    return Pushed(Inbound(key=Secret("k"))).receive(request).items[0]


def found(**changes: Any) -> Incoming:
    """What a row of the search makes of the same submission: addresses instead of bytes."""
    files = [
        {name: value for name, value in file.items() if name != "Base64"}
        | {"DuongDanTaiTepTin": "https://dvc.example/tai-lieu/1"}
        for file in SAMPLE["data"]["TaiLieuNop"]
    ]
    record = {**SAMPLE["data"], "TaiLieuNop": files, **changes}
    ((fact,), _seen) = news(record, [], Seen(), "Công dân")
    raw = msgspec.json.encode(record)
    return Incoming(fact.kind, fact.tree, raw, key=fact.key, fingerprint=fact.content)


@pytest.mark.parametrize("order", [(pushed, found), (found, pushed)], ids=["push first", "search first"])
async def test_one_submission_is_kept_once_and_a_changed_one_beside_it(
    pipeline: tuple[Pipeline, Ledger], order: Any
) -> None:
    """Whichever comes first: the other form is a repeat, another phone number is a conflict, once."""
    bus, ledger = pipeline
    first, second = order
    kept = await bus.keep(PORTAL, first())
    assert kept.outcome == "kept"
    assert (await bus.keep(PORTAL, second())).outcome == "repeated"
    changed = await bus.keep(PORTAL, second(SoDienThoai="0987654321"))
    assert changed.outcome == "conflict"
    assert await bus.keep(PORTAL, second(SoDienThoai="0987654321")) == changed
    assert (await bus.keep(PORTAL, first())).outcome == "repeated"
    assert ledger.look(read.account).messages == {"kept": 1, "conflict": 1}
    (trouble,) = ledger.look(read.troubles)
    assert (trouble["id"], trouble["state"]) == (changed.message, "conflict")


async def test_what_waits_for_a_code_list_is_one_as_well(pipeline: tuple[Pipeline, Ledger]) -> None:
    """A parked submission told in the other form is recognised too."""
    bus, ledger = pipeline
    assert (await bus.keep(PORTAL, pushed(LoaiDoiTuong="77"))).outcome == "parked"
    assert (await bus.keep(PORTAL, found(LoaiDoiTuong="77"))).outcome == "repeated"
    assert ledger.look(read.account).messages == {"parked": 1}
