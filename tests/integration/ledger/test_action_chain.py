"""The log of actions is a chain: whatever is done to it is found at the row where it was done."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.exc import DBAPIError

from bus.ledger import chain, schema
from bus.ledger.chain import START, Link, Walked
from bus.ledger.ledger import Ledger
from bus.ledger.people import Note
from bus.ledger.records import Hold, Pause
from bus.ledger.store import Store
from monitoring.action_log import LogWatch
from tests.integration.ledger.conftest import keep_of, merge, plan

pytestmark = pytest.mark.integration

_a = schema.action


async def _five(ledger: Ledger) -> list[int]:
    for one in ("một", "hai", "ba", "bốn", "năm"):
        await ledger.act(Note("binh", "reveal", f"message {one}", "hỏi"))
    with ledger.store.read() as tx:
        return [row.id for row in tx.execute(select(_a.c.id).order_by(_a.c.id))]


def _walk(ledger: Ledger, after: Link = START) -> Walked:
    return ledger.look(chain.walk, after)


def _tamper(ledger: Ledger, *statements: Any) -> None:
    """Change the log as whoever owns the database can: its guards are taken away first."""
    is_sqlite = ledger.store.is_sqlite
    guards = ["action_unchanged", "action_unremoved"] if is_sqlite else ["action_unchanged ON action"]
    with ledger.store.write() as tx:
        for guard in guards:
            tx.execute(text(f"DROP TRIGGER {guard}"))
        for statement in statements:
            tx.execute(statement)


def _row(ledger: Ledger, number: int) -> dict[str, Any]:
    with ledger.store.read() as tx:
        return dict(tx.execute(select(_a).where(_a.c.id == number)).mappings().one())


async def test_whatever_people_do_is_chained(ledger: Ledger) -> None:
    """Holds, pauses and notes alike; the walk ends at the head, in one reading or in several."""
    kept = await ledger.keep(keep_of("portal.dossier", "k1", {"portal": "P1"}))
    await ledger.act(Hold(kept.dossier or 0, hold=True, who="an", reason="gọi"))
    await ledger.act(Pause("onestop", pause=True, who="an", reason="bảo trì"))
    await _five(ledger)
    head = ledger.look(chain.head)
    assert _walk(ledger) == Walked(head, 7)
    first = ledger.look(chain.walk, START, 3)
    assert (first.rows, first.ended) == (3, False)
    assert ledger.look(chain.walk, first.head) == Walked(head, 4)
    assert chain.link_of(str(head)) == head


@pytest.mark.parametrize("field", ["at", "who", "what", "subject", "reason"])
async def test_a_changed_row_is_named(ledger: Ledger, field: str) -> None:
    """Whichever of its fields was changed, with the row's time."""
    numbers = await _five(ledger)
    _tamper(ledger, update(_a).where(_a.c.id == numbers[2]).values(**{field: 7.0 if field == "at" else "x"}))
    walked = _walk(ledger)
    assert walked.head.number == numbers[1]
    assert walked.broken is not None
    assert walked.broken.number == numbers[2]
    assert walked.broken.at == _row(ledger, numbers[2])["at"]


@pytest.mark.parametrize(("place", "named"), [(0, 1), (2, 3)])
async def test_a_removed_row_is_found_at_the_one_behind_it(ledger: Ledger, place: int, named: int) -> None:
    """The very first one too."""
    numbers = await _five(ledger)
    _tamper(ledger, delete(_a).where(_a.c.id == numbers[place]))
    broken = _walk(ledger).broken
    assert broken is not None
    assert broken.number == numbers[named]


async def test_an_inserted_row_is_found(ledger: Ledger) -> None:
    """Without digests at itself; with digests that fit the row before it, at the one behind it."""
    numbers = await _five(ledger)
    fake = {"at": 1.0, "who": "binh", "what": "agree", "subject": "proposal 1", "reason": ""}
    end = {"id": numbers[-1] + 5, **fake}
    _tamper(ledger, insert(_a).values(**end))
    broken = _walk(ledger).broken
    assert broken is not None
    assert broken.number == end["id"]
    between = chain.linked({**fake, "id": numbers[2]}, _row(ledger, numbers[1])["digest"])
    with ledger.store.write() as tx:
        tx.execute(update(_a).where(_a.c.id == end["id"]).values(id=numbers[2] + 1000))
        tx.execute(update(_a).where(_a.c.id == numbers[2]).values(**between))
    broken = _walk(ledger).broken
    assert broken is not None
    assert broken.number == numbers[3]


