"""What a peer answers is kept with the settle; nothing undoes it, not even a database that is away."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import structlog
from sqlalchemy import create_engine, text

from bus import connector as connectors
from bus.errors import PermanentError, RefusedByPeerError, TransientError
from bus.ledger.untold import UNTOLD
from bus.ports import Answer, Incoming
from tests.integration.pipeline.conftest import Open
from tests.integration.pipeline.peers import answers, onestop, raises, waits
from tests.integration.pipeline.road import NUMBER, online, record_of, submitted, withdrawn

pytestmark = pytest.mark.integration


@contextmanager
def database_that_fails(url: str) -> Iterator[Callable[[], None]]:
    """A ledger that takes no settlement: the table of attempts is gone until the given function is called."""
    engine = create_engine(url)

    def rename(old: str, new: str) -> None:
        with engine.begin() as connection:
            connection.execute(text(f"ALTER TABLE {old} RENAME TO {new}"))

    rename("attempt", "attempt_away")
    try:
        yield lambda: rename("attempt_away", "attempt")
    finally:
        engine.dispose()


async def test_an_answer_is_kept_as_a_message_of_the_same_dossier(open_either: Open) -> None:
    """The one-stop's number comes with its answer: from then on either number leads to the dossier."""
    async with open_either() as road:
        said = record_of(nationCode=None)
        road.onestop.will("create_dossier", answers(Answer(b'{"id": "1"}', (said,), note="made")))
        await road.keep(submitted())
        row = await road.becomes("take_in", "delivered")
        assert (row.reason, road.attempts("take_in")[0].answer) == ("made", b'{"id": "1"}')
        await road.becomes("record_out", "delivered")
        (message,) = road.messages("onestop.dossier")
        assert (message.dossier, message.answer_to) == (row.dossier, row.id)
        assert road.portal.did("sync_record")[0]["MaHoSo"] == NUMBER, "the portal knows it by its own number"
        assert road.account().legs == {"done": 1}


async def test_an_answer_that_cannot_be_read_goes_dead_by_itself(open_either: Open) -> None:
    """The effect is there: delivered, once; what the answer said stands aside whole, with its problems."""
    async with open_either() as road:
        tree = online(code="không phải số", applicant={"data": {"fullname": "Nguyễn Thị Bé"}})
        broken = Incoming("onestop.dossier", tree, b'{"as": "it came"}', key="broken")
        good = record_of()
        road.onestop.will("create_dossier", answers(Answer(b"raw", (broken, good))))
        await road.keep(submitted())
        await road.becomes("take_in", "delivered")
        await road.becomes("record_out", "delivered")
        dead, kept = road.messages("onestop.dossier")
        assert (dead.state, kept.state) == ("dead", "kept")
        assert dead.raw == b'{"as": "it came"}'
        assert "code" in dead.reason
        assert (len(road.onestop.calls), road.account().unaccounted) == (1, 0)


async def test_an_answer_of_a_kind_that_nobody_foresaw_undoes_no_settle(open_either: Open) -> None:
    """A bug of ours over what the peer says: it has done its part, so the delivery is delivered (rule 4)."""
    async with open_either() as road:
        strange = Incoming("onestop.nobody_knows", {}, b"raw", key="strange")
        road.onestop.will("create_dossier", answers(Answer(b"raw", (strange, record_of()))))
        await road.keep(submitted())
        await road.becomes("take_in", "delivered")
        dead, _ = road.messages("onestop.nobody_knows") + road.messages("onestop.dossier")
        assert (dead.state, dead.reason) == ("dead", "KeyError: 'onestop.nobody_knows'")
        assert (len(road.onestop.calls), road.account().unaccounted) == (1, 0)


async def test_an_answer_with_a_parked_code_waits_whole(open_road: Open) -> None:
    """A status that no list knows: neither lost nor guessed, and no reason to send again."""
    async with open_road() as road:
        said = record_of(statusCurrentTask={"id": 77, "name": "Trạng thái mới"})
        road.onestop.will("create_dossier", answers(Answer(b"raw", (said,))))
        await road.keep(submitted())
        await road.becomes("take_in", "delivered")
        (parked,) = road.messages("onestop.dossier")
        assert (parked.state, parked.raw) == ("parked", said.raw)
        assert "statusCurrentTask/id (status): " in parked.reason


async def test_a_settlement_that_the_database_does_not_take_is_repeated(
    open_either: Open, ledger_url: str
) -> None:
    """The call is over and its outcome known: the database comes back, and nothing is sent again."""
    async with open_either() as road:
        go = threading.Event()
        road.onestop.will("create_dossier", waits(go, answers(Answer(b"done"))))
        await road.keep(submitted())
        await road.becomes("take_in", "sending")
        with database_that_fails(ledger_url) as mend:
            go.set()
            await road.until(lambda: road.onestop.effects)
            with pytest.raises(AssertionError, match="not within"):
                await road.until(lambda: road.row("take_in").state != "sending", seconds=1.0)
            mend()
            await road.becomes("take_in", "delivered")
        assert [one.answer for one in road.attempts("take_in")] == [b"done"]
        assert (len(road.onestop.calls), road.onestop.looks) == (1, [])


