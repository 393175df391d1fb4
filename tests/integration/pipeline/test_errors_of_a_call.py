"""Each line of the table of errors in docs/architecture.md, seen in the ledger and at the peer."""

import time

import pytest

from bus.errors import OutcomeUnknownError, PermanentError, RefusedByPeerError, TransientError
from bus.ports import Answer, Call
from bus.retry import Schedule
from tests.integration.pipeline.conftest import Open
from tests.integration.pipeline.peers import Peer, does_then_raises, onestop, raises
from tests.integration.pipeline.road import NUMBER, record_of, submitted, with_rhythm, worked_on

pytestmark = pytest.mark.integration

BUSY = TransientError("the one-stop is busy", code="503", answer=b"<html>", peer_down=False)


async def test_what_was_certainly_not_done_is_tried_again_until_it_is_done(open_either: Open) -> None:
    """Each try is an attempt of its own in the history, and the request id stays the same."""
    async with open_either() as road:
        road.onestop.will("create_dossier", raises(BUSY), raises(BUSY))
        await road.keep(submitted())
        row = await road.becomes("take_in", "delivered")
        assert (row.attempt, row.tries, row.doubt) == (3, 3, "")
        history = [(one.attempt, one.part, one.outcome, one.code) for one in road.attempts("take_in")]
        assert history == [(1, 0, "retrying", "503"), (2, 0, "retrying", "503"), (3, 0, "delivered", "")]
        assert [one.answer for one in road.attempts("take_in")][:2] == [b"<html>", b"<html>"]
        calls = road.onestop.called("create_dossier")
        assert [call.attempt for call in calls] == [1, 2, 3]
        assert len({call.request_id for call in calls}) == 1
        assert len(road.onestop.effects) == 1


async def test_a_peer_s_hint_is_never_undercut(open_road: Open) -> None:
    """`retry_after` counts from the answer; the schedule alone would have come back at once."""
    async with open_road() as road:
        hint = TransientError("come again later", retry_after=0.6, peer_down=False)
        road.onestop.will("create_dossier", raises(hint))
        await road.keep(submitted())
        await road.becomes("take_in", "delivered")
        first, second = (at for at, _, _ in road.onestop.calls)
        assert second - first >= 0.6


async def test_a_try_that_waits_says_why_and_when_in_its_row(open_road: Open) -> None:
    """The wait lies between now and the schedule's longest, drawn anew each time."""
    rhythm = with_rhythm(schedule=Schedule(first=300, factor=2, ceiling=900, give_up_after=3600))
    async with open_road(rhythm=rhythm) as road:
        numbers = [f"G22.99-260415-{n:06d}" for n in range(12)]
        road.onestop.will("create_dossier", *[raises(BUSY)] * len(numbers))
        await road.keep(*(submitted(number) for number in numbers))
        await road.until(lambda: {row.state for row in road.rows()} == {"retrying"})
        rows = road.rows("take_in")
        waits = [row.due_at - row.changed_at for row in rows]
        assert all(0 <= wait <= 300 for wait in waits)
        assert len({round(wait) for wait in waits}) > 6, "full jitter: what failed together comes back apart"
        assert {(row.reason, row.cause) for row in rows} == {("the one-stop is busy", "transient")}


async def test_what_never_succeeds_is_given_up_and_says_after_how_many_tries(open_either: Open) -> None:
    """Dead once `give_up_after` has passed since the first try, with the last reason."""
    rhythm = with_rhythm(schedule=Schedule(first=0.05, factor=1, ceiling=0.05, give_up_after=0.5))
    async with open_either(rhythm=rhythm) as road:
        road.onestop.will("create_dossier", *[raises(BUSY)] * 500)
        await road.keep(submitted())
        row = await road.becomes("take_in", "dead")
        assert row.cause == "exhausted"
        assert row.reason == f"the one-stop is busy; given up after {row.tries} tries"
        assert row.tries == len(road.onestop.called("create_dossier")) >= 2
        assert row.changed_at - row.first_try_at > 0.5


async def test_an_absent_peer_burns_no_attempt_and_kills_nothing(open_road: Open) -> None:
    """The breaker opens, nothing is claimed, one probe asks; when the peer answers, all goes on at once."""

    def away_until_it_is_asked(peer: Peer, name: str, call: Call) -> Answer:
        if not peer.pings:
            raise TransientError("no connection")
        return peer.do(name, call)

    schedule = Schedule(first=0.05, factor=1, ceiling=0.05, give_up_after=0.5)
    async with open_road(rhythm=with_rhythm(schedule=schedule, failures=2, open_for=1.0)) as road:
        road.onestop.will("create_dossier", *[away_until_it_is_asked] * 100)
        await road.keep(*(submitted(f"G22.99-260415-{n:06d}") for n in range(6)))
        await road.until(road.connectors["onestop"].gate.is_shut)
        failed = len(road.onestop.calls)
        assert failed <= 4, "two that open it, and what was under way meanwhile"
        await road.rests()
        assert {row.state for row in road.rows()} == {"delivered"}
        assert sum(row.tries for row in road.rows()) == 6 + failed


async def test_an_outcome_that_nobody_knows_is_asked_for_and_not_sent_again(open_either: Open) -> None:
    """The effect was there: one call, one effect, and the history tells call and question apart."""
    async with open_either() as road:
        lost = OutcomeUnknownError("the connection broke after the request was sent", answer=b"half")
        road.onestop.will("create_dossier", does_then_raises(lost))
        await road.keep(submitted())
        row = await road.becomes("take_in", "delivered")
        assert (row.attempt, row.doubt) == (1, "")
        history = [(one.attempt, one.part > 0, one.outcome) for one in road.attempts("take_in")]
        assert history == [(1, False, "unknown"), (1, True, "delivered")]
        assert road.attempts("take_in")[0].answer == b"half"
        assert len(road.onestop.effects) == len(road.onestop.calls) == 1


