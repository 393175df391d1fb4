"""The drill's audit of moves, on both databases: what the ledger does is legal, what it never does is not."""

import pytest
from sqlalchemy import update

from bus.ledger import schema
from bus.ledger.ledger import Ledger
from commands.drill_audit import illegal_moves, moves, watch
from tests.integration.ledger.conftest import keep_of
from tests.integration.ledger.test_behaviour import P1, P2, SWEEP, claim, only, settle, state_of

pytestmark = pytest.mark.integration


async def test_what_is_known_to_be_absent_may_be_dropped_and_what_is_unknown_may_not(
    ledger: Ledger, ledger_url: str
) -> None:
    """A withdrawal while an outcome is unknown: superseded once the peer said that it does not have it."""
    watch(ledger_url)
    kept = [await ledger.keep(keep_of("portal.dossier", key, code)) for key, code in (("k1", P1), ("k3", P2))]
    asked, other = map(only, kept)
    for delivery in (asked, other):
        await settle(ledger, await claim(ledger, delivery), "unknown")
    await ledger.keep(keep_of("portal.withdrawn", "k2", P1))
    await ledger.sweep(SWEEP)
    await settle(ledger, await claim(ledger, asked), "ready", lookup=True)
    assert state_of(ledger, asked) == "superseded"
    assert moves(ledger_url) > 4
    assert illegal_moves(ledger_url) == []
    with ledger.store.write() as tx:
        tx.execute(update(schema.delivery).where(schema.delivery.c.id == other).values(state="superseded"))
    assert [(one.delivery, one.text) for one in illegal_moves(ledger_url)] == [
        (other, "unknown became superseded")
    ]
