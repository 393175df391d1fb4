"""What a ledger promises, the same on SQLite and PostgreSQL."""

import asyncio
from pathlib import Path

import pytest

from bus.errors import ConfigurationError
from bus.fingerprint import digest_of
from bus.ledger import legs, read, schema
from bus.ledger.ledger import Ledger
from bus.ledger.records import Claim, Claimed, Hold, Kept, Page, Settle, Settled
from bus.ledger.store import Store
from bus.ledger.sweep_records import Sweep
from tests.integration.ledger.conftest import keep_of, merge, plan

pytestmark = pytest.mark.integration

P1 = {"portal": "G22.99-261123-000001"}
P2 = {"portal": "G22.99-261123-000002"}
SWEEP = Sweep({"": 0.0})


async def claim(ledger: Ledger, delivery: int, lease: float = 60.0) -> Claimed:
    """A claim that must succeed."""
    claimed = await ledger.claim(Claim(delivery, ledger.store.holder, lease))
    assert claimed is not None
    return claimed


async def settle(ledger: Ledger, claimed: Claimed, outcome: str, **more: object) -> Settled:
    """Settle a claim with an outcome."""
    holder = ledger.store.holder
    return await ledger.settle(Settle(claimed.delivery, claimed.attempt, holder, outcome, **more))  # type: ignore[arg-type]


def only(kept: Kept) -> int:
    """The one delivery that a message made ready."""
    assert len(kept.ready) == 1
    return kept.ready[0].delivery


def state_of(ledger: Ledger, delivery: int) -> str:
    """The state of a delivery as it is on disk."""
    row = schema.delivery
    with ledger.store.read() as tx:
        return str(tx.execute(row.select().where(row.c.id == delivery)).one().state)


async def test_the_same_message_twice_is_recognised(ledger: Ledger) -> None:
    """Keeping is idempotent by the source's key, alone and within one group."""
    first = await ledger.keep(keep_of("portal.dossier", "k1", P1))
    again = await asyncio.gather(*(ledger.keep(keep_of("portal.dossier", "k1", P1)) for _ in range(5)))
    assert first.outcome == "kept"
    assert {(kept.outcome, kept.message) for kept in again} == {("repeated", first.message)}
    together = await asyncio.gather(*(ledger.keep(keep_of("portal.dossier", "k2", P2)) for _ in range(5)))
    assert sorted(kept.outcome for kept in together) == ["kept", *["repeated"] * 4]


async def test_the_same_key_with_other_content_is_a_conflict(ledger: Ledger) -> None:
    """A conflict is kept beside what stands, once, without deliveries."""
    await ledger.keep(keep_of("portal.dossier", "k1", P1))
    kept = await ledger.keep(keep_of("portal.dossier", "k1", P1, digest=b"other"))
    again = await ledger.keep(keep_of("portal.dossier", "k1", P1, digest=b"other"))
    assert (kept.outcome, again) == ("conflict", kept)
    account = ledger.look(read.account)
    assert (account.planned, account.messages) == (1, {"kept": 1, "conflict": 1})


async def test_a_message_told_in_two_forms_is_compared_where_both_tell(ledger: Ledger) -> None:
    """What one form alone says is no other content; another value of what both say is a conflict, once."""
    pushed = digest_of({"owner": "be", "phone": "1", "push:file": "a"})
    found = digest_of({"owner": "be", "search:file": "7"})
    changed = digest_of({"owner": "be", "phone": "2", "push:file": "a"})
    first = await ledger.keep(keep_of("portal.dossier", "k1", P1, digest=pushed))
    assert (await ledger.keep(keep_of("portal.dossier", "k1", P1, digest=found))).outcome == "repeated"
    other = await ledger.keep(keep_of("portal.dossier", "k1", P1, digest=changed))
    again = await ledger.keep(keep_of("portal.dossier", "k1", P1, digest=changed))
    assert (other.outcome, again) == ("conflict", other)
    assert other.message != first.message
    file = digest_of({"owner": "be", "phone": "1", "push:file": "b"})
    assert (await ledger.keep(keep_of("portal.dossier", "k1", P1, digest=file))).outcome == "conflict"
    assert ledger.look(read.account).messages == {"kept": 1, "conflict": 2}


