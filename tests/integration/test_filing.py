"""Files through the pipeline, over a real ledger with the shipped sheets and routes."""

import asyncio
import base64
import hashlib
import io
import sqlite3
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest
import structlog
from msgspec.structs import replace as changed

from adapters.national_portal.adapter import TYPE as PORTAL
from adapters.national_portal.pushed import Pushed
from adapters.national_portal.settings import Inbound
from adapters.onestop.adapter import TYPE as ONESTOP
from bus.connector import Connector, Rhythm
from bus.errors import RejectedMessageError, UnavailableError, UnsettledError
from bus.file_references import kept_bytes, tidy
from bus.files import FileStore
from bus.filing import Filing
from bus.flows import read_routes
from bus.ledger.ledger import Ledger
from bus.ledger.records import Ready
from bus.ledger.store import Store
from bus.links import LinkKey, Links
from bus.pipeline import Parts, Pipeline
from bus.planning import Planner
from bus.ports import AdapterType, Answer, Attachment, Call, HttpRequest, Incoming, Operation, Page
from bus.retry import Schedule
from bus.settings import Secret
from bus.worker import Worker
from mappings.dossier import MESSAGES
from mappings.engine import Compiled, compile_sheet
from mappings.sheet import load_sheets
from mappings.source import read_file
from mappings.tables import load
from monitoring.logs import LogObserver

pytestmark = pytest.mark.integration

ROOT = Path(__file__).resolve().parents[2]
CONTENT = b"%PDF-1.4\n" + b"x" * 2000 + b"\n%%EOF\n"
HASH = hashlib.sha256(CONTENT).hexdigest()
NUMBER = "G22.99-260415-000001"
BASE = "https://tep.example/files"
OLD, NEW = LinkKey("k1", b"o" * 32), LinkKey("k2", b"n" * 32)
WAIT = Rhythm(Schedule(), look_up_after=1.0, absent_after=2.0)


@pytest.fixture(scope="module")
def sheets() -> Mapping[str, Compiled]:
    """All shipped sheets, compiled."""
    tables = load([ROOT / "deploy" / "tables"])
    return {name: compile_sheet(sheet, tables) for name, sheet in load_sheets([ROOT / "mappings"]).items()}


@dataclass
class Peer:
    """A peer that takes everything and remembers it."""

    name: str
    operation: Operation
    got: list[Any] = field(default_factory=list)
    says: tuple[Incoming, ...] = ()
    polls: tuple[()] = ()
    webhooks: tuple[()] = ()

    @property
    def operations(self) -> Mapping[str, Operation]:
        """The one thing it can do."""
        return {self.operation.name: replace(self.operation, call=self.take)}

    def take(self, call: Call) -> Answer:
        """Remember a request."""
        self.got.append(call.request)
        return Answer(says=self.says)

    def close(self) -> None:
        """Nothing to give back."""


class Bus:
    """A pipeline with both peers and no broker: what becomes ready is delivered when the test says so."""

    def __init__(self, folder: Path, sheets: Mapping[str, Compiled], filing: Filing) -> None:
        record = Operation("sync_record", "", "national_portal/record", "replaces", lambda _: Answer())
        create = Operation("create_dossier", "", "onestop/create", "replaces", lambda _: Answer())
        self.portal, self.onestop = Peer("national_portal", record), Peer("onestop", create)
        self.ready: list[Ready] = []
        self.connectors = {
            peer.name: Connector(peer.name, kind, peer, WAIT)  # type: ignore[arg-type]
            for peer, kind in ((self.portal, PORTAL), (self.onestop, ONESTOP))
        }
        operations = {
            "national_portal": frozenset(PORTAL.operations),
            "onestop": frozenset(ONESTOP.operations),
        }
        files = sorted((ROOT / "bus" / "routes").glob("*.toml"))
        absent = frozenset({"insurance", "ioffice", "tax"})
        read = [read_file(file) for file in files]
        routes = read_routes(read, operations=operations, messages=MESSAGES, absent=absent)
        planner = Planner(routes, {"national_portal.sync_record": False, "onestop.create_dossier": False})
        self.folder = folder
        self.ledger = Ledger(Store(f"sqlite:///{folder / 'ledger.db'}"), planner.plan, planner.merge)
        self.parts = Parts(
            self.ledger, planner, sheets, self.connectors, self.ready.extend, LogObserver(), 0, filing
        )
        self.pipeline = Pipeline(self.parts)

    def file_with(self, filing: Filing) -> None:
        """From now on with other links."""
        self.parts = replace(self.parts, filing=filing)
        self.pipeline = Pipeline(self.parts)

    async def settle(self) -> None:
        """Deliver everything that is ready."""
        while self.ready:
            one = self.ready.pop(0)
            await self.pipeline.deliver(one.delivery, self.connectors[one.connector])

    def rows(self, query: str) -> list[Any]:
        """What stands in the ledger."""
        connection = sqlite3.connect(self.folder / "ledger.db")
        try:
            return connection.execute(query).fetchall()
        finally:
            connection.close()

    def close(self) -> None:
        """Give everything back."""
        for connector in self.connectors.values():
            connector.close()
        self.ledger.close()


