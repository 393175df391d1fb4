"""Personal data go when their time is over; sums, figures and what is known already stay."""

import asyncio
import hashlib
import os
import signal
import time
from collections.abc import Callable, Collection, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from bus.files import FileStore
from bus.ledger import chain, read, schema
from bus.ledger.finding import Terms
from bus.ledger.ledger import Ledger
from bus.ledger.read_desk import kept_between
from bus.ledger.records import Claim, Hold, Kept, Settle
from bus.ledger.retention import Removed
from bus.ledger.schema_people import term
from bus.ledger.schema_retention import tombstone
from bus.ledger.store import Store
from bus.retention import Retainer, carry_out
from bus.retention_settings import DAY, Rules
from bus.setting_types import Seconds
from mappings.dossier import Dossier
from monitoring.report.gather import gather
from monitoring.report.tables import tables
from tests.integration.ledger.conftest import keep_of
from tests.integration.ledger.test_report import CITIZEN, DEPARTMENT, MARCH, NAME, REPORTER, at, dossier
from tests.integration.pipeline.road import planner
from tests.stores import file_store

pytestmark = pytest.mark.integration

ALL = Rules(raw=Seconds(DAY), answers=Seconds(DAY), words=Seconds(DAY), content=Seconds(DAY))
RETURNED: dict[str, Any] = {
    "accepted_at": at(2),
    "finished_at": at(6),
    "status": "returned",
    "to": DEPARTMENT,
}
LATER = 2 * DAY


def opened(url: str, passing: Callable[[str, Collection[str]], None] | None = None) -> Ledger:
    """A ledger with the shipped routes."""
    plans = planner()
    return Ledger(Store(url), plans.plan, plans.merge, plans.legs, passing=passing)


@pytest.fixture
def told(ledger_url: str) -> Iterator[Ledger]:
    """An empty ledger."""
    ledger = opened(ledger_url)
    yield ledger
    ledger.close()


async def said(ledger: Ledger, number: int, **fields: Any) -> Kept:
    """The one-stop's word about a dossier."""
    body: Dossier = dossier({**RETURNED, **fields})
    key = f"{number}/{fields}"
    raw = f'{{"chuHoSo": "{NAME}", "so": "{CITIZEN}", "khoa": "{key}"}}'.encode()
    codes = {"onestop": f"H12-{number}", "national_portal": f"G22-{number}"}
    return await ledger.keep(keep_of("onestop.dossier", key, codes, body=body, raw=raw, digest=key.encode()))


async def over(ledger: Ledger, number: int, outcome: Any = "delivered", **fields: Any) -> Kept:
    """The same, and all that is sent for it has its end."""
    kept = await said(ledger, number, **fields)
    ready = list(kept.ready)
    while ready:
        claimed = await ledger.claim(Claim(ready.pop(0).delivery, ledger.store.holder, 60.0))
        assert claimed is not None
        why = f"not known there: {CITIZEN}" if outcome != "delivered" else ""
        done = Settle(
            claimed.delivery, claimed.attempt, ledger.store.holder, outcome, reason=why, code="1",
            answer=f"đã nhận của {NAME}".encode(),
        )  # fmt: skip
        ready += (await ledger.settle(done)).ready
    return kept


async def removed(ledger: Ledger, rules: Rules = ALL, *, later: float = LATER) -> dict[Any, Removed]:
    """One pass, as if so much later."""
    return await carry_out(rules, ledger.ask, ledger.act, now=time.time() + later, who="test")


def everything(ledger: Ledger) -> str:
    """All that stands in the ledger."""
    with ledger.store.read() as tx:
        tables_ = schema.metadata.sorted_tables
        values = [value for table in tables_ for row in tx.execute(select(table)) for value in row]
    return " ".join(each.decode("latin-1") if isinstance(each, bytes) else str(each) for each in values)