async def test_a_cut_end_is_found_by_a_kept_head_alone(ledger: Ledger) -> None:
    """The rest is sound in itself, and goes on being written; the head that was kept is not there."""
    numbers = await _five(ledger)
    kept = ledger.look(chain.head)
    _tamper(ledger, delete(_a).where(_a.c.id >= numbers[3]))
    assert _walk(ledger).broken is None
    missing = ledger.look(chain.missing, kept)
    assert missing is not None
    assert missing.number == numbers[4]
    assert ledger.look(chain.missing, START) is None
    await ledger.act(Note("an", "reveal", "message 9"))
    assert ledger.look(chain.missing, kept) is not None


async def test_a_log_written_anew_is_found_by_a_kept_head(ledger: Ledger) -> None:
    """Whoever changes a row and all digests behind it makes a sound chain, of other digests."""
    numbers = await _five(ledger)
    kept, previous, statements = ledger.look(chain.head), START.digest, []
    for number in numbers:
        row = _row(ledger, number) | ({"who": "ai"} if number == numbers[1] else {})
        row = chain.linked(row, previous)
        previous = row["digest"]
        statements.append(update(_a).where(_a.c.id == number).values(**row))
    _tamper(ledger, *statements)
    assert _walk(ledger).broken is None
    missing = ledger.look(chain.missing, kept)
    assert missing is not None
    assert "anew" in missing.why


async def test_the_database_refuses_to_change_or_remove_an_action(ledger: Ledger) -> None:
    """By its own triggers, whoever asks; TRUNCATE of PostgreSQL as well."""
    await _five(ledger)
    statements: list[Any] = [update(_a).values(who="x"), delete(_a)]
    if not ledger.store.is_sqlite:
        statements.append(text("TRUNCATE action"))
    for statement in statements:
        with pytest.raises(DBAPIError, match="appended only"), ledger.store.write() as tx:
            tx.execute(statement)
    assert _walk(ledger).rows == 5


async def test_several_processes_append_to_one_chain(postgres_url: str) -> None:
    """Each with many at once, mixed with messages of the same dossiers: no row is lost, none branches off."""
    writers = [Ledger(Store(postgres_url), plan, merge) for _ in range(3)]
    before = _walk(writers[0]).rows
    kept = [
        await one.keep(keep_of("portal.dossier", f"k{n}", {"portal": "P1"})) for n, one in enumerate(writers)
    ]

    async def busy(number: int, ledger: Ledger) -> None:
        for turn in range(8):
            holds = Hold(kept[0].dossier or 0, hold=turn % 2 == 0, who=f"w{number}", reason="")
            more = keep_of("portal.supplement", f"s{number}-{turn}", {"portal": "P1"})
            notes = [ledger.act(Note(f"w{number}", "reveal", f"message {turn}{n}")) for n in range(4)]
            await asyncio.gather(*notes, ledger.act(holds), ledger.keep(more))

    await asyncio.gather(*(busy(number, one) for number, one in enumerate(writers)))
    walked = _walk(writers[0])
    for one in writers:
        one.close()
    assert (walked.rows - before, walked.broken) == (3 * 8 * 5, None)


async def test_an_older_log_is_chained_as_it_stands(ledger_url: str) -> None:
    """The migration gives digests to what was written without, and later rows go on from there."""
    store = Store(ledger_url)
    ledger = Ledger(store, plan, merge)
    numbers = await _five(ledger)
    function = "DROP FUNCTION action_appended_only()" if not store.is_sqlite else "SELECT 1"
    back = ["UPDATE alembic_version SET version_num = '0008'"]
    back += [f"ALTER TABLE action DROP COLUMN {name}" for name in ("previous", "digest")]
    _tamper(ledger, *(text(each) for each in (*back, function)))
    ledger.close()
    again = Ledger(Store(ledger_url), plan, merge)
    try:
        await again.act(Note("an", "reveal", "message 9"))
        assert _walk(again).rows == len(numbers) + 1
        assert _walk(again).broken is None
    finally:
        again.close()


async def test_a_watch_follows_what_is_added_and_remembers_the_head_it_saw(ledger: Ledger) -> None:
    """Between whole walks only what is new is read; a cut under a running process stays told for good."""
    now = [1000.0]
    watch = LogWatch(ledger, clock=lambda: now[0])
    assert await watch.look() == Walked(START, 0)
    numbers = await _five(ledger)
    assert (await watch.look()).rows == 5
    _tamper(ledger, delete(_a).where(_a.c.id == numbers[4]))
    for later in (10.0, 20.0, 4000.0, 9000.0):
        now[0] = 1000.0 + later
        seen = await watch.look()
        assert seen.broken is not None
        assert seen.broken.number == numbers[4]