def links(folder: Path, *keys: LinkKey) -> Filing:
    """A store in a folder and links that these keys sign."""
    store = FileStore(folder / "files", limit=1_000_000)
    store.prepare()
    return Filing(store, Links(BASE, keys, 3e8))


@pytest.fixture
async def bus(tmp_path: Path, sheets: Mapping[str, Compiled]) -> AsyncIterator[Bus]:
    """A bus with an empty ledger and an empty store."""
    made = Bus(tmp_path, sheets, links(tmp_path, OLD))
    yield made
    made.close()


def pushed() -> Incoming:
    """The shipped push of a dossier with one file in it."""
    sample = (ROOT / "adapters" / "national_portal" / "samples" / "push_dossier.json").read_bytes()
    body = sample.replace(b"JVBERi0xLjQKJSVFT0YK", base64.b64encode(CONTENT))
    request = HttpRequest("POST", "/", {"x-lienthong-key": "k"}, body, "127.0.0.1")
    (incoming,) = Pushed(Inbound(key=Secret("k"))).receive(request).items
    return incoming


def shown(url: str, **changes: Any) -> Incoming:
    """The one-stop's word of that dossier, which hands back the address it was given."""
    tree = msgspec.json.decode((ROOT / "adapters" / "onestop" / "samples" / "online.json").read_bytes())
    tree = {name: value for name, value in tree.items() if name not in ("tasks", "supplements", "results")}
    tree["files"] = [{"id": "a7c1", "name": "Tờ khai đăng ký khai sinh.pdf", "url": url}]
    tree |= changes
    raw = msgspec.json.encode(tree)
    return Incoming("onestop.dossier", tree, raw, key=f"d/{hashlib.sha256(raw).hexdigest()}")


async def test_both_peers_are_told_the_one_link_and_the_ledger_knows_the_file(bus: Bus) -> None:
    """What goes out is an address, what is kept is the file: no content, key or link is in the ledger."""
    await bus.pipeline.keep("national_portal", pushed())
    await bus.settle()
    (url,) = [each["url"] for each in bus.onestop.got[0]["files"]]
    assert url.startswith(f"{BASE}/1.k1.")
    await bus.pipeline.keep("onestop", shown(url))
    await bus.settle()
    assert [each["DuongDanTaiTepTin"] for each in bus.portal.got[0]["TaiLieuNop"]] == [url]
    stored = bus.folder / "files" / HASH[:2] / HASH
    assert stored.read_bytes() == CONTENT
    for (canonical,) in bus.rows("SELECT canonical FROM payload"):
        assert HASH.encode() in canonical
        assert BASE.encode() not in canonical
    ((raw,),) = bus.rows("SELECT raw FROM payload ORDER BY message LIMIT 1")
    assert f"sha256:{HASH}".encode() in raw
    assert len(raw) < len(CONTENT) + 1500


async def test_the_same_record_again_is_no_change(bus: Bus) -> None:
    """The link is the same text at every writing, so a record that says nothing new is not sent."""
    await bus.pipeline.keep("national_portal", pushed())
    await bus.settle()
    (url,) = [each["url"] for each in bus.onestop.got[0]["files"]]
    for time_ in ("2026-04-15T09:00:00.000+07:00", "2026-04-16T09:00:00.000+07:00"):
        await bus.pipeline.keep("onestop", shown(url, updatedDate=time_))
        await bus.settle()
    assert len(bus.portal.got) == 1
    assert ("superseded",) in bus.rows("SELECT state FROM delivery")