def figures(ledger: Ledger) -> Any:
    """The province's figures."""
    return tables(gather(ledger.look, REPORTER.begin(MARCH)))


async def test_persons_go_and_sums_and_figures_stay(told: Ledger) -> None:
    """Counted before, removed, and the same account and figures after; the tombstones prove what stood."""
    for number in range(3):
        kept = await over(told, number, "refused" if number == 1 else "delivered")
        await told.act(Terms({kept.dossier or 0: frozenset({"nguyen thi dao", CITIZEN})}, 9))
    before, counts = told.look(read.account), figures(told)
    now = time.time() + LATER
    dry = await carry_out(ALL, told.ask, None, now=now, who="test")
    assert told.look(read.account) == before
    written = NAME.encode().decode("latin-1")
    assert [word in everything(told) for word in (written, CITIZEN, "nguyen thi dao", "chuHoSo")] == [
        True
    ] * 4
    done = await removed(told)
    assert done == dry
    assert {kind: gone.dossiers for kind, gone in done.items()} == dict.fromkeys(ALL.kinds, 3)
    assert done["raw"].rows >= 3
    assert done["raw"].bytes > 200
    assert (told.look(read.account), figures(told)) == (before, counts)
    rest = everything(told)
    assert [word for word in (NAME, written, CITIZEN, "nguyen thi dao", "chuHoSo") if word in rest] == []
    assert await removed(told) == dict.fromkeys(ALL.kinds, Removed())
    walked = told.look(chain.walk)
    assert (walked.rows, walked.broken) == (len(ALL.kinds), None)


async def test_what_is_open_held_recent_or_waits_for_a_person_stays(told: Ledger) -> None:
    """Each for one reason; only what is over goes."""
    await over(told, 0)
    open_ = await said(told, 1)
    assert open_.ready
    held = await over(told, 2)
    await told.act(Hold(held.dossier or 0, hold=True, who="an", reason="khiếu nại"))
    await over(told, 3, "dead")
    await over(told, 4, status="in_progress")
    await over(told, 5)
    await told.keep(
        keep_of("onestop.dossier", "x", {"onestop": "H12-5"}, dossier=6, state="parked", reason="mã")
    )
    before = told.look(read.account)
    assert await removed(told, later=DAY / 2) == dict.fromkeys(ALL.kinds, Removed())
    done = await removed(told)
    assert {gone.dossiers for gone in done.values()} <= {0, 1}
    assert done["content"].dossiers == 1
    assert told.look(read.account) == before
    await told.act(Hold(held.dossier or 0, hold=False, who="an", reason="xong"))
    assert (await removed(told))["content"].dossiers == 1


async def test_what_was_set_aside_without_a_dossier_goes_by_its_own_rule(told: Ledger) -> None:
    """Parked, unmatched and unreadable, seen to or not: what they said goes, they and the account stay."""
    raw = f'{{"chuHoSo": "{NAME}"}}'.encode()
    states = ("parked", "unmatched", "dead")
    for state in states:
        aside = keep_of("onestop.dossier", state, {}, body=None, raw=raw, tree=raw, state=state)
        await told.keep(msgspec.structs.replace(aside, reason=f"không đọc được: CCCD {CITIZEN}"))
    await told.keep(keep_of("onestop.step", "o", {"onestop": "H12-3"}, raw=b"stays"))
    before, rules = told.look(read.account), Rules(aside=Seconds(DAY))
    assert (await removed(told, ALL))["raw"] == Removed()
    assert CITIZEN in everything(told)
    assert (await removed(told, rules, later=DAY / 2))["aside"] == Removed()
    dry = await carry_out(rules, told.ask, None, now=time.time() + LATER, who="test")
    done = (await removed(told, rules))["aside"]
    assert (done, done.dossiers, done.rows) == (dry["aside"], 0, 9)
    rest = everything(told)
    assert [word for word in (NAME.encode().decode("latin-1"), CITIZEN) if word in rest] == []
    assert "stays" in rest
    assert told.look(read.account) == before
    with told.store.read() as tx:
        kept = {(row.kind, row.digest) for row in tx.execute(select(tombstone))}
    assert {("raw", hashlib.sha256(raw).digest()), ("canonical", hashlib.sha256(raw).digest())} <= kept
    assert (await removed(told, rules))["aside"] == Removed()
    walked = told.look(chain.walk)
    assert (walked.rows, walked.broken) == (1, None)


