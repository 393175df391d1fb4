"""Documents of the axis into a real ledger: kept whole, for people to see, then acknowledged."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from adapters.ioffice.adapter import TYPE, IOffice
from adapters.ioffice.settings import IOfficeSettings
from bus.connector import Connector, Rhythm
from bus.flows import read_routes
from bus.ledger import read, schema
from bus.ledger.ledger import Ledger
from bus.ledger.store import Store
from bus.pipeline import Parts, Pipeline
from bus.planning import Planner
from bus.ports import Page
from bus.retry import Schedule
from bus.settings import Secret, Url
from mappings.dossier import MESSAGES
from mappings.engine import compile_sheet
from mappings.sheet import load_sheets
from monitoring.logs import LogObserver
from tests.contract.strict_axis import SECRET, SYSTEM, StrictAxis, server
from tests.stores import file_store

pytestmark = pytest.mark.integration

SAMPLES = Path(__file__).resolve().parents[2] / "adapters" / "ioffice" / "samples"
ANSWER, STATUS = ((SAMPLES / f"{name}.edxml").read_bytes() for name in ("document.answer", "status.accepted"))


class Bus:
    """As much of the bus as takes messages in: a ledger in a file, the pipeline, the connector."""

    def __init__(self, url: str, folder: Path) -> None:
        settings = IOfficeSettings(
            type="ioffice", endpoint=Url(url), system_id=SYSTEM, secret=Secret(SECRET), mode="live"
        )
        adapter = IOffice("ioffice", settings, file_store(folder / "files"))
        self.connector = Connector("ioffice", TYPE, adapter, Rhythm(Schedule()), mode="live")
        planner = Planner(read_routes([], operations={}, messages=MESSAGES), {})
        self.ledger = Ledger(Store(f"sqlite:///{folder / 'ledger.db'}"), planner.plan, planner.merge)
        sheets = {
            name: compile_sheet(sheet) for name, sheet in load_sheets().items() if name.startswith("ioffice/")
        }
        connectors = {"ioffice": self.connector}
        self.pipeline = Pipeline(
            Parts(self.ledger, planner, sheets, connectors, lambda _: None, LogObserver())
        )

    def fetch(self, poll: str) -> tuple[str, Page]:
        """Ask the axis from the kept cursor on."""
        box = next(each for each in self.connector.adapter.polls if each.name == poll)
        before = self.ledger.look(read.cursor, "ioffice", poll)
        return before, box.fetch(before, lambda _: {})

    def poll(self, name: str = "documents") -> None:
        """Poll as the worker does, until nothing is left."""
        more = True
        while more:
            before, page = self.fetch(name)
            if page.items or page.broken or page.cursor != before:
                asyncio.run(self.pipeline.keep_page("ioffice", name, before, page))
            more = page.more

    def kept(self) -> list[tuple[str, str, str]]:
        """Kind, key and state of every message."""
        message = schema.message.c
        query = select(message.kind, message.key, message.state).order_by(message.id)
        return self.ledger.look(lambda tx: [tuple(row) for row in tx.execute(query)])

    def close(self) -> None:
        """Give everything back."""
        self.connector.close()
        self.ledger.close()


@contextmanager
def bus(url: str, folder: Path) -> Iterator[Bus]:
    """A bus that ends with its block, or as a crash does."""
    one = Bus(url, folder)
    try:
        yield one
    finally:
        one.close()


@pytest.fixture
def axis() -> Iterator[tuple[StrictAxis, str]]:
    """An axis written from the reference alone, and its address."""
    peer = StrictAxis()
    http = server(peer)
    threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    yield peer, f"http://127.0.0.1:{http.server_address[1]}/XrdAdapter/adapter"
    http.shutdown()
    http.server_close()
    assert peer.complaints == []


def test_documents_that_belong_to_no_dossier_are_kept_and_wait_for_a_person(
    axis: tuple[StrictAxis, str], tmp_path: Path
) -> None:
    """Unmatched, not lost; what cannot be read is dead; each is acknowledged once it is on disk."""
    peer, url = axis
    peer.arrives("a", ANSWER)
    peer.arrives("b", ANSWER.replace(b"2026/11/23</edXML:Prom", b"23/11/2026</edXML:Prom"))
    peer.arrives("c", ANSWER.replace(b"BussinessDocType>0<", b"BussinessDocType>7<"))
    peer.arrives("s", STATUS, "status")
    with bus(url, tmp_path) as one:
        one.poll()
        one.poll("statuses")
        states = {key: state for _, key, state in one.kept()}
        assert (states["a"], states["c"], states["s"]) == ("unmatched", "dead", "unmatched")
        assert len(states) == 4
    assert sorted(peer.acknowledged) == [("a", "done"), ("b", "fail"), ("c", "done"), ("s", "done")]


def test_a_crash_anywhere_between_fetching_and_acknowledging_loses_and_doubles_nothing(
    axis: tuple[StrictAxis, str], tmp_path: Path
) -> None:
    """Fetched and not kept: fetched again. Kept and not acknowledged: acknowledged by the next process."""
    peer, url = axis
    peer.arrives("a", ANSWER)
    with bus(url, tmp_path) as one:
        one.fetch("documents")
    with bus(url, tmp_path) as two:
        before, page = two.fetch("documents")
        asyncio.run(two.pipeline.keep_page("ioffice", "documents", before, page))
    assert peer.acknowledged == []
    with bus(url, tmp_path) as three:
        three.poll()
        assert [key for _, key, _ in three.kept()] == ["a"]
    assert peer.acknowledged == [("a", "done")]


def test_the_same_package_listed_again_is_recognised(axis: tuple[StrictAxis, str], tmp_path: Path) -> None:
    """By its docId; it is acknowledged again."""
    peer, url = axis
    with bus(url, tmp_path) as one:
        for _ in range(2):
            peer.arrives("a", ANSWER)
            one.poll()
        assert [key for _, key, _ in one.kept()] == ["a"]
    assert peer.acknowledged == [("a", "done"), ("a", "done")]


def test_what_is_kept_is_the_tree_with_the_hashes_of_everything(
    axis: tuple[StrictAxis, str], tmp_path: Path
) -> None:
    """Nobody needs the axis again to see what came."""
    peer, url = axis
    peer.arrives("a", ANSWER)
    with bus(url, tmp_path) as one:
        one.poll()
        payload = schema.payload.c
        raws: list[Any] = one.ledger.look(lambda tx: [row[0] for row in tx.execute(select(payload.raw))])
    assert any(b"FileId" in bytes(raw) and b'package="' in bytes(raw) for raw in raws)