async def test_after_a_rotation_a_record_tells_the_new_link_once(bus: Bus) -> None:
    """A link by an older key that comes back is the file it was; what is written next has the new key's."""
    await bus.pipeline.keep("national_portal", pushed())
    await bus.settle()
    (url,) = [each["url"] for each in bus.onestop.got[0]["files"]]
    bus.file_with(links(bus.folder, NEW, OLD))
    for day in ("15", "16"):
        await bus.pipeline.keep("onestop", shown(url, updatedDate=f"2026-04-{day}T09:00:00.000+07:00"))
        await bus.settle()
    (record,) = bus.portal.got
    assert record["TaiLieuNop"][0]["DuongDanTaiTepTin"].startswith(f"{BASE}/1.k2.")
    bus.file_with(links(bus.folder, NEW))
    await bus.pipeline.keep("onestop", shown(url, updatedDate="2026-04-17T09:00:00.000+07:00"))
    await bus.settle()
    assert len(bus.portal.got) == 1, "an address by a key that is gone is still ours, and is written anew"


@pytest.mark.parametrize("comes_back", [True, False])
async def test_an_answer_s_files_are_tried_until_the_store_takes_them(bus: Bus, comes_back: bool) -> None:  # noqa: FBT001
    """The peer has acted: a full disk makes no delivery dead. A stop's end leaves it to be asked about."""
    store = bus.parts.filing.store
    assert store is not None
    await bus.pipeline.keep("national_portal", pushed())
    file = Attachment(HASH, "files/0", partial(io.BytesIO, CONTENT))
    bus.onestop.says = (changed(shown("https://kho.example/a.pdf"), files=(file,)),)
    store.folder = bus.folder / "gone"
    settling = asyncio.create_task(bus.settle())
    while not bus.onestop.got:  # noqa: ASYNC110  the peer acts in a thread of its own
        await asyncio.sleep(0.01)
    if comes_back:
        store.folder = bus.folder / "files"
        bus.pipeline.stopping.begin(20)
        await settling
        assert ("delivered",) in bus.rows("SELECT state FROM delivery")
    else:
        bus.pipeline.stopping.begin(0.2)
        with pytest.raises(UnsettledError):
            await settling
        assert bus.rows("SELECT state FROM delivery") == [("sending",)]


def test_only_a_type_that_asks_for_the_store_is_given_it(tmp_path: Path) -> None:
    """An adapter that moves large files itself is built with the store; the others know nothing of it."""
    store = FileStore(tmp_path, limit=10)
    given: list[tuple[Any, ...]] = []

    def build(*words: Any) -> Any:
        given.append(words)

    for uses in (False, True):
        AdapterType("x", "X", PORTAL.settings, {}, (), build, uses_files=uses).connect("one", 7, store)
    assert given == [("one", 7), ("one", 7, store)]


async def test_another_s_address_takes_the_place_of_ours(bus: Bus) -> None:
    """A peer that answers our link with an address of its own has put another file there."""
    await bus.pipeline.keep("national_portal", pushed())
    await bus.settle()
    await bus.pipeline.keep("onestop", shown("https://kho.example/ban-moi.pdf"))
    await bus.settle()
    assert bus.portal.got[0]["TaiLieuNop"][0]["DuongDanTaiTepTin"] == "https://kho.example/ban-moi.pdf"


async def test_without_links_a_document_without_an_address_is_left_out(
    tmp_path: Path, sheets: Mapping[str, Compiled]
) -> None:
    """Without [files] url files are kept all the same; the portal's record names none of them."""
    bus = Bus(tmp_path, sheets, Filing(links(tmp_path, OLD).store))
    await bus.pipeline.keep("national_portal", pushed())
    await bus.settle()
    assert "url" not in bus.onestop.got[0]["files"][0]
    await bus.pipeline.keep("onestop", shown("", updatedDate="2026-04-15T09:00:00.000+07:00"))
    await bus.settle()
    assert "TaiLieuNop" not in bus.portal.got[0]
    assert HASH in (bus.parts.filing.store or ())
    bus.close()


async def test_nothing_is_kept_of_a_message_whose_file_is_not_on_disk(bus: Bus) -> None:
    """The store refuses or cannot: the sender is told, and comes again to an empty ledger."""
    store = bus.parts.filing.store
    assert store is not None
    store.limit = 10
    with pytest.raises(RejectedMessageError, match="TaiLieuNop/0/Base64: tệp lớn hơn 10 byte"):
        await bus.pipeline.keep("national_portal", pushed())
    store.limit, store.folder = 1_000_000, bus.folder / "gone"
    with pytest.raises(UnavailableError):
        await bus.pipeline.keep("national_portal", pushed())
    assert bus.rows("SELECT count(*) FROM message") == [(0,)]
    store.folder = bus.folder / "files"
    kept = await bus.pipeline.keep("national_portal", pushed())
    assert kept.outcome == "kept"
    assert HASH in store


