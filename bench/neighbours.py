"""`bench neighbours`: a stuck dossier delays no other; its neighbours' p99 moves by less than a tenth.

The pipeline, worker, broker and ledger of `serve`, with a peer that takes `PEER_SECONDS` for each call, and
new dossiers at a steady rate. Each round measures three times, from when a dossier was to be handed in until
it is settled:

    alone      nobody is stuck
    unknown    one dossier's call gave no answer, the peer says each time that it cannot say, and many more
               messages of that dossier wait behind it
    hanging    the same, and every call and question about it hangs until its deadline: a slot less for all

One run, interleaved: the figure is the median over the rounds of each round's own ratio.
"""

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

import uvloop
from sqlalchemy import Connection, func, select

from bench.hop_child import PEER, SOURCE
from bench.hop_lienthong import routes
from bench.hop_message import KIND, SHEET, Dossier, compiled_sheet, decode, dossiers
from bus.connector import Connector, Rhythm
from bus.errors import OutcomeUnknownError
from bus.ledger import schema
from bus.ledger.ledger import Ledger
from bus.ledger.records import Claimed, Settle, Settled
from bus.ledger.store import Store
from bus.observer import Silent
from bus.pipeline import Parts, Pipeline
from bus.planning import Planner
from bus.ports import AdapterType, Answer, Call, Incoming, Operation, Poll, Probe, Sighting, Webhook
from bus.rabbitmq import Broker
from bus.retry import Schedule
from bus.settings import Section
from bus.topology import Topology
from bus.worker import Dispatcher, Worker
from deploy.local.rabbitmq import find_broker

RATE = 40.0
"""Dossiers a second: well within what the peer takes, as on a day when all is well."""
PEER_SECONDS = 0.02
DEADLINE = 2.0
SLOTS = 8
BEHIND = 200
"""Messages of the stuck dossier that wait behind its first."""
KINDS = ("alone", "unknown", "hanging")


class Office:
    """The peer: works on every dossier but the stuck ones."""

    polls: tuple[Poll, ...] = ()
    webhooks: tuple[Webhook, ...] = ()

    def __init__(self) -> None:
        self.stuck = ""
        self.hangs = False
        put = Operation(
            "put", "Đưa hồ sơ ra", SHEET, "appends", self._put, lookup=self._look_up, seconds=DEADLINE
        )
        self.operations: Mapping[str, Operation] = {"put": put}

    def _put(self, call: Call) -> Answer:
        if call.codes.get(SOURCE) == self.stuck:
            self._hang()
            raise OutcomeUnknownError("no answer")
        time.sleep(PEER_SECONDS)
        return Answer(note="done")

    def _look_up(self, call: Call) -> Sighting:
        if call.codes.get(SOURCE) != self.stuck:
            return Sighting("done", Answer(note="it was"))
        self._hang()
        return Sighting("cannot say")

    def _hang(self) -> None:
        time.sleep(DEADLINE if self.hangs else PEER_SECONDS)

    def probe(self) -> Iterator[Probe]:
        """It is here."""
        yield Probe("echo", ok=True, text="in this process", seconds=0.0)

    def ping(self) -> None:
        """It is here."""

    def share(self, part: float) -> None:
        """There is no rate to share."""

    def close(self) -> None:
        """Nothing to give back."""


@dataclass
class Times(Silent):
    """When each dossier was to be handed in, by its number, and how long it took until it was delivered."""

    due: dict[str, float] = field(default_factory=dict)
    took: list[float] = field(default_factory=list)

    def settled(self, claimed: Claimed, settle: Settle, _settled: Settled, _seconds: float) -> None:
        """Note a neighbour's end."""
        due = self.due.pop(claimed.codes.get(SOURCE, ""), None) if settle.outcome == "delivered" else None
        if due is not None:
            self.took.append(time.monotonic() - due)


@dataclass(frozen=True, slots=True)
class Bus:
    """The bus at work."""

    ledger: Ledger
    broker: Broker
    worker: Worker
    pipeline: Pipeline
    office: Office
    times: Times

    async def keep(self, dossier: Dossier, key: str) -> None:
        """Hand one in."""
        body = decode(dossier.body)
        await self.pipeline.keep(
            SOURCE, Incoming(KIND, body, dossier.body, key=key, as_of=datetime.now().astimezone())
        )

    async def stop(self) -> None:
        """As `serve` stops."""
        await self.worker.stop()
        await self.broker.close()
        self.ledger.close()


def run(seconds: float = 6.0, *, rounds: int = 5) -> dict[str, Any]:
    """Measure; each kind for `seconds` in each round. May be repeated, needs a quiet machine.

    Gives the neighbours' median and 99th percentile in milliseconds by kind, medians over the rounds, and
    `ratio_p99` beside being alone.
    """
    folder = Path(".lienthong").absolute()
    folder.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="bench-", dir=folder) as data,
        find_broker(Path(data) / "rabbitmq", say=_say) as url,
    ):
        return figures(uvloop.run(_measure(url, Path(data), seconds, rounds)))


