"""A bus that ends itself by SIGKILL at any step of a flow with legs.

`python -m tests.integration.pipeline.dying_legs` reads one JSON job a line, forks a bus for it, and writes
how that ended. Steps are commits, publishes, calls, questions and the source's acknowledgements, each before
and after. What peers did, and which messages their sources need not hand in again, stands in files and
outlives the bus. Hints are given from hand to hand: what a broker adds to this is in `test_power_cuts`.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace
from sqlalchemy import Connection

from bus.asking import Asking
from bus.connector import Connector, Rhythm
from bus.flows import read_routes
from bus.hands import Hands
from bus.ledger import legs, read, schema
from bus.ledger.ledger import Ledger
from bus.ledger.records import Legs, Ready
from bus.ledger.store import Store
from bus.ledger.sweep_records import Sweep
from bus.observer import Silent
from bus.pipeline import Parts, Pipeline
from bus.planning import Planner, Question
from bus.ports import AdapterType, Answer, Call, Incoming, Operation, Poll, Probe, Sighting, Webhook
from bus.retry import Schedule
from bus.settings import Section
from mappings.dossier import (
    MESSAGES,
    Dossier,
    FinancialObligation,
    Message,
    Payer,
    Payment,
    Result,
    Supplement,
    TaxNotice,
    Withdrawal,
)
from mappings.engine import Compiled, compile_sheet
from mappings.rules_time import ICT
from mappings.sheet import parse_sheet
from mappings.source import read as read_toml

CODE = "H12-261123-0001"
AT = datetime(2026, 11, 23, 8, tzinfo=ICT)
ROUTES = """
[[flow]]
name = "birth"
  [[flow.leg]]
  name = "certificate"
  on = "onestop.dossier"
  expects = "onestop.result"
  [[flow.leg]]
  name = "card"
  after = ["certificate"]
  send = "insurance.request_card"
  expects = "insurance.card_result"
  ask = "insurance.query_card"
  ask_every = "1 second"
  pauses_on = "insurance.supplement_request"
  resumes_on = "onestop.supplement"
  resume_send = "insurance.add_supplement"
  undo = "insurance.cancel_card"
  [[flow.leg]]
  name = "close"
  after = ["certificate", "card"]
  send = "onestop.set_ready"
  [flow.withdraw]
  on = "onestop.withdrawn"
[[flow]]
name = "land"
  [[flow.leg]]
  name = "payment"
  on = "tax.obligation"
  per = "payers.notices.number"
  expects = "tax.payment_confirmed"
  matched_by = "notice_number"
  [[flow.leg]]
  name = "met"
  after = ["payment"]
  send = "onestop.obligation_met"
"""
_SHEET = """[sheet]
name = "{name}"
title = "Trial"
canonical = "{canonical}"
source = "invented"
rows = [{rows}]
"""
_CODE = '{ their = "So", ours = "code" }'
_STATE = '{ their = "TrangThai", ours = "state", rule = "codes state", required = true }'
_STATES = """[codes.state]
unmapped = { in = "park", out = "fail" }
rows = [{ their = "4", ours = "issued", vi = "Đã cấp" }]
"""
SHEETS = {
    "trial/dossier": _SHEET.format(name="trial/dossier", canonical="Dossier", rows=_CODE),
    "trial/card": _SHEET.format(name="trial/card", canonical="CardResult", rows=_STATE) + _STATES,
    "trial/supplement": _SHEET.format(
        name="trial/supplement", canonical="Supplement", rows=_CODE + ', { their = "Ma", ours = "id" }'
    ),
}
OPERATIONS = {
    "insurance": ("request_card", "query_card", "add_supplement", "cancel_card"),
    "onestop": ("set_ready", "obligation_met"),
}
RHYTHM = Rhythm(Schedule(0.02, 1.0, 0.02, 3600.0), look_up_after=0.0, absent_after=0.02, failures=500)
_ASK_EVERY = 0.02


class Job(msgspec.Struct, frozen=True):
    """Which story, where its files lie, and at which step to die; 0 lives to the end."""

    ledger_url: str
    folder: str
    story: str
    dies_at: int


class Ended(msgspec.Struct, frozen=True):
    """How a bus ended (0, or the negative number of its signal), and at which step it was killed."""

    code: int
    step: str = ""


class Journal:
    """Lines in a file, each on the disk before anybody goes on."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.lines = file.read_text().splitlines() if file.exists() else []

    def add(self, line: str) -> None:
        """Write a line down."""
        self.lines.append(line)
        with self._file.open("a") as out:
            out.write(f"{line}\n")
            out.flush()
            os.fsync(out.fileno())


