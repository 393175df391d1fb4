"""A peer in this process that can be away, and an adapter to it, for what the bus does about that."""

import asyncio
import contextlib
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from bus.connector import Connector, Rhythm
from bus.errors import TransientError
from bus.flows import read_routes
from bus.ledger.gates import read_gates
from bus.ledger.ledger import Ledger
from bus.ledger.read import account as read_account
from bus.ledger.store import Store
from bus.observer import Silent
from bus.pipeline import Parts, Pipeline
from bus.planning import Planner
from bus.ports import AdapterType, Answer, Call, Incoming, Operation, Page, Poll, Probe, Sighting, Webhook
from bus.rabbitmq import Broker
from bus.retry import Schedule
from bus.settings import Section
from bus.topology import Topology
from bus.worker import Dispatcher, Worker
from mappings.dossier import MESSAGES
from mappings.engine import Compiled, compile_sheet
from mappings.sheet import parse_sheet
from mappings.source import read

SHEET = "peer/step"
STEP = """\
[sheet]
name = "peer/step"
title = "Trial"
canonical = "Step"
source = "invented"

rows = [
  { their = "So", ours = "code", rule = "dossier_code", required = true },
  { their = "Ma", ours = "id", required = true },
  { their = "TrangThai", ours = "status", rule = "codes status", required = true },
  { their = "Luc", ours = "at", rule = "time yyyyMMddHHmmss", required = true },
  { their = "NguoiXuLy", ours = "handler", required = true },
  { their = "NoiDung", ours = "content", required = true },
]

[codes.status]
unmapped = { in = "park", out = "fail" }
rows = [{ their = "2", ours = "accepted", vi = "Được tiếp nhận" }]
"""
ROUTES = """
[[flow]]
name = "trial"
title = "Trial"

  [[flow.leg]]
  name = "write"
  on = "onestop.step"
  send = "peer.write"

  [[flow.leg]]
  name = "tell"
  on = "onestop.refusal"
  send = "peer.tell"
"""


@dataclass(slots=True)
class Peer:
    """Remembers every effect; `away` refuses connections, `fails` one operation alone, `slow` its answers.

    `wants_rest`: once, it asks to be left alone for so many seconds. `not_yet`: it is there and says that
    something else has to come first.
    """

    away: bool = False
    fails: str = ""
    not_yet: bool = False
    slow: float = 0.0
    wants_rest: float = 0.0
    effects: list[str] = field(default_factory=list)
    calls: int = 0
    at_once: int = 0
    most_at_once: int = 0
    pings: int = 0
    polls: int = 0
    begun: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def call(self, name: str, call: Call) -> Answer:
        """One effect, or the refusal of the connection."""
        with self.lock:
            self.calls += 1
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
            rest, self.wants_rest = self.wants_rest, 0.0
        try:
            return self._answer(name, call, rest)
        finally:
            with self.lock:
                self.at_once -= 1

    def _answer(self, name: str, call: Call, rest: float) -> Answer:
        self.begun.set()
        if rest:
            raise TransientError("busy", code="HTTP 429", retry_after=rest)
        if self.away:
            raise TransientError("no connection")
        if self.fails == name:
            raise TransientError("busy", code="HTTP 503")
        if self.not_yet:
            raise TransientError("not there yet", code="404", peer_down=False)
        time.sleep(self.slow)
        with self.lock:
            self.effects.append(f"{name} {call.request['Ma']}")
        return Answer()

    def look_up(self, name: str, call: Call) -> Sighting:
        """Whether it has the effect."""
        there = f"{name} {call.request['Ma']}" in self.effects
        return Sighting("done", Answer()) if there else Sighting("not there")

    def ping(self) -> None:
        """Whether it is there, which takes a while to tell."""
        with self.lock:
            self.pings += 1
        time.sleep(0.05)
        if self.away:
            raise TransientError("no connection")

    def poll(self, cursor: str, _recall: Callable[[list[str]], Mapping[str, bytes]]) -> Page:
        """An empty page; the cursor moves."""
        with self.lock:
            self.polls += 1
        if self.away:
            raise TransientError("no connection")
        return Page((), str(int(cursor or "0") + 1))


