"""A peer that speaks of what it did by a number of its own, learned from its answer: on both ledgers."""

import pytest

from bus.connector import Connector, Rhythm
from bus.errors import OutcomeUnknownError
from bus.ledger import read
from bus.observer import Silent
from bus.pipeline import Parts, Pipeline
from bus.ports import AdapterType, Answer, Call, Operation, Sighting
from bus.retry import Schedule
from bus.settings import Section
from mappings.dossier import CardResult, Dossier
from tests.integration.ledger.flowing import Flowing
from tests.integration.test_asking import Office, sheets

pytestmark = pytest.mark.integration

FLOW = """
[[flow]]
name = "f"
  [[flow.leg]]
  name = "card"
  on = "onestop.dossier"
  send = "insurance.request_card"
  expects = "insurance.card_result"
  matched_by = "card_no"
"""


class Numbering(Office):
    """An office that gives every request a number of its own; `loses` the answer where it is told to."""

    def __init__(self, *, loses: bool = False) -> None:
        super().__init__()
        self.loses = loses
        self.operations = {
            "request_card": Operation(
                "request_card",
                "Đề nghị cấp thẻ",
                "insurance/query",
                "appends",
                self._does,
                lookup=lambda _: Sighting("done", Answer(tie="BH-1")),
                key=lambda _: "ours",
                seconds=5,
            )
        }

    def _does(self, call: Call) -> Answer:
        self.asked.append(call)
        if self.loses:
            raise OutcomeUnknownError("the answer was lost")
        return Answer(tie=f"BH-{len(self.asked)}")


async def delivered(bus: Flowing, office: Office, code: str) -> None:
    """A dossier's request goes to the office through the pipeline, and is asked about where that is due."""
    kind = AdapterType("insurance", "BHXH", Section, {}, ("request_card",), lambda *_: office)
    rhythm = Rhythm(Schedule(0.1, 2.0, 0.5, 60.0), look_up_after=0.0)
    connector = Connector("insurance", kind, office, rhythm)
    parts = Parts(
        bus.ledger, bus.planner, sheets("insurance"), {"insurance": connector}, lambda _: None, Silent()
    )
    pipeline = Pipeline(parts)
    await bus.say("onestop.dossier", Dossier(status="accepted"), code=code)
    delivery = bus.rows("request_card")[-1].id
    await pipeline.deliver(delivery, connector)
    if bus.rows("request_card")[-1].state == "unknown":
        await pipeline.deliver(delivery, connector)
    connector.close()
    assert bus.rows("request_card")[-1].state == "delivered"


@pytest.mark.parametrize("loses", [False, True])
async def test_an_answer_by_the_peer_s_own_number_finds_its_leg(ledger_url: str, loses: bool) -> None:  # noqa: FBT001  a case
    """The number stands in the call's answer, or in that to a look-up; a number of nobody's waits."""
    bus = Flowing(ledger_url, FLOW)
    await delivered(bus, Numbering(loses=loses), "H12-261123-0001")
    assert bus.leg("card").tie == "BH-1"
    nobody = await bus.say("insurance.card_result", CardResult(state="issued", card_no="BH-9"), codes={})
    assert nobody.outcome == "unmatched"
    answer = bus.message("insurance.card_result", CardResult(state="issued", card_no="BH-1"), codes={})
    assert b"accepted" in bus.ledger.look(read.fold_of, answer), "weighed with the dossier that it joins"
    kept = await bus.ledger.keep(answer)
    assert (kept.outcome, bus.legs()) == ("kept", {"card": "done"})
    bus.ledger.close()


async def test_of_two_dossiers_the_one_whose_number_is_named_is_answered(ledger_url: str) -> None:
    """Though both requests had the same key of ours."""
    bus, office = Flowing(ledger_url, FLOW), Numbering()
    await delivered(bus, office, "H12-261123-0001")
    await delivered(bus, office, "H12-261123-0002")
    await bus.say("insurance.card_result", CardResult(state="issued", card_no="BH-2"), codes={})
    assert (bus.legs(1), bus.legs(2)) == ({"card": "open"}, {"card": "done"})
    bus.ledger.close()