class Fate:
    """Counts the steps of a life, and ends it at one of them as a power cut does."""

    def __init__(self, dies_at: int, last: Path) -> None:
        self._left = dies_at
        self._last = last

    def step(self, name: str) -> None:
        """One step further, or no further."""
        self._left -= 1
        if self._left == 0:
            self._last.write_text(name)
            os.kill(os.getpid(), signal.SIGKILL)


class Peer:
    """Two systems that do what they are asked, as often as they are asked it; nothing is repeatable."""

    polls: tuple[Poll, ...] = ()
    webhooks: tuple[Webhook, ...] = ()

    def __init__(self, name: str, journal: Journal, fate: Fate, *, answers: bool) -> None:
        self.name, self.journal, self.fate, self._answers = name, journal, fate, answers
        self.operations: Mapping[str, Operation] = {each: self._operation(each) for each in OPERATIONS[name]}

    def _operation(self, name: str) -> Operation:
        sheet = "trial/supplement" if name == "add_supplement" else "trial/dossier"
        asks = name == "query_card"
        return Operation(
            name=name,
            title=name,
            sheet=sheet,
            effect="appends",
            call=self._query if asks else partial(self._call, name),
            lookup=None if asks else partial(self._look, name),
            repeatable=asks,
            key=lambda tree: str(tree["So"]),
            seconds=2.0,
        )

    def _call(self, name: str, _call: Call) -> Answer:
        self.fate.step(f"before the call {name}")
        self.journal.add(name)
        self.fate.step(f"after the call {name}")
        return Answer()

    def _look(self, name: str, _call: Call) -> Sighting:
        return Sighting("done" if name in self.journal.lines else "not there")

    def _query(self, _call: Call) -> Answer:
        """The office asks for a paper first, then issues the card; it says so as often as it is asked."""
        self.fate.step("before a question")
        says: tuple[Incoming, ...] = ()
        if self._answers and "add_supplement" in self.journal.lines:
            says = (Incoming("insurance.card_result", {"TrangThai": "4"}, b"{}", key="card"),)
        elif self._answers and "request_card" in self.journal.lines:
            says = (Incoming("insurance.supplement_request", {"Ma": "1"}, b"{}", key="asked"),)
        self.fate.step("after a question")
        return Answer(says=says)

    def probe(self) -> Iterator[Probe]:
        """Nothing to see layer by layer."""
        return iter(())

    def ping(self) -> None:
        """There."""

    def share(self, part: float) -> None:
        """There is no rate to share."""

    def close(self) -> None:
        """Nothing to give back."""


class Bus:
    """One life of a bus over the flow, with its sources."""

    def __init__(self, job: Job) -> None:
        folder = Path(job.folder)
        self.fate = Fate(job.dies_at, folder / "last")
        self.effects, self.acked = Journal(folder / "effects"), Journal(folder / "acked")
        self.story = job.story
        peers = [Peer(name, self.effects, self.fate, answers=job.story == "through") for name in OPERATIONS]
        self.connectors = {peer.name: _connector(peer) for peer in peers}
        planner = planner_of()
        self.ledger = Ledger(Store(job.ledger_url), planner.plan, planner.merge, planner.legs)
        self.hints: list[Ready] = []
        self.tasks: set[asyncio.Task[Any]] = set()
        parts = Parts(self.ledger, planner, sheets(), self.connectors, self.publish, Silent())
        self.pipeline = Pipeline(parts)
        insurance = self.connectors["insurance"]
        questions = {
            route: Question(one.way, _ASK_EVERY)
            for route, one in self.pipeline.questions("insurance").items()
        }
        self.asking = Asking(self.ledger, self.pipeline, insurance, questions, pause=0.0)

    def publish(self, ready: Sequence[Ready]) -> None:
        """Hand hints over; a bus that dies here has told nobody."""
        self.fate.step("before a publish")
        self.hints.extend(ready)
        self.fate.step("after a publish")

    async def live(self) -> None:
        """Run until nothing is left to be done."""
        self.ledger.handover.open(Hands(self.connectors, self.pipeline.work, self.tasks))
        first = True
        while not self.is_over():
            for key, kind, message in self.due():
                await self.pipeline.keep_canonical("onestop", Incoming(kind, {}, b"{}", key=key), message)
                self.fate.step(f"before {key} is acknowledged")
                self.acked.add(key)
            self.publish(await self.ledger.sweep(Sweep({"": 0.0}, first=first, under_way=frozenset())))
            first = False
            while self.hints:
                hint = self.hints.pop(0)
                await self.pipeline.deliver(hint.delivery, self.connectors[hint.connector])
            await self.asking.step()
            if under_way := self.tasks | self.asking._tasks:
                await asyncio.wait(under_way)
            await asyncio.sleep(0.002)
        self.ledger.close()

    def is_over(self) -> bool:
        """Whether every message was handed in and no leg or delivery is open."""
        if any(key not in self.acked.lines for key, _, _ in STORIES[self.story]):
            return False
        return not self.ledger.look(_open)

    def due(self) -> list[tuple[str, str, Message]]:
        """What sources still have to hand in, and may by now."""
        found: list[tuple[str, str, Message]] = []
        for key, kind, message in STORIES[self.story]:
            if key not in self.acked.lines:
                if key in AWAITS and not AWAITS[key](self):
                    break
                found.append((key, kind, message))
        return found

    def rounds(self) -> int:
        """How often the office has asked for a paper."""
        dossier = self.ledger.look(read.find_dossier, CODE)
        found = self.ledger.look(legs.of_dossier, dossier) if dossier else []
        return sum(one.rounds for one in found)


