"""A decision over the axis: real broker and ledger, shipped sheets and flow, simulated axis and agencies."""

import asyncio
import base64
import io
import json
import re
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from lxml import etree
from sqlalchemy import select

from adapters._kit.schema import checker
from adapters.ioffice.adapter import TYPE, IOffice
from adapters.ioffice.settings import IOfficeSettings
from bus.addressing import Addressing
from bus.connector import Connector
from bus.errors import NotPossibleError
from bus.failures import Failures
from bus.files import FileStore
from bus.filing import Filing
from bus.flows import read_routes
from bus.ledger import failures, schema
from bus.ledger.ledger import Ledger
from bus.ledger.legs import undoing
from bus.ledger.store import Store
from bus.links import LinkKey, Links
from bus.pipeline import Parts, Pipeline
from bus.planning import Planner
from bus.ports import Incoming
from bus.rabbitmq import Broker
from bus.settings import Seconds, Secret, Url
from bus.topology import Topology
from bus.worker import Dispatcher, Worker
from mappings.derived import Derivation
from mappings.dossier import MESSAGES, File
from mappings.source import read_file
from mappings.tables import load as load_tables
from monitoring.logs import LogObserver
from tests.contract.ioffice_adapter.axes import ANSWER, STATUS, simulator
from tests.integration.pipeline.peers import Peer, onestop
from tests.integration.pipeline.road import LOCAL, ROOT, SOON, online, sheets, worked_on
from tests.integration.pipeline.test_failures import recompiled
from tests.stores import file_store
from tests.unit.adapters.edxml_packages import N

pytestmark = pytest.mark.integration

ROUTES = ROOT / "bus" / "routes"
PAPER = b"%PDF-1.4 to trinh"
SENT = f"H12.06,2026/04/15,{LOCAL}/Hồ sơ liên thông/H12"
LINKS = Links("https://tep.example/files", (LinkKey("k1", b"k" * 32),), 3e8)


@dataclass(frozen=True)
class Sent:
    """What a package that the axis was sent says."""

    id: str
    kind: str
    changes: str
    files: tuple[str, ...]

    @classmethod
    def of(cls, package: bytes) -> "Sent":
        """Read it, not by our codec."""
        root = etree.fromstring(package)

        def said(path: str) -> tuple[str, ...]:
            steps = "/".join(f"{{{N}}}{step}" for step in path.split("/"))
            return tuple((each.text or "") for each in root.iterfind(f".//{steps}"))

        return cls(
            id=said("MessageHeader/DocumentId")[0],
            kind=said("Bussiness/BussinessDocType")[0],
            changes="".join(said("Bussiness/DocumentId")),
            files=said("Attachment/AttachmentName"),
        )


@dataclass
class Flow:
    """The bus at work, the one-stop it writes to, the axis's control and the file store."""

    ledger: Ledger
    pipeline: Pipeline
    onestop: Peer
    control: str
    store: FileStore
    folder: Path

    async def told(self, operation: str, count: int) -> list[Any]:
        """What the one-stop was told, once there is so much of it."""
        await until(lambda: len(self.onestop.did(operation)) >= count)
        return self.onestop.did(operation)

    def rows(self, query: Any) -> list[Any]:
        """What stands in the ledger."""
        return self.ledger.look(lambda tx: list(tx.execute(query)))

    def leg(self) -> str:
        """How the leg that asks for the decision stands."""
        state = schema.leg.c.state
        return str(self.rows(select(state).where(schema.leg.c.route == "decision.decide"))[0][0])

    def sent(self) -> int:
        """How many packages the axis was sent, as it counts them."""
        told = httpx.get(f"{self.control}/_sim/effects").json()["by_operation"]
        return int(told.get("sendEdoc", {}).get("applied", 0))

    def packets(self) -> list[Any]:
        """Everything that the axis carries, in its order, as it keeps it."""
        lines = (self.folder / "sim" / "packets.jsonl").read_text(encoding="utf-8").splitlines()
        return list(dict(map(json.loads, lines)).values())

    def documents(self, sender: str = "H12.06") -> list[Sent]:
        """The documents that the axis was sent by one of our units."""
        ours = [row for row in self.packets() if row["sender"] == sender and row["kind"] == "edoc"]
        return [Sent.of(base64.b64decode(row["content"])) for row in ours]

    def asks_back(self, axis_id: str) -> None:
        """Let the agency that sent our unit a document ask it back."""
        httpx.post(f"{self.control}/_sim/ask-back", json={"docId": axis_id}).raise_for_status()

    def arrives(self, package: bytes, kind: str = "edoc") -> None:
        """Let another agency send a package to our unit."""
        body = {"package": base64.b64encode(package).decode(), "to": "H12.06", "kind": kind}
        httpx.post(f"{self.control}/_sim/arrive", json=body).raise_for_status()


