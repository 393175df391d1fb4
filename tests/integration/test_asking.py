"""A peer that never calls back is asked while a leg is open: by its date, once, until it answers."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from bus.asking import Asking
from bus.connector import Connector, Rhythm
from bus.errors import TransientError
from bus.observer import Silent
from bus.pipeline import Parts, Pipeline
from bus.ports import AdapterType, Answer, Call, Incoming, Operation, Poll, Probe, Webhook
from bus.retry import Schedule
from bus.settings import Section
from mappings.dossier import Dossier, Supplement
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

    def __init__(self) -> None:
        self.asked: list[Call] = []
        self.script: list[Answer | Exception] = []
        self.operations: Mapping[str, Operation] = {
            "query_card": Operation(
                "query_card", "Hỏi", "insurance/query", "appends", self._answer, repeatable=True, seconds=5
            )
        }

    def _answer(self, call: Call) -> Answer:
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

    def close(self) -> None:
        """Nothing to give back."""


def sheets() -> dict[str, Compiled]:
    """The insurance authority's shipped sheets."""
    tables = load([ROOT / "deploy" / "tables"])
    return {
        name: compile_sheet(sheet, tables)
        for name, sheet in load_sheets((ROOT / "mappings",)).items()
        if name.startswith("insurance/")
    }


@asynccontextmanager
async def asking(bus: Flowing, office: Office) -> AsyncIterator[Connector]:
    """The asking loop of one process, over the test's ledger."""
    messages = {"insurance.card_result": "insurance/card_result"}
    kind = AdapterType("insurance", "BHXH", Section, messages, ("query_card",), lambda *_: office)
    rhythm = Rhythm(Schedule(0.1, 2.0, 0.5, 60.0), failures=1, open_for=60.0)
    connector = Connector("insurance", kind, office, rhythm)
    pipeline = Pipeline(
        Parts(bus.ledger, bus.planner, sheets(), {"insurance": connector}, lambda _: None, Silent())
    )
    loop = Asking(bus.ledger, pipeline, connector, pipeline.questions("insurance"), pause=0.05)

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