class PeerAdapter:
    """An adapter with two operations, as one process has it."""

    webhooks: tuple[Webhook, ...] = ()

    def __init__(self, peer: Peer, every: float | None = None) -> None:
        self._peer = peer
        self.operations: Mapping[str, Operation] = {name: self._operation(name) for name in ("write", "tell")}
        self.polls: tuple[Poll, ...] = (Poll("page", "Trang", every, peer.poll),) if every else ()

    def _operation(self, name: str) -> Operation:
        return Operation(
            name,
            name,
            SHEET,
            "appends",
            lambda call: self._peer.call(name, call),
            lambda call: self._peer.look_up(name, call),
            seconds=2.0,
        )

    def probe(self) -> Iterator[Probe]:
        """Nothing to see layer by layer."""
        yield Probe("echo", ok=True, text="in this process", seconds=0.0)

    def ping(self) -> None:
        """Ask whether it is there."""
        self._peer.ping()

    def share(self, part: float) -> None:
        """There is no rate to share."""

    def close(self) -> None:
        """Nothing to give back."""


def connector_of(peer: Peer, *, name: str = "peer", every: float | None = None, **more: Any) -> Connector:
    """A connector whose breaker opens after two failures and asks again after a fifth of a second."""
    adapter = PeerAdapter(peer, every)
    messages = {"onestop.step": SHEET, "onestop.refusal": SHEET}
    kind = AdapterType("peer", "Nơi nhận", Section, messages, ("write", "tell"), lambda *_: adapter)
    rhythm = Rhythm(
        Schedule(0.05, 2.0, 0.1, 1.0), look_up_after=0.1, absent_after=0.2, failures=2, open_for=0.2
    )
    return Connector(name, kind, adapter, rhythm, **{"concurrency": 2, **more})


def planner() -> Planner:
    """Steps are written at the peer, refusals told."""
    operations = {"peer": frozenset({"write", "tell"})}
    routes = read_routes([read(ROUTES, "routes.toml")], operations=operations, messages=MESSAGES)
    return Planner(routes, {"peer.write": True, "peer.tell": True})


@dataclass(slots=True)
class Bus:
    """One process of a bus between a source that hands in steps and the peer that gets them."""

    ledger: Ledger
    connector: Connector
    pipeline: Pipeline
    worker: Worker

    async def hand_in(self, number: int, kind: str = "onestop.step") -> None:
        """A step of a dossier of its own; told to "write", a refusal to "tell"."""
        tree = {
            "So": f"H12.01-261125-{number:04}",
            "Ma": f"s{number}",
            "TrangThai": "2",
            "Luc": "20261125080000",
        }
        incoming = Incoming(kind, {**tree, "NguoiXuLy": "An", "NoiDung": "x"}, b"{}", key=f"{kind}{number}")
        await self.pipeline.keep("source", incoming)

    @property
    def states(self) -> dict[str, int]:
        """How many deliveries are in which state."""
        return self.ledger.look(read_account).states

    async def until(self, holds: Callable[[], bool], seconds: float = 20.0) -> None:
        """Wait until something holds; an AssertionError where it never does."""
        end = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < end, (self.states, self.ledger.look(read_gates))
            await asyncio.sleep(0.02)


@contextlib.asynccontextmanager
async def running(ledger_url: str, amqp_url: str, prefix: str, peer: Peer, **more: Any) -> AsyncIterator[Bus]:
    """A bus at work; stopped at the end of the block unless the block has stopped it."""
    plans = planner()
    ledger = Ledger(Store(ledger_url), plans.plan, plans.merge, plans.legs)
    topology = Topology(("source", "peer"), prefix)
    broker = Broker()
    await broker.connect(amqp_url, topology, client_name="test")
    dispatcher = Dispatcher(broker, topology, "test")
    connector = connector_of(peer, **more)
    connectors = {"source": connector_of(Peer(), name="source"), "peer": connector}
    parts = Parts(ledger, plans, {SHEET: sheet()}, connectors, dispatcher.publish, Silent())
    pipeline = Pipeline(parts)
    mine = {"peer": connector}
    worker = Worker(
        pipeline, ledger, broker, topology, dispatcher, mine, sweep_every=0.05, floor=more.get("floor")
    )
    await worker.start()
    try:
        yield Bus(ledger, connector, pipeline, worker)
    finally:
        await worker.stop(10.0)
        await broker.close()
        for one in connectors.values():
            one.close()
        ledger.close(5.0)


def sheet() -> Compiled:
    """The one sheet, compiled."""
    return compile_sheet(parse_sheet(STEP, "step.toml"), {})