async def until(holds: Callable[[], bool], seconds: float = 20.0) -> None:
    """Wait for what the bus does by itself."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it never came"
        await asyncio.sleep(0.05)


@asynccontextmanager
async def flow(
    folder: Path, amqp_url: str, prefix: str, *options: str, route: str = "decision"
) -> AsyncIterator[Flow]:
    """A bus between a one-stop and the axis, while the block runs."""
    with simulator(folder / "sim", "--units", "H12.06", "--pace", "0.1", *options) as (url, control):
        store, peer = file_store(folder / "files"), onestop()
        connectors = {
            "onestop": Connector("onestop", peer.kind, peer, SOON, mode="live", concurrency=2),
            "ioffice": axis("ioffice", url, store),
        }
        filing = Filing(store, LINKS)
        async with running(folder, amqp_url, prefix, connectors, filing, route) as (ledger, pipeline):
            yield Flow(ledger, pipeline, peer, control, store, folder)


def axis(name: str, url: str, store: FileStore) -> Connector:
    """A connector to the axis at `url`."""
    settings = IOfficeSettings(
        type="ioffice",
        mode="live",
        endpoint=Url(url),
        system_id="00.00.H12",
        secret=Secret("bi-mat-truc"),
        poll_every=Seconds(0.1),
    )
    return Connector(name, TYPE, IOffice(name, settings, store), SOON, mode="live", concurrency=2)


@asynccontextmanager
async def running(
    folder: Path,
    amqp_url: str,
    prefix: str,
    connectors: Mapping[str, Connector],
    filing: Filing,
    route: str,
    serves: Mapping[str, tuple[str, ...]] | None = None,
) -> AsyncIterator[tuple[Ledger, Pipeline]]:
    """The bus's own part of it; `serves` are the agencies of connectors that do not serve all."""
    operations = {name: frozenset(one.type.operations) for name, one in connectors.items()}
    tables = load_tables((ROOT / "deploy" / "tables",))
    derive = Derivation(tables)
    files = [read_file(folder / "own.toml" if route == "own" else ROUTES / f"{route}.toml")]
    routes = read_routes(files, operations=operations, messages=MESSAGES, derivable=derive.values)
    types = {name: one.type.name for name, one in connectors.items()}
    addressing = Addressing(tables["agencies"], types, serves or {})
    asking_back = connectors["ioffice"].adapter.operations["ask_back"].decided_by
    assert asking_back is not None
    decisions = {"ioffice.ask_back": asking_back}
    planner = Planner(routes, {}, derive, addressing=addressing, decisions=decisions)
    ledger = Ledger(Store(f"sqlite:///{folder / 'ledger.db'}"), planner.plan, planner.merge, planner.legs)
    topology, broker = Topology(tuple(connectors), prefix=prefix), Broker()
    await broker.connect(amqp_url, topology, client_name="lienthong test")
    dispatcher = Dispatcher(broker, topology, "test")
    parts = Parts(ledger, planner, sheets(), connectors, dispatcher.publish, LogObserver(), filing=filing)
    pipeline = Pipeline(parts)
    worker = Worker(pipeline, ledger, broker, topology, dispatcher, connectors, sweep_every=0.05)
    await worker.start()
    try:
        yield ledger, pipeline
    finally:
        await worker.stop()
        await broker.close()
        for connector in connectors.values():
            connector.close()
        ledger.close()


def request(store: FileStore) -> Incoming:
    """The one-stop asks for a decision on a dossier with one stored file."""
    file: File = store.keep(io.BytesIO(PAPER), name="Tờ trình.pdf")
    paper = {"id": "a7c1", "name": "Tờ trình", "url": LINKS.url(file, date(2036, 12, 31)), "removed": False}
    record = online(
        agency={"code": "H12", "name": "UBND tỉnh Cà Mau"},
        intakeAgency={"code": "H12.06", "name": "UBND xã Năm Căn"},
        files=[paper],
    )
    return Incoming("onestop.decision_request", record, msgspec.json.encode(record), key="yc-1")


