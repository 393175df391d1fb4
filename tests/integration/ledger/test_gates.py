"""What the ledger keeps of gates, sources and late answers, the same on SQLite and PostgreSQL."""

import asyncio
import time
from typing import Any

import pytest
from sqlalchemy import Connection, text

from bus.errors import LedgerUnavailableError
from bus.ledger import read, schema
from bus.ledger.gate_records import GateRow, Outage, Probe, Turn
from bus.ledger.gates import read_gates, read_outages
from bus.ledger.ledger import Ledger
from bus.ledger.records import Claim, Claimed, Pause, Settle
from bus.ledger.sources import Lease, stand
from bus.ledger.store import Store
from bus.ledger.sweep_records import Sweep
from tests.integration.ledger.conftest import keep_of, merge, plan

pytestmark = pytest.mark.integration

P1 = {"portal": "G22.99-261123-000001"}
P2 = {"portal": "G22.99-261123-000002"}
SWEEP = Sweep({"": 0.0})


def gate(ledger: Ledger, operation: str = "create") -> GateRow:
    """The one row of an operation's gate."""
    (row,) = [row for row in ledger.look(read_gates) if row.operation == operation]
    return row


async def turn(ledger: Ledger, state: str, epoch: int, wait: float = 0.0) -> bool:
    """Change the breaker of onestop.create as a process that saw `epoch`."""
    change = Turn("onestop", "create", state, epoch, f"was {state}", probe_in=wait)  # type: ignore[arg-type]  # a word
    applied: bool = await ledger.act(change)
    return applied


async def kept(ledger: Ledger, key: str = "k1", codes: dict[str, str] | None = None) -> int:
    """A delivery that is ready."""
    (ready,) = (await ledger.keep(keep_of("portal.dossier", key, codes or P1))).ready
    return ready.delivery


async def claimed(ledger: Ledger, delivery: int, lease: float = 60.0, **more: object) -> Claimed | None:
    """A claim."""
    return await ledger.claim(Claim(delivery, ledger.store.holder, lease, **more))  # type: ignore[arg-type]  # a test's


def row_of(ledger: Ledger, delivery: int) -> Any:
    """A delivery as it is on disk."""
    with ledger.store.read() as tx:
        return tx.execute(schema.delivery.select().where(schema.delivery.c.id == delivery)).one()


async def test_a_breaker_changes_only_for_who_saw_it_as_it_is(ledger: Ledger) -> None:
    """The epoch fences: of two who saw the same, the first is written and the second is not."""
    assert await turn(ledger, "open", 0, wait=60.0)
    assert not await turn(ledger, "closed", 0)
    row = gate(ledger)
    assert (row.state, row.epoch, row.reason) == ("open", 1, "was open")
    assert 55.0 < row.probe_in <= 60.0
    assert row.opened_at is not None


async def test_of_many_who_would_ask_one_does(ledger: Ledger) -> None:
    """A probe is taken once, not before its time, and whoever took it settles with a new epoch."""
    await turn(ledger, "open", 0, wait=60.0)
    assert await ledger.act(Probe("onestop", "create", 1, 60.0)) is None
    await turn(ledger, "open", 1)
    asked = [ledger.act(Probe("onestop", "create", 2, 60.0)) for _ in range(5)]
    assert sorted(await asyncio.gather(*asked), key=str) == [3, None, None, None, None]
    assert not await turn(ledger, "half-open", 2)
    assert await turn(ledger, "half-open", 3)


async def test_a_probe_whose_lease_ran_out_is_another_s(ledger: Ledger) -> None:
    """The late one's word counts no more."""
    await turn(ledger, "open", 0)
    late = await ledger.act(Probe("onestop", "create", 1, 0.0))
    assert late == 2
    assert await ledger.act(Probe("onestop", "create", 2, 60.0)) == 3
    assert not await turn(ledger, "half-open", late)


async def test_an_open_breaker_is_open_after_a_restart_and_a_dead_prober_is_not_waited_for(
    ledger_url: str,
) -> None:
    """What was known is known, and the probe of a process that is gone is free at once."""
    before = Ledger(Store(ledger_url), plan, merge)
    await turn(before, "open", 0)
    assert await before.act(Probe("onestop", "create", 1, 3600.0)) == 2
    before.close()
    after = Ledger(Store(ledger_url), plan, merge)
    try:
        assert gate(after).state == "open"
        assert gate(after).probe_in > 3000.0
        assert await after.act(Probe("onestop", "create", 2, 60.0)) == 3
    finally:
        after.close()


