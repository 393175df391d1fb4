"""SIGTERM: stop taking, finish what is under way, leave nothing half done, exit 0 (rule 24)."""

import os
import signal
import time
from pathlib import Path

import pika
import pytest

from bus.installation import read_installation
from commands.parts import adapter_types
from tests.acceptance.province import Province, province, wait_for

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(120)]


def consumers(there: Province) -> dict[str, int]:
    """Who consumes from the installation's queues, as the broker counts them."""
    types = {name: kind.settings for name, kind in adapter_types().items()}
    broker = read_installation(there.settings, types, os.environ).broker
    connection = pika.BlockingConnection(pika.URLParameters(broker.address))
    try:
        channel = connection.channel()
        queues = {name: f"{broker.prefix}.work.{name}" for name in ("national_portal", "onestop")}
        found = {name: channel.queue_declare(queue, passive=True) for name, queue in queues.items()}
        return {name: answer.method.consumer_count for name, answer in found.items()}
    finally:
        connection.close()


def test_what_is_under_way_ends_and_nothing_new_begins(tmp_path: Path, amqp_url: str) -> None:
    """Calls that take a while reach their end and are settled; the next start finds no doubt to ask about."""
    with province(tmp_path, amqp_url) as there:
        serve = there.start("serve")
        wait_for(lambda: there.said("serving") == 1, 30, "the bus at work")
        assert set(consumers(there).values()) == {1}
        there.onestop.post("/_sim/switch", {"mode": "slow", "seconds": 1.5, "operation": "create"})
        there.submit(12, seed=3)
        wait_for(lambda: there.calls_of(serve) >= 3, 20, "calls under way")
        began = time.monotonic()
        serve.send_signal(signal.SIGTERM)
        assert serve.wait(30) == 0
        assert time.monotonic() - began < 10
        states = there.account().states
        assert (states.get("sending", 0), states.get("unknown", 0)) == (0, 0), states
        assert states["delivered"] >= 3
        assert set(consumers(there).values()) == {0}
        created = there.onestop.effects()["by_operation"]["create"]["applied"]
        assert created == states["delivered"], "what was called is settled, the rest was not called"
        there.onestop.post("/_sim/switch", {"mode": "off"})
        there.start("serve")
        assert there.rests(60), there.account()
        assert there.broken_promises() == {}
        assert there.onestop.effects()["dossiers"] == 12
        assert there.said("Traceback") == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_idle_bus_ends_at_once(tmp_path: Path, amqp_url: str, number: int) -> None:
    """Nothing to wait for: exit 0, with a sentence, and its control socket gone."""
    with province(tmp_path, amqp_url) as there:
        serve = there.start("serve")
        wait_for(lambda: there.said("serving") == 1, 30, "the bus at work")
        assert (tmp_path / "control.sock").exists()
        serve.send_signal(number)
        assert serve.wait(10) == 0
        assert there.said("stopping: finishing what is under way") == 1
        assert not (tmp_path / "control.sock").exists()
        assert there.said("Traceback") == 0