async def test_a_dossier_does_not_overtake_itself(ledger: Ledger) -> None:
    """One lane has one open head; settling it releases the next, in the order of keeping."""
    first = await ledger.keep(keep_of("portal.dossier", "k1", P1))
    second = await ledger.keep(keep_of("portal.supplement", "k2", P1))
    assert second.ready == ()
    settled = await settle(ledger, await claim(ledger, only(first)), "delivered")
    assert settled.state == "delivered"
    assert [ready.delivery for ready in settled.ready] == [only(first) + 1]


async def test_a_stuck_dossier_holds_up_nobody_else(ledger: Ledger) -> None:
    """Another dossier's lane to the same destination is free."""
    await claim(ledger, only(await ledger.keep(keep_of("portal.dossier", "k1", P1))))
    assert only(await ledger.keep(keep_of("portal.dossier", "k2", P2)))


async def test_of_many_claimers_one_wins(ledger: Ledger) -> None:
    """A work message published twice has one effect."""
    delivery = only(await ledger.keep(keep_of("portal.dossier", "k1", P1)))
    claims = [ledger.claim(Claim(delivery, ledger.store.holder, 60.0)) for _ in range(5)]
    assert sum(claimed is not None for claimed in await asyncio.gather(*claims)) == 1


async def test_settling_an_overtaken_attempt_changes_nothing(ledger: Ledger) -> None:
    """The attempt number fences: a late settle writes history alone."""
    delivery = only(await ledger.keep(keep_of("portal.dossier", "k1", P1)))
    old = await claim(ledger, delivery)
    await settle(ledger, old, "retrying", wait=0.0)
    await ledger.sweep(SWEEP)
    await claim(ledger, delivery)
    late = await settle(ledger, old, "dead")
    assert not late.applied
    assert state_of(ledger, delivery) == "sending"


async def test_an_unknown_outcome_blocks_the_lane_until_the_peer_was_asked(ledger: Ledger) -> None:
    """Unknown holds back; "not there" makes it ready again with the attempt number still growing."""
    delivery = only(await ledger.keep(keep_of("portal.dossier", "k1", P1)))
    await ledger.keep(keep_of("portal.supplement", "k2", P1))
    settled = await settle(ledger, await claim(ledger, delivery), "unknown", wait=0.0)
    assert settled.ready == ()
    assert [ready.delivery for ready in await ledger.sweep(SWEEP)] == [delivery]
    asking = await claim(ledger, delivery)
    assert (asking.state, asking.attempt, asking.doubt) == ("unknown", 1, "open")
    await settle(ledger, asking, "ready", lookup=True)
    assert (await claim(ledger, delivery)).attempt == 2


async def test_a_lease_that_runs_out_becomes_unknown_and_a_late_success_still_counts(ledger: Ledger) -> None:
    """A worker that wakes up late does no harm; its "done" is believed."""
    delivery = only(await ledger.keep(keep_of("portal.dossier", "k1", P1)))
    slow = await claim(ledger, delivery, lease=0.0)
    await ledger.sweep(SWEEP)
    await asyncio.sleep(0.01)
    await ledger.sweep(SWEEP)
    assert state_of(ledger, delivery) == "unknown"
    assert (await settle(ledger, slow, "delivered")).applied
    assert state_of(ledger, delivery) == "delivered"


async def test_a_newer_replacing_one_supersedes_what_waits(ledger: Ledger) -> None:
    """Only the newest of a replacing operation is sent, unless an appended one lies between."""
    await ledger.keep(keep_of("onestop.dossier", "k1", P1))
    await ledger.keep(keep_of("onestop.dossier", "k2", P1))
    await ledger.keep(keep_of("onestop.dossier", "k3", P1))
    await ledger.keep(keep_of("onestop.step", "k4", P1))
    await ledger.keep(keep_of("onestop.dossier", "k5", P1))
    assert ledger.look(read.account).states == {"ready": 1, "superseded": 1, "waiting": 3}