async def test_a_dossier_leaves_as_a_document_and_comes_back_as_steps_and_a_result_with_its_file(
    tmp_path: Path, amqp_url: str, prefix: str
) -> None:
    """Statuses and the signed answer find it by the document that they name: none of them has its number."""
    async with flow(tmp_path, amqp_url, prefix, "--reject", "0") as one:
        await one.pipeline.keep("onestop", request(one.store))
        await one.told("add_step", 4)
        (result,) = await one.told("add_result", 1)
        await until(lambda: one.leg() == "done")
        assert one.sent() == 1
        answer = LINKS.file_of(result["url"])
        assert answer is not None
        with one.store.open(answer.hash) as content:
            assert content.read().startswith(b"%PDF-1.4")
        states = one.rows(select(schema.message.c.state, schema.message.c.dossier).distinct())
        assert [tuple(row) for row in states] == [("kept", 1)]


async def test_a_document_that_was_rejected_ends_the_leg_with_its_reason_at_the_one_stop(
    tmp_path: Path, amqp_url: str, prefix: str
) -> None:
    """Status 02 is the "no" of the leg; no result comes."""
    async with flow(tmp_path, amqp_url, prefix, "--reject", "1") as one:
        await one.pipeline.keep("onestop", request(one.store))
        steps = await one.told("add_step", 2)
        assert "Từ chối" in str(steps)
        await until(lambda: one.leg() == "refused")
        assert one.onestop.did("add_result") == []


async def test_a_document_that_belongs_to_no_dossier_is_given_one_by_a_person_and_goes_on_from_there(
    tmp_path: Path, amqp_url: str, prefix: str
) -> None:
    """Kept whole, seen among the failures, assigned once; one too heavy for its dossier is kept as dead."""
    async with flow(tmp_path, amqp_url, prefix, "--pace", "60") as one:
        await one.pipeline.keep("onestop", request(one.store))
        await until(lambda: one.sent() == 1)
        one.arrives(ANSWER)
        unmatched = select(schema.message.c.id).where(schema.message.c.state == "unmatched")
        await until(lambda: len(one.rows(unmatched)) == 1)
        ((message,),) = one.rows(unmatched)
        assert f"m{message}" in {
            each for group in one.ledger.look(failures.groups) for each in group.subjects
        }
        kept = await people(one).assign(message, LOCAL, "lan", "trả lời công văn đi trước")
        assert kept.outcome == "kept"
        (result,) = await one.told("add_result", 1)
        assert LINKS.file_of(result["url"]) is not None
        with pytest.raises(NotPossibleError, match="read again"):
            await people(one).assign(message, LOCAL, "lan", "lần nữa")
        one.pipeline._filing = replace(one.pipeline._filing, together=1)
        one.arrives(with_file(answered("0", "heavy"), b"%PDF-1.4 khac"))
        dead = select(schema.message.c.reason).where(schema.message.c.state == "dead")
        await until(lambda: len(one.rows(dead)) == 1)
        assert "vượt quá" in one.rows(dead)[0][0]


async def test_an_answer_is_updated_and_taken_back_and_another_s_document_waits_for_a_person(
    tmp_path: Path, amqp_url: str, prefix: str
) -> None:
    """Each by the document that it responds to, also after the leg is done; an unrelated one is unmatched."""
    async with flow(tmp_path, amqp_url, prefix, "--reject", "0") as one:
        await one.pipeline.keep("onestop", request(one.store))
        await one.told("add_result", 1)
        one.arrives(answered("2", "update"))
        await one.told("add_result", 2)
        one.arrives(answered("3", "replacement"))
        await one.told("add_result", 3)
        one.arrives(answered("1", "update"))
        (revoked,) = await one.told("revoke_result", 1)
        assert "update" in str(revoked)
        one.arrives(ANSWER)
        unmatched = select(schema.message.c.id).where(schema.message.c.state == "unmatched")
        await until(lambda: len(one.rows(unmatched)) == 1)
        assert len(one.onestop.did("add_result")) == 3


