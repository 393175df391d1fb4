"""A wall clock that is set while the ledger is open, the same on SQLite and PostgreSQL."""

from collections.abc import Callable

import pytest
from sqlalchemy import Connection, func, insert, select, update

from bus.ledger import schema
from bus.ledger import store as stores
from bus.ledger.ledger import Ledger
from bus.ledger.records import Claim, Claimed, EventsTold, Notice
from bus.ledger.schema_failures import retry_run
from bus.ledger.sweep_records import Sweep
from tests.integration.ledger.conftest import keep_of
from tests.integration.ledger.test_behaviour import P1, claim, only, settle, state_of

pytestmark = pytest.mark.integration

SetClock = Callable[[float], None]
HOUR = 3600.0
SWEEP = Sweep({"": 0.0})


@pytest.fixture
def set_clock(monkeypatch: pytest.MonkeyPatch) -> SetClock:
    """Sets the database's wall clock so many seconds off."""
    true, off = stores.now_of, [0.0]

    def now_of(tx: Connection) -> float:
        return true(tx) + off[0]

    def set_it(seconds: float) -> None:
        off[0] = seconds

    monkeypatch.setattr(stores, "now_of", now_of)
    return set_it


async def asked(ledger: Ledger, delivery: int) -> Claimed | None:
    """Claim it, as a look-up does."""
    return await ledger.claim(Claim(delivery, ledger.store.holder, 60.0))


async def test_set_forward_absence_counts_from_then_on(ledger: Ledger, set_clock: SetClock) -> None:
    """An attempt that ended a moment ago ended a moment ago, also where the clock says an hour."""
    delivery = only(await ledger.keep(keep_of("portal.dossier", "k1", P1)))
    await settle(ledger, await claim(ledger, delivery), "unknown")
    await ledger.sweep(SWEEP)
    set_clock(HOUR)
    assert await asked(ledger, delivery) is None, "nobody is asked before it is mended"
    await ledger.sweep(SWEEP)
    claimed = await asked(ledger, delivery)
    assert claimed is not None
    assert claimed.now - claimed.ended_at < 60.0


async def test_set_back_what_waited_for_a_time_is_due(ledger: Ledger, set_clock: SetClock) -> None:
    """A retry planned while the clock was an hour ahead does not wait for an hour."""
    delivery = only(await ledger.keep(keep_of("portal.dossier", "k1", P1)))
    await ledger.sweep(SWEEP)
    set_clock(HOUR)
    await settle(ledger, await claim(ledger, delivery), "retrying", wait=5.0)
    assert await ledger.sweep(SWEEP) == ()
    set_clock(0.0)
    assert [ready.delivery for ready in await ledger.sweep(SWEEP)] == [delivery]
    assert state_of(ledger, delivery) == "ready"


async def test_what_waits_for_a_person_still_does(ledger: Ledger, set_clock: SetClock) -> None:
    """A peer that cannot be asked is not asked because a clock was set."""
    delivery = only(await ledger.keep(keep_of("portal.dossier", "k1", P1)))
    await settle(ledger, await claim(ledger, delivery), "unknown", wait=10 * 365 * 86400.0)
    set_clock(-HOUR)
    assert await ledger.sweep(SWEEP) == ()
    assert await asked(ledger, delivery) is None


async def test_drift_changes_nothing(ledger: Ledger, set_clock: SetClock) -> None:
    """A second more or less is no step."""
    delivery = only(await ledger.keep(keep_of("portal.dossier", "k1", P1)))
    await settle(ledger, await claim(ledger, delivery), "unknown")
    set_clock(1.0)
    assert await asked(ledger, delivery) is not None


async def test_set_back_questions_calls_and_paced_retries_are_due_too(
    ledger: Ledger, set_clock: SetClock
) -> None:
    """Who is asked every second is not left alone for an hour, nor an agency, nor a person's retry."""
    await ledger.keep(keep_of("portal.dossier", "k1", P1))
    await ledger.events_told(EventsTold((), (), (Notice("H12.09", "e1", b"{}"),)))
    run = {"id": 1, "at": 0.0, "who": "a", "reason": "b", "state": "running", "stage": 1, "stages": 1}
    set_clock(HOUR)
    await ledger.sweep(SWEEP)
    with ledger.store.write() as tx:
        ahead = stores.now_of(tx) + 5.0
        tx.execute(update(schema.leg).values(ask_at=ahead))
        tx.execute(update(schema.notice).values(due_at=ahead))
        tx.execute(insert(retry_run).values({**run, "rate": 1.0, "asked_at": ahead, "requested": 1}))
    set_clock(0.0)
    await ledger.sweep(SWEEP)
    with ledger.store.read() as tx:
        now = stores.now_of(tx)
        waits = [
            tx.execute(select(func.max(each))).scalar_one()
            for each in (schema.leg.c.ask_at, schema.notice.c.due_at, retry_run.c.asked_at)
        ]
    assert all(now - 60.0 < each <= now for each in waits), (now, waits)


async def test_set_back_while_nothing_ran_shows_at_the_next_start(
    ledger: Ledger, ledger_again: Callable[[], Ledger], set_clock: SetClock
) -> None:
    """What happened last happened later than now: what waits does not wait for an hour."""
    set_clock(HOUR)
    delivery = only(await ledger.keep(keep_of("portal.dossier", "k1", P1)))
    await settle(ledger, await claim(ledger, delivery), "retrying", wait=5.0)
    ledger.close()
    set_clock(0.0)
    assert [ready.delivery for ready in await ledger_again().sweep(SWEEP)] == [delivery]
