"""The whole hop: the pipeline object, worker, dispatcher, broker and ledger that `serve` runs, unchanged.

A message is consumed from the source queue (prefetch 200), decoded, read by the sheet and kept by
`Pipeline.keep`: its dossier is found by its number, folded, routed by `hop_routes.toml`, and message and
delivery are committed to SQLite with `synchronous=FULL` in a group; only then is the source acknowledged.
The delivery is published to its work queue with a confirm, consumed by the `Worker`, claimed in the ledger,
written by the sheet, compared with what the peer last got, and called: the call publishes to the sink and
awaits the confirm. Then it is settled in the ledger (state, attempt, view, event) and the work message
acknowledged. So a message crosses the broker three times where the variants that keep nothing cross it
twice, and is written in three commits.
"""

import asyncio
import sys
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, cast

from sqlalchemy import Connection, func, select, text

from bench.hop_child import PEER, PREFETCH, SINK, SOURCE, Report, Spec, peak_rss_mb, run
from bench.hop_message import KIND, SHEET, compiled_sheet, decode, encode
from bus.calendar import WorkingCalendar
from bus.connector import Connector, Rhythm
from bus.envelope import PREFIX, headers
from bus.errors import OutcomeUnknownError
from bus.events import Announcer
from bus.flows import Routes, read_routes
from bus.ledger import schema
from bus.ledger.ledger import Ledger
from bus.ledger.store import Store
from bus.observer import Both
from bus.pipeline import Parts, Pipeline
from bus.planning import Planner
from bus.ports import Adapter, AdapterType, Answer, Call, Incoming, Operation, Poll, Probe, Webhook
from bus.rabbitmq import Broker, BrokerError, Received
from bus.retry import Schedule
from bus.settings import Section
from bus.worker import Dispatcher, Worker
from mappings.dossier import MESSAGES
from mappings.source import read_file
from monitoring.logs import LogObserver, configure
from monitoring.metrics.door import new_registry
from monitoring.metrics.observer import MetricsObserver

_SECONDS = 30.0


class Sink:
    """An adapter whose peer is the sink queue: `put` publishes a request and awaits the broker's confirm."""

    polls: tuple[Poll, ...] = ()
    webhooks: tuple[Webhook, ...] = ()

    def __init__(self, broker: Broker, exchange: str) -> None:
        self._broker = broker
        self._exchange = exchange
        put = cast("Any", self.put)  # a coroutine function, which the pipeline runs on its loop
        self.operations: Mapping[str, Operation] = {
            "put": Operation("put", "Đưa hồ sơ ra", SHEET, "replaces", put, seconds=_SECONDS)
        }

    async def put(self, call: Call) -> Answer:
        """Publish the request; raises `OutcomeUnknownError` where no confirm comes."""
        marks = headers(
            kind=KIND,
            source="/bench/hop",
            identity=call.request_id,
            subject=call.codes.get(SOURCE, ""),
            traceparent=call.traceparent,
        )
        body = encode(call.request)
        try:
            await self._broker.publish(self._exchange, SINK, body, marks, message_id=call.request_id)
        except BrokerError as error:
            raise OutcomeUnknownError(str(error)) from error
        return Answer(note="confirmed")

    def probe(self) -> Iterator[Probe]:
        """The broker is all there is to probe, and the bus itself stands on it."""
        yield Probe("echo", ok=True, text="the sink is a queue of the bus's own broker", seconds=0.0)

    def ping(self) -> None:
        """Nothing to ask."""

    def share(self, part: float) -> None:
        """There is no rate to share."""

    def close(self) -> None:
        """Nothing to give back."""


def _type(broker: Broker, exchange: str) -> AdapterType:
    def build(_name: str, _settings: Any) -> Adapter:
        return Sink(broker, exchange)

    return AdapterType("hop", "Một chặng", Section, {KIND: SHEET}, ("put",), build)


def routes() -> Routes:
    """The bench's own routes."""
    file = Path(__file__).with_name("hop_routes.toml")
    return read_routes([read_file(file)], operations={PEER: frozenset({"put"})}, messages=MESSAGES)


def planner() -> Planner:
    """Plans by the bench's own routes."""
    return Planner(routes(), {f"{PEER}.put": False})