async def test_a_dead_appended_one_blocks_its_lane_and_a_dead_replacing_one_does_not(ledger: Ledger) -> None:
    """Rule 10, both kinds."""
    for kind, codes, released in (("portal.supplement", P1, 0), ("onestop.dossier", P2, 1)):
        first = await ledger.keep(keep_of(kind, "a" + kind, codes))
        await ledger.keep(keep_of(kind, "b" + kind, codes))
        settled = await settle(ledger, await claim(ledger, only(first)), "dead", cause="mapping")
        assert len(settled.ready) == released


async def test_withdrawal_drops_what_is_unsent_and_sends_what_tells_of_it(ledger: Ledger) -> None:
    """Unsent deliveries are superseded with the reason, and the withdrawal itself goes out."""
    await ledger.keep(keep_of("portal.dossier", "k1", P1))
    await ledger.keep(keep_of("portal.supplement", "k2", P1))
    told = await ledger.keep(keep_of("portal.withdrawn", "k3", P1))
    assert len(told.ready) == 1
    assert ledger.look(read.account).states == {"superseded": 2, "ready": 1}
    assert (await ledger.keep(keep_of("portal.supplement", "k4", P1))).ready == ()


async def test_numbers_linked_later_merge_two_dossiers(ledger: Ledger) -> None:
    """Two numbers of one dossier lead to one dossier, with one open head per lane."""
    one = await ledger.keep(keep_of("both", "k1", {"a": "1"}, source="portal"))
    other = await ledger.keep(keep_of("both", "k2", {"b": "2"}, source="onestop"))
    assert one.dossier != other.dossier
    linked = await ledger.keep(keep_of("portal.none", "k3", {"a": "1", "b": "2"}))
    assert linked.dossier == one.dossier
    assert ledger.look(read.find_dossier, "2") == one.dossier
    account = ledger.look(read.account)
    assert account.dossiers == 1
    assert account.states == {"ready": 2, "waiting": 2}


async def test_a_leg_that_expects_an_answer_opens_once(ledger: Ledger) -> None:
    """A message while the leg is open changes nothing; its answer ends it."""
    await ledger.keep(keep_of("portal.dossier", "k1", P1))
    await ledger.keep(keep_of("portal.dossier", "k2", P1))
    assert ledger.look(read.account).legs == {"open": 1}
    await ledger.keep(keep_of("onestop.dossier", "k3", P1))
    assert ledger.look(read.account).legs == {"done": 1}
    assert ledger.look(read.account).planned == 2


async def test_a_leg_whose_time_ran_out_is_late_open_and_answered(ledger: Ledger) -> None:
    """Late is counted and told with its due date; the leg in time is not, and nothing else changes."""
    kept = await ledger.keep(keep_of("portal.urgent", "k1", P1))
    assert kept.dossier is not None
    account = ledger.look(read.account)
    assert (account.legs, account.late) == ({"open": 2}, {"open": 1})
    told = {leg.route: leg for leg in ledger.look(legs.of_dossier, kept.dossier)}
    assert {route: leg.late for route, leg in told.items()} == {"flow.urgent": True, "flow.calm": False}
    due = told["flow.urgent"].due_at
    assert due == told["flow.urgent"].opened_at - 1
    late = [moment for moment in ledger.look(read.timeline, kept.dossier) if moment.state == "late"]
    assert [(moment.at, moment.system) for moment in late] == [(due, "bus")]
    await ledger.keep(keep_of("onestop.urgent", "k2", P1))
    account = ledger.look(read.account)
    assert (account.legs, account.late) == ({"done": 2}, {"done": 1})
    assert [leg.late for leg in ledger.look(legs.of_dossier, kept.dossier)] == [False, True]


async def test_a_clock_starts_once_with_its_leg(ledger: Ledger) -> None:
    """A message while the leg is open neither starts the clock again nor asks the calendar."""
    kept = await ledger.keep(keep_of("portal.urgent", "k1", P1))
    before = ledger.look(legs.of_dossier, kept.dossier)
    await ledger.keep(keep_of("portal.urgent", "k2", P1))
    assert ledger.look(legs.of_dossier, kept.dossier) == before