async def test_a_repeat_is_still_a_repeat_and_a_conflict_a_conflict(told: Ledger) -> None:
    """By key and digest, which stay; and what an agency compares by hash is the hash of what it handed in."""
    first = await over(told, 0)
    other = keep_of("agency.dossier", "a", {"agency": "A-1"}, body=dossier(RETURNED), source="agency.H12.36")
    handed = await told.keep(other)
    for ready in handed.ready:
        await told.claim(Claim(ready.delivery, told.store.holder, 60.0))
        await told.settle(Settle(ready.delivery, 1, told.store.holder, "delivered"))

    def hashes(tx: Any) -> list[str]:
        return [one.hash for one in kept_between(tx, ["agency.H12.36"], 0.0, 9e9, 0, 9)]

    before = told.look(hashes)
    await removed(told)
    again = await said(told, 0)
    assert (again.outcome, again.message) == ("repeated", first.message)
    key = "0/{}"
    changed = keep_of("onestop.dossier", key, {"onestop": "H12-0"}, body=dossier(RETURNED), digest=b"other")
    assert (await told.keep(changed)).outcome == "conflict"
    assert told.look(hashes) == before
    assert len(before) == 1


async def test_what_is_told_later_of_a_dossier_without_persons_waits_for_a_person(told: Ledger) -> None:
    """Nothing of it is sent: what is left would go out as if it were all there is."""
    await over(told, 0)
    await removed(told)
    planned = told.look(read.account).planned
    late = await said(told, 0, finished_at=at(6) + timedelta(hours=1))
    assert (late.outcome, late.ready) == ("parked", ())
    joined = keep_of(
        "onestop.dossier", "j", {"onestop": "H12-9", "national_portal": "G22-0"}, body=dossier(RETURNED)
    )
    assert (await told.keep(joined)).outcome == "parked"
    after = told.look(read.account)
    assert (after.planned, after.unaccounted, after.messages["parked"]) == (planned, 0, 2)


async def test_each_kind_goes_at_its_own_time(told: Ledger) -> None:
    """Words first, contents last; a message that comes between is a new beginning."""
    kept = await over(told, 0)
    await told.act(Terms({kept.dossier or 0: frozenset({"dao"})}, 9))
    rules = Rules(words=Seconds(DAY), content=Seconds(10 * DAY))
    assert set(await removed(told, rules)) == {"words", "content"}
    with told.store.read() as tx:
        assert tx.execute(select(term)).all() == []
        assert tx.execute(select(tombstone)).all() == []
    assert (await over(told, 0, finished_at=at(7))).outcome == "kept"
    await told.act(Terms({kept.dossier or 0: frozenset({"dao"})}, 9))
    assert (await removed(told, rules))["words"].rows == 1
    assert (await removed(told, rules, later=11 * DAY))["content"].dossiers == 1


async def test_a_death_in_the_middle_leaves_each_kind_done_or_not_begun(ledger_url: str) -> None:
    """A process ends itself before its second commit; the next pass does the rest, and the account holds."""
    ledger = opened(ledger_url)
    for number in range(4):
        await over(ledger, number)
    before, counts = ledger.look(read.account), figures(ledger)
    ledger.close()
    child = os.fork()
    if not child:
        _die_at_the_second(ledger_url)
    _, status = await asyncio.to_thread(os.waitpid, child, 0)
    assert os.waitstatus_to_exitcode(status) == -signal.SIGKILL
    ledger = opened(ledger_url)
    try:
        assert (ledger.look(read.account), figures(ledger)) == (before, counts)
        done = await removed(ledger)
        assert [done["raw"].dossiers, done["answers"].dossiers, done["content"].dossiers] == [0, 4, 4]
        assert (ledger.look(read.account), figures(ledger)) == (before, counts)
        assert CITIZEN not in everything(ledger)
        assert ledger.look(chain.walk).broken is None
    finally:
        ledger.close()