async def test_a_peer_whose_trials_fail_rests_longer_each_time(ledger: Ledger) -> None:
    """The wait doubles with every trial that failed, and starts again once one has worked."""
    waits, epoch = [], 0
    for _ in range(3):
        await turn(ledger, "open", epoch, wait=100.0)
        waits.append(round(gate(ledger).probe_in, -1))
        await turn(ledger, "half-open", epoch + 1)
        epoch += 2
    await turn(ledger, "closed", epoch)
    await turn(ledger, "open", epoch + 1, wait=100.0)
    assert [*waits, round(gate(ledger).probe_in, -1)] == [100.0, 200.0, 400.0, 100.0]


async def test_who_resumes_a_connector_has_its_peer_asked_at_once(ledger: Ledger) -> None:
    """However long the peer was to rest; what is closed stays as it is."""
    await turn(ledger, "open", 0, wait=1000.0)
    await ledger.act(Pause("onestop", pause=True, who="an", reason="x"))
    assert gate(ledger).probe_in > 900.0
    await ledger.act(Pause("onestop", pause=False, who="an", reason=""))
    assert gate(ledger).probe_in <= 0.0
    assert await ledger.act(Probe("onestop", "create", 1, 60.0)) == 2


async def test_times_away_are_remembered_once_each(ledger: Ledger) -> None:
    """From the opening until it is proved to work is one outage, trials included; a pause is another."""
    for epoch, state in enumerate(("open", "half-open", "open", "half-open", "closed", "open")):
        await turn(ledger, state, epoch)
    for pause in (True, True, False):
        await ledger.act(Pause("onestop", pause, "an", "new version"))
    known = ledger.look(read_outages)
    assert sorted((one.operation, one.cause, one.ended_at is None) for one in known) == [
        ("", "pause", False),
        ("create", "breaker", False),
        ("create", "breaker", True),
    ]
    assert all(isinstance(one, Outage) and one.began_at <= time.time() + 60 for one in known)


async def test_nothing_of_an_operation_that_is_shut_is_claimed(ledger: Ledger) -> None:
    """The claim itself refuses it; no attempt is burned."""
    delivery = await kept(ledger)
    assert await claimed(ledger, delivery, shut=frozenset({"create"})) is None
    assert row_of(ledger, delivery).attempt == 0
    assert await claimed(ledger, delivery, shut=frozenset({"add"})) is not None


async def test_the_sweep_rests_for_what_is_shut_and_hurries_what_comes_back(ledger: Ledger) -> None:
    """One operation rests, the others of its connector go; when it is back, nothing waits for its date."""
    first = await claimed(ledger, await kept(ledger))
    other = await ledger.keep(keep_of("portal.supplement", "s1", P2))
    second = await claimed(ledger, other.ready[0].delivery)
    assert first is not None
    assert second is not None
    for one in (first, second):
        settle = Settle(one.delivery, one.attempt, ledger.store.holder, "retrying", wait=0.0)
        await ledger.settle(settle)
    rests = Sweep({"": 0.0}, shut=frozenset({"onestop.create"}))
    assert [one.delivery for one in await ledger.sweep(rests)] == [second.delivery]
    whole = Sweep({"": 0.0}, shut=frozenset({"onestop"}), hurry=frozenset({"onestop.create"}))
    assert await ledger.sweep(whole) == ()
    hurried = Sweep({"": 0.0}, hurry=frozenset({"onestop.create"}))
    assert [one.delivery for one in await ledger.sweep(hurried)] == [first.delivery]
    assert [one.delivery for one in await ledger.sweep(hurried)] == [first.delivery]
    assert await ledger.sweep(SWEEP) == ()