async def test_nobody_owes_an_answer_on_a_withdrawn_dossier(ledger: Ledger) -> None:
    """Its open legs are not late; one that was answered late before stays so."""
    await ledger.keep(keep_of("portal.urgent", "k1", P1))
    await ledger.keep(keep_of("portal.withdrawn", "k2", P1))
    assert ledger.look(read.account).late == {}


async def test_an_answer_is_kept_in_the_settling_transaction(ledger: Ledger) -> None:
    """What the peer says is a message of its own, with its numbers and deliveries."""
    claimed = await claim(ledger, only(await ledger.keep(keep_of("portal.dossier", "k1", P1))))
    says = keep_of(
        "onestop.dossier", "answer", {"onestop": "H12-1"}, dossier=claimed.dossier, answer_to=claimed.delivery
    )
    settled = await settle(ledger, claimed, "delivered", says=(says,))
    assert settled.kept[0].dossier == claimed.dossier
    assert len(settled.kept[0].ready) == 1
    assert ledger.look(read.codes, claimed.dossier) == {**P1, "onestop": "H12-1"}


async def test_a_page_and_its_cursor_are_kept_together(ledger: Ledger) -> None:
    """A page whose cursor has moved on is kept by nobody."""
    page = Page("portal", "search", "", "c1", (keep_of("portal.dossier", "k1", P1),), {"s": b"1"})
    assert [kept.outcome for kept in await ledger.keep_page(page)] == ["kept"]
    with pytest.raises(Exception, match="portal/search"):
        await ledger.keep_page(Page("portal", "search", "", "c2", (keep_of("portal.dossier", "k9", P2),)))
    assert ledger.look(read.cursor, "portal", "search") == "c1"
    assert ledger.look(read.memory, "portal", "search", ["s", "t"]) == {"s": b"1"}
    assert ledger.look(read.account).planned == 1


async def test_one_bad_write_fails_alone(ledger: Ledger) -> None:
    """A group in which one row cannot be written keeps all others (rule 18)."""
    good = [keep_of("portal.dossier", f"k{n}", {"portal": f"G{n}"}) for n in range(20)]
    bad = keep_of("portal.dossier", "bad", {"portal": "Gx"}, as_of=None)
    results = await asyncio.gather(*(ledger.keep(keep) for keep in (*good, bad)), return_exceptions=True)
    assert isinstance(results[-1], Exception)
    assert all(isinstance(result, Kept) for result in results[:-1])
    account = ledger.look(read.account)
    assert (account.messages, account.unaccounted) == ({"kept": 20}, 0)


async def test_a_hold_stops_a_dossier_and_a_release_lets_it_go(ledger: Ledger) -> None:
    """Held is no end: nothing is published, and everything comes back."""
    delivery = only(await ledger.keep(keep_of("portal.dossier", "k1", P1)))
    await ledger.act(Hold(1, hold=True, who="an", reason="asked by phone"))
    assert state_of(ledger, delivery) == "held"
    assert await ledger.claim(Claim(delivery, ledger.store.holder, 60.0)) is None
    ready = await ledger.act(Hold(1, hold=False, who="an", reason=""))
    assert [one.delivery for one in ready] == [delivery]


async def test_a_hold_of_a_dossier_that_has_become_another_holds_that(ledger: Ledger) -> None:
    """A person saw it before the merge: what is stopped is the dossier as it is now."""
    first = await ledger.keep(keep_of("portal.dossier", "k1", {"portal": "1"}))
    second = await ledger.keep(keep_of("onestop.step", "k2", {"onestop": "2"}))
    await ledger.keep(keep_of("both", "k3", {"portal": "1", "onestop": "2"}))
    gone = max(first.dossier or 0, second.dossier or 0)
    await ledger.act(Hold(gone, hold=True, who="ha", reason="asked"))
    assert set(ledger.look(read.account).states) <= {"held", "waiting"}
    assert len(await ledger.act(Hold(gone, hold=False, who="ha", reason=""))) == 2


