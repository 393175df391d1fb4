"""What people do about what failed, on both databases: nothing in doubt is given up, every retry adds up."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from bus.errors import NotPossibleError
from bus.ledger import failures, read, schema
from bus.ledger.handling_records import (
    Advance,
    Advanced,
    Cancel,
    Decide,
    Discard,
    Patch,
    Propose,
    Reread,
    Retry,
    Told,
)
from bus.ledger.ledger import Ledger
from bus.ledger.people import actions
from bus.ledger.records import Claim, Hold
from tests.integration.ledger.conftest import keep_of
from tests.integration.ledger.test_behaviour import P1, P2, claim, only, settle, state_of

pytestmark = pytest.mark.integration

WHO: dict[str, Any] = {"who": "lan", "reason": "the peer was mended"}


async def dead(ledger: Ledger, key: str, codes: dict[str, str], kind: str = "portal.dossier") -> int:
    """A delivery that went dead."""
    delivery = only(await ledger.keep(keep_of(kind, key, codes)))
    await settle(
        ledger, await claim(ledger, delivery), "dead", reason=f"HTTP 500 for {key}", cause="permanent"
    )
    return delivery


async def step(ledger: Ledger, run: int) -> failures.Run:
    """One look after all retries; how the run stands then."""
    await ledger.act(Advance())
    found = ledger.look(failures.run, run)
    assert found is not None
    assert found.requested == found.delivered + found.failed + found.skipped + found.pending
    return found


async def ends(ledger: Ledger, delivery: int, outcome: str) -> None:
    """The next attempt of a delivery ends so."""
    await settle(ledger, await claim(ledger, delivery), outcome)


def numbered(count: int) -> list[dict[str, str]]:
    """So many dossiers."""
    return [{"portal": f"G22.99-261123-{number:06d}"} for number in range(count)]


async def test_a_dead_delivery_goes_again_with_a_growing_attempt(ledger: Ledger) -> None:
    """The attempt number is never used twice; its time to give up begins anew."""
    delivery = await dead(ledger, "k1", P1)
    run = await ledger.act(Retry((str(delivery),), **WHO))
    assert (await step(ledger, run)).pending == 1
    again = await claim(ledger, delivery)
    assert (again.attempt, again.tries) == (2, 1)
    await settle(ledger, again, "delivered")
    await step(ledger, run)
    done = await step(ledger, run)
    assert (done.state, done.delivered, done.requested) == ("done", 1, 1)
    assert ledger.look(read.account).unaccounted == 0


async def test_a_staged_retry_stops_itself_where_a_stage_fails(ledger: Ledger) -> None:
    """One first, then the next size; what was not sent off is skipped and still dead."""
    lost = [await dead(ledger, f"k{n}", codes) for n, codes in enumerate(numbered(6))]
    run = await ledger.act(Retry(tuple(map(str, lost)), **WHO, stages=(1, 2)))
    await step(ledger, run)
    assert [state_of(ledger, one) for one in lost] == ["ready", *["dead"] * 5]
    await ends(ledger, lost[0], "delivered")
    await step(ledger, run)
    assert (await step(ledger, run)).stage == 2
    assert [state_of(ledger, one) for one in lost[1:4]] == ["ready", "ready", "dead"]
    await ends(ledger, lost[1], "dead")
    assert (await step(ledger, run)).state == "running", "what is under way is waited for"
    await ends(ledger, lost[2], "delivered")
    stopped = await step(ledger, run)
    assert (stopped.state, stopped.delivered, stopped.failed, stopped.skipped) == ("stopped", 2, 1, 3)
    assert "stage 2" in stopped.note
    assert {state_of(ledger, one) for one in lost[3:]} == {"dead"}


async def test_a_retry_goes_on_after_a_restart(ledger: Ledger, ledger_again: Callable[[], Ledger]) -> None:
    """Its rows are all it needs: another process goes on where the first one was."""
    lost = [await dead(ledger, f"k{n}", codes) for n, codes in enumerate(numbered(3))]
    run = await ledger.act(Retry(tuple(map(str, lost)), **WHO, stages=(1,)))
    await step(ledger, run)
    ledger.close()
    other = ledger_again()
    await ends(other, lost[0], "delivered")
    for _ in range(2):
        await step(other, run)
    for one in lost[1:]:
        await ends(other, one, "delivered")
    await step(other, run)
    done = await step(other, run)
    assert (done.state, done.delivered, done.requested) == ("done", 3, 3)


async def test_a_rate_bounds_how_many_go_at_once(ledger: Ledger) -> None:
    """At a low rate nothing is sent off before its time; a person may end it."""
    lost = [await dead(ledger, f"k{n}", codes) for n, codes in enumerate(numbered(3))]
    run = await ledger.act(Retry(tuple(map(str, lost)), **WHO, rate=0.01))
    assert (await step(ledger, run)).pending == 3
    assert {state_of(ledger, one) for one in lost} == {"dead"}
    await ledger.act(Cancel(run, "lan", "enough"))
    ended = await step(ledger, run)
    assert (ended.state, ended.skipped) == ("cancelled", 3)
    with pytest.raises(NotPossibleError, match="cancelled"):
        await ledger.act(Cancel(run, "lan", "again"))


async def test_what_is_in_doubt_is_asked_about_and_never_given_up(ledger: Ledger) -> None:
    """Unknown: a retry makes the question due, a discard and an edit are refused (rule 7)."""
    delivery = only(await ledger.keep(keep_of("portal.dossier", "k1", P1)))
    await settle(ledger, await claim(ledger, delivery), "unknown", wait=300.0)
    for action in (Discard(str(delivery), **WHO), Patch(delivery, b"[]", **WHO)):
        with pytest.raises(NotPossibleError, match="may have it"):
            await ledger.act(action)
    assert await ledger.claim(Claim(delivery, ledger.store.holder, 60.0)) is None
    run = await ledger.act(Retry((str(delivery),), **WHO))
    await step(ledger, run)
    assert (await claim(ledger, delivery)).state == "unknown"
    assert state_of(ledger, delivery) == "unknown"


async def test_a_person_settles_what_the_peer_cannot_be_asked_about(ledger: Ledger) -> None:
    """That it has it counts at once, that it has not only after `absent_after`; with who and why."""
    one, other = [
        only(await ledger.keep(keep_of("portal.dossier", f"k{n}", c))) for n, c in enumerate((P1, P2))
    ]
    for delivery in (one, other):
        await settle(ledger, await claim(ledger, delivery), "unknown", wait=10 * 365 * 86400.0)
    run = await ledger.act(Retry((str(one),), **WHO))
    assert (await step(ledger, run)).skipped == 1, "there is nobody to ask but a person"
    await ledger.act(Told(one, done=True, absent_after=3600.0, **WHO))
    assert state_of(ledger, one) == "delivered"
    with pytest.raises(NotPossibleError, match="too early"):
        await ledger.act(Told(other, done=False, absent_after=3600.0, **WHO))
    await ledger.act(Told(other, done=False, absent_after=0.0, **WHO))
    assert state_of(ledger, other) == "ready"
    with pytest.raises(NotPossibleError, match="not in doubt"):
        await ledger.act(Told(one, done=True, absent_after=0.0, **WHO))


async def test_the_newest_goes_instead_of_what_was_overtaken(ledger: Ledger) -> None:
    """Of two dead records the first is superseded and the second sent; their account stays exact."""
    codes = {"onestop": "H12.06-1"}
    first = await dead(ledger, "k1", codes, "onestop.dossier")
    second = await dead(ledger, "k2", codes, "onestop.dossier")
    run = await ledger.act(Retry((str(first),), **WHO))
    await step(ledger, run)
    assert (state_of(ledger, first), state_of(ledger, second)) == ("superseded", "ready")
    await ends(ledger, second, "delivered")
    await step(ledger, run)
    assert (await step(ledger, run)).delivered == 1
    assert ledger.look(failures.items, run)[0]["target"] == second


async def test_an_appended_one_waits_for_the_dead_one_before_it(ledger: Ledger) -> None:
    """In its lane the first dead one is retried first; discarding it lets the next go."""
    first = await dead(ledger, "k1", P1)
    behind = await ledger.keep(keep_of("portal.supplement", "k2", P1))
    assert behind.ready == (), "a dead appending delivery holds its lane"
    ready = await ledger.act(Discard(str(first), **WHO))
    assert [state_of(ledger, one) for one in (first, first + 1)] == ["discarded", "ready"]
    assert [one.delivery for one in ready] == [first + 1]
    assert ledger.look(read.account).states == {"discarded": 1, "ready": 1}


async def test_a_held_dossier_is_not_retried(ledger: Ledger) -> None:
    """What a person holds is let go by a person, not by a retry of everything."""
    delivery = await dead(ledger, "k1", P1)
    await ledger.act(Hold(1, hold=True, who="lan", reason="checked"))
    run = await ledger.act(Retry((str(delivery),), **WHO))
    await step(ledger, run)
    assert (await step(ledger, run)).skipped == 1
    assert "release" in ledger.look(failures.items, run)[0]["why"]
    assert state_of(ledger, delivery) == "dead"


async def test_two_people_must_agree_where_it_is_asked_for(ledger: Ledger) -> None:
    """Who proposed cannot agree; once decided, a proposal is closed; every step is in the log."""
    delivery = await dead(ledger, "k1", P1)
    proposal = await ledger.act(Propose("discard", str(delivery), b"", **WHO))
    with pytest.raises(NotPossibleError, match="second person"):
        await ledger.act(Decide(proposal, agree=True, who="lan", reason=""))
    assert state_of(ledger, delivery) == "dead"
    await ledger.act(Decide(proposal, agree=True, who="minh", reason="seen"))
    assert state_of(ledger, delivery) == "discarded"
    with pytest.raises(NotPossibleError, match="agreed already"):
        await ledger.act(Decide(proposal, agree=True, who="binh", reason=""))
    log = [(one["who"], one["what"]) for one in reversed(ledger.look(actions))]
    assert log == [("lan", "propose discard"), ("minh", "agree"), ("lan", "discard")]


async def test_a_message_read_again_is_a_message_of_its_own(ledger: Ledger) -> None:
    """The parked one stays whole and points to it; its key is the new one's, so its source is recognised."""
    parked = await ledger.keep(
        keep_of("portal.dossier", "k1", {}, state="parked", body=None, reason="code 9")
    )
    keep = keep_of("portal.dossier", "k1", P1)
    kept = await ledger.act(Reread(parked.message, keep, "", "lan", "the table has it now"))
    assert (kept.outcome, len(kept.ready)) == ("kept", 1)
    assert (await ledger.keep(keep)).outcome == "repeated"
    table = schema.message
    with ledger.store.read() as tx:
        rows = tx.execute(select(table.c.id, table.c.state).order_by(table.c.id)).all()
    assert [tuple(row) for row in rows] == [(parked.message, "read again"), (kept.message, "kept")]
    assert ledger.look(failures.groups) == []
    with pytest.raises(NotPossibleError, match="read again"):
        await ledger.act(Discard(f"m{parked.message}", **WHO))


