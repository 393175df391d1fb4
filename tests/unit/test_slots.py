"""Slots and turns: never more at work than there are slots, nobody overtaken, nobody forgotten."""

import asyncio
import threading
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bus import turns as module
from bus.slots import Slots
from bus.turns import Turns


async def test_whoever_waits_is_served_in_order_and_not_overtaken() -> None:
    """A slot that comes free goes to the first who asked; `try_take` leaves it to them."""
    slots, served = Slots(1), []
    await slots.take()

    async def wait(name: str) -> None:
        await slots.take()
        served.append(name)

    tasks = [asyncio.create_task(wait(name)) for name in ("first", "second")]
    await asyncio.sleep(0)
    assert not slots.try_take()
    for _ in tasks:
        slots.give()
        await asyncio.sleep(0)
    await asyncio.gather(*tasks)
    assert (served, slots.free) == (["first", "second"], 0)


async def test_a_cancelled_wait_takes_nothing() -> None:
    """Cancelled before or after it was served, the slot is free for the next."""
    slots = Slots(1)
    await slots.take()
    early, late = asyncio.create_task(slots.take()), asyncio.create_task(slots.take())
    await asyncio.sleep(0)
    early.cancel()
    await asyncio.gather(early, return_exceptions=True)
    slots.give()
    late.cancel()
    await asyncio.gather(late, return_exceptions=True)
    assert slots.free == 1
    assert slots.try_take()


async def test_two_threads_never_take_one_slot_twice() -> None:
    """The ledger's thread takes while the loop takes and gives."""
    slots = Slots(50)
    taken: list[int] = []

    def take() -> None:
        taken.extend(1 for _ in range(2000) if slots.try_take())

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(taken), slots.free) == (50, 0)


async def test_slots_that_others_have_keep_nobody_waiting() -> None:
    """Fewer slots end no work under way; none at all lets go of whoever waits, and nobody waits then."""
    slots = Slots(2)
    assert (await slots.take(), await slots.take()) == (True, True)
    waiting = asyncio.create_task(slots.take())
    await asyncio.sleep(0)
    slots.resize(1)
    slots.give()
    await asyncio.sleep(0)
    assert (waiting.done(), slots.busy, slots.try_take()) == (False, 1, False)
    slots.resize(0)
    async with asyncio.timeout(5):
        assert (await waiting, await slots.take()) == (False, False)
    slots.give()
    slots.resize(1)
    assert (slots.free, await slots.take()) == (1, True)


def test_slots_of_which_there_are_none_hold_no_source_back() -> None:
    """What other processes work on is no reason here to take nothing in."""
    assert Turns([connector(Slots(0)), connector(Slots(3))])._room() == 3


def connector(slots: Slots, *, shut: bool = False) -> Any:
    """What turns look at of a connector."""
    return SimpleNamespace(mode="live", slots=slots, gate=SimpleNamespace(is_shut=lambda: shut))


@given(st.lists(st.sampled_from(["keep", "take", "give"]), max_size=60), st.integers(1, 5))
def test_no_more_enter_than_slots_are_free(steps: list[str], count: int) -> None:
    """Within patience: those inside a turn and the slots taken are never more than there are slots."""

    async def play() -> None:
        slots = Slots(count)
        turns = Turns([connector(slots)])
        inside, taken, left = 0, 0, asyncio.Event()
        tasks = []

        async def keep() -> None:
            nonlocal inside
            async with turns:
                inside += 1
                assert inside <= slots.free
                await left.wait()
            inside -= 1

        for step in steps:
            if step == "keep":
                tasks.append(asyncio.create_task(keep()))
            elif step == "take" and inside < slots.free and slots.try_take():
                taken += 1
            elif step == "give" and taken:
                taken -= 1
                slots.give()
            await asyncio.sleep(0)
        left.set()
        for _ in range(taken):
            slots.give()
        await asyncio.gather(*tasks)
        assert (inside, slots.free) == (0, count)

    asyncio.run(play())


async def test_a_shut_connector_and_a_full_one_close_no_way_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a shut connector has to do waits in the ledger; a full one holds back for `PATIENCE` at most."""
    monkeypatch.setattr(module, "PATIENCE", 0.02)
    full = Slots(1)
    await full.take()
    async with asyncio.timeout(5), Turns([connector(full, shut=True)]):
        pass
    async with asyncio.timeout(5), Turns([connector(full)]):
        pass