def figures(rounds: Sequence[Mapping[str, Sequence[float]]]) -> dict[str, Any]:
    """Make the figures of what each neighbour took, in seconds, by round and kind. Pure."""
    p99 = [{kind: _percentile(each[kind], 99) for kind in KINDS} for each in rounds]
    p50 = [{kind: _percentile(each[kind], 50) for kind in KINDS} for each in rounds]
    return {
        "p99_ms": {kind: round(1000 * statistics.median(each[kind] for each in p99), 2) for kind in KINDS},
        "p50_ms": {kind: round(1000 * statistics.median(each[kind] for each in p50), 2) for kind in KINDS},
        "ratio_p99": {
            kind: round(statistics.median(each[kind] / each["alone"] for each in p99), 3)
            for kind in KINDS[1:]
        },
        "waiting_behind_it": BEHIND,
        "neighbours": sum(len(each[kind]) for each in rounds for kind in KINDS),
        "rounds": [{kind: round(1000 * each[kind], 1) for kind in KINDS} for each in p99],
    }


def _percentile(values: Sequence[float], part: int) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[part - 1]


async def _measure(url: str, data: Path, seconds: float, rounds: int) -> list[dict[str, list[float]]]:
    bus = await _start(url, data)
    count = int(seconds * RATE)
    try:
        return [await _round(bus, number, count) for number in range(1, rounds + 1)]
    finally:
        await bus.stop()


async def _round(bus: Bus, number: int, count: int) -> dict[str, list[float]]:
    stream = dossiers(count * len(KINDS) + len(KINDS), number)
    took: dict[str, list[float]] = {}
    for kind in KINDS:
        stuck, *others = islice(stream, count + 1)
        if kind != "alone":
            await _get_stuck(bus, stuck, hangs=kind == "hanging")
        took[kind] = await _neighbours(bus, others)
        await _let_go(bus)
    _say(
        f"round {number}: "
        + ", ".join(f"{kind} {1000 * _percentile(took[kind], 99):.1f} ms" for kind in KINDS)
    )
    return took


async def _get_stuck(bus: Bus, stuck: Dossier, *, hangs: bool) -> None:
    """Have a dossier whose first call is in doubt, with many messages behind it."""
    bus.office.stuck, bus.office.hangs = stuck.key, hangs
    for place in range(BEHIND + 1):
        await bus.keep(stuck, f"{stuck.key}/{place}")
    await asyncio.sleep(1.0)


async def _neighbours(bus: Bus, others: Sequence[Dossier]) -> list[float]:
    """Hand in at a steady rate, whatever becomes of the ones before; wait until all are delivered."""
    bus.times.took.clear()
    began = time.monotonic()
    keeping = []
    for place, one in enumerate(others):
        due = began + place / RATE
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        bus.times.due[one.key] = due
        keeping.append(asyncio.create_task(bus.keep(one, one.key)))
    await asyncio.gather(*keeping)
    await _until(lambda: not bus.times.due)
    return list(bus.times.took)


async def _let_go(bus: Bus) -> None:
    """The stuck one goes on, and all that waited behind it."""
    bus.office.stuck = ""
    await _until(lambda: not bus.ledger.look(_open))


async def _until(holds: Callable[[], bool]) -> None:
    """Look again and again, for two minutes at most."""
    async with asyncio.timeout(120):
        while not holds():  # noqa: ASYNC110  what is looked at is a row, or what a callback counts
            await asyncio.sleep(0.01)


def _open(tx: Connection) -> int:
    return int(tx.execute(select(func.count()).where(schema.delivery.c.state.in_(schema.OPEN))).scalar_one())


async def _start(url: str, data: Path) -> Bus:
    """Put the bus together as `serve` does it."""
    office, times = Office(), Times()
    kind = AdapterType("hop", "Một chặng", Section, {KIND: SHEET}, ("put",), lambda _name, _settings: office)
    rhythm = Rhythm(Schedule(), look_up_after=0.2, absent_after=3600.0)
    connectors = {name: Connector(name, kind, office, rhythm, concurrency=SLOTS) for name in (SOURCE, PEER)}
    topology = Topology((SOURCE, PEER), prefix="bench-neighbours")
    plans = Planner(routes(), {f"{PEER}.put": True})
    ledger = Ledger(Store(f"sqlite:///{data / 'ledger.db'}"), plans.plan, plans.merge, plans.legs)
    broker = Broker()
    await broker.connect(url, topology, client_name="lienthong bench")
    dispatcher = Dispatcher(broker, topology, "bench")
    parts = Parts(ledger, plans, {SHEET: compiled_sheet()}, connectors, dispatcher.publish, times)
    pipeline = Pipeline(parts)
    worker = Worker(pipeline, ledger, broker, topology, dispatcher, {PEER: connectors[PEER]})
    await worker.start()
    return Bus(ledger, broker, worker, pipeline, office, times)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
