"""One process of the bus at work: consuming, sweeping, polling, probing, until it is told to stop.

Stop (rule 24): cancel consumers, let calls reach their deadline and settle, flush, release the lock.
"""

import asyncio
import contextlib
import gc
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import structlog

from bus.asking import Asking
from bus.breakers import Breakers
from bus.connector import Connector
from bus.consuming import Consuming
from bus.dead_letters import PREFETCH, DeadLetters
from bus.envelope import Work, decode, encode, headers
from bus.errors import DeliveryError, LedgerUnavailableError, UnavailableError, UnsettledError
from bus.events import Announcer
from bus.floor import Floor
from bus.hands import Hands
from bus.heartbeat import EVERY, Heartbeats, beat_of
from bus.hunger import Hunger
from bus.ledger.ledger import Ledger
from bus.ledger.records import Claimed, Ready
from bus.ledger.sweep_records import Sweep
from bus.pipeline import Pipeline
from bus.polling import Polling
from bus.rabbitmq import Broker, BrokerError, BrokerUnavailableError, Consumer, Received
from bus.retrying import Retrying
from bus.shares import Shares
from bus.topology import Topology

_log = structlog.get_logger("worker")


class Dispatcher:
    """Publishes ready deliveries without making anybody wait; what fails, the sweeper brings again.

    `missed` says that something failed for want of a broker since it was set to False.
    """

    def __init__(self, broker: Broker, topology: Topology, installation: str) -> None:
        self._broker = broker
        self._topology = topology
        self.missed = False
        self.source = f"/lienthong/{installation}"

    def publish(self, ready: Sequence[Ready]) -> None:
        """Hand over without waiting; may be repeated, one claimer wins."""
        for one in ready:
            self._broker.send(
                self._topology.work_exchange,
                one.connector,
                encode(Work(one.delivery)),
                headers(
                    kind="vn.lienthong.delivery.ready",
                    source=self.source,
                    identity=str(one.delivery),
                    subject=one.connector,
                    traceparent=one.traceparent,
                ),
                message_id=str(one.delivery),
                done=self._left_to_the_sweeper,
            )

    @property
    def takes(self) -> bool:
        """Whether the broker takes messages now."""
        return self._broker.connected and not self._broker.blocked

    def _left_to_the_sweeper(self, error: BrokerError | None) -> None:
        """What could not be published is still ready in the ledger, and the sweeper publishes it again."""
        if error is not None:
            self.missed = self.missed or isinstance(error, BrokerUnavailableError)
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
    beat_every: float = EVERY
    announcer: Announcer | None = None
    _tasks: set[asyncio.Task[Any]] = field(default_factory=set)
    _loops: list[asyncio.Task[Any]] = field(default_factory=list)
    _dead: Consumer | None = None
    _polls: dict[tuple[str, str], Polling] = field(default_factory=dict)
    _asks: list[Asking] = field(default_factory=list)
    _swept: int = -1
    floor: Floor | None = None
    breakers: Breakers = field(init=False)
    shares: Shares = field(init=False)
    consuming: Consuming = field(init=False)
    hunger: Hunger = field(init=False)

    def __post_init__(self) -> None:
        self.breakers = Breakers(self.ledger, self.connectors)
        self.shares = Shares(self.ledger, self.connectors)
        self.hunger = Hunger(self.connectors)
        self.consuming = Consuming(self.broker, self.topology, self.connectors, self._handler)

    async def start(self) -> None:
        """Begin everything; returns when consumers stand. Open breakers are known before that."""
        if self.floor is not None:
            self.floor.look()
        await self.breakers.refresh()
        await self.shares.refresh()
        await self.consuming.tend()
        for connector in self.connectors.values():
            if connector.mode == "off":
                continue
            for poll in connector.adapter.polls:
                polling = Polling(self.ledger, self.pipeline, connector, poll)
                self._polls[connector.name, poll.name] = polling
                self._loops.append(self._forever(polling.step))
            self._loops.append(self._forever(self._probe, connector))
            if questions := self.pipeline.questions(connector.name):
                self._asks.append(
                    Asking(self.ledger, self.pipeline, connector, questions, self.sweep_every * 2)
                )
                self._loops.append(self._forever(self._asks[-1].step))
        self._loops.append(self._forever(self.breakers.tell))
        dead = DeadLetters(self.ledger, self.pipeline.observer.dead_beat)
        self._dead = await self.broker.consume(self.topology.dead_queue, dead.take, PREFETCH)
        self._loops.append(self._forever(dead.step))
        self._loops.append(self._forever(self._heartbeats().step))
        self._loops.append(self._forever(self._sweep))
        self.ledger.handover.open(Hands(self.connectors, self._handed, self._tasks))
        retrying = Retrying(self.ledger, self.pipeline, self.dispatcher.publish)
        self._loops.append(self._forever(retrying.step))
        if self.announcer:
            self._loops.append(self._forever(self.announcer.step))
        # sheets, tables and libraries live as long as the process: no collection need look through them again
        gc.collect()
        gc.freeze()

    def _heartbeats(self) -> Heartbeats:
        consumers, source = self.consuming.consumers, self.dispatcher.source
        every, dead = self.beat_every, self._dead
        return Heartbeats(self.broker, self.topology, self.connectors, source, consumers, every, dead)

    @property
    def ended(self) -> list[str]:
        """The loops that ended, of which none should before a stop."""
        return [loop.get_name() for loop in self._loops if loop.done()]

    def wake(self, connector: str, poll: str) -> None:
        """Poll at once: a webhook says there is something."""
        if polling := self._polls.get((connector, poll)):
            polling.wake()

    async def stop(self, within: float = 180.0) -> int:
        """Stop taking, finish what is under way, in so many seconds; may be repeated.

        Answers how many outcomes could not be written by then: the next start finds these as unknown.
        """
        self.pipeline.stopping.begin(within)
        self.ledger.handover.shut()
        for connector in self.connectors.values():
            connector.gate.stopped = True
        await self.consuming.cancel()
        if self._dead is not None:
            with contextlib.suppress(BrokerError):
                await self._dead.cancel()
        for loop in self._loops:
            loop.cancel()
        await asyncio.gather(*self._loops, return_exceptions=True)
        await self._within(self.ledger.barrier())
        for asking in self._asks:
            await asking.stop(self.pipeline.stopping.left)
        for polling in self._polls.values():
            await self._within(polling.give_back())
        unsettled = await self._finish()
        await self._within(self.shares.leave())
        return unsettled

    async def _within(self, write: Awaitable[None]) -> None:
        """Await a write, until the stop's end; one that fails is not needed for the next start."""
        with contextlib.suppress(TimeoutError, LedgerUnavailableError):
            await asyncio.wait_for(write, self.pipeline.stopping.left)

    async def _finish(self) -> int:
        """Let what is under way settle until the stop's end; what is still in the middle then is left."""
        stopping, left = self.pipeline.stopping, set(self._tasks)
        if left:
            _, left = await asyncio.wait(left, timeout=stopping.left + 1.0)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        stopping.unsettled += len(left)
        return stopping.unsettled

    def _handler(self, connector: Connector) -> Callable[[Received], None]:
        def take(received: Received) -> None:
            task = asyncio.get_running_loop().create_task(self._work(received, connector))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

        return take

    async def _work(self, received: Received, connector: Connector) -> None:
        """A hint is acked whatever became of it (rule 14), unless its outcome could not be written."""
        beat = beat_of(received.body)
        if beat is not None:
            self.pipeline.observer.beat(connector.name, beat)
            received.ack()
            return
        self.hunger.fed(connector.name)
        try:
            work = decode(received.body)
        except msgspec.DecodeError:
            _log.warning("work message not understood", connector=connector.name)
        else:
            if not await self._watched(work.delivery, self.pipeline.deliver(work.delivery, connector)):
                return
        received.ack()

    async def _handed(self, claimed: Claimed, connector: Connector, until: float) -> None:
        """Work on what was claimed as it became ready."""
        await self._watched(claimed.delivery, self.pipeline.work(claimed, connector, until))

    async def _watched(self, delivery: int, work: Awaitable[None]) -> bool:
        """Deliver; where the ledger cannot even be asked, the sweeper brings the delivery back.

        False where the outcome could not be written before a stop's end.
        """
        try:
            await work
        except UnsettledError:
            _log.error("outcome not written before the stop's end", delivery=delivery)
            return False
        except LedgerUnavailableError as error:
            _log.error("ledger unavailable", error=str(error))
            await self.pipeline.stopping.pause(1.0)
        except Exception as error:  # noqa: BLE001  an unacked hint would keep its place in the prefetch for ever
            _log.error("delivery not worked on", delivery=delivery, error=repr(error))
        return True

    def _forever(self, step: Callable[..., Awaitable[None]], *arguments: Any) -> "asyncio.Task[Any]":
        """Run a step again and again; a failure is logged and tried again, never the end of the loop."""

        async def run() -> None:
            while True:
                try:
                    await step(*arguments)
                except DeliveryError as error:
                    _log.warning("peer", step=step.__name__, error=error.text)
                    await asyncio.sleep(1.0)
                except LedgerUnavailableError as error:
                    _log.error("ledger unavailable", step=step.__name__, error=str(error))
                    await asyncio.sleep(1.0)
                except UnavailableError as error:
                    _log.error("nothing can be kept now", step=step.__name__, error=str(error))
                    await asyncio.sleep(min(error.retry_after, 30.0))
                except Exception:  # noqa: BLE001  a loop that ends is a bus that silently stopped
                    _log.exception("step failed", step=step.__name__)
                    await asyncio.sleep(1.0)

        return asyncio.get_running_loop().create_task(run(), name=step.__name__)

    async def _sweep(self) -> None:
        if self.floor is not None:
            self.floor.look()
        breakers, dispatcher = self.breakers, self.dispatcher
        await breakers.refresh()
        await self.shares.refresh()
        await self.consuming.tend()
        hurry, connections = frozenset(breakers.hurry), self.broker.connections
        sweep = Sweep(
            self._look_up_after(),
            breakers.shut(),
            hurry,
            # hints died with the process before us, with a broker that was wiped, or for want of one
            first=dispatcher.missed or self._swept != connections,
            hungry=self.hunger.hungry() if dispatcher.takes else frozenset(),
            under_way=frozenset(self.pipeline.under_way),
        )
        if dispatcher.takes:
            dispatcher.missed, self._swept = False, connections
            dispatcher.publish(await self.ledger.sweep(sweep))
            breakers.hurry -= hurry
        else:
            # who publishes in vain only moves the dates
            await self.ledger.sweep(msgspec.structs.replace(sweep, window=0))
        await asyncio.sleep(self.sweep_every)

    def _look_up_after(self) -> dict[str, float]:
        waits = {
            f"{name}.{operation}": connector.rhythm.look_up_after
            for name, connector in self.connectors.items()
            for operation in connector.adapter.operations
        }
        return {**waits, "": 30.0}

    async def _probe(self, connector: Connector) -> None:
        """While a breaker is open one probe asks; when the peer answers, everything goes on at once."""
        await asyncio.sleep(min(1.0, connector.rhythm.open_for))
        await self.breakers.probe(connector)
