"""Legs whose delivery will never go end with it; what was asked back has a clock that all can see."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import update

from bus.ledger import figures, legs, overview, schema
from bus.ledger.handling_records import Advance, Discard, Retry
from mappings.dossier import CardResult, Dossier, Step, Supplement, Withdrawal
from tests.integration.ledger.flowing import AT, CODE, Flowing

pytestmark = pytest.mark.integration

FLOW = """
[[flow]]
name = "f"
  [[flow.leg]]
  name = "card"
  on = "onestop.dossier"
  send = "insurance.request_card"
  expects = "insurance.card_result"
  within = "2 working days"
  pauses_on = "insurance.supplement_request"
  resumes_on = "onestop.supplement"
  resume_send = "insurance.add_supplement"
  undo = "insurance.cancel_card"
  undo_within = "1 working day"
  [[flow.leg]]
  name = "step"
  on = "onestop.dossier"
  send = "onestop.add_step"
  expects = "onestop.result"
  within = "2 working days"
  [[flow.leg]]
  name = "newer"
  on = "onestop.step"
  send = "onestop.add_step"
  [[flow.leg]]
  name = "close"
  after = ["card"]
  send = "onestop.set_ready"
  [flow.withdraw]
  on = "onestop.withdrawn"
"""
WHO: dict[str, Any] = {"who": "lan", "reason": "hồ sơ nộp nhầm"}
STEP = Step(id="1", status="in_progress", at=AT, handler="A", content="b")
RUT = Withdrawal(id="rut", asked_at=AT)


@pytest.fixture
def bus(ledger_url: str) -> Iterator[Flowing]:
    """A ledger with the flow, on either database."""
    opened = Flowing(ledger_url, FLOW, appends={"onestop.add_step": False})
    yield opened
    opened.ledger.close()


async def dead(bus: Flowing, operation: str) -> str:
    """The delivery of an operation, once it is dead."""
    await bus.does(operation, "dead", reason="mã không có")
    return str(bus.rows(operation)[-1].id)


async def test_a_leg_whose_delivery_a_person_gives_up_ends_with_those_that_wait_for_it(bus: Flowing) -> None:
    """Nobody answers what was never sent: undone, with who and why, and never late."""
    await bus.say("onestop.dossier", Dossier())
    await bus.ledger.act(Discard(await dead(bus, "request_card"), **WHO))
    assert (bus.legs()["card"], bus.legs()["close"]) == ("undone", "undone")
    assert "lan" in bus.leg("card").reason
    assert "hồ sơ nộp nhầm" in bus.leg("card").reason
    assert bus.leg("card").due_at is None
    assert bus.account().unaccounted == 0


async def test_a_supplement_that_is_given_up_leaves_its_leg_open(bus: Flowing) -> None:
    """The peer still has what was sent before it, and may answer."""
    await bus.say("onestop.dossier", Dossier())
    await bus.does("request_card")
    await bus.say("insurance.supplement_request", Supplement(id="1"), codes={"onestop": CODE})
    await bus.say("onestop.supplement", Supplement(id="1", answered=True))
    await bus.ledger.act(Discard(await dead(bus, "add_supplement"), **WHO))
    assert bus.legs()["card"] == "open"
    await bus.say("insurance.card_result", CardResult(state="issued"), codes={"onestop": CODE})
    assert bus.legs()["card"] == "done"


async def test_a_leg_whose_delivery_was_overtaken_ends_with_it(bus: Flowing) -> None:
    """The newest record goes instead; the leg that would wait for the older one ends, and says why."""
    await bus.say("onestop.dossier", Dossier())
    old = await dead(bus, "add_step")
    await bus.say("onestop.step", STEP)
    await dead(bus, "add_step")
    await bus.ledger.act(Retry((old,), **WHO))
    await bus.ledger.act(Advance())
    assert [row.state for row in bus.rows("add_step")] == ["superseded", "ready"]
    assert (bus.legs()["step"], bus.legs()["card"]) == ("undone", "open")
    assert "took its place" in bus.leg("step").reason


async def test_what_was_asked_back_becomes_late_for_all_to_see(bus: Flowing) -> None:
    """In the account, the legs page, the metric of the alert and the dossier; also where it is withdrawn."""
    await bus.say("onestop.dossier", Dossier())
    await bus.does("request_card")
    await bus.say("onestop.withdrawn", RUT)
    leg = bus.leg("card")
    assert (leg.state, leg.due_at > leg.opened_at) == ("undoing", True)
    assert bus.account().late == {}
    await run_out(bus)
    assert bus.account().late == {"undoing": 1}
    assert bus.ledger.look(figures.figures).legs == {"f.card": (1, 1)}
    (first, *_) = bus.ledger.look(overview.open_legs, 10)
    assert (first["route"], first["state"]) == ("f.card", "undoing")
    assert [one.late for one in bus.ledger.look(legs.of_dossier, 1) if one.route == "f.card"] == [True]
    await bus.does("cancel_card")
    assert (bus.legs()["card"], bus.account().late) == ("undone", {})


async def test_an_undo_that_a_person_gives_up_is_theirs_and_late_until_it_is_undone(bus: Flowing) -> None:
    """Its clock goes on: the peer still has what was sent."""
    await bus.say("onestop.dossier", Dossier())
    await bus.does("request_card")
    await bus.say("onestop.withdrawn", RUT)
    await bus.ledger.act(Discard(await dead(bus, "cancel_card"), **WHO))
    assert "a person must undo it" in bus.leg("card").reason
    await run_out(bus)
    assert bus.account().late == {"undoing": 1}


async def run_out(bus: Flowing) -> None:
    """Let the clock of what is asked back run out."""
    with bus.ledger.store.write() as tx:
        tx.execute(update(schema.leg).where(schema.leg.c.state == "undoing").values(due_at=1.0))
