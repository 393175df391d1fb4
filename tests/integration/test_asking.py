"""A peer that never calls back is asked while a leg is open: by its date, once, until it answers."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from bus.asking import Asking
from bus.calendar import ZONE
from bus.connector import Connector, Rhythm
from bus.errors import TransientError
from bus.observer import Silent
from bus.pipeline import Parts, Pipeline
from bus.ports import AdapterType, Answer, Call, Incoming, Operation, Poll, Probe, Webhook
from bus.retry import Schedule
from bus.settings import Section
from mappings.dossier import (
    Dossier,
    FinancialObligation,
    InformationSlip,
    Payer,
    Supplement,
    TaxNotice,
)
from mappings.engine import Compiled, compile_sheet
from mappings.sheet import load_sheets
from mappings.tables import load
from tests.integration.ledger.flowing import Flowing

pytestmark = pytest.mark.integration

ROOT = Path(__file__).resolve().parents[2]
FLOW = """
[[flow]]
name = "f"
  [[flow.leg]]
  name = "card"
  on = "onestop.dossier"
  send = "insurance.request_card"
  expects = "insurance.card_result"
  ask = "insurance.query_card"
  ask_every = "1 second"
  pauses_on = "insurance.supplement_request"
  resumes_on = "onestop.supplement"
"""
CARD = (
    "<hoSo><maHoSo>H12-261123-0001</maHoSo><trangThai>4</trangThai>"
    "<the><maSoBhxh>0123456789</maSoBhxh></the></hoSo>"
)


class Office:
    """A peer behind the ports that says nothing by itself; `script` is what it says when asked, in order."""

    polls: tuple[Poll, ...] = ()
    webhooks: tuple[Webhook, ...] = ()
    name = "insurance"
    messages: Mapping[str, str] = {"insurance.card_result": "insurance/card_result"}

    def __init__(self) -> None:
        self.asked: list[Call] = []
        self.script: list[Answer | Exception] = []
        self.operations: Mapping[str, Operation] = {
            "query_card": Operation(
                "query_card", "Hỏi", "insurance/query", "appends", self.answer, repeatable=True, seconds=5
            )
        }

    def answer(self, call: Call) -> Answer:
        """Note the question, say the next thing of the script."""
        self.asked.append(call)
        said = self.script.pop(0) if self.script else Answer()
        if isinstance(said, Exception):
            raise said
        return said

    def probe(self) -> Iterator[Probe]:
        """Nothing to look at."""
        return iter(())

    def ping(self) -> None:
        """There."""

    def share(self, part: float) -> None:
        """There is no rate to share."""

    def close(self) -> None:
        """Nothing to give back."""


def sheets(name: str) -> dict[str, Compiled]:
    """A peer's shipped sheets."""
    tables = load([ROOT / "deploy" / "tables"])
    return {
        sheet.name: compile_sheet(sheet, tables)
        for sheet in load_sheets((ROOT / "mappings",)).values()
        if sheet.name.startswith(f"{name}/")
    }


@asynccontextmanager
async def asking(bus: Flowing, office: Office) -> AsyncIterator[Connector]:
    """The asking loop of one process, over the test's ledger."""
    name = office.name
    kind = AdapterType(name, "x", Section, office.messages, tuple(office.operations), lambda *_: office)
    rhythm = Rhythm(Schedule(0.1, 2.0, 0.5, 60.0), failures=1, open_for=60.0)
    connector = Connector(name, kind, office, rhythm)
    pipeline = Pipeline(
        Parts(bus.ledger, bus.planner, sheets(name), {name: connector}, lambda _: None, Silent())
    )
    loop = Asking(bus.ledger, pipeline, connector, pipeline.questions(name), pause=0.05)

    async def run() -> None:
        while True:
            await loop.step()

    task = asyncio.create_task(run())
    try:
        yield connector
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await loop.stop(5.0)
        connector.close()


