"""A wall clock that is set while the ledger is open, the same on SQLite and PostgreSQL."""

from collections.abc import Callable

import pytest
from sqlalchemy import Connection

from bus.ledger import store as stores
from bus.ledger.ledger import Ledger
from bus.ledger.records import Claim, Claimed, Sweep
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
