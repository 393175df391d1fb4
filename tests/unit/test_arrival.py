"""A start that waits for its broker: how long, what it says, and what it does not wait for."""

import asyncio

import pytest

from bus.arrival import StoppedError, arrive
from bus.broker_errors import BrokerUnavailableError
from bus.errors import ConfigurationError, NotLetInError, StayedAwayError
from bus.rabbitmq import Broker
from bus.topology import Topology
from deploy.local.folder import free_ports


class Door:
    """What a broker says to one who comes again and again: the last word for ever."""

    def __init__(self, *words: Exception | None) -> None:
        self.words = list(words)
        self.knocks = 0

    async def knock(self) -> None:
        """Try once."""
        self.knocks += 1
        word = self.words.pop(0) if len(self.words) > 1 else self.words[0]
        if word is not None:
            raise word


async def test_a_broker_that_is_away_and_then_lets_nobody_in_yet_is_waited_for() -> None:
    """Each reason is said once, however often it is met."""
    away, refused = BrokerUnavailableError("away"), NotLetInError(["refused"])
    door, said = Door(away, away, refused, refused, None), list[str]()
    await arrive(door.knock, within=30, say=said.append)
    assert door.knocks == 5
    assert said == [f"{what}. Trying again for 30 s ([broker] wait_at_start)" for what in ("away", "refused")]


async def test_one_that_stays_away_is_told_apart_from_wrong_settings() -> None:
    """Nobody listens: start again later. Nobody is let in for all that time: the settings are wrong."""
    port = free_ports(1)[0]
    topology = Topology(("onestop",), prefix="nowhere")

    async def connect() -> None:
        await Broker().connect(f"amqp://u:wr0ng@127.0.0.1:{port}/", topology, client_name="test")

    with pytest.raises(StayedAwayError, match=r"stayed away for 0.3 s .*refused.*start again") as caught:
        await arrive(connect, within=0.3, say=_quietly)
    assert "wr0ng" not in str(caught.value)
    with pytest.raises(NotLetInError, match="refused"):
        await arrive(Door(NotLetInError(["refused"])).knock, within=0.2, say=_quietly)


async def test_what_waiting_does_not_heal_is_told_at_once() -> None:
    """A queue that exists otherwise stays so."""
    door = Door(ConfigurationError(["a queue exists with other arguments"]))
    with pytest.raises(ConfigurationError, match="other arguments"):
        await arrive(door.knock, within=30, say=_quietly)
    assert door.knocks == 1


async def test_a_stop_ends_the_waiting() -> None:
    """Whoever is stopped while it waits has begun nothing."""
    stop = asyncio.Event()
    door = Door(BrokerUnavailableError("away"))
    with pytest.raises(StoppedError, match="stopped before the broker was there"):
        await arrive(door.knock, within=600, say=lambda _: stop.set(), stop=stop)
    assert door.knocks == 1


def _quietly(_text: str) -> None:
    """Said elsewhere."""