async def until(holds: Callable[[], Any], seconds: float = 10.0) -> None:
    """Wait until something holds."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        await asyncio.sleep(0.02)


@pytest.fixture
def bus(tmp_path: Path) -> Any:
    """An open ledger with one leg whose request was sent."""
    one = Flowing(f"sqlite:///{tmp_path / 'ledger.db'}", FLOW)
    yield one
    one.ledger.close()


async def test_a_leg_is_asked_about_at_its_interval_until_its_answer_is_kept(bus: Flowing) -> None:
    """Not before it was sent; nothing said, nothing kept; the answer ends the leg, and the asking."""
    office = Office()
    await bus.say("onestop.dossier", Dossier(status="accepted"), codes={"onestop": "H12-261123-0001"})
    async with asking(bus, office):
        await asyncio.sleep(1.3)
        assert office.asked == []
        await bus.does("request_card")
        office.script = [Answer(), Answer(says=(said(CARD),))]
        await until(lambda: bus.legs()["card"] == "done")
        await asyncio.sleep(1.2)
    assert len(office.asked) == 2
    assert office.asked[0].request_id != office.asked[1].request_id
    (answer,) = bus.messages("insurance.card_result")
    assert (answer.state, bus.leg("card").answered_by) == ("kept", answer.id)


async def test_a_restart_goes_on_at_the_date_in_the_ledger(bus: Flowing) -> None:
    """A process that ends takes nothing with it; the next one asks."""
    await sent(bus)
    first, second = Office(), Office()
    async with asking(bus, first):
        await until(lambda: first.asked)
    bus.ledger.close()
    bus.open()
    async with asking(bus, second):
        await until(lambda: second.asked)


async def test_while_the_breaker_is_open_no_date_is_spent_and_the_reason_shows(bus: Flowing) -> None:
    """One question meets the outage; the leg says so; nothing more is asked until the gate opens."""
    await sent(bus)
    office = Office()
    office.script = [TransientError("không kết nối được", peer_down=True, connected=True)]
    async with asking(bus, office) as connector:
        await until(lambda: bus.leg("card").reason)
        assert connector.gate.is_shut("query_card")
        due = bus.leg("card").ask_at
        await asyncio.sleep(1.3)
        assert (len(office.asked), bus.leg("card").ask_at) == (1, due)
    assert bus.leg("card").reason == "asked, without an answer: không kết nối được"


async def test_nobody_is_asked_during_a_supplement_round(bus: Flowing) -> None:
    """The leg stands still; it is asked about again once the supplement is in."""
    await sent(bus)
    await bus.say("insurance.supplement_request", Supplement(id="1"), codes=NUMBER)
    assert bus.leg("card").ask_at is None
    await bus.say("onestop.supplement", Supplement(id="1", answered=True))
    assert bus.leg("card").ask_at is not None


NUMBER = {"onestop": "H12-261123-0001"}


async def sent(bus: Flowing) -> None:
    """A dossier whose request was delivered."""
    await bus.say("onestop.dossier", Dossier(status="accepted"), codes=NUMBER)
    await bus.does("request_card")


def said(xml: str) -> Incoming:
    """What the authority says of a dossier."""
    return Incoming("insurance.card_result", etree.fromstring(xml), xml.encode())


async def test_an_answer_that_cannot_be_read_is_set_aside_once_and_shows_on_the_leg(bus: Flowing) -> None:
    """Each time in another envelope, the same content: one message, with its reason; the asking goes on."""
    await sent(bus)
    office = Office()
    broken = CARD.replace("0123456789", "12")
    odd = CARD.replace(">4<", ">77<")
    inner = [*[broken] * 3, odd, odd]
    office.script = [Answer(says=(enveloped(xml, count),)) for count, xml in enumerate(inner)]
    office.script.append(Answer(says=(said(CARD),)))
    async with asking(bus, office):
        await until(lambda: bus.leg("card").reason)
        assert "is dead: " in bus.leg("card").reason
        await until(lambda: "is parked: " in bus.leg("card").reason)
        await until(lambda: bus.legs()["card"] == "done")
    aside = [(row.state, row.dossier) for row in bus.messages("insurance.card_result") if row.state != "kept"]
    assert aside == [("dead", 1), ("parked", 1)]
    assert len(office.asked) == 6


def enveloped(xml: str, count: int) -> Incoming:
    """What the authority says, with all that came around it: that is new each time."""
    return Incoming(
        "insurance.card_result", etree.fromstring(xml), f"<x n='{count}'>{xml}</x>".encode(), place="hoSo/1"
    )


PAYING = """
[[flow]]
name = "f"
  [[flow.leg]]
  name = "payment"
  on = "tax.obligation"
  per = "payers.notices.number"
  expects = ["national_portal.payment", "tax.payment_confirmed"]
  matched_by = "notice_number"
  answer_when = { state = "paid" }
  ask = "tax.query_payments"
  ask_every = "1 second"
  [[flow.leg]]
  name = "met"
  after = ["payment"]
  send = "onestop.obligation_met"
