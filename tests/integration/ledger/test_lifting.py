"""A withdrawal that the one-stop refuses has not come to pass: the dossier's flows go on where they stood."""

from collections.abc import Callable, Iterator

import pytest

from mappings.dossier import CardResult, Dossier, Result, Step, Withdrawal
from tests.integration.ledger.flowing import AT, CODE, Flowing

pytestmark = pytest.mark.integration

Start = Callable[[str], Flowing]

FLOWS = """
[[flow]]
name = "every"
  [[flow.leg]]
  name = "record_out"
  on = "onestop.dossier"
  send = "tax.query_obligation"
  after_withdrawal = true
  [[flow.leg]]
  name = "withdraw_in"
  on = "national_portal.withdrawn"
  send = "onestop.withdraw"
  after_withdrawal = true
  [flow.withdraw]
  on = ["onestop.withdrawn", "national_portal.withdrawn"]
  unless_refused = ["withdraw_in"]
[[flow]]
name = "f"
  [[flow.leg]]
  name = "birth"
  on = "onestop.dossier"
  expects = "onestop.result"
  answer_when = { kind = "birth_certificate" }
  within = "1 working day"
  [[flow.leg]]
  name = "card"
  after = ["birth"]
  send = "insurance.request_card"
  expects = "insurance.card_result"
  within = "2 working days"
  undo = "insurance.cancel_card"
  [[flow.leg]]
  name = "paper"
  on = "onestop.result"
  send = "onestop.add_result"
  expects = "onestop.dossier"
  answer_when = { status = "returned" }
  [[flow.leg]]
  name = "close"
  after = ["card"]
  send = "onestop.set_ready"
"""
CERTIFICATE = Result(name="Giấy khai sinh", kind="birth_certificate")
CARD = CardResult(state="issued", card_no="GD479012345678")
RUT = Withdrawal(id="rut", asked_at=AT)
TOO_LATE = Step(id="refusal-1", status="stopped", at=AT, handler="Một cửa", content="Đã xử lý xong")


@pytest.fixture
def start(ledger_url: str) -> Iterator[Flowing]:
    """A dossier with a flow at work, on either database."""
    bus = Flowing(ledger_url, FLOWS)
    yield bus
    bus.ledger.close()


@pytest.fixture
async def bus(start: Flowing) -> Flowing:
    """The dossier is accepted, which the tax office was asked about."""
    await start.say("onestop.dossier", Dossier(status="accepted"))
    await start.does("query_obligation")
    return start


async def withdrawn(bus: Flowing) -> None:
    """The citizen asks for the dossier back."""
    await bus.say("national_portal.withdrawn", RUT, codes={"onestop": CODE})


async def refused(bus: Flowing) -> None:
    """The one-stop says that it is too late."""
    said = bus.message("onestop.refusal", TOO_LATE, codes={})
    await bus.does("withdraw", "refused", reason="Đã xử lý xong", says=(said,))


async def test_what_was_dropped_goes_after_all(bus: Flowing) -> None:
    """Two unsent deliveries and their legs end with the withdrawal; refused, each is sent once."""
    await bus.say("onestop.result", CERTIFICATE)
    await withdrawn(bus)
    assert bus.legs() == {"birth": "done", "card": "undone", "close": "undone", "paper": "undone"}
    await refused(bus)
    assert bus.legs() == {"birth": "done", "card": "open", "close": "planned", "paper": "open"}
    await bus.does("request_card")
    await bus.does("add_result")
    await bus.say("insurance.card_result", CARD, codes={"onestop": CODE})
    await bus.does("set_ready")
    await bus.say("onestop.dossier", Dossier(status="returned"))
    assert set(bus.legs().values()) == {"done"}
    assert [one.state for one in bus.rows("request_card")] == ["superseded", "delivered"]
    assert [one.state for one in bus.rows("add_result")] == ["superseded", "delivered"]
    assert bus.account().unaccounted == 0


async def test_what_came_meanwhile_starts_and_ends_what_it_would_have(bus: Flowing) -> None:
    """Kept late and sent nowhere while the withdrawal stood, told again when it does not; nothing twice."""
    await withdrawn(bus)
    await bus.say("onestop.result", CERTIFICATE)
    await bus.say("onestop.dossier", Dossier(status="finished"))
    assert (bus.legs()["birth"], bus.sent()[-1]) == ("undone", "query_obligation ready")
    await refused(bus)
    assert bus.legs() == {"birth": "done", "card": "open", "close": "planned", "paper": "open"}
    told = [row.reason for row in bus.messages("onestop.result")]
    assert told[0].startswith("late")
    assert "told again" in told[1]
    assert [row.state for row in bus.rows("query_obligation")] == ["delivered", "ready"]
    assert bus.account().unaccounted == 0


async def test_a_leg_whose_undo_has_not_gone_is_open_again_with_its_clock(bus: Flowing) -> None:
    """Its undo is superseded; the answer ends it as ever."""
    await bus.say("onestop.result", CERTIFICATE)
    await bus.does("request_card")
    due = bus.leg("card").due_at
    await withdrawn(bus)
    assert (bus.legs()["card"], bus.rows("cancel_card")[0].state) == ("undoing", "ready")
    await refused(bus)
    assert (bus.legs()["card"], bus.rows("cancel_card")[0].state) == ("open", "superseded")
    assert bus.leg("card").due_at == due
    await bus.say("insurance.card_result", CARD, codes={"onestop": CODE})
    assert bus.legs()["card"] == "done"
    assert bus.account().unaccounted == 0


async def test_what_was_undone_before_the_refusal_is_for_a_person(bus: Flowing) -> None:
    """The card's request is gone at the insurance office: nobody sends it anew unasked."""
    await bus.say("onestop.result", CERTIFICATE)
    await bus.does("request_card")
    await withdrawn(bus)
    await bus.does("cancel_card")
    await refused(bus)
    assert bus.legs()["card"] == "undoing"
    assert "a person" in bus.leg("card").reason
    assert [row.state for row in bus.rows("request_card")] == ["delivered"]


async def test_a_withdrawal_that_the_one_stop_tells_itself_stands(bus: Flowing) -> None:
    """It refuses the portal's since it has one already: nothing goes on."""
    await bus.say("onestop.result", CERTIFICATE)
    await withdrawn(bus)
    await bus.say("onestop.withdrawn", RUT)
    await refused(bus)
    assert bus.legs()["card"] == "undone"
    assert [row.state for row in bus.rows("request_card")] == ["superseded"]


async def test_each_of_two_refused_withdrawals_is_taken_back(bus: Flowing) -> None:
    """While one is without an answer the dossier counts as withdrawn."""
    await withdrawn(bus)
    await bus.say("national_portal.withdrawn", RUT, codes={"onestop": CODE}, key="second")
    await refused(bus)
    assert bus.legs()["birth"] == "undone"
    await bus.does("withdraw", "refused", reason="Đã xử lý xong")
    assert bus.legs()["birth"] == "open"
