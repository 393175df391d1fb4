"""The topology is one value: what follows from names is computed once and checked before it is declared."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bus.topology import Topology, prefetch_of, rhythm_problems

names = st.lists(st.from_regex(r"[a-z][a-z0-9_]{0,20}", fullmatch=True), unique=True, max_size=6)


def declared(topology: Topology) -> list[str]:
    """The names of all queues and exchanges."""
    return [queue.name for queue in topology.queues] + [each.name for each in topology.exchanges]


@given(names)
def test_every_connector_has_its_queue_and_every_queue_a_binding(connectors: list[str]) -> None:
    """What is published to the work exchange with a connector's name arrives in its queue and no other."""
    topology = Topology(tuple(connectors), prefix="p")
    routed = {
        binding.routing_key: binding.queue
        for binding in topology.bindings
        if binding.exchange == topology.work_exchange
    }
    assert routed == {name: topology.work_queue(name) for name in connectors}
    assert len(topology.queues) == len(connectors) + 1
    assert {binding.queue for binding in topology.bindings} == {queue.name for queue in topology.queues}
    assert all(name.startswith("p.") for name in declared(topology))


def test_work_queues_lose_nothing() -> None:
    """Quorum, refusing rather than dropping, dead-lettering at least once after 50 crashes."""
    work = Topology(("onestop",)).queues[1]
    assert work.arguments == {
        "x-queue-type": "quorum",
        "x-delivery-limit": 50,
        "x-dead-letter-exchange": "lienthong.dead",
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
        "x-max-length": 100_000,
    }


def test_two_installations_share_a_broker_without_sharing_a_name() -> None:
    """Another prefix, other names throughout."""
    one, two = (Topology(("onestop",), prefix=prefix) for prefix in ("a", "b"))
    assert not set(declared(one)) & set(declared(two))


def test_names_that_cannot_be_declared_are_refused() -> None:
    """AMQP names have 255 bytes; two connectors never share a queue; an unknown connector has none."""
    with pytest.raises(ValueError, match="255 bytes"):
        Topology(("onestop",), prefix="x" * 250)
    with pytest.raises(ValueError, match="one name"):
        Topology(("onestop", "onestop"))
    with pytest.raises(KeyError):
        Topology(("onestop",)).work_queue("tax")


def test_what_is_printed_names_everything_declared() -> None:
    """Each exchange, queue and argument stands in the text."""
    topology = Topology(("onestop", "tax"))
    text = str(topology)
    for name in declared(topology):
        assert name in text
    assert "x-delivery-limit=50" in text


def test_no_consumer_holds_a_message_longer_than_the_broker_allows() -> None:
    """Prefetch × longest deadline ÷ slots stays below the consumer timeout, whatever the slots."""
    slots = {"quick": 8, "slow": 4}
    told = list(rhythm_problems({"quick": 20.0, "slow": 1000.0}, slots, 1800.0))
    assert len(told) == 1
    assert told[0].startswith("slow: a message may be held for 2000 s")
    assert prefetch_of(8) == 16