async def test_a_refusal_and_its_step_are_written_together_or_not_at_all(
    open_road: Open, sqlite_url: str
) -> None:
    """The database fails in the middle of a settlement: no step is there before the refusal is."""
    async with open_road() as road:
        go = threading.Event()
        step = record_of()
        road.onestop.will("create_dossier", waits(go, answers(Answer(b"", (step,)))))
        await road.keep(submitted())
        await road.becomes("take_in", "sending")
        with database_that_fails(sqlite_url) as mend:
            go.set()
            await road.until(lambda: road.onestop.effects)
            assert road.messages("onestop.dossier") == []
            mend()
            await road.becomes("take_in", "delivered")
        assert len(road.messages("onestop.dossier")) == 1


async def test_texts_that_a_database_cannot_store_settle_all_the_same(open_either: Open) -> None:
    """A zero byte in a peer's reason: PostgreSQL takes none, and no settlement may repeat for ever."""
    async with open_either() as road:
        no = RefusedByPeerError("no", reason="không \x00 được", code="E\x00", answer=b"\x00")
        road.onestop.will("create_dossier", raises(no))
        await road.keep(submitted())
        row = await road.becomes("take_in", "refused")
        assert row.reason.startswith("không ")
        await road.becomes("not_accepted_out", "delivered")


async def test_a_call_that_outlasts_its_lease_is_not_sent_again_before_it_has_ended(
    open_either: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its process lives and may still act: "not there" counts from its end on, which is history alone."""
    monkeypatch.setattr(connectors, "MARGIN", 0.2)
    async with open_either(to_onestop=onestop(seconds=0.2)) as road:
        go = threading.Event()
        road.onestop.will("create_dossier", waits(go, raises(PermanentError("too late to matter"))))
        await road.keep(submitted())
        began = time.monotonic()
        await road.until(lambda: road.onestop.looks and road.onestop.looks[-1] - began > 1.2)
        assert (road.row("take_in").state, len(road.onestop.calls)) == ("unknown", 1)
        go.set()
        row = await road.becomes("take_in", "delivered")
        history = [(one.attempt, one.outcome, one.text) for one in road.attempts("take_in")]
        assert (1, "late dead", "too late to matter") in history
        assert (row.attempt, len(road.onestop.effects)) == (2, 1)


async def test_a_withdrawal_drops_what_waits_for_its_next_try(open_either: Open) -> None:
    """Nothing of the submission can act any more: it is superseded, and nobody has a dossier to give back."""
    async with open_either() as road:
        slow = TransientError("later", retry_after=3600.0, peer_down=False)
        road.onestop.will("create_dossier", raises(slow))
        await road.keep(submitted())
        await road.becomes("take_in", "retrying")
        await road.keep(withdrawn())
        row = await road.becomes("take_in", "superseded")
        assert row.reason == "the dossier was withdrawn before this was sent"
        told = await road.becomes("withdraw_in", "superseded")
        assert told.reason == UNTOLD
        assert (road.onestop.effects, road.account().unaccounted) == ([], 0)


async def test_a_withdrawal_waits_for_a_call_under_way(open_either: Open) -> None:
    """What was called may have acted: it ends first, then the withdrawal goes, in that order."""
    async with open_either() as road:
        go = threading.Event()
        road.onestop.will("create_dossier", waits(go))
        await road.keep(submitted())
        await road.becomes("take_in", "sending")
        await road.keep(withdrawn())
        assert road.row("withdraw_in").state == "waiting"
        go.set()
        await road.becomes("withdraw_in", "delivered")
        assert [effect.operation for effect in road.onestop.effects] == ["create_dossier", "withdraw"]


async def test_an_observer_is_told_each_end_once(open_road: Open) -> None:
    """What a log or a metric counts is what the ledger has."""
    async with open_road() as road:
        road.onestop.will("create_dossier", raises(TransientError("busy", peer_down=False)))
        await road.keep(submitted(), submitted())
        await road.becomes("take_in", "delivered")
        await road.until(lambda: len(road.told.settled_) == 2)
        assert [kept.outcome for kept in road.told.kept_] == ["kept", "repeated"]
        assert [settled.state for _, _, settled in road.told.settled_] == ["retrying", "delivered"]


async def test_nothing_of_a_citizen_is_logged_on_the_way(open_road: Open) -> None:
    """Names, numbers and phones of the message stand in no line, whatever becomes of it."""
    with structlog.testing.capture_logs() as lines:
        async with open_road() as road:
            road.onestop.will("create_dossier", raises(ValueError("cannot take 096190000123")))
            await road.keep(submitted())
            await road.becomes("take_in", "dead")
            await road.keep(submitted("G22.99-260415-000002"))
            await road.rests()
    told = json.dumps(lines, ensure_ascii=False, default=str)
    assert not [one for one in ("096190000123", "Nguyễn Thị Bé", "0912345678") if one in told]