@pytest.mark.parametrize(
    ("given", "says", "leg"), [("1", "Đồng ý", "undone"), ("0", "Không đồng ý", "undoing")]
)
async def test_a_withdrawn_dossier_is_asked_back_and_the_one_stop_sees_what_the_agency_says(
    given: str, says: str, leg: str, tmp_path: Path, amqp_url: str, prefix: str
) -> None:
    """13 goes out once; 15 or 16 comes back as a step though it is withdrawn, and decides the leg."""
    async with flow(tmp_path, amqp_url, prefix, "--pace", "0.6", "--give-back", given) as one:
        await one.pipeline.keep("onestop", request(one.store))
        await until(lambda: one.sent() == 1)
        withdrawal = {"id": "rut-1", "askedDate": "2026-04-16T10:00:00+07:00", "reason": "Đổi ý"}
        told = worked_on(withdrawal=withdrawal)
        await one.pipeline.keep("onestop", next(each for each in told if each.kind == "onestop.withdrawn"))
        await until(lambda: any(says in str(step) for step in one.onestop.did("add_step")))
        assert one.sent() == 2
        assert one.leg() == leg
        (reason,) = one.rows(select(schema.leg.c.reason))
        assert "đồng ý" in reason[0]
        waits = one.ledger.look(undoing, 9)
        assert [each["state"] for each in waits] == (["undoing"] if leg == "undoing" else [])


async def test_a_13_that_names_what_a_leg_of_ours_sent_finds_its_dossier_by_itself(
    tmp_path: Path, amqp_url: str, prefix: str
) -> None:
    """As any status does, by the document; what a person says to it is theirs as before."""
    async with flow(tmp_path, amqp_url, prefix, "--pace", "60") as one:
        await one.pipeline.keep("onestop", request(one.store))
        await until(lambda: one.sent() == 1)
        about = STATUS.replace(b"H12.06,2026/11/20,15/SNNMT-VP", SENT.encode())
        one.arrives(about.replace(b"StatusCode>03<", b"StatusCode>13<"), "status")
        kept = select(schema.message.c.state, schema.message.c.dossier)
        kept = kept.where(schema.message.c.kind == "ioffice.document_status")
        await until(lambda: [tuple(row) for row in one.rows(kept)] == [("kept", 1)])
        assert "@ask_back@" in str(await one.told("add_step", 1))


async def test_a_result_that_is_asked_back_from_us_waits_for_a_person_whose_word_is_sent(
    tmp_path: Path, amqp_url: str, prefix: str
) -> None:
    """13 about a document that was sent on: assigned, it is for a person; what they write, 15, goes back."""
    async with flow(tmp_path, amqp_url, prefix, "--reject", "0") as one:
        await one.pipeline.keep("onestop", request(one.store))
        await one.told("add_result", 1)
        (result,) = (row for row in one.packets() if row["kind"] == "edoc" and row["to"] == "H12.06")
        one.asks_back(result["axis_id"])
        unmatched = select(schema.message.c.id).where(schema.message.c.state == "unmatched")
        await until(lambda: len(one.rows(unmatched)) == 1)
        ((message,),) = one.rows(unmatched)
        await people(one).assign(message, LOCAL, "lan", "kết quả của hồ sơ này")
        answers = select(schema.delivery.c.id).where(schema.delivery.c.operation == "answer_ask_back")
        dead = answers.where(schema.delivery.c.state == "dead")
        await until(lambda: len(one.rows(dead)) == 1)
        assert any("đề nghị trả lại" in str(step) for step in one.onestop.did("add_step"))
        assert one.sent() == 1
        ((delivery,),) = one.rows(dead)
        agrees = [{"op": "replace", "path": "/MessageHeader/StatusCode", "value": "15"}]
        await people(one).edit(delivery, patch=msgspec.json.encode(agrees), who="lan", reason="đồng ý")
        await people(one).retry([str(delivery)], "lan", "đồng ý trả lại")
        await until(lambda: one.sent() == 2)
        (back,) = (row for row in one.packets() if row["kind"] == "status" and row["sender"] == "H12.06")
        package = base64.b64decode(back["content"]).decode()
        assert back["to"] == result["sender"]
        assert "StatusCode>15<" in package
        named = re.findall(r"DocumentId>([^<]+)</", package)
        assert len(named) == 1
        assert named[0] in base64.b64decode(result["content"]).decode()


ROUND = {"code": LOCAL, "id": "bs-1", "content": "Sơ đồ", "requestedDate": "2026-04-16T08:00:00+07:00"}


