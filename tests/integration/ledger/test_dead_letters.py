"""A work message that ends every consumer is given up by the broker, seen by people, and comes back."""

import asyncio
import subprocess
import sys

import pytest

from bus.connector import Connector
from bus.envelope import Work, encode
from bus.events import Announcer
from bus.flows import Routes
from bus.ledger import read
from bus.ledger.ledger import Ledger
from bus.ledger.sweep_records import GivenUp, Sweep
from bus.pipeline import Parts, Pipeline
from bus.planning import Planner
from bus.rabbitmq import Broker
from bus.topology import DELIVERY_LIMIT, Topology
from bus.worker import Dispatcher, Worker
from monitoring.logs import LogObserver
from tests.integration.ledger.conftest import keep_of
from tests.integration.rabbitmq.wires import Inbox, eventually

pytestmark = pytest.mark.integration

P1 = {"portal": "G22.99-261123-000001"}

CRASHER = """
import os, signal, sys, time
import pika

def consumer(url, queue):
    channel = pika.BlockingConnection(pika.URLParameters(url)).channel()
    for _ in range(100):
        if channel.basic_get(queue)[0]:
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(0.02)
    os._exit(0)

crashes = 0
while True:
    child = os.fork() or consumer(*sys.argv[1:])
    if os.waitpid(child, 0)[1] == 0:
        break
    crashes += 1
print(crashes)
"""
"""Consumers that are killed with the message in hand, one process after the other, until there is none."""


def crash_consumers(url: str, queue: str) -> int:
    """Kill consumers until the queue gives them nothing any more; how many that took."""
    words = [sys.executable, "-c", CRASHER, url, queue]
    done = subprocess.run(words, capture_output=True, text=True, timeout=90, check=True)  # noqa: S603  ours
    return int(done.stdout)


def worker_of(
    ledger: Ledger, broker: Broker, topology: Topology, announcer: Announcer | None = None
) -> Worker:
    """A worker without connectors: it sweeps, drains the dead letters and tells the events."""
    dispatcher = Dispatcher(broker, topology, "test")
    connectors: dict[str, Connector] = {}
    parts = Parts(ledger, Planner(Routes(()), {}), {}, connectors, dispatcher.publish, LogObserver())
    return Worker(Pipeline(parts), ledger, broker, topology, dispatcher, connectors, announcer=announcer)


async def test_what_crashes_its_consumers_is_seen_and_comes_back(
    ledger: Ledger, amqp_url: str, prefix: str
) -> None:
    """Up to the delivery limit the broker tries; then account, failed and trace say so, and it is swept."""
    topology = Topology(("onestop",), prefix)
    broker = Broker()
    await broker.connect(amqp_url, topology, client_name="test")
    kept = await ledger.keep(keep_of("portal.dossier", "k1", P1))
    assert kept.dossier is not None
    (ready,) = kept.ready
    worker = worker_of(ledger, broker, topology)
    worker.dispatcher.publish([ready])
    queue = topology.work_queue("onestop")
    assert await asyncio.to_thread(crash_consumers, amqp_url, queue) == DELIVERY_LIMIT + 1
    assert ledger.look(read.account).given_up == 0
    await worker.start()
    await eventually(lambda: ledger.look(read.account).given_up == 1)
    account = ledger.look(read.account)
    assert (account.states, account.unaccounted) == ({"ready": 1}, 0)
    (trouble,) = ledger.look(read.troubles)
    assert (trouble["id"], trouble["state"], trouble["cause"]) == (ready.delivery, "ready", "given up")
    assert "gave up on its work message once" in trouble["reason"]
    assert "once" in ledger.look(read.timeline, kept.dossier)[-1].detail
    worker.dispatcher.publish(await ledger.sweep(Sweep({"": 0.0}, hurry=frozenset({"onestop"}))))
    inbox = Inbox()
    await broker.consume(queue, inbox, 1)
    await inbox.until(1)
    assert inbox.bodies == [encode(Work(ready.delivery))]
    await worker.stop()
    await broker.close()


async def test_each_time_counts_and_an_end_clears_the_trouble(ledger: Ledger) -> None:
    """Two letters in one write are two; an unknown delivery is nobody's; what has ended troubles no one."""
    first = await ledger.keep(keep_of("portal.dossier", "k1", P1))
    await ledger.give_up(GivenUp((first.ready[0].delivery, 99, first.ready[0].delivery)))
    await ledger.give_up(GivenUp((first.ready[0].delivery,)))
    assert "3 times" in ledger.look(read.troubles)[0]["reason"]
    await ledger.keep(keep_of("portal.withdrawn", "k2", P1))
    account = ledger.look(read.account)
    assert account.states == {"superseded": 1, "ready": 1}
    assert (account.given_up, ledger.look(read.troubles)) == (0, [])


async def test_a_dead_letter_that_is_no_work_is_passed_over(
    ledger: Ledger, amqp_url: str, prefix: str
) -> None:
    """Whatever lies in the queue is taken out of it, and what follows it is marked."""
    topology = Topology(("onestop",), prefix)
    broker = Broker()
    await broker.connect(amqp_url, topology, client_name="test")
    kept = await ledger.keep(keep_of("portal.dossier", "k1", P1))
    for body in (b"\xff no work", encode(Work(2**63)), encode(Work(kept.ready[0].delivery))):
        await broker.publish(topology.dead_exchange, "", body, {}, message_id="1")
    worker = worker_of(ledger, broker, topology)
    await worker.start()
    await eventually(lambda: ledger.look(read.account).given_up == 1)
    await worker.stop()
    await broker.close()