async def test_a_hold_reaches_what_is_under_way(ledger: Ledger) -> None:
    """An attempt that ends without effect after the hold waits with the rest."""
    claimed = await claim(ledger, only(await ledger.keep(keep_of("portal.dossier", "k1", P1))))
    await ledger.act(Hold(1, hold=True, who="an", reason="asked by phone"))
    await settle(ledger, claimed, "retrying", wait=0.0)
    assert await ledger.sweep(SWEEP) == ()
    assert state_of(ledger, claimed.delivery) == "held"


async def test_a_repeatable_peer_gets_the_same_again_without_being_asked(ledger: Ledger) -> None:
    """A resend keeps the doubt: until an answer it can only become delivered or refused."""
    first = await claim(ledger, only(await ledger.keep(keep_of("portal.dossier", "k1", P1))))
    await settle(ledger, first, "unknown", wait=0.0)
    again = await ledger.claim(Claim(first.delivery, ledger.store.holder, 60.0, frozenset({"create"})))
    assert again is not None
    assert (again.state, again.attempt, again.doubt) == ("sending", 2, "open")
    assert (await settle(ledger, again, "dead")).state == "unknown"


async def test_merging_keeps_what_a_peer_has_from_both(ledger: Ledger) -> None:
    """What was appended for either dossier is known for the one they become."""
    for number, codes in ((1, {"a": "1"}), (2, {"b": "2"})):
        kept = await ledger.keep(keep_of("onestop.step", f"s{number}", codes))
        await settle(ledger, await claim(ledger, only(kept)), "delivered", view=(f"step{number}", b"d"))
    linked = await ledger.keep(keep_of("onestop.step", "s3", {"a": "1", "b": "2"}))
    assert set((await claim(ledger, only(linked))).views) == {"step1", "step2"}


async def test_what_a_killed_process_was_sending_is_unknown_at_the_next_start(ledger_url: str) -> None:
    """The lock of a process that is gone is free, and that proves it (rule 6)."""
    killed = Ledger(Store(ledger_url), plan, merge)
    delivery = only(await killed.keep(keep_of("portal.dossier", "k1", P1)))
    await claim(killed, delivery, lease=3600.0)
    killed.close()
    ledger = Ledger(Store(ledger_url), plan, merge)
    try:
        assert [ready.delivery for ready in await ledger.sweep(SWEEP)] == [delivery]
        assert state_of(ledger, delivery) == "unknown"
    finally:
        ledger.close()


async def test_states_sum_to_what_was_kept_after_many_random_moves(ledger: Ledger) -> None:
    """The account is whole whatever happens to deliveries, in groups of many."""
    kinds = ("portal.dossier", "portal.supplement", "onestop.dossier", "onestop.step", "both")
    outcomes = ("delivered", "refused", "retrying", "unknown", "dead", "superseded")
    keeps = [keep_of(kinds[n % 5], f"k{n}", {"portal": f"G{n % 17}"}) for n in range(170)]
    ready = [one.delivery for kept in await asyncio.gather(*map(ledger.keep, keeps)) for one in kept.ready]
    for turn in range(6):
        claims = await asyncio.gather(*(ledger.claim(Claim(one, 1, 60.0)) for one in ready))
        taken = [claimed for claimed in claims if claimed]
        settled = await asyncio.gather(
            *(
                settle(ledger, one, outcomes[(one.delivery + turn) % 6])
                for one in taken
                if one.state == "sending"
            )
        )
        ready = [one.delivery for result in settled for one in result.ready]
        ready += [one.delivery for one in await ledger.sweep(SWEEP)]
        assert ledger.look(read.account).unaccounted == 0
    assert sum(ledger.look(read.account).states.values()) > 150


def test_an_sqlite_ledger_is_served_by_one_process(tmp_path: Path) -> None:
    """The second is refused with a sentence that says what to do."""
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    store = Store(url)
    with pytest.raises(ConfigurationError, match="stop that process, or use PostgreSQL"):
        Store(url)
    store.close()
