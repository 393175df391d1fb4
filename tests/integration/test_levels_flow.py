"""A dossier handed on between levels: real broker and ledger, shipped sheets and flow, simulated axis."""

import base64
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import msgspec
import pytest
from lxml import etree
from sqlalchemy import select

from bus.connector import Connector
from bus.filing import Filing
from bus.ledger import schema, store
from bus.ledger.records import Pause
from bus.ports import Incoming
from tests.contract.ioffice_adapter.axes import simulator
from tests.integration import test_decision_flow as decision_flow
from tests.integration.pipeline.peers import onestop
from tests.integration.pipeline.road import LOCAL, SOON, record_of, sheets, worked_on
from tests.integration.pipeline.test_failures import recompiled
from tests.integration.test_decision_flow import LINKS, Flow, axis, flow, running, until
from tests.stores import file_store
from tests.unit.adapters.edxml_packages import N

pytestmark = pytest.mark.integration

_FROM = re.compile(rb"From>\s*<[^>]*OrganId>([^<]*)<")
INTAKE = {"code": "H12.06", "name": "Sở Nông nghiệp và Môi trường tỉnh Cà Mau"}


def transfer(number: str, to: str, *, sender: str = "H12.06", day: int = 15) -> Incoming:
    """The one-stop hands the dossier on to an agency."""
    tree = {
        "code": LOCAL,
        "id": number,
        "fromAgency": INTAKE | {"code": sender},
        "toAgency": {"code": to, "name": "như một cửa ghi"},
        "transferDate": f"2026-04-{day}T10:00:00+07:00",
    }
    return Incoming("onestop.transfer", tree, msgspec.json.encode(tree), key=f"{LOCAL}/{number}")


def legs(one: Flow) -> dict[str, str]:
    """How the leg of each transfer stands."""
    rows = one.rows(select(schema.leg.c.route, schema.leg.c.state))
    return {row.route.partition("levels.up_or_down")[2]: row.state for row in rows}


def answered_by(one: Flow) -> set[str]:
    """The agencies that sent statuses: whoever the simulated axis found as To in the package."""
    query = select(schema.payload.c.raw).join(schema.message, schema.message.c.id == schema.payload.c.message)
    rows = one.rows(query.where(schema.message.c.kind == "ioffice.document_status"))
    return {found[1].decode() for row in rows if (found := _FROM.search(row.raw))}


def withdrawn() -> Incoming:
    """The one-stop tells that the applicant takes the dossier back."""
    told = worked_on(withdrawal={"id": "r", "askedDate": "2026-04-16T10:00:00+07:00"})
    return next(each for each in told if each.kind == "onestop.withdrawn")


def asked(one: Flow) -> list[str]:
    """The documents that our unit asked back, as their packages name them."""
    rows = [row for row in one.packets() if row["kind"] == "status" and row["sender"] == "H12.06"]
    packages = [etree.fromstring(base64.b64decode(row["content"])) for row in rows]
    return [each.findtext(f".//{{{N}}}ResponseFor/{{{N}}}DocumentId") or "" for each in packages]


async def hand_on(one: Flow, **transfers: str) -> None:
    """Take the dossier in, then hand it on."""
    record = record_of(agency=INTAKE, intakeAgency=INTAKE, files=[])
    await one.pipeline.keep("onestop", record)
    for number, to in transfers.items():
        await one.pipeline.keep("onestop", transfer(number, to))


