"""Who never got a dossier is not asked to give it back; who got it, or may have, is."""

from collections.abc import Iterator

import pytest

from bus.ledger.records import Hold
from bus.ledger.untold import UNTOLD
from mappings.dossier import Dossier, Step, Supplement, Withdrawal
from tests.integration.ledger.flowing import AT, CODE, Flowing

pytestmark = pytest.mark.integration

FLOWS = """
[[flow]]
name = "every"
  [[flow.leg]]
  name = "take_in"
  on = "national_portal.dossier"
  send = "onestop.create_dossier"
  expects = "onestop.dossier"
  within = "4 working hours"
  undo = "person"
  [[flow.leg]]
  name = "supplement_in"
  on = "national_portal.supplement"
  send = "onestop.add_step"
  [[flow.leg]]
  name = "withdraw_in"
  on = "national_portal.withdrawn"
  send = "onestop.withdraw"
  after_withdrawal = true
  [flow.withdraw]
  on = ["onestop.withdrawn", "national_portal.withdrawn"]
  unless_refused = ["withdraw_in"]
"""
PORTAL = {"national_portal": "G22.99-261123-000001"}


@pytest.fixture
def bus(ledger_url: str) -> Iterator[Flowing]:
    """A ledger on either database."""
    one = Flowing(ledger_url, FLOWS)
    yield one
    one.ledger.close()


async def submitted(bus: Flowing) -> None:
    """The citizen hands the dossier in at the portal, and a supplement."""
    await bus.say("national_portal.dossier", Dossier(status="registered"), codes=PORTAL)
    await bus.say("national_portal.supplement", Supplement(id="bs"), codes=PORTAL)


async def withdrawn(bus: Flowing, name: str = "rut") -> None:
    """The citizen asks for it back."""
    await bus.say("national_portal.withdrawn", Withdrawal(id=name, asked_at=AT), codes=PORTAL)


async def test_a_withdrawal_before_anything_was_sent_is_told_to_nobody(bus: Flowing) -> None:
    """It says why, the dossier stays withdrawn, and so it is the second time that it is asked."""
    await submitted(bus)
    await withdrawn(bus)
    await withdrawn(bus, "rut 2")
    assert bus.sent() == [
        "create_dossier superseded",
        "add_step superseded",
        "withdraw superseded",
        "withdraw superseded",
    ]
    assert [row.reason for row in bus.rows("withdraw")] == [UNTOLD, UNTOLD]
    assert bus.legs() == {"take_in": "undone"}
    account = bus.account()
    assert (account.unaccounted, account.states) == (0, {"superseded": 4})


async def test_a_call_under_way_decides_whether_the_withdrawal_is_told(bus: Flowing) -> None:
    """Ended for certain without effect: not told. The withdrawal waited for it, and leaves the lane free."""
    await submitted(bus)
    (create,) = bus.rows("create_dossier")
    claimed = await bus.claim(create.id)
    await withdrawn(bus)
    assert bus.sent() == ["create_dossier sending", "add_step superseded", "withdraw waiting"]
    settled = await bus.settle(claimed, "retrying", wait=60.0, reason="busy")
    assert settled.ready == ()
    assert bus.sent() == ["create_dossier superseded", "add_step superseded", "withdraw superseded"]
    assert bus.rows("withdraw")[0].reason == UNTOLD
    assert bus.account().unaccounted == 0


@pytest.mark.parametrize("outcome", ["delivered", "refused", "dead"])
async def test_whoever_has_answered_is_told(outcome: str, bus: Flowing) -> None:
    """What acted, and what ended otherwise than by being dropped, is for the peer to judge."""
    await submitted(bus)
    (create,) = bus.rows("create_dossier")
    claimed = await bus.claim(create.id)
    await withdrawn(bus)
    said = (
        bus.message(
            "onestop.refusal",
            Step(id="r", status="stopped", at=AT, handler="Một cửa", content="Không nhận"),
            codes={},
        ),
    )
    await bus.settle(claimed, outcome, says=said if outcome == "refused" else ())
    waits = "waiting" if outcome == "dead" else "ready"
    assert bus.sent()[-1] == f"withdraw {waits}"


async def test_a_dossier_that_the_peer_knows_by_a_number_is_asked_back(bus: Flowing) -> None:
    """It was handed in at the one-stop itself; what the portal sends of it was dropped."""
    await bus.say("onestop.dossier", Dossier(status="accepted"), codes={**PORTAL, "onestop": CODE})
    await bus.say("national_portal.supplement", Supplement(id="bs"), codes=PORTAL)
    await withdrawn(bus)
    assert bus.sent() == ["add_step superseded", "withdraw ready"]


async def test_a_held_dossier_holds_no_withdrawal_that_nobody_needs(bus: Flowing) -> None:
    """When a person lets it go there is nothing left to go."""
    await submitted(bus)
    row = bus.rows()[0]
    await bus.ledger.act(Hold(row.dossier, hold=True, who="an", reason="xem lại"))
    await withdrawn(bus)
    assert {row.state for row in bus.rows()} == {"superseded"}
