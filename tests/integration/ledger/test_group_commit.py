"""What a group of writes may hold, and what may go wrong in it, on both databases."""

import asyncio

import pytest
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError, OperationalError

from bus.ledger import driver, schema
from bus.ledger.ledger import Ledger
from bus.ledger.records import Settle
from bus.ledger.sweep_records import Sweep
from tests.integration.ledger.conftest import keep_of
from tests.integration.ledger.test_behaviour import P1, P2, claim, only, settle, state_of

pytestmark = pytest.mark.integration


@pytest.mark.parametrize("call_first", [True, False])
async def test_a_call_and_a_question_that_end_in_one_group_both_count(
    ledger: Ledger,
    call_first: bool,  # noqa: FBT001  a parameter of the test
) -> None:
    """A call that outlived its lease says done while a look-up says "cannot say": done stands, told once."""
    claimed = await claim(ledger, only(await ledger.keep(keep_of("portal.dossier", "k1", P1))), lease=-1.0)
    await ledger.sweep(Sweep({"": 0.0}))
    holder = ledger.store.holder
    asked = await claim(ledger, claimed.delivery)
    assert asked.state == "unknown"
    done = Settle(claimed.delivery, claimed.attempt, holder, "delivered")
    silent = Settle(asked.delivery, asked.attempt, holder, "unknown", lookup=True, wait=99.0)
    both = (done, silent) if call_first else (silent, done)
    results = await asyncio.gather(*(ledger.settle(one) for one in both))
    assert state_of(ledger, claimed.delivery) == "delivered"
    assert not any(one.contradicts for one in results)
    with ledger.store.read() as tx:
        assert len(tx.execute(select(schema.event)).all()) == 1
        assert len(tx.execute(select(schema.attempt)).all()) == 2


async def test_a_write_that_fails_in_another_way_the_second_time_is_answered(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database refuses, the next try fails otherwise: its writer hears it, the ledger lives on."""
    errors = [OperationalError("", None, Exception("deadlock")), ValueError("now it is another thing")]
    write = ledger.store.write

    def failing() -> object:
        if errors:
            raise errors.pop(0)
        return write()

    monkeypatch.setattr(ledger.store, "write", failing)
    async with asyncio.timeout(5):
        with pytest.raises(ValueError, match="another thing"):
            await ledger.keep(keep_of("portal.dossier", "k1", P1))
        assert (await ledger.keep(keep_of("portal.dossier", "k2", P2))).outcome == "kept"


async def test_a_reason_that_is_no_text_is_settled_all_the_same(ledger: Ledger) -> None:
    """Half a pair of UTF-16 can come out of a peer's JSON; no database stores it."""
    claimed = await claim(ledger, only(await ledger.keep(keep_of("portal.dossier", "k1", P1))))
    await settle(ledger, claimed, "refused", reason="hồ sơ \ud83d\x00", code="\udc00")
    assert state_of(ledger, claimed.delivery) == "refused"
    with ledger.store.read() as tx:
        assert tx.execute(select(schema.delivery.c.reason)).scalar_one() == "hồ sơ \ufffd\ufffd"


def test_a_connection_that_is_gone_is_sqlalchemy_s_error(ledger: Ledger) -> None:
    """Even where the driver says so before any statement: the ledger knows its database's errors by that."""
    with ledger.store.writer.connect() as tx:
        raw = tx.connection.dbapi_connection
        assert raw is not None
        raw.close()
        with pytest.raises(DBAPIError):
            driver.select(tx, select(schema.dossier.c.id))