@pytest.mark.parametrize(
    ("day", "ward"), [("2025-06-30T12:00:00+07:00", "H04.26.05"), ("2025-07-01T12:00:00+07:00", "H12.36")]
)
async def test_each_transfer_goes_to_whoever_is_that_agency_on_the_day_of_sending(
    day: str, ward: str, tmp_path: Path, amqp_url: str, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A ward of Bạc Liêu before the merger, its successor after it; each transfer a document of its own."""
    ahead = time.time() - datetime.fromisoformat(day).timestamp()
    monkeypatch.setattr(store, "now_of", lambda _: time.time() - ahead)
    async with flow(tmp_path, amqp_url, prefix, "--reject", "0", route="levels") as one:
        await hand_on(one, c1="H04.26.05", c2="H12")
        await until(lambda: sorted(legs(one).values()) == ["done", "done"])
        assert one.sent() == 2
        await until(lambda: answered_by(one) == {ward, "H12"})
        assert set(legs(one)) == {"[c1]", "[c2]"}


async def test_a_dossier_comes_from_whoever_hands_it_on_and_goes_to_the_same_agency_again(
    tmp_path: Path, amqp_url: str, prefix: str
) -> None:
    """Not from who took it in; each day's transfer is a document of its own, and each leg is answered."""
    units = ("--units", "H12.06,H12.36", "--reject", "0")
    async with flow(tmp_path, amqp_url, prefix, *units, route="levels") as one:
        await hand_on(one, c1="H12")
        await one.pipeline.keep("onestop", transfer("c2", "H12", sender="H12.36", day=20))
        await until(lambda: sorted(legs(one).values()) == ["done", "done"])
        first, second = one.documents("H12.06"), one.documents("H12.36")
        assert [each.id.split("/", 3)[:3] for each in (*first, *second)] == [
            ["H12.06,2026", "04", f"15,{LOCAL}"],
            ["H12.36,2026", "04", f"20,{LOCAL}"],
        ]


async def test_a_second_transfer_to_an_agency_on_one_day_is_a_document_of_its_own_and_asked_back_as_that(
    tmp_path: Path, amqp_url: str, prefix: str
) -> None:
    """The second has that in its sign, for receivers know documents by it; each is asked back."""
    options = ("--pace", "0.5", "--give-back", "1", "--reject", "0")
    async with flow(tmp_path, amqp_url, prefix, *options, route="levels") as one:
        await hand_on(one, c1="H12", c2="H12", c3="H12.36")
        await until(lambda: one.sent() == 3)
        sign = f"H12.06,2026/04/15,{LOCAL}/Hồ sơ liên thông"
        sent = [f"{sign}/H12", f"{sign} (2)/H12", f"{sign}/H12.36"]
        assert sorted(each.id for each in one.documents()) == sorted(sent)
        await one.pipeline.keep("onestop", withdrawn())
        await until(lambda: sorted(legs(one).values()) == ["undone"] * 3)
        assert sorted(asked(one)) == sorted(sent)


async def test_an_agency_that_was_merged_meanwhile_is_asked_back_by_the_code_that_it_was_sent_to(
    tmp_path: Path, amqp_url: str, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sent to a ward of Bạc Liêu in June, asked back in July: its heir has no such document."""
    clock = Clock()
    monkeypatch.setattr(store, "now_of", clock)
    options = ("--pace", "30", "--reject", "0")
    async with flow(tmp_path, amqp_url, prefix, *options, route="levels") as one:
        await hand_on(one, c1="H04.26.05")
        await until(lambda: one.sent() == 1)
        clock.day = "2025-07-01T12:00:00+07:00"
        await one.pipeline.keep("onestop", withdrawn())
        await until(lambda: one.sent() == 2)
        (document,) = one.documents()
        assert document.id.endswith("/H04.26.05")
        assert asked(one) == [document.id]
        assert [row["to"] for row in one.packets() if row["kind"] == "status"] == ["H04.26.05"]


@dataclass
class Clock:
    """The ledger's clock, which a test sets."""

    day: str = "2025-06-30T12:00:00+07:00"
    began: float = field(default_factory=time.time)

    def __call__(self, _: object) -> float:
        """Seconds since the epoch."""
        return datetime.fromisoformat(self.day).timestamp() + time.time() - self.began


@asynccontextmanager
async def two_axes(folder: Path, amqp_url: str, prefix: str) -> AsyncIterator[Flow]:
    """A connector to one axis for Cà Mau, and to another for what was Bạc Liêu until July 2025."""
    options = ("--units", "H12.06", "--pace", "0.5", "--give-back", "1", "--reject", "0")
    with simulator(folder / "sim", *options) as (url, _), simulator(folder / "old", *options) as (old, _):
        files, peer = file_store(folder / "files"), onestop()
        connectors = {
            "onestop": Connector("onestop", peer.kind, peer, SOON, mode="live", concurrency=2),
            "ioffice": axis("ioffice", url, files),
            "bac_lieu": axis("bac_lieu", old, files),
        }
        work = (connectors, Filing(files, LINKS), "levels", {"ioffice": ("H12",), "bac_lieu": ("H04",)})
        async with running(folder, amqp_url, prefix, *work) as (ledger, pipeline):
            yield Flow(ledger, pipeline, peer, "", files, folder)


def delivered(one: Flow) -> list[tuple[str, str]]:
    """What was delivered to the axes: connector and operation, in the order of keeping."""
    query = select(schema.delivery.c.connector, schema.delivery.c.operation).order_by(schema.delivery.c.id)
    rows = one.rows(query.where(schema.delivery.c.state == "delivered"))
    return [tuple(row) for row in rows if row.connector != "onestop"]


def moved(one: Flow) -> list[str]:
    """Why deliveries went to another connector than they were planned for."""
    query = select(schema.attempt.c.text).where(schema.attempt.c.outcome == "ready")
    return [row.text for row in one.rows(query)]


async def test_what_went_out_over_one_axis_is_asked_back_over_that_though_another_serves_the_heir(
    tmp_path: Path, amqp_url: str, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sent to a ward of Bạc Liêu in June, asked back in July: the axis of its heir knows of nothing."""
    clock = Clock()
    monkeypatch.setattr(store, "now_of", clock)
    async with two_axes(tmp_path, amqp_url, prefix) as one:
        await hand_on(one, c1="H04.26.05")
        await until(lambda: delivered(one) == [("bac_lieu", "send_dossier")])
        clock.day = "2025-07-01T12:00:00+07:00"
        await one.pipeline.keep("onestop", withdrawn())
        await until(lambda: list(legs(one).values()) == ["undone"])
        assert delivered(one) == [("bac_lieu", "send_dossier"), ("bac_lieu", "ask_back")]
        assert moved(one) == ["what this is about went out over bac_lieu"]
        assert not (tmp_path / "sim" / "packets.jsonl").read_text()


async def test_what_has_not_gone_out_by_the_merger_moves_to_the_axis_of_the_heir(
    tmp_path: Path, amqp_url: str, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Planned in June for the one, which a person has paused; in July the other has it, and is answered."""
    clock = Clock()
    monkeypatch.setattr(store, "now_of", clock)
    async with two_axes(tmp_path, amqp_url, prefix) as one:
        gate = one.pipeline._parts.connectors["bac_lieu"].gate
        await one.ledger.act(Pause("bac_lieu", pause=True, who="lan", reason="sáp nhập"))
        await until(lambda: gate.paused)
        await hand_on(one, c1="H04.26.05")
        clock.day = "2025-07-01T12:00:00+07:00"
        await one.ledger.act(Pause("bac_lieu", pause=False, who="lan", reason="xong"))
        await until(lambda: list(legs(one).values()) == ["done"])
        assert delivered(one) == [("ioffice", "send_dossier")]
        assert moved(one) == ["H12.36 is served by ioffice today"]
        assert answered_by(one) == {"H12.36"}


async def test_a_withdrawn_dossier_is_asked_back_from_every_agency_that_it_was_handed_to(
    tmp_path: Path, amqp_url: str, prefix: str
) -> None:
    """13 goes to the transfer's agency and names its document; 15 undoes that transfer's leg."""
    options = ("--pace", "0.5", "--give-back", "1", "--reject", "0")
    async with flow(tmp_path, amqp_url, prefix, *options, route="levels") as one:
        await hand_on(one, c1="H12", c2="H12.36")
        await until(lambda: one.sent() == 2)
        await one.pipeline.keep("onestop", withdrawn())
        await until(lambda: sorted(legs(one).values()) == ["undone", "undone"])
        assert one.sent() == 4
        to = {row["to"] for row in one.packets() if row["kind"] == "status" and row["sender"] == "H12.06"}
        assert to == {"H12", "H12.36"}


async def test_an_axis_of_old_codes_is_a_line_of_a_sheet(
    tmp_path: Path, amqp_url: str, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From, To, the document's id and who answers are in the order of QCVN 102; nothing else changes."""
    text = sheets()["ioffice/dossier"].sheet.text
    line = '{ their = "OrganId",                          ours = "code", '
    assert line in text
    own = recompiled("ioffice/dossier", text.replace(line, line.replace('"code"', '"old_code"')))
    monkeypatch.setattr(decision_flow, "sheets", lambda: {**sheets(), "ioffice/dossier": own})
    units = ("--units", "000.00.06.H12", "--reject", "0")
    async with flow(tmp_path, amqp_url, prefix, *units, route="levels") as one:
        await hand_on(one, c1="H12")
        await until(lambda: list(legs(one).values()) == ["done"])
        (sent,) = one.documents("000.00.06.H12")
        assert sent.id == f"000.00.06.H12,2026/04/15,{LOCAL}/Hồ sơ liên thông/000.00.00.H12"


async def test_a_rejected_transfer_is_refused(tmp_path: Path, amqp_url: str, prefix: str) -> None:
    """Status 02 names the document that was sent, and ends its leg."""
    async with flow(tmp_path, amqp_url, prefix, "--reject", "1", route="levels") as one:
        await hand_on(one, c1="H12")
        await until(lambda: list(legs(one).values()) == ["refused"])
