"""What a peer was shown and lost is sent again, as a delivery of its own and by the ordinary way."""

import pytest

from adapters.national_portal.status_order import order
from bus.errors import NotPossibleError
from bus.ledger import beliefs, people
from bus.ledger.records import Hold
from bus.repairing import Repairs
from tests.integration.pipeline.conftest import Open
from tests.integration.pipeline.peers import portal
from tests.integration.pipeline.road import Road, record_of

pytestmark = pytest.mark.integration


def repairs(road: Road) -> Repairs:
    """What people may have repaired over a road."""
    return Repairs(road.ledger, road.pipeline, road.connectors)


async def test_a_record_that_the_portal_lost_goes_again_once(open_either: Open) -> None:
    """A new message and delivery, equal in content, not taken for an echo; the first stays delivered."""
    async with open_either() as road:
        await road.keep(record_of())
        await road.rests()
        (before,) = road.rows("record_out")
        sent = len(road.portal.effects)
        message = await repairs(road).send_again(before.id, "1", "lan", "its backup")
        await road.rests()
        first, second = road.rows("record_out")
        assert (first.state, first.attempt, second.state) == ("delivered", before.attempt, "delivered")
        assert second.message == message
        assert len(road.portal.effects) == sent + 1
        one, other = road.portal.did("sync_record")
        assert one == other
        (done,) = [row for row in road.ledger.look(people.actions) if row["what"] == "send again"]
        assert (done["who"], done["subject"]) == ("lan", f"delivery {before.id}")
        account = road.account()
        assert (account.unaccounted, account.planned) == (0, sum(account.states.values()))
        with pytest.raises(NotPossibleError, match="compare again"):
            await repairs(road).send_again(before.id, "1", "lan", "once more")
        await repairs(road).send_again(second.id, None, "lan", "gone altogether")
        await road.rests()
        assert len(road.portal.did("sync_record")) == 3


async def test_nothing_is_sent_again_past_what_stands_before_it(open_road: Open) -> None:
    """Not while something is on its way or a person holds the dossier, nor what was not delivered."""
    async with open_road() as road:
        (kept, *_) = await road.keep(record_of())
        await road.rests()
        (row,) = road.rows("record_out")
        await road.ledger.act(Hold(kept.dossier or 0, hold=True, who="lan", reason="a question"))
        with pytest.raises(NotPossibleError, match="held by lan"):
            await repairs(road).send_again(row.id, "1", "lan", "r")
        await road.ledger.act(Hold(kept.dossier or 0, hold=False, who="lan", reason="answered"))
        await road.pauses("national_portal")
        await repairs(road).send_again(row.id, "1", "lan", "r")
        with pytest.raises(NotPossibleError, match="that comes first"):
            await repairs(road).send_again(row.id, "1", "lan", "again")
        waiting = road.rows("record_out")[-1]
        with pytest.raises(NotPossibleError, match="only what was delivered"):
            await repairs(road).send_again(waiting.id, "1", "lan", "again")
        await road.resumes("national_portal")
        await road.rests()
        assert len(road.portal.did("sync_record")) == 2


async def test_what_the_portal_was_shown_counts_on_the_day_of_its_last_delivery(open_either: Open) -> None:
    """At its very moment and not after it; no longer once a newer record was delivered, which then counts."""
    ordered = portal(orders={"sync_record": order("TrangThaiHoSo")})
    async with open_either(to_portal=ordered) as road:
        await road.keep(record_of())
        await road.rests()
        (first,) = road.rows("record_out")
        assert _shown(road, first.changed_at, first.changed_at + 1) == [first.id]
        assert _shown(road, first.changed_at - 1, first.changed_at) == []
        await repairs(road).send_again(first.id, "1", "lan", "its backup")
        await road.rests()
        second = road.rows("record_out")[-1]
        assert _shown(road, 0.0, second.changed_at) == []
        assert _shown(road, 0.0, second.changed_at + 1) == [second.id]


def _shown(road: Road, since: float, until: float) -> list[int]:
    asked = ("national_portal", "sync_record", since, until)
    return [one.delivery for one in road.ledger.look(beliefs.shown_between, *asked)]


async def test_a_status_that_the_portal_has_passed_is_not_taken_back(open_road: Open) -> None:
    """The guard holds for what is sent again: where the portal shows an end, nothing is written over it."""
    ordered = portal(orders={"sync_record": order("TrangThaiHoSo")})
    async with open_road(to_portal=ordered) as road:
        await road.keep(record_of())
        await road.rests()
        (row,) = road.rows("record_out")
        await repairs(road).send_again(row.id, "10", "lan", "r")
        await road.rests()
        late = road.rows("record_out")[-1]
        assert (late.state, late.reason[:5]) == ("superseded", "late:")
        assert len(road.portal.did("sync_record")) == 1


async def test_a_connector_that_cannot_read_one_dossier_says_so(open_road: Open) -> None:
    """And one that is paused is not called."""
    async with open_road() as road:
        with pytest.raises(NotPossibleError, match="look there yourself"):
            await repairs(road).reread("onestop", "H12.06-1", "lan", "r")
        await road.pauses("onestop")
        with pytest.raises(NotPossibleError, match="not called now"):
            await repairs(road).reread("onestop", "H12.06-1", "lan", "r")
        with pytest.raises(NotPossibleError, match="no connector at work"):
            await repairs(road).reread("nobody", "H12.06-1", "lan", "r")