async def test_a_late_done_that_contradicts_is_an_alarm_and_a_repeated_one_is_not(ledger: Ledger) -> None:
    """Attempt 1 is done after attempt 2 was taken: told by the settle, in the list and the timeline."""
    delivery = await kept(ledger)
    slow = await claimed(ledger, delivery)
    assert slow is not None
    retry = Settle(delivery, slow.attempt, slow_holder := ledger.store.holder, "retrying", wait=0.0)
    await ledger.settle(retry)
    await ledger.sweep(SWEEP)
    again = await claimed(ledger, delivery)
    assert again is not None
    done = Settle(delivery, again.attempt, slow_holder, "delivered")
    assert not (await ledger.settle(done)).contradicts
    assert not (await ledger.settle(done)).contradicts
    assert ledger.look(read.late_done) == []
    late = await ledger.settle(Settle(delivery, slow.attempt, slow_holder, "delivered"))
    assert (late.applied, late.contradicts, late.state) == (False, True, "delivered")
    (alarm,) = ledger.look(read.late_done)
    assert (alarm["delivery"], alarm["attempt"], alarm["state"]) == (delivery, 1, "delivered")
    states = [moment.state for moment in ledger.look(read.timeline, slow.dossier)]
    assert states.count("late delivered") == 2


async def lose_lease(ledger: Ledger) -> Claimed:
    """A delivery whose lease ran out while its process lives."""
    slow = await claimed(ledger, await kept(ledger), lease=0.0)
    assert slow is not None
    await ledger.sweep(SWEEP)
    await asyncio.sleep(0.01)
    await ledger.sweep(SWEEP)
    row = row_of(ledger, slow.delivery)
    assert (row.state, row.doubt) == ("unknown", "lease")
    return slow


async def test_a_lease_that_merely_ran_out_leaves_its_process_in_doubt_until_it_tells(ledger: Ledger) -> None:
    """The process lives and may still act; its own late word, whatever it is, ends that."""
    slow = await lose_lease(ledger)
    await ledger.sweep(SWEEP)
    assert row_of(ledger, slow.delivery).doubt == "lease"
    before = row_of(ledger, slow.delivery).changed_at
    late = Settle(slow.delivery, slow.attempt, ledger.store.holder, "retrying", wait=0.0)
    assert not (await ledger.settle(late)).applied
    row = row_of(ledger, slow.delivery)
    assert (row.state, row.doubt) == ("unknown", "open")
    assert row.changed_at > before


async def test_a_lease_of_ours_behind_which_nobody_works_is_a_call_that_has_ended(ledger: Ledger) -> None:
    """A commit whose answer was lost leaves a claim that no task knows of: it waits for no restart."""
    slow = await lose_lease(ledger)
    await ledger.sweep(Sweep({"": 0.0}, under_way=frozenset({(slow.delivery, slow.attempt)})))
    assert row_of(ledger, slow.delivery).doubt == "lease"
    await ledger.sweep(Sweep({"": 0.0}, under_way=frozenset()))
    assert (row_of(ledger, slow.delivery).state, row_of(ledger, slow.delivery).doubt) == ("unknown", "open")


async def test_the_proof_that_the_process_is_gone_ends_the_doubt_of_its_lease(ledger_url: str) -> None:
    """From the proof on "not there" may count after its time, not from the end of the lease."""
    killed = Ledger(Store(ledger_url), plan, merge)
    slow = await lose_lease(killed)
    before = row_of(killed, slow.delivery).changed_at
    killed.close()
    ledger = Ledger(Store(ledger_url), plan, merge)
    try:
        await ledger.sweep(SWEEP)
        row = row_of(ledger, slow.delivery)
        assert (row.state, row.doubt) == ("unknown", "open")
        assert row.changed_at > before
    finally:
        ledger.close()


async def test_a_source_is_one_process_s_until_that_is_gone(ledger_url: str) -> None:
    """Taking again is taking; a process that ended is not waited for, on either database."""
    first = Ledger(Store(ledger_url), plan, merge)
    assert await first.act(Lease("portal", "search"))
    assert await first.act(Lease("portal", "search"))
    holder = first.store.holder
    first.close()
    second = Ledger(Store(ledger_url), plan, merge)
    try:
        assert second.look(stand, "portal", "search") == ("", holder)
        assert await second.act(Lease("portal", "search"))
        assert second.look(stand, "portal", "search") == ("", second.store.holder)
        assert not await second.act(Lease("portal", "search", take=False))
        assert second.look(stand, "portal", "search") == ("", None)
    finally:
        second.close()


async def test_a_question_to_a_database_that_is_away_is_said_to_be_one(ledger: Ledger) -> None:
    """Reading, like writing, says "not now" in our own words, so that a loop goes on by itself."""

    def broken(tx: Connection) -> None:
        tx.execute(text("SELECT 1 FROM not_there"))

    with pytest.raises(LedgerUnavailableError):
        ledger.look(broken)
    with pytest.raises(LedgerUnavailableError):
        await ledger.ask(broken)