def _connector(peer: Peer) -> Connector:
    messages = {"insurance.card_result": "trial/card", "insurance.supplement_request": "trial/supplement"}
    kind = AdapterType(peer.name, peer.name, Section, messages, tuple(peer.operations), lambda *_: peer)
    return Connector(peer.name, kind, peer, RHYTHM, concurrency=1)


def _open(tx: Connection) -> bool:
    found = read.account(tx)
    waits = any(found.legs.get(state) for state in ("planned", "open", "paused", "undoing"))
    return waits or any(found.states.get(state) for state in schema.OPEN)


OWED = FinancialObligation(
    code=CODE,
    state="owing",
    payers=(
        Payer(total=2, notices=(TaxNotice(number="A", remaining=1), TaxNotice(number="B", remaining=1))),
    ),
)
_BEGUN: tuple[tuple[str, str, Message], ...] = (
    ("accepted", "onestop.dossier", Dossier(code=CODE, status="accepted")),
    ("certificate", "onestop.result", Result(code=CODE, name="Giấy khai sinh")),
    ("owed", "tax.obligation", OWED),
)
STORIES: dict[str, tuple[tuple[str, str, Message], ...]] = {
    "through": (
        *_BEGUN,
        *(
            (
                number,
                "tax.payment_confirmed",
                Payment(code=CODE, id=number, amount=1, paid_at=AT, state="paid", notice_number=number),
            )
            for number in ("A", "B")
        ),
        ("paper", "onestop.supplement", Supplement(code=CODE, id="1", answered=True)),
    ),
    "withdrawn": (*_BEGUN, ("rut", "onestop.withdrawn", Withdrawal(code=CODE, id="rut", asked_at=AT))),
}
AWAITS: dict[str, Callable[[Bus], bool]] = {
    "paper": lambda bus: bus.rounds() > 0,
    "rut": lambda bus: "request_card" in bus.effects.lines,
}
"""When a source says something at the earliest; without a word, when what stands before it was said."""


def planner_of() -> Planner:
    """The flow's planner, with questions asked at once."""
    operations = {name: frozenset(each) for name, each in OPERATIONS.items()}
    planner = Planner(
        read_routes([read_toml(ROUTES, "r.toml")], operations=operations, messages=MESSAGES), {}
    )
    soon = {
        route: replace(one, ask_every=_ASK_EVERY if one.ask_every else None)
        for route, one in planner.legs.by_route.items()
    }
    planner.legs = Legs(soon, planner.legs.follow, planner.legs.withdraws, planner.legs.unless_refused)
    return planner


def sheets() -> dict[str, Compiled]:
    """The sheets of the two peers."""
    return {name: compile_sheet(parse_sheet(text, name), {}) for name, text in SHEETS.items()}


def arm(bus: Bus) -> None:
    """Every commit is two steps from now on."""
    write = bus.ledger.store.write

    @contextmanager
    def dying() -> Iterator[Connection]:
        with write() as tx:
            yield tx
            bus.fate.step("before a commit")
        bus.fate.step("after a commit")

    bus.ledger.store.write = dying  # type: ignore[method-assign]  # the commit itself is what is cut short


def live(job: Job) -> None:
    """One life, of which a minute is more than enough."""
    signal.alarm(60)
    bus = Bus(job)
    arm(bus)
    asyncio.run(bus.live())


def main() -> None:
    """Fork for each job, so that imports and sheets are paid for once."""
    sheets()
    for line in sys.stdin:
        job = msgspec.json.decode(line, type=Job)
        child = os.fork()
        if not child:
            live(job)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        last = Path(job.folder) / "last"
        ended = Ended(os.waitstatus_to_exitcode(status), last.read_text() if last.exists() else "")
        sys.stdout.write(msgspec.json.encode(ended).decode() + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