async def test_a_message_that_is_refused_leaves_no_file(bus: Bus) -> None:
    """Read first, stored then: what its sheet cannot read does not fill the disk."""
    incoming = pushed()
    with pytest.raises(RejectedMessageError):
        await bus.pipeline.keep("national_portal", changed(incoming, tree={**incoming.tree, "MaTTHC": ""}))
    store = bus.parts.filing.store
    assert store is not None
    assert list(store.hashes()) == []


async def test_a_page_goes_on_past_a_file_that_is_wrong(bus: Bus) -> None:
    """The one message is set aside whole with its reason; the other, and the cursor, are kept."""
    good = pushed()
    wrong = Attachment("0" * 64, "TaiLieuNop/0/Base64", partial(io.BytesIO, CONTENT))
    bad = changed(good, tree={**good.tree, "MaHoSo": "G22.99-260415-000002"}, key="b", files=(wrong,))
    kept = await bus.pipeline.keep_page("national_portal", "submitted", "", Page((bad, good), "next"))
    assert [each.outcome for each in kept] == ["dead", "kept"]
    assert bus.rows("SELECT cursor FROM source") == [("next",)]


async def test_a_poll_into_a_full_store_goes_on_with_a_line_in_the_log() -> None:
    """The page is fetched again later: a sentence, no traceback, and the loop lives."""
    again = asyncio.Event()
    failures = [UnavailableError("the file store cannot be written: No space left", retry_after=0.01)]

    async def step() -> None:
        if failures:
            raise failures.pop()
        again.set()
        await asyncio.sleep(10)

    with structlog.testing.capture_logs() as logged:
        loop = Worker.__new__(Worker)._forever(step)
        await asyncio.wait_for(again.wait(), 5)
        loop.cancel()
    assert [(each["event"], "exc_info" in each) for each in logged] == [("nothing can be kept now", False)]


async def test_many_files_at_once_keep_the_loop_free(bus: Bus) -> None:
    """Writing to disk is a thread's work: the loop goes on while it waits."""
    store = bus.parts.filing.store
    assert store is not None

    class Slow(io.BytesIO):
        """A file that takes its time."""

        def read(self, size: int | None = -1) -> bytes:
            time.sleep(0.2)
            return super().read(size)

    one = changed(pushed(), files=(Attachment(HASH, "x", partial(Slow, CONTENT)),))
    keeping = asyncio.create_task(bus.pipeline.keep("national_portal", one))
    turns = 0
    while not keeping.done():
        await asyncio.sleep(0.01)
        turns += 1
    assert turns > 5
    assert (await keeping).outcome == "kept"


async def test_a_message_that_brings_its_dossier_over_the_limit_of_all_files_is_refused(bus: Bus) -> None:
    """With the sum in the reason; nothing is kept, nothing of it is stored. A page goes on past it."""
    bus.file_with(replace(bus.parts.filing, together=len(CONTENT) - 1))
    with pytest.raises(RejectedMessageError, match="vượt quá"):
        await bus.pipeline.keep("national_portal", pushed())
    assert bus.parts.filing.store is not None
    assert list(bus.parts.filing.store.hashes()) == []
    (kept,) = await bus.pipeline.keep_page("national_portal", "search", "", Page((pushed(),), "1"))
    assert kept.outcome == "dead"
    bus.file_with(replace(bus.parts.filing, together=len(CONTENT)))
    assert (await bus.pipeline.keep("national_portal", changed(pushed(), key="k2"))).outcome == "kept"


async def test_what_a_ledger_refers_to_is_never_tidied_away(bus: Bus) -> None:
    """As it is kept by the real pipeline: in the raw message, in the canonical one, in the fold."""
    await bus.pipeline.keep("national_portal", pushed())
    store = bus.parts.filing.store
    assert store is not None
    lost = store.put(io.BytesIO(b"lost")).hash
    done = tidy(store, kept_bytes(bus.ledger.store), older_than=-60.0, dry_run=False)
    assert done.files == (lost,)
    assert list(store.hashes()) == [HASH]
