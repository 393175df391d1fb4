"""A bus at work between two peers of the tests' own: real broker, real ledger, the shipped sheets and routes.

The one place that knows how ledger, pipeline and worker are put together; tests see what is in the ledger and
what the peers saw.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pika
from sqlalchemy import select

from adapters.onestop.changes import incoming
from adapters.onestop.states import Seen, news
from bench.province.hostile import valid_record
from bus.connector import Connector, Rhythm
from bus.flows import Routes, read_routes
from bus.ledger import read, schema
from bus.ledger.ledger import Ledger
from bus.ledger.records import Claimed, Keep, Kept, Pause, Ready, Settle, Settled
from bus.ledger.store import Store
from bus.observer import Silent
from bus.pipeline import Parts, Pipeline
from bus.planning import Planner
from bus.ports import Incoming
from bus.rabbitmq import Broker
from bus.retry import Schedule
from bus.topology import Topology
from bus.worker import Dispatcher, Worker
from mappings.dossier import MESSAGES
from mappings.engine import Compiled, compile_sheet
from mappings.sheet import load_sheets
from mappings.source import read_file
from mappings.tables import load as load_tables
from tests.integration.pipeline.peers import Peer, onestop, portal

ROOT = Path(__file__).resolve().parents[3]
ONLINE = ROOT / "adapters" / "onestop" / "samples" / "online.json"
NUMBER = "G22.99-260415-000001"
LOCAL = "H12.06-260415-0001"
SOON = Rhythm(
    Schedule(first=0.05, factor=1, ceiling=0.05, give_up_after=3600),
    look_up_after=0.05,
    absent_after=0.4,
    failures=50,
    open_for=0.2,
)
"""Everything within moments; the breaker stays out of the way."""


@cache
def sheets() -> Mapping[str, Compiled]:
    """The shipped sheets, compiled once."""
    tables = load_tables((ROOT / "deploy" / "tables",))
    return {name: compile_sheet(sheet, tables) for name, sheet in load_sheets((ROOT / "mappings",)).items()}


@cache
def routes() -> Routes:
    """The shipped routes."""
    files = [read_file(file) for file in sorted((ROOT / "bus" / "routes").glob("*.toml"))]
    operations = {one.kind.name: frozenset(one.kind.operations) for one in (portal(), onestop())}
    absent = frozenset({"insurance", "ioffice", "tax"})
    return read_routes(files, operations=operations, messages=MESSAGES, absent=absent)


def planner() -> Planner:
    """What the shipped routes ask for."""
    appends = {
        f"{one.kind.name}.{operation.name}": operation.effect == "appends"
        for one in (portal(), onestop())
        for operation in one.operations.values()
    }
    return Planner(routes(), appends)


@dataclass
class Told(Silent):
    """What an observer was told."""

    kept_: list[Kept] = field(default_factory=list)
    settled_: list[tuple[Claimed, Settle, Settled]] = field(default_factory=list)
    dead_beats: list[float] = field(default_factory=list)

    def kept(self, _keep: Keep, kept: Kept) -> None:
        """Note it."""
        self.kept_.append(kept)

    def settled(self, claimed: Claimed, settle: Settle, settled: Settled, _seconds: float) -> None:
        """Note it."""
        self.settled_.append((claimed, settle, settled))

    def dead_beat(self, seconds: float) -> None:
        """Note it."""
        self.dead_beats.append(seconds)


@dataclass
class Road:
    """A running bus and its two peers."""

    ledger: Ledger
    pipeline: Pipeline
    worker: Worker
    connectors: Mapping[str, Connector]
    portal: Peer
    onestop: Peer
    told: Told
    amqp_url: str

    async def keep(self, *incomings: Incoming) -> list[Kept]:
        """Hand messages in, in their order, as their source does."""
        return [await self.pipeline.keep(one.kind.partition(".")[0], one) for one in incomings]

    def rows(self, route: str = "") -> list[Any]:
        """The deliveries of a leg (of all, without one), in the order of keeping."""
        query = select(schema.delivery).order_by(schema.delivery.c.id)
        with self.ledger.store.read() as tx:
            rows = tx.execute(query).all()
        return [row for row in rows if row.route.endswith(f".{route}") or not route]

    def row(self, route: str) -> Any:
        """The one delivery of a leg."""
        rows = self.rows(route)
        assert len(rows) == 1, [f"{row.route} {row.state}" for row in self.rows()]
        return rows[0]

    def attempts(self, route: str) -> list[Any]:
        """The history of a leg's one delivery: its calls and look-ups."""
        query = select(schema.attempt).where(schema.attempt.c.delivery == self.row(route).id)
        with self.ledger.store.read() as tx:
            return list(tx.execute(query.order_by(schema.attempt.c.attempt, schema.attempt.c.part)).all())

    def messages(self, kind: str = "") -> list[Any]:
        """The kept messages with their raw bytes, in order."""
        query = select(schema.message, schema.payload.c.raw)
        query = query.join(schema.payload, schema.payload.c.message == schema.message.c.id)
        with self.ledger.store.read() as tx:
            rows = tx.execute(query.order_by(schema.message.c.id)).all()
        return [row for row in rows if kind in ("", row.kind)]

    def publish(self, delivery: int, connector: str) -> None:
        """Give a hint over the broker, as the sweeper does."""
        self.worker.dispatcher.publish([Ready(delivery, connector)])

    async def send(self, connector: str, body: bytes) -> None:
        """Publish any bytes where hints are published."""
        exchange = self.worker.topology.work_exchange
        await self.worker.broker.publish(exchange, connector, body, {}, message_id="test")

    def queued(self, connector: str) -> int:
        """How many hints lie at the broker, ready or unacknowledged, as it counts them itself."""
        connection = pika.BlockingConnection(pika.URLParameters(self.amqp_url))
        try:
            queue = self.worker.topology.work_queue(connector)
            consumed = connection.channel().queue_declare(queue, passive=True)
            return int(consumed.method.message_count) + len(self.worker._tasks)
        finally:
            connection.close()

    async def pauses(self, connector: str) -> None:
        """Pause a connector as a person does, and wait until the worker has heard of it."""
        await self._tell(connector, pause=True)

    async def resumes(self, connector: str) -> None:
        """Let a paused connector go on."""
        await self._tell(connector, pause=False)

    async def _tell(self, connector: str, *, pause: bool) -> None:
        await self.ledger.act(Pause(connector, pause=pause, who="test", reason="a test"))
        await self.until(lambda: self.connectors[connector].gate.paused is pause)

    def account(self) -> read.Account:
        """The proof that everything is accounted for."""
        return self.ledger.look(read.account)

    async def until(self, holds: Callable[[], Any], *, seconds: float = 15.0) -> Any:
        """Wait until something holds and give what it gave; say what there is where it does not."""
        until = time.monotonic() + seconds
        while not (found := holds()):
            if time.monotonic() > until:
                shown = [(row.route, row.state, row.attempt, row.reason) for row in self.rows()]
                raise AssertionError(f"not within {seconds} s: {shown}")
            await asyncio.sleep(0.02)
        return found

    async def becomes(self, route: str, state: str) -> Any:
        """Wait until the one delivery of a leg is in a state; its row then."""

        def there() -> Any:
            rows = self.rows(route)
            return rows[0] if rows and rows[0].state == state else None

        return await self.until(there)

    async def rests(self) -> None:
        """Wait until nothing is open any more."""
        await self.until(lambda: self.rows() and not {row.state for row in self.rows()} & set(schema.OPEN))


