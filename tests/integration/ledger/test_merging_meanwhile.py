"""Dossiers become one while a write about the other is under way: nothing is left behind in it (rule 9)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import select, text

from bus.ledger import schema
from bus.ledger.ledger import Ledger
from bus.ledger.merge import merge_dossiers
from bus.ledger.records import Settle
from bus.ledger.store import Store
from tests.integration.ledger.conftest import keep_of, merge
from tests.integration.ledger.test_behaviour import P1, claim, only, settle, state_of

pytestmark = pytest.mark.integration

LOCAL = {"onestop": "H12-1"}
_WAITS = text("SELECT count(*) FROM pg_locks WHERE NOT granted")


@asynccontextmanager
async def merged_by_another(ledger: Ledger, home: int, other: int) -> AsyncIterator[None]:
    """Another process has both dossiers locked, and merges them once a write of ours waits for one."""
    if ledger.store.is_sqlite:
        pytest.skip("SQLite has one process")
    second = Store(ledger.store.url, serve=False)
    with second.write() as tx:
        second.lock_dossiers(tx, [home, other])
        yield
        async with asyncio.timeout(10):
            while not tx.execute(_WAITS).scalar_one():  # noqa: ASYNC110  the database sets no event
                await asyncio.sleep(0.02)
        merge_dossiers(tx, second, home, other, merge)
    second.close()


async def test_a_message_is_kept_in_the_dossier_that_its_own_has_become(ledger: Ledger) -> None:
    """Its number was read before the merge; fold and lane are those of the one dossier that is left."""
    first = await ledger.keep(keep_of("portal.dossier", "k1", P1))
    second = await ledger.keep(keep_of("onestop.step", "k2", LOCAL))
    assert first.dossier is not None
    assert second.dossier is not None
    async with merged_by_another(ledger, first.dossier, second.dossier):
        keeping = asyncio.ensure_future(ledger.keep(keep_of("onestop.step", "k3", LOCAL)))
        await asyncio.sleep(0)
    kept = await keeping
    assert (kept.dossier, kept.ready) == (first.dossier, ())
    with ledger.store.read() as tx:
        assert tx.execute(select(schema.dossier_state.c.dossier)).scalars().all() == [first.dossier]


async def test_a_settle_releases_the_lane_that_its_own_has_become(ledger: Ledger) -> None:
    """The lock that it took first was a gone dossier's; it holds the right one before it reads the lane."""
    first = await ledger.keep(keep_of("portal.dossier", "k1", P1))
    second = await ledger.keep(keep_of("onestop.step", "k2", LOCAL))
    await ledger.keep(keep_of("onestop.step", "k3", LOCAL))
    claimed = await claim(ledger, only(second))
    assert first.dossier is not None
    assert second.dossier is not None
    locked: list[set[int]] = []
    lock = ledger.store.lock_dossiers

    def noted(tx: object, dossiers: object) -> None:
        locked.append(set(dossiers))  # type: ignore[call-overload]  # any numbers
        lock(tx, dossiers)  # type: ignore[arg-type]  # as above

    ledger.store.lock_dossiers = noted  # type: ignore[method-assign]  # what is locked is what is tested
    done = Settle(claimed.delivery, claimed.attempt, ledger.store.holder, "delivered")
    async with merged_by_another(ledger, first.dossier, second.dossier):
        settling = asyncio.ensure_future(ledger.settle(done))
        await asyncio.sleep(0)
    settled = await settling
    assert settled.applied
    assert [state_of(ledger, one.delivery) for one in settled.ready] == ["ready"]
    assert first.dossier in set().union(*locked)


async def test_an_answer_without_a_number_follows_its_dossier_into_the_other(ledger: Ledger) -> None:
    """Of two answers of one call the first makes two dossiers one: the second is kept there too."""
    first = await ledger.keep(keep_of("portal.dossier", "k1", P1))
    second = await ledger.keep(keep_of("onestop.step", "k2", LOCAL))
    claimed = await claim(ledger, only(second))
    says = (keep_of("portal.says", "a1", P1), keep_of("portal.says", "a2", {}))
    settled = await settle(ledger, claimed, "delivered", says=says)
    assert [one.dossier for one in settled.kept] == [first.dossier, first.dossier]
