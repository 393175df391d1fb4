"""Hand-over: what becomes ready while a slot is free is claimed in that transaction, on both databases."""

import asyncio
from collections.abc import Sequence

import pytest

from bus.ledger import read
from bus.ledger.handover import Handed
from bus.ledger.ledger import Ledger
from bus.ledger.records import Claim, Claimed, Keep, Settle
from tests.integration.ledger.conftest import keep_of
from tests.integration.ledger.test_behaviour import P1, P2, state_of

pytestmark = pytest.mark.integration


class Counted:
    """Hands with some slots for one connector; what is begun in them lies in `begun`."""

    def __init__(self, connector: str, free: int) -> None:
        self.connector = connector
        self.free = free
        self.begun: list[Handed] = []
        self.given_back: list[str] = []

    def take(self, connector: str, operation: str) -> float | None:
        """A lease of a minute while a slot is free."""
        assert operation
        if connector != self.connector or not self.free:
            return None
        self.free -= 1
        return 60.0

    def begin(self, handed: Sequence[Handed]) -> None:
        """Note what was claimed."""
        self.begun.extend(handed)

    def give_back(self, connectors: Sequence[str]) -> None:
        """Note what was given back."""
        self.given_back.extend(connectors)
        self.free += len(connectors)


def offering(ledger: Ledger, connector: str, free: int) -> Counted:
    """Hands offered to a ledger."""
    hands = Counted(connector, free)
    ledger.handover.open(hands)
    return hands


async def test_a_free_slot_is_handed_what_is_kept_and_nothing_is_published(ledger: Ledger) -> None:
    """The row is sending with attempt 1 under our holder; nobody else can claim it."""
    hands = offering(ledger, "onestop", 1)
    kept = await ledger.keep(keep_of("portal.dossier", "k1", P1))
    await ledger.barrier()
    (handed,) = hands.begun
    assert (kept.ready, hands.free) == ((), 0)
    assert state_of(ledger, handed.claimed.delivery) == "sending"
    assert (handed.claimed.attempt, handed.claimed.tries, handed.claimed.codes) == (1, 1, P1)
    assert await ledger.claim(Claim(handed.claimed.delivery, ledger.store.holder, 60.0)) is None


async def test_what_finds_no_slot_is_published(ledger: Ledger) -> None:
    """Of two dossiers kept in one group one is handed over, the other is ready; both are accounted for."""
    hands = offering(ledger, "onestop", 1)
    keeps = [keep_of("portal.dossier", "k1", P1), keep_of("portal.dossier", "k2", P2)]
    kept = await asyncio.gather(*(ledger.keep(keep) for keep in keeps))
    await ledger.barrier()
    assert [len(one.ready) for one in kept] == [0, 1]
    assert len(hands.begun) == 1
    assert ledger.look(read.account).states == {"sending": 1, "ready": 1}


async def handed_as_claimed(ledger: Ledger, keeps: Sequence[Keep]) -> tuple[Claimed, Claimed]:
    """The last of some messages as it is handed over, and as an ordinary claim gives the same thing."""
    for keep in keeps[:-1]:
        for ready in (await ledger.keep(keep)).ready:
            claimed = await ledger.claim(Claim(ready.delivery, ledger.store.holder, 60.0))
            assert claimed is not None
            await ledger.settle(
                Settle(ready.delivery, claimed.attempt, ledger.store.holder, "delivered", view=("a", b"x"))
            )
    hands = offering(ledger, "onestop", 1)
    await ledger.keep(keeps[-1])
    await ledger.barrier()
    (handed,) = hands.begun
    ledger.handover.shut()
    holder = ledger.store.holder
    await ledger.settle(Settle(handed.claimed.delivery, 1, holder, "ready", burned=False))
    again = await ledger.claim(Claim(handed.claimed.delivery, holder, 60.0))
    assert again is not None
    return handed.claimed, again


async def test_a_worker_is_told_the_same_whether_handed_over_or_claimed(ledger: Ledger) -> None:
    """Body, fold, numbers and what the peer has got are those that a claim reads from the disk."""
    keeps = [
        keep_of("portal.dossier", "k1", P1),
        keep_of("portal.supplement", "k2", P1 | {"onestop": "H12-1"}),
        keep_of("portal.supplement", "k3", P1),
    ]
    handed, claimed = await handed_as_claimed(ledger, keeps)
    assert handed.codes == {"portal": P1["portal"], "onestop": "H12-1"}
    assert handed.views == {"a": b"x"}
    same = (
        "delivery",
        "message",
        "dossier",
        "kind",
        "source",
        "route",
        "body",
        "fold",
        "history",
        "codes",
        "views",
    )
    assert [getattr(handed, name) for name in same] == [getattr(claimed, name) for name in same]


async def test_a_settle_hands_over_the_next_of_its_lane(ledger: Ledger) -> None:
    """The released one is claimed in the settling transaction, with its own attempt number."""
    hands = offering(ledger, "onestop", 1)
    await ledger.keep(keep_of("portal.dossier", "k1", P1))
    second = await ledger.keep(keep_of("portal.supplement", "k2", P1))
    await ledger.barrier()
    (first,) = hands.begun
    hands.free = 1
    done = await ledger.settle(Settle(first.claimed.delivery, 1, ledger.store.holder, "delivered"))
    await ledger.barrier()
    assert (second.ready, done.ready) == ((), ())
    assert [(one.claimed.kind, one.claimed.attempt) for one in hands.begun[1:]] == [("portal.supplement", 1)]


async def test_a_failed_transaction_gives_its_slots_back(ledger: Ledger) -> None:
    """One bad write of a group fails alone; the slot that its group had taken is free again."""
    hands = offering(ledger, "onestop", 2)
    bad = keep_of("portal.dossier", "k2", P2, source=None)
    good, failed = await asyncio.gather(
        ledger.keep(keep_of("portal.dossier", "k1", P1)), ledger.keep(bad), return_exceptions=True
    )
    await ledger.barrier()
    assert not isinstance(good, BaseException)
    assert isinstance(failed, Exception)
    assert ([one.claimed.connector for one in hands.begun], hands.free) == (["onestop"], 1)


async def test_shut_hands_take_nothing_and_a_held_dossier_is_not_handed_over(ledger: Ledger) -> None:
    """After `shut` everything is published; the ready rows are whole."""
    hands = offering(ledger, "onestop", 5)
    ledger.handover.shut()
    kept = await ledger.keep(keep_of("portal.dossier", "k1", P1))
    await ledger.barrier()
    assert (len(kept.ready), hands.begun, hands.free) == (1, [], 5)