@asynccontextmanager
async def road(
    ledger_url: str,
    amqp_url: str,
    prefix: str,
    *,
    to_portal: Peer | None = None,
    to_onestop: Peer | None = None,
    rhythm: Rhythm = SOON,
    mode: Any = "live",
    portal_name: str = "national_portal",
    beat_every: float = 15.0,
) -> AsyncIterator[Road]:
    """A bus that works while the block runs and stops as a service does."""
    peers = {portal_name: to_portal or portal(), "onestop": to_onestop or onestop()}
    connectors = {
        name: Connector(name, peer.kind, peer, rhythm, mode=mode, concurrency=2)
        for name, peer in peers.items()
    }
    plans = planner()
    topology = Topology(tuple(peers), prefix=prefix)
    ledger = Ledger(Store(ledger_url), plans.plan, plans.merge, plans.legs)
    broker = Broker()
    await broker.connect(amqp_url, topology, client_name="lienthong test")
    dispatcher = Dispatcher(broker, topology, "test")
    told = Told()
    parts = Parts(ledger, plans, sheets(), connectors, dispatcher.publish, told)
    pipeline = Pipeline(parts)
    worker = Worker(
        pipeline, ledger, broker, topology, dispatcher, connectors, sweep_every=0.05, beat_every=beat_every
    )
    await worker.start()
    try:
        yield Road(ledger, pipeline, worker, connectors, peers[portal_name], peers["onestop"], told, amqp_url)
    finally:
        await worker.stop()
        await broker.close()
        for connector in connectors.values():
            connector.close()
        ledger.close()


def submitted(number: str = NUMBER, **fields: Any) -> Incoming:
    """A dossier as a citizen submits it on the portal."""
    tree = {**valid_record(), "MaHoSo": number, **fields}
    return Incoming("national_portal.dossier", tree, msgspec.json.encode(tree), key=number)


def withdrawn(number: str = NUMBER) -> Incoming:
    """A citizen's withdrawal on the portal."""
    tree = {"MaHoSo": number, "NgayYeuCau": "20260416100000", "LyDo": "Không còn nhu cầu"}
    return Incoming("national_portal.withdrawn", tree, msgspec.json.encode(tree), key=f"{number}/rut")


def online(**fields: Any) -> dict[str, Any]:
    """A dossier as the one-stop shows it whole: accepted, in work, a supplement asked for."""
    return msgspec.json.decode(ONLINE.read_bytes(), type=dict[str, Any]) | fields


def worked_on(**fields: Any) -> list[Incoming]:
    """What the one-stop tells of a dossier, record before steps."""
    record = online(**fields)
    return [incoming(event, record) for event in news(record, Seen())[0]]


def record_of(**fields: Any) -> Incoming:
    """The one-stop's record of a dossier alone."""
    return worked_on(**fields)[0]


def step_of(**fields: Any) -> Incoming:
    """The first step that the one-stop tells of a dossier."""
    return next(one for one in worked_on(**fields) if one.kind == "onestop.step")


def with_rhythm(**changes: Any) -> Rhythm:
    """`SOON` with changes."""
    return replace(SOON, **changes)