def _connector(name: str, kind: AdapterType) -> Connector:
    """As many slots as the others have messages under way; the work queue's prefetch is twice as many."""
    adapter = kind.build(name, Section())
    return Connector(name, kind, adapter, Rhythm(Schedule()), concurrency=PREFETCH)


class _Hop:
    """The bus, put together as `serve` does it, and a source that consumes a queue."""

    def __init__(self, spec: Spec, broker: Broker) -> None:
        topology = spec.topology
        plans = planner()
        self.ledger = Ledger(Store(spec.ledger), plans.plan, plans.merge, plans.legs)
        kind = _type(broker, topology.work_exchange)
        connectors = {name: _connector(name, kind) for name in (SOURCE, PEER)}
        self.dispatcher = Dispatcher(broker, topology, "bench")
        self.pipeline = Pipeline(
            Parts(
                ledger=self.ledger,
                planner=plans,
                sheets={SHEET: compiled_sheet()},
                connectors=connectors,
                publish=self.dispatcher.publish,
                observer=Both(LogObserver(), MetricsObserver(new_registry(), WorkingCalendar())),
            )
        )
        mine = {PEER: connectors[PEER]}
        announcer = Announcer(self.ledger, broker, topology.events_exchange, "/lienthong/bench", "H12")
        self.worker = Worker(
            self.pipeline, self.ledger, broker, topology, self.dispatcher, mine, announcer=announcer
        )
        self.failures: list[BaseException] = []
        self._keeping: set[asyncio.Task[None]] = set()

    def take(self, received: Received) -> None:
        """A message of the source: a task of its own."""
        task = asyncio.get_running_loop().create_task(self._keep(received))
        self._keeping.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self._keeping.discard(task)
        if error := task.exception():
            self.failures.append(error)

    async def _keep(self, received: Received) -> None:
        body = received.body
        key = received.headers[f"{PREFIX}id"]
        incoming = Incoming(KIND, decode(body), body, key=key, as_of=datetime.now().astimezone())
        async with self.pipeline.turns:
            await self.pipeline.keep(SOURCE, incoming)
        received.ack()

    async def drain(self) -> None:
        """Wait until what was taken is kept."""
        if self._keeping:
            await asyncio.wait(self._keeping)


async def carry(spec: Spec, ended: asyncio.Event) -> Report:
    """Carry until told to end, then stop as `serve` does; raises what went wrong first."""
    configure()
    broker = Broker()
    await broker.connect(spec.url, spec.topology, client_name="lienthong bench")
    hop = _Hop(spec, broker)
    before = hop.ledger.look(_before)
    await hop.worker.start()
    source = await broker.consume(spec.topology.work_queue(SOURCE), hop.take, PREFETCH)
    await ended.wait()
    await source.cancel()
    await hop.drain()
    await hop.worker.stop()
    await broker.close()
    peak = peak_rss_mb()
    done, kept, states = hop.ledger.look(_counts, before)
    hop.ledger.close()
    if hop.failures:
        raise hop.failures[0]
    return Report(done, peak, kept=kept, states=states)


_Before = tuple[int, int]
"""The next delivery's number, and how many earlier ones are open: a stopped run's, that now go on."""


def _before(tx: Connection) -> _Before:
    last = tx.execute(select(func.coalesce(func.max(schema.delivery.c.id), 0))).scalar_one()
    return int(last) + 1, _open(tx, int(last) + 1)


def _open(tx: Connection, first: int) -> int:
    delivery = schema.delivery.c
    query = select(func.count()).where(delivery.id < first, text(schema.IN_LANE), delivery.state != "dead")
    return int(tx.execute(query).scalar_one())


def _counts(tx: Connection, before: _Before) -> tuple[int, int, dict[str, int]]:
    """Messages delivered since, messages kept since, and the states of the deliveries kept since."""
    delivery, (first, earlier) = schema.delivery.c, before
    query = select(delivery.state, func.count()).where(delivery.id >= first).group_by(delivery.state)
    states = {row[0]: row[1] for row in tx.execute(query)}
    kept = select(func.count(func.distinct(delivery.message))).where(delivery.id >= first)
    done = states.get("delivered", 0) + earlier - _open(tx, first)
    return done, int(tx.execute(kept).scalar_one()), states


if __name__ == "__main__":
    sys.exit(run(carry))