"""


class Treasury(Office):
    """The tax office, asked for the vouchers of a dossier."""

    name = "tax"
    messages: Mapping[str, str] = {"tax.payment_confirmed": "tax/payment", "tax.notices": "tax/notices"}

    def __init__(self) -> None:
        super().__init__()
        self.operations = {
            f"query_{name}": Operation(
                f"query_{name}",
                "Hỏi",
                f"tax/{name}_query",
                "appends",
                self.answer,
                repeatable=True,
                seconds=5,
            )
            for name in ("payments", "notices")
        }


def voucher(notice: str) -> Incoming:
    """What the tax office says of one notice that was paid."""
    said = (
        f"<CHUNGTU><MA_HS>H12-261123-0001</MA_HS><SO_CHUNGTU>CT-{notice}</SO_CHUNGTU>"
        f"<SO_QUYET_DINH>{notice}</SO_QUYET_DINH><SO_TIEN>1</SO_TIEN><NGAY_NOP>25/11/2026 09:00:00</NGAY_NOP>"
        "<TRANG_THAI>1</TRANG_THAI></CHUNGTU>"
    )
    return Incoming("tax.payment_confirmed", etree.fromstring(said), said.encode(), key=f"CT-{notice}/1")


async def test_vouchers_are_learned_by_asking_where_the_portal_says_nothing(tmp_path: Path) -> None:
    """One question for all notices of a dossier; each voucher ends the leg of its own notice, once."""
    bus = Flowing(f"sqlite:///{tmp_path / 'ledger.db'}", PAYING)
    notices = tuple(TaxNotice(number=number, remaining=1) for number in ("A", "B", "C"))
    owed = FinancialObligation(state="owing", payers=(Payer(total=3, notices=notices),))
    await bus.say("tax.obligation", owed, codes={"tax": "H12-261123-0001"})
    office = Treasury()
    b, both, every = (tuple(map(voucher, names)) for names in ("B", "BC", "ABC"))
    office.script = [Answer(), Answer(says=b), Answer(says=both), Answer(says=both), Answer(says=every)]
    async with asking(bus, office):
        await until(lambda: bus.legs()["payment[B]"] == "done")
        assert bus.legs() == {
            "payment[A]": "open",
            "payment[B]": "done",
            "payment[C]": "open",
            "met": "planned",
        }
        await until(lambda: bus.legs()["met"] == "open")
        await asyncio.sleep(1.2)
    assert len(office.asked) == 5
    assert [row.state for row in bus.messages("tax.payment_confirmed")] == ["kept"] * 3
    assert bus.sent() == ["obligation_met ready"]
    bus.ledger.close()


SLIP = """
[[flow]]
name = "f"
  [[flow.leg]]
  name = "slip"
  on = "onestop.slip"
  expects = ["tax.obligation", "tax.notices"]
  ask = "tax.query_notices"
  ask_every = "1 second"
  [[flow.leg]]
  name = "payment"
  on = ["tax.obligation", "tax.notices"]
  per = "payers.notices.number"
  expects = "tax.payment_confirmed"
  matched_by = "notice_number"
  until = "due_on"
"""


async def test_notices_in_five_groups_open_a_leg_each(tmp_path: Path) -> None:
    """A route asks by another operation, and nothing else changes: the other form is an obligation too."""
    bus = Flowing(f"sqlite:///{tmp_path / 'ledger.db'}", SLIP)
    number = {"onestop": "000.00.32.H12-261120-0001"}
    await bus.say("onestop.slip", InformationSlip(number="PC-1"), codes=number)
    office = Treasury()
    sample = (ROOT / "adapters" / "tax" / "samples" / "notices.five.xml").read_bytes()
    told = Incoming("tax.notices", etree.fromstring(sample), sample, place="TCT_TVTBT/1")
    office.script = [Answer(says=(told,))]
    async with asking(bus, office):
        await until(lambda: bus.legs()["slip"] == "done")
    named = [f"payment[LTB2620001-TK000000{n}/TB-CCT]" for n in (1, 2, 3)]
    assert bus.legs() == {"slip": "done"} | dict.fromkeys(named, "open")
    assert bus.leg(named[1]).due_at == datetime(2026, 12, 25, tzinfo=ZONE).timestamp()
    bus.ledger.close()
