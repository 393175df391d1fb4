"""One process of the bus at work: consuming, sweeping, polling, probing, until it is told to stop.

Stop (rule 24): cancel consumers, let calls reach their deadline and settle, flush, release the lock.
"""

import asyncio
import contextlib
import gc
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import structlog

from bus.connector import Connector
from bus.dead_letters import PREFETCH, DeadLetters
from bus.envelope import Work, decode, encode, headers
from bus.errors import DeliveryError, LedgerUnavailableError
from bus.events import Announcer
from bus.hands import Hands
from bus.ledger import read
from bus.ledger.keep import CursorMovedError
from bus.ledger.ledger import Ledger
from bus.ledger.records import Breaker, Claimed, Ready, Sweep
from bus.pipeline import Pipeline
from bus.ports import Poll
from bus.rabbitmq import Broker, BrokerError, Received
from bus.topology import Topology

_log = structlog.get_logger("worker")
_jitter = random.SystemRandom()


class Dispatcher:
    """Publishes ready deliveries without making anybody wait; what fails, the sweeper brings again."""

    def __init__(self, broker: Broker, topology: Topology, installation: str) -> None:
        self._broker = broker
        self._topology = topology
        self._source = f"/lienthong/{installation}"

    def publish(self, ready: Sequence[Ready]) -> None:
        """Hand over without waiting; may be repeated, one claimer wins."""
        for one in ready:
            self._broker.send(
                self._topology.work_exchange,
                one.connector,
                encode(Work(one.delivery)),
                headers(
                    kind="vn.lienthong.delivery.ready",
                    source=self._source,
                    identity=str(one.delivery),
                    subject=one.connector,
                    traceparent=one.traceparent,
                ),
                message_id=str(one.delivery),
                done=_left_to_the_sweeper,
            )


def _left_to_the_sweeper(error: BrokerError | None) -> None:
    """What could not be published is still ready in the ledger, and the sweeper publishes it again."""
    if error is not None:
        _log.debug("not published", error=str(error))


