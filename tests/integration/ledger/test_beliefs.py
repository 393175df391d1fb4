"""What a peer last told of a dossier, on both ledgers."""

import pytest

from bus.ledger import beliefs
from bus.ledger.ledger import Ledger
from tests.integration.ledger.conftest import keep_of
from tests.integration.ledger.test_behaviour import claim, only, settle

pytestmark = pytest.mark.integration

KIND = "onestop.dossier"


async def test_the_last_word_of_a_peer_is_by_its_own_time(ledger: Ledger) -> None:
    """The latest by the peer's time wins, whatever came last; another's words count for nothing."""
    codes = {"onestop": "H12.06-1", "portal": "G22.99-1"}
    await ledger.keep(keep_of(KIND, "newer", codes, as_of=20.0))
    await ledger.keep(keep_of(KIND, "older", codes, as_of=10.0))
    await ledger.keep(keep_of("portal.dossier", "theirs", codes, as_of=30.0))
    with ledger.store.read() as tx:
        assert beliefs.last_told(tx, "onestop", KIND, "H12.06-1") == (True, b"newer")
        assert beliefs.last_told(tx, "portal", KIND, "G22.99-1") == (True, None)
        assert beliefs.last_told(tx, "onestop", KIND, "H12.06-2") == (False, None)
        assert list(beliefs.told_between(tx, "onestop", KIND, 10.0, 20.0)) == [b"older"]
        assert list(beliefs.told_between(tx, "onestop", KIND, 10.0, 20.1)) == [b"older", b"newer"]


async def test_the_steps_of_a_dossier_are_the_keys_of_what_was_delivered(ledger: Ledger) -> None:
    """Not the status that is remembered beside them, nor what was not delivered or is another dossier's."""
    for key, outcome, code in (
        ("b", "delivered", "1"),
        ("a", "delivered", "1"),
        ("c", "dead", "1"),
        ("d", "delivered", "2"),
    ):
        kept = await ledger.keep(keep_of("onestop.step", key, {"onestop": f"H12.06-{code}"}))
        claimed = await claim(ledger, only(kept))
        await settle(ledger, claimed, outcome, view=(key, b"digest"), shown=("status ", b"4"))
    with ledger.store.read() as tx:
        assert beliefs.steps_of(tx, "portal", "progress", 1) == ("a", "b")
        assert beliefs.steps_of(tx, "portal", "progress", 2) == ("d",)
        assert beliefs.steps_of(tx, "portal", "sync", 1) == ()