def _die_at_the_second(url: str) -> None:
    seen: list[str] = []

    def passing(when: str, kinds: Collection[str]) -> None:
        seen.extend(kinds if when == "before" else ())
        if seen.count("Remove") == 2:
            os.kill(os.getpid(), signal.SIGKILL)

    rules = Rules(raw=ALL.raw, answers=ALL.answers)
    asyncio.new_event_loop().run_until_complete(removed(opened(url, passing), rules))
    os._exit(0)


async def test_the_elected_process_alone_removes_and_takes_files_that_nothing_names(
    told: Ledger, tmp_path: Path
) -> None:
    """Another stands by; a file stays while anything kept names it."""
    store: FileStore = file_store(tmp_path / "files")
    digests = [_put(store, name) for name in (b"named", b"not named")]
    kept = keep_of(
        "onestop.dossier", "f", {"onestop": "H12-7"}, raw=digests[0].encode(), body=dossier(RETURNED)
    )
    first = await told.keep(kept)
    for ready in first.ready:
        await told.claim(Claim(ready.delivery, told.store.holder, 60.0))
        await told.settle(Settle(ready.delivery, 1, told.store.holder, "delivered"))
    rules = Rules(
        raw=Seconds(3 * DAY),
        answers=Seconds(DAY),
        words=Seconds(DAY),
        content=Seconds(DAY),
        files=Seconds(DAY),
    )
    now = [time.time() + 2 * DAY]
    retainer = Retainer(told, store, rules, clock=lambda: now[0])
    for digest in digests:
        os.utime(store.folder / digest[:2] / digest, (1.0, 1.0))
    done = await retainer.step()
    assert done["content"].dossiers == 1
    assert [digest in store for digest in digests] == [True, False]
    now[0] += 2 * DAY
    await retainer.step()
    assert [digest in store for digest in digests] == [False, False]
    await retainer.election.give_back()


def _put(store: FileStore, content: bytes) -> str:
    return store.put([content]).hash


OUTCOMES = st.sampled_from(["delivered", "refused", "dead", "open"])
STORY = st.lists(
    st.tuples(
        OUTCOMES, st.sampled_from(["returned", "not_accepted", "in_progress", "withdrawn"]), st.booleans()
    ),
    min_size=1,
    max_size=4,
)
KINDS = st.sets(st.sampled_from(ALL.kinds)).map(
    lambda kinds: Rules(**dict.fromkeys(kinds | ({"words"} if "content" in kinds else set()), Seconds(DAY)))
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STORY, KINDS)
async def test_whatever_there_is_and_whatever_goes_the_account_is_the_same(
    tmp_path_factory: pytest.TempPathFactory, story: list[tuple[str, str, bool]], rules: Rules
) -> None:
    """Account and figures before equal those after, and nothing that is open has lost anything."""
    ledger = opened(f"sqlite:///{tmp_path_factory.mktemp('law') / 'ledger.db'}")
    try:
        for number, (outcome, status, held) in enumerate(story):
            made = said if outcome == "open" else over
            more = {} if outcome == "open" else {"outcome": outcome}
            kept = await made(ledger, number, status=status, **more)
            if held:
                await ledger.act(Hold(kept.dossier or 0, hold=True, who="an", reason="x"))
        before, counts = ledger.look(read.account), figures(ledger)
        await removed(ledger, rules)
        assert (ledger.look(read.account), figures(ledger)) == (before, counts)
    finally:
        ledger.close()