def supplement(store: FileStore, *, answered: bool) -> Incoming:
    """The one-stop asks the citizen for a paper, and has it."""
    tree: dict[str, Any] = {**ROUND, "answered": answered}
    if answered:
        file = store.keep(io.BytesIO(b"%PDF-1.4 so do"), name="Sơ đồ thửa đất.pdf")
        paper = {"id": "so-do", "name": "Sơ đồ", "url": LINKS.url(file, date(2036, 12, 31)), "removed": False}
        tree |= {"receivedDate": "2026-04-17T08:00:00+07:00", "files": [paper]}
    return Incoming("onestop.supplement", tree, msgspec.json.encode(tree), key=f"{LOCAL}/bs-1/{answered}")


@pytest.mark.parametrize("asked", [True, False])
async def test_papers_that_are_handed_in_later_bring_the_document_that_was_sent_up_to_date(
    asked: bool,  # noqa: FBT001  a case
    tmp_path: Path,
    amqp_url: str,
    prefix: str,
) -> None:
    """Type 2 names the document and has all files, also where the asking was never seen; 15 is a step."""
    async with flow(tmp_path, amqp_url, prefix, "--pace", "0.3", "--give-back", "1", "--reject", "0") as one:
        await one.pipeline.keep("onestop", request(one.store))
        await until(lambda: one.sent() == 1)
        if asked:
            await one.pipeline.keep("onestop", supplement(one.store, answered=False))
            assert one.leg() == "paused"
        await one.pipeline.keep("onestop", supplement(one.store, answered=True))
        await until(lambda: one.sent() == 2)
        assert one.leg() in ("open", "done")
        first, second = one.documents()
        assert [each.kind for each in (first, second)] == ["0", "2"]
        assert (first.id, second.changes) == (SENT, SENT)
        assert (first.files, second.files) == (("Tờ trình.pdf",), ("Tờ trình.pdf", "Sơ đồ thửa đất.pdf"))
        await until(lambda: any("Đồng ý" in str(step) for step in one.onestop.did("add_step")))


async def test_what_a_withdrawal_does_to_the_document_is_a_word_of_the_route(
    tmp_path: Path, amqp_url: str, prefix: str
) -> None:
    """Revoked for everybody (type 1) instead of asked back: nobody is waited for."""
    text = (ROUTES / "decision.toml").read_text(encoding="utf-8")
    own = text.replace("ioffice.ask_back", "ioffice.revoke_dossier")
    (tmp_path / "own.toml").write_text(own, encoding="utf-8")
    async with flow(tmp_path, amqp_url, prefix, "--pace", "60", route="own") as one:
        await one.pipeline.keep("onestop", request(one.store))
        await until(lambda: one.sent() == 1)
        withdrawal = {"id": "rut-1", "askedDate": "2026-04-16T10:00:00+07:00", "reason": "Đổi ý"}
        told = worked_on(withdrawal=withdrawal)
        await one.pipeline.keep("onestop", next(each for each in told if each.kind == "onestop.withdrawn"))
        await until(lambda: one.leg() == "undone")
        first, second = one.documents()
        assert [(each.kind, each.id) for each in (first, second)] == [("0", SENT), ("1", SENT)]


def people(one: Flow) -> Failures:
    """What people may do about what failed."""
    return Failures(
        ledger=one.ledger,
        pipeline=one.pipeline,
        connectors=one.pipeline._parts.connectors,
        publish=one.pipeline._parts.publish,
        recompile=recompiled,
        checker=checker,
    )


def with_file(package: bytes, content: bytes) -> bytes:
    """A package with another file in it, as it is."""
    text = base64.b64encode(content).decode()
    changed = re.sub(r"(<[^>/]*ContentTransferEncoded[^>]*>)[^<]*<", rf"\g<1>{text}<", package.decode())
    return changed.encode()


def answered(business: str, name: str) -> bytes:
    """Another agency's document that responds to the dossier's, of a business type; its id has the name."""
    text = ANSWER.decode().replace("H12.06,2026/11/20,15/SNNMT-VP", SENT)
    text = text.replace("BussinessDocType>0<", f"BussinessDocType>{business}<")
    return text.replace("000.00.00.G22,2026/11/23,812/VPCP-NN", f"G22-{name}").encode()