async def test_like_failures_are_one_group_whatever_numbers_they_name(ledger: Ledger) -> None:
    """Grouped by place, class, the peer's code and the pattern of the reason; the key stays the same."""
    for number, codes in enumerate(numbered(3)):
        delivery = only(await ledger.keep(keep_of("portal.dossier", f"k{number}", codes)))
        why = f"row {number} of G22.99-261123-{number:06d} is wrong" if number < 2 else "no such procedure"
        await settle(ledger, await claim(ledger, delivery), "dead", reason=why, cause="permanent", code="E7")
    large, small = ledger.look(failures.groups)
    assert (len(large.subjects), len(small.subjects)) == (2, 1)
    assert (large.code, large.where, large.cause) == ("E7", "onestop.create", "permanent")
    assert large.key == ledger.look(failures.groups)[0].key


async def test_many_runs_advance_alone(ledger: Ledger) -> None:
    """What one asked for twice goes once: the second finds it on its way."""
    delivery = await dead(ledger, "k1", P1)
    first = await ledger.act(Retry((str(delivery), str(delivery)), **WHO))
    second = await ledger.act(Retry((str(delivery),), **WHO))
    advanced: Advanced = await ledger.act(Advance())
    assert [one.delivery for one in advanced.ready] == [delivery]
    assert (await step(ledger, first)).requested == 1
    assert (await step(ledger, second)).skipped == 1