@dataclass(slots=True)
class Worker:
    """Runs some connectors of an installation over one pipeline; `announcer` tells what was settled."""

    pipeline: Pipeline
    ledger: Ledger
    broker: Broker
    topology: Topology
    dispatcher: Dispatcher
    connectors: Mapping[str, Connector]
    sweep_every: float = 0.5
    announcer: Announcer | None = None
    _tasks: set[asyncio.Task[Any]] = field(default_factory=set)
    _loops: list[asyncio.Task[Any]] = field(default_factory=list)
    _consumers: list[Any] = field(default_factory=list)
    _wake: dict[tuple[str, str], asyncio.Event] = field(default_factory=dict)
    _hurry: set[str] = field(default_factory=set)
    polls: int = 0

    async def start(self) -> None:
        """Begin everything; returns when consumers stand."""
        for connector in self.connectors.values():
            if connector.mode == "off":
                continue
            handler = self._handler(connector)
            queue = self.topology.work_queue(connector.name)
            self._consumers.append(await self.broker.consume(queue, handler, connector.prefetch))
            for poll in connector.adapter.polls:
                self._wake[connector.name, poll.name] = asyncio.Event()
                self._loops.append(self._forever(self._poll, connector, poll))
            self._loops.append(self._forever(self._probe, connector))
        dead = DeadLetters(self.ledger)
        self._consumers.append(await self.broker.consume(self.topology.dead_queue, dead.take, PREFETCH))
        self._loops.append(self._forever(dead.step))
        self._loops.append(self._forever(self._sweep))
        self.ledger.handover.open(Hands(self.connectors, self._handed, self._tasks))
        if self.announcer:
            self._loops.append(self._forever(self.announcer.step))
        # sheets, tables and libraries live as long as the process: no collection need look through them again
        gc.collect()
        gc.freeze()

    def wake(self, connector: str, poll: str) -> None:
        """Poll at once: a webhook says there is something."""
        if event := self._wake.get((connector, poll)):
            event.set()

    async def stop(self) -> None:
        """Stop taking, finish what is under way; may be repeated."""
        self.ledger.handover.shut()
        for consumer in self._consumers:
            with contextlib.suppress(BrokerError):
                await consumer.cancel()
        for loop in self._loops:
            loop.cancel()
        await asyncio.gather(*self._loops, return_exceptions=True)
        await self.ledger.barrier()
        if self._tasks:
            await asyncio.wait(self._tasks)

    def _handler(self, connector: Connector) -> Callable[[Received], None]:
        def take(received: Received) -> None:
            task = asyncio.get_running_loop().create_task(self._work(received, connector))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

        return take

    async def _work(self, received: Received, connector: Connector) -> None:
        """A message is a hint: whatever became of it, it is acked (rule 14)."""
        try:
            work = decode(received.body)
        except msgspec.DecodeError:
            _log.warning("work message not understood", connector=connector.name)
        else:
            await self._watched(work.delivery, self.pipeline.deliver(work.delivery, connector))
        received.ack()
        await self._note_gate(connector)

    async def _handed(self, claimed: Claimed, connector: Connector, until: float) -> None:
        """Work on what was claimed as it became ready."""
        await self._watched(claimed.delivery, self.pipeline.work(claimed, connector, until))
        await self._note_gate(connector)

    async def _watched(self, delivery: int, work: Awaitable[None]) -> None:
        """Deliver; where the ledger cannot even be asked, the sweeper brings the delivery back."""
        try:
            await work
        except LedgerUnavailableError as error:
            _log.error("ledger unavailable", error=str(error))
            await asyncio.sleep(1.0)
        except Exception as error:  # noqa: BLE001  an unacked hint would keep its place in the prefetch for ever
            _log.error("delivery not worked on", delivery=delivery, error=repr(error))

    async def _note_gate(self, connector: Connector) -> None:
        gate = connector.gate
        if gate.told == gate.state:
            return
        gate.told = gate.state
        if gate.state == "closed":
            self._hurry.add(connector.name)
        breaker = Breaker(
            connector.name, "*", gate.state, gate.epoch, gate.failures, gate.reason, gate.open_for
        )
        gate.epoch = await self.ledger.act(breaker)
        _log.warning("breaker", connector=connector.name, state=gate.state, reason=gate.reason)

    def _forever(self, step: Callable[..., Awaitable[None]], *arguments: Any) -> "asyncio.Task[Any]":
        """Run a step again and again; a failure is logged and tried again, never the end of the loop."""

        async def run() -> None:
            while True:
                try:
                    await step(*arguments)
                except DeliveryError as error:
                    _log.warning("peer", step=step.__name__, error=error.text)
                    await asyncio.sleep(1.0)
                except Exception:  # noqa: BLE001  a loop that ends is a bus that silently stopped
                    _log.exception("step failed", step=step.__name__)
                    await asyncio.sleep(1.0)

        return asyncio.get_running_loop().create_task(run())

    async def _sweep(self) -> None:
        shut = frozenset(name for name, connector in self.connectors.items() if connector.gate.is_shut)
        hurry, self._hurry = frozenset(self._hurry), set()
        waits = {
            f"{name}.{operation}": connector.rhythm.look_up_after
            for name, connector in self.connectors.items()
            for operation in connector.adapter.operations
        }
        ready = await self.ledger.sweep(Sweep({**waits, "": 30.0}, shut, hurry))
        self.dispatcher.publish(ready)
        await self._read_pauses()
        await asyncio.sleep(self.sweep_every)

    async def _read_pauses(self) -> None:
        paused = {row["connector"] for row in await self.ledger.ask(read.gates) if row["paused_by"]}
        for name, connector in self.connectors.items():
            if connector.gate.paused and name not in paused:
                self._hurry.add(name)
            connector.gate.paused = name in paused

    async def _probe(self, connector: Connector) -> None:
        """While a breaker is open one probe asks; when the peer answers, everything goes on at once."""
        await asyncio.sleep(min(1.0, connector.rhythm.open_for))
        if not connector.gate.wants_probe():
            return
        loop = asyncio.get_running_loop()
        with contextlib.suppress(DeliveryError):
            await loop.run_in_executor(connector.pool, connector.adapter.ping)
            connector.gate.succeeded()
            await self._note_gate(connector)

    async def _poll(self, connector: Connector, poll: Poll) -> None:
        """One page: fetched, then kept together with its cursor (rule 21)."""
        event = self._wake[connector.name, poll.name]
        event.clear()
        more = False
        try:
            if not connector.gate.is_shut:
                more = await self._page(connector, poll)
        except CursorMovedError:
            _log.debug("another process polled this page", connector=connector.name, poll=poll.name)
        except DeliveryError as error:
            _log.warning("poll failed", connector=connector.name, poll=poll.name, error=error.text)
        if not more:
            pause = poll.every * _jitter.uniform(0.9, 1.1)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(event.wait(), pause)

    async def _page(self, connector: Connector, poll: Poll) -> bool:
        before = await self.ledger.ask(read.cursor, connector.name, poll.name)

        def recall(subjects: list[str]) -> Mapping[str, bytes]:
            return self.ledger.look(read.memory, connector.name, poll.name, subjects)

        loop = asyncio.get_running_loop()
        page = await loop.run_in_executor(connector.pool, poll.fetch, before, recall)
        self.polls += 1
        if page.items or page.broken or page.remember or page.cursor != before:
            async with self.pipeline.turns:
                await self.pipeline.keep_page(connector.name, poll.name, before, page)
        return page.more
