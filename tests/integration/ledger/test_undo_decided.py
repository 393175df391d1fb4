"""An undo that is only asked for when it was delivered: the peer's later message decides, on both ledgers."""

from collections.abc import Iterator
from datetime import date

import pytest

from bus.ledger.legs import undoing
from bus.ledger.records import Tie
from mappings.dossier import Dossier, Withdrawal
from mappings.message import Agency
from mappings.official import DocumentState, DocumentStatus
from tests.integration.ledger.flowing import AT, Flowing

pytestmark = pytest.mark.integration

DECIDE = """
[[flow]]
name = "f"
  [[flow.leg]]
  name = "decide"
  on = "onestop.dossier"
  send = "ioffice.send_dossier"
  expects = "ioffice.document"
  matched_by = "responds_to.document_id"
  undo = "ioffice.ask_back"
  [flow.withdraw]
  on = ["onestop.withdrawn"]
"""
ASKED_BACK = ["send_dossier delivered", "ask_back delivered"]


@pytest.fixture
def bus(ledger_url: str) -> Iterator[Flowing]:
    """A ledger with one leg that is asked back."""
    one = Flowing(ledger_url, DECIDE)
    yield one
    one.ledger.close()


async def sent(bus: Flowing, document: str = "DOC-1", code: str = "O1") -> None:
    """A dossier has gone out as a document."""
    await bus.say("onestop.dossier", Dossier(status="accepted"), code=code)
    claimed = await bus.claim(bus.rows("send_dossier")[-1].id)
    await bus.ledger.act(Tie(claimed.delivery, document))
    await bus.settle(claimed, "delivered")


async def withdrawn(bus: Flowing, code: str = "O1") -> None:
    """Its dossier is withdrawn."""
    await bus.say("onestop.withdrawn", Withdrawal(id=f"rut-{code}", asked_at=AT), code=code)


async def says(bus: Flowing, status: DocumentState, document: str = "DOC-1") -> str:
    """The recipient says something of a document; it has no number of the dossier."""
    agency = Agency(code="H12.06")
    told = DocumentStatus(
        document_id=document, issued_on=date(2026, 11, 23), sender=agency, about=agency, status=status, at=AT
    )
    return (await bus.say("ioffice.document_status", told, codes={})).outcome


async def test_what_was_asked_back_is_undone_when_the_recipient_agrees(bus: Flowing) -> None:
    """Delivered it is only asked for; other statuses in between decide nothing."""
    await sent(bus)
    await withdrawn(bus)
    assert bus.sent() == ["send_dossier delivered", "ask_back ready"]
    await bus.does("ask_back")
    assert bus.legs() == {"decide": "undoing"}
    assert "has not decided yet" in bus.leg("decide").reason
    assert bus.ledger.look(undoing, 9) == []
    assert await says(bus, "in_progress") == "kept"
    assert bus.legs() == {"decide": "undoing"}
    assert await says(bus, "agreed") == "kept"
    assert bus.legs() == {"decide": "undone"}
    assert bus.sent() == ASKED_BACK
    assert bus.account().unaccounted == 0


async def test_what_the_recipient_does_not_give_back_needs_a_person_until_it_does(bus: Flowing) -> None:
    """It stands among what waits for a person; the recipient may still come round."""
    await sent(bus)
    await withdrawn(bus)
    await bus.does("ask_back")
    await says(bus, "not_agreed")
    (waits,) = bus.ledger.look(undoing, 9)
    assert (waits["route"], waits["state"]) == ("f.decide", "undoing")
    assert "does not agree" in waits["reason"]
    await says(bus, "agreed")
    assert (bus.legs(), bus.ledger.look(undoing, 9)) == ({"decide": "undone"}, [])


@pytest.mark.parametrize(("status", "leg"), [("agreed", "undone"), ("not_agreed", "undoing")])
async def test_a_decision_that_is_here_before_its_call_has_ended_stands(
    bus: Flowing, status: DocumentState, leg: str
) -> None:
    """The answer may overtake the call's own outcome, which then changes nothing."""
    await sent(bus)
    await withdrawn(bus)
    claimed = await bus.claim(bus.rows("ask_back")[0].id)
    await says(bus, status)
    said = bus.leg("decide").reason
    await bus.settle(claimed, "delivered")
    assert (bus.legs()["decide"], bus.leg("decide").reason) == (leg, said)
    assert len(bus.ledger.look(undoing, 9)) == (leg == "undoing")


async def test_a_decision_that_nobody_asked_for_undoes_nothing(bus: Flowing) -> None:
    """Of an open leg it speaks of something else, and so while it is not known whether anything was sent."""
    await sent(bus)
    await says(bus, "agreed")
    assert bus.legs() == {"decide": "open"}
    await bus.say("onestop.dossier", Dossier(status="accepted"), code="O2")
    claimed = await bus.claim(bus.rows("send_dossier")[-1].id)
    await bus.ledger.act(Tie(claimed.delivery, "DOC-2"))
    await withdrawn(bus, "O2")
    await says(bus, "agreed", "DOC-2")
    assert bus.legs(2) == {"decide": "undoing"}
    await bus.settle(claimed, "delivered")
    assert [row.state for row in bus.rows("ask_back")] == ["ready"]


async def test_a_decision_is_its_own_document_s(bus: Flowing) -> None:
    """Of two dossiers that are asked back, the one that is named is undone."""
    for document, code in (("DOC-1", "O1"), ("DOC-2", "O2")):
        await sent(bus, document, code)
        await withdrawn(bus, code)
        await bus.does("ask_back")
    await says(bus, "agreed", "DOC-2")
    assert (bus.legs(1), bus.legs(2)) == ({"decide": "undoing"}, {"decide": "undone"})
    assert await says(bus, "agreed", "DOC-9") == "unmatched"


async def test_a_process_that_starts_anew_hears_the_decision(bus: Flowing) -> None:
    """All of it is in the rows."""
    await sent(bus)
    await withdrawn(bus)
    await bus.does("ask_back")
    bus.ledger.close()
    bus.open()
    await says(bus, "agreed")
    assert bus.legs() == {"decide": "undone"}