async def test_a_message_that_is_wrong_goes_dead_with_every_problem(open_either: Open) -> None:
    """All problems at once stand in the row, with the peer's own code and answer in the history."""
    async with open_either() as road:
        problems = ("subject: longer than 1000", "agency/code: unknown")
        wrong = PermanentError("not accepted as written", code="400", answer=b"{}", problems=problems)
        road.onestop.will("create_dossier", raises(wrong))
        await road.keep(submitted())
        row = await road.becomes("take_in", "dead")
        assert row.cause == "permanent"
        assert row.reason == "not accepted as written: subject: longer than 1000; agency/code: unknown"
        assert [(one.outcome, one.code, one.answer) for one in road.attempts("take_in")] == [
            ("dead", "400", b"{}")
        ]


async def test_what_no_sheet_can_write_for_a_peer_goes_dead_without_a_call(open_road: Open) -> None:
    """The mapping's problems are all told; nothing was sent."""
    async with open_road() as road:
        await road.keep(record_of(procedure={"code": "9.999999"}))
        row = await road.becomes("record_out", "dead")
        assert row.cause == "permanent"
        assert row.reason.startswith("the message cannot be written for this peer: ")
        assert all(name in row.reason for name in ("TenTTHC", "MaLinhVuc", "TenLinhVuc"))
        assert road.portal.calls == []


async def test_a_refusal_ends_the_delivery_and_becomes_a_step_of_the_dossier(open_either: Open) -> None:
    """Not accepted at the door: the portal hears it in the peer's own words, and the leg is refused."""
    async with open_either() as road:
        no = RefusedByPeerError(
            "refused", reason="Hồ sơ không thuộc thẩm quyền", code="E17", answer=b'{"no": 1}'
        )
        road.onestop.will("create_dossier", raises(no))
        await road.keep(submitted())
        row = await road.becomes("take_in", "refused")
        assert (row.cause, row.reason) == ("refused", "Hồ sơ không thuộc thẩm quyền")
        await road.becomes("not_accepted_out", "delivered")
        (step,) = road.messages("onestop.refusal")
        assert (step.state, step.source, step.answer_to) == ("kept", "onestop", row.id)
        assert step.raw == b'{"no": 1}'
        (told,) = road.portal.did("set_status")
        assert (told["TrangThai"], told["NoiDungXuLy"]) == ("3", "Hồ sơ không thuộc thẩm quyền")
        assert told["MaHoSo"] == NUMBER
        assert road.account().legs == {"refused": 1}
        assert len(road.onestop.calls) == 1


async def test_a_refusal_at_the_portal_stays_a_step_here(open_road: Open) -> None:
    """Only "not accepted" travels: nothing is sent because of it, and it echoes nowhere."""
    async with open_road() as road:
        road.portal.will("sync_record", raises(RefusedByPeerError("no", reason="Hồ sơ đã khóa")))
        await road.keep(record_of())
        await road.becomes("record_out", "refused")
        (step,) = road.messages("national_portal.refusal")
        assert step.state == "kept"
        assert len(road.rows()) == 1
        assert (len(road.portal.calls), road.onestop.calls) == (1, [])


async def test_a_mistake_in_an_adapter_goes_dead_with_its_name_and_text(
    open_either: Open, capfd: pytest.CaptureFixture[str]
) -> None:
    """Nothing of it is on the screen, and other dossiers go on."""
    async with open_either() as road:
        road.onestop.will("create_dossier", raises(KeyError("nationCode")))
        await road.keep(submitted())
        row = await road.becomes("take_in", "dead")
        assert (row.cause, row.reason) == ("bug", "KeyError: 'nationCode'")
        await road.keep(submitted("G22.99-260415-000002"))
        await road.until(lambda: len(road.onestop.effects) == 1)
    out, err = capfd.readouterr()
    assert "Traceback" not in out + err


async def test_a_mistake_in_a_question_moves_only_the_time_of_the_next(open_either: Open) -> None:
    """Whatever goes wrong while asking, the outcome stays unknown until the peer has said."""
    async with open_either() as road:
        lost = OutcomeUnknownError("lost")
        road.onestop.will("create_dossier", does_then_raises(lost))
        road.onestop.sightings.extend((ZeroDivisionError("a bug"), TransientError("gone", peer_down=False)))
        await road.keep(submitted())
        await road.becomes("take_in", "delivered")
        asked = [(one.outcome, one.text) for one in road.attempts("take_in") if one.part]
        assert asked == [
            ("unknown", "asked, without an answer: ZeroDivisionError: a bug"),
            ("unknown", "asked, without an answer: gone"),
            ("delivered", "asked: the peer has it"),
        ]
        assert len(road.onestop.calls) == 1


async def test_a_sentence_for_an_operator_stands_where_a_peer_cannot_be_asked(open_road: Open) -> None:
    """Neither repeatable nor askable: it stays unknown, holds its lane, and says that a person must look."""
    async with open_road(to_onestop=onestop(certainty="person")) as road:
        road.onestop.will("create_dossier", raises(OutcomeUnknownError("no answer came")))
        await road.keep(submitted())
        row = await road.becomes("take_in", "unknown")
        assert row.reason == "no answer came; this peer cannot be asked: a person must look"
        assert row.due_at - time.time() > 365 * 86400
        await road.keep(*worked_on())
        await road.until(lambda: road.row("record_out").state == "delivered")
        assert (road.row("take_in").state, len(road.onestop.calls)) == ("unknown", 1)
