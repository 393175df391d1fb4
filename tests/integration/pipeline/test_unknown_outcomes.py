"""An outcome that nobody knows is asked for, and what each answer means (rules 6 to 8)."""

from itertools import pairwise

import pytest

from bus.errors import OutcomeUnknownError, TransientError
from bus.ports import Answer, Sighting
from tests.integration.pipeline.conftest import Open
from tests.integration.pipeline.peers import does_then_raises, onestop, raises
from tests.integration.pipeline.road import LOCAL, NUMBER, record_of, submitted, with_rhythm, worked_on

pytestmark = pytest.mark.integration

LOST = OutcomeUnknownError("the connection broke")


async def test_done_is_believed_at_once_and_its_answer_is_kept(open_either: Open) -> None:
    """Long before `absent_after`: what the peer gives again counts as the call's own answer."""
    async with open_either(rhythm=with_rhythm(absent_after=3600.0)) as road:
        road.onestop.will("create_dossier", does_then_raises(LOST))
        says = (record_of(nationCode=NUMBER),)
        road.onestop.sightings.append(Sighting("done", Answer(b"again", says, note="found by its number")))
        await road.keep(submitted())
        row = await road.becomes("take_in", "delivered")
        assert row.reason == "found by its number"
        assert road.attempts("take_in")[-1].answer == b"again"
        await road.becomes("record_out", "delivered")
        (said,) = road.messages("onestop.dossier")
        assert (said.answer_to, said.dossier) == (row.id, row.dossier)
        assert road.account().legs == {"done": 1}


async def test_not_there_counts_only_once_the_call_can_have_no_effect_any_more(open_either: Open) -> None:
    """Before `absent_after` it is asked again; afterwards the same request is sent again, once."""
    async with open_either(rhythm=with_rhythm(absent_after=0.8)) as road:
        road.onestop.will("create_dossier", raises(LOST))
        await road.keep(submitted())
        row = await road.becomes("take_in", "delivered")
        (first_at, _, first), (second_at, _, second) = road.onestop.calls
        assert second_at - first_at >= 0.8
        early = [at for at in road.onestop.looks if at - first_at < 0.8]
        assert early, "it was asked in between, and not believed"
        assert (first.request_id, first.request) == (second.request_id, second.request)
        assert (row.attempt, len(road.onestop.effects)) == (2, 1)
        said = [one.text for one in road.attempts("take_in") if one.part and one.attempt == 1]
        assert said == ["asked: not there"] * (len(said) - 1) + ["the peer does not have it"]


async def test_a_request_that_acts_late_has_one_effect(open_either: Open) -> None:
    """While the peer says "not there" the request is still under way; it lands before `absent_after`."""
    async with open_either(rhythm=with_rhythm(absent_after=3600.0)) as road:
        road.onestop.will("create_dossier", raises(LOST))
        await road.keep(submitted())
        await road.until(lambda: len(road.onestop.looks) >= 2)
        road.onestop.do("create_dossier", road.onestop.called("create_dossier")[0])
        await road.becomes("take_in", "delivered")
        assert len(road.onestop.effects) == len(road.onestop.calls) == 1


async def test_what_was_learned_meanwhile_changes_no_question(open_either: Open) -> None:
    """The lost create took effect, and the one-stop's own number was polled before the question.

    Asked or sent under that number, the create would be "not there", and the dossier made twice.
    """
    async with open_either(rhythm=with_rhythm(look_up_after=0.6, absent_after=0.7)) as road:
        road.onestop.will("create_dossier", does_then_raises(LOST))
        await road.keep(submitted())
        await road.becomes("take_in", "unknown")
        await road.keep(record_of())
        row = await road.becomes("take_in", "delivered")
        assert row.attempt == 1
        assert [made["nationCode"] for made in road.onestop.did("create_dossier")] == [NUMBER]


async def test_a_question_names_what_was_sent_though_two_dossiers_became_one_meanwhile(
    open_either: Open,
) -> None:
    """A step that went out under the local number, before the portal's was known to be the same dossier's.

    Asked for under the portal's number it would be "not there", and stand twice at the portal.
    """
    async with open_either(rhythm=with_rhythm(look_up_after=1.5, absent_after=0.2)) as road:
        road.portal.will("add_progress", does_then_raises(LOST))
        first = worked_on(nationCode=None)
        await road.keep(*first[:2])
        await road.becomes("progress_out", "unknown")
        await road.keep(submitted())
        await road.keep(record_of(nationCode=NUMBER, updatedDate="2026-04-15T11:00:00.000+07:00"))
        assert len({row.dossier for row in road.rows()}) == 1, "they became one before the question"
        assert not road.portal.looks
        row = await road.becomes("progress_out", "delivered")
        assert (row.attempt, row.tries) == (1, 1)
        assert [step["MaHoSo"] for step in road.portal.did("add_progress")] == [LOCAL]
        await road.keep(next(one for one in worked_on() if one.key == worked_on()[2].key))
        await road.rests()
        assert [step["MaHoSo"] for step in road.portal.did("add_progress")] == [LOCAL, NUMBER]


async def test_a_create_that_is_sent_again_names_the_same_dossier(open_either: Open) -> None:
    """Tried again after the dossier got the one-stop's number by another way: still the national number."""
    async with open_either() as road:
        later = TransientError("busy", retry_after=0.4, peer_down=False)
        road.onestop.will("create_dossier", raises(later))
        await road.keep(submitted())
        await road.becomes("take_in", "retrying")
        await road.keep(record_of())
        await road.becomes("take_in", "delivered")
        assert [call.request["nationCode"] for call in road.onestop.called("create_dossier")] == [NUMBER] * 2


async def test_a_sheet_finds_a_number_by_the_kind_of_system_whatever_the_connector_is_called(
    open_road: Open,
) -> None:
    """A portal that an installation calls "cong": its number is the national one all the same."""
    async with open_road(portal_name="cong") as road:
        await road.pipeline.keep("cong", submitted())
        await road.becomes("take_in", "delivered")
        assert [made["nationCode"] for made in road.onestop.did("create_dossier")] == [NUMBER]


@pytest.mark.parametrize("said", ["still working", "cannot say"])
async def test_an_answer_that_decides_nothing_is_asked_for_again(open_either: Open, said: str) -> None:
    """However long ago the call was: never sent again on such an answer; the wait doubles."""
    rhythm = with_rhythm(look_up_after=0.1, absent_after=0.0)
    async with open_either(rhythm=rhythm) as road:
        road.onestop.will("create_dossier", does_then_raises(LOST))
        road.onestop.sightings.extend([Sighting(said)] * 3)  # type: ignore[arg-type]  # one of the four words
        await road.keep(submitted())
        await road.becomes("take_in", "delivered")
        texts = [one.text for one in road.attempts("take_in") if one.part]
        assert texts == [f"asked: {said}"] * 3 + ["asked: the peer has it"]
        looks = road.onestop.looks
        waits = [later - earlier for earlier, later in pairwise(looks)]
        assert [wait >= least for wait, least in zip(waits, (0.1, 0.2, 0.4), strict=True)] == [True] * 3
        assert len(road.onestop.effects) == len(road.onestop.calls) == 1


async def test_a_repeatable_peer_gets_the_same_request_id_again_without_being_asked(
    open_either: Open,
) -> None:
    """It keeps our request id with its answer: a second call has no second effect."""
    async with open_either(to_onestop=onestop(certainty="repeatable")) as road:
        road.onestop.will("create_dossier", does_then_raises(LOST), does_then_raises(LOST))
        await road.keep(submitted())
        row = await road.becomes("take_in", "delivered")
        assert (row.attempt, row.doubt, road.onestop.looks) == (3, "", [])
        assert len({call.request_id for call in road.onestop.called("create_dossier")}) == 1
        assert len(road.onestop.effects) == 1


async def test_what_is_unknown_holds_back_its_own_dossier_alone(open_either: Open) -> None:
    """The dossier's next to that peer waits; other dossiers pass."""
    async with open_either(rhythm=with_rhythm(look_up_after=3600.0)) as road:
        road.portal.will("sync_record", raises(LOST))
        other = {"id": "another", "code": "H12.06-260415-0002", "nationCode": "G22.99-260415-000002"}
        await road.keep(record_of())
        await road.becomes("record_out", "unknown")
        await road.keep(record_of(subject="Đã đổi", updatedDate="2026-04-15T11:00:00+07:00"))
        await road.keep(record_of(**other))
        await road.until(lambda: [row.state for row in road.rows()] == ["unknown", "waiting", "delivered"])
        assert len(road.portal.effects) == 1


async def test_after_a_restart_what_was_unknown_is_asked_for(open_road: Open) -> None:
    """The doubt is in the ledger: the next process asks and sends nothing again."""
    peer = onestop()
    async with open_road(to_onestop=peer, rhythm=with_rhythm(look_up_after=0.6)) as road:
        peer.will("create_dossier", does_then_raises(LOST))
        await road.keep(submitted())
        await road.becomes("take_in", "unknown")
        assert peer.looks == []
    async with open_road(to_onestop=peer) as road:
        await road.becomes("take_in", "delivered")
    assert (len(peer.calls), len(peer.effects), len(peer.looks)) == (1, 1, 1)
