"""Legs on both ledgers: what starts, ends, refuses, ties, stops and undoes them."""

from collections.abc import Callable, Iterator
from datetime import date, datetime

import msgspec
import pytest

from bus.calendar import ZONE
from bus.ledger.records import Tie
from mappings.dossier import (
    CardResult,
    Dossier,
    FinancialObligation,
    OfficialDocument,
    Payer,
    Payment,
    Result,
    Step,
    Supplement,
    TaxNotice,
    Withdrawal,
)
from tests.integration.ledger.flowing import AT, Flowing

pytestmark = pytest.mark.integration

Start = Callable[[str], Flowing]

BIRTH = """
[[flow]]
name = "f"
  [[flow.leg]]
  name = "birth"
  on = "onestop.dossier"
  when = { status = "accepted" }
  expects = "onestop.result"
  answer_when = { kind = "birth_certificate" }
  within = "1 working day"
  [[flow.leg]]
  name = "residence"
  after = ["birth"]
  expects = "onestop.result"
  answer_when = { kind = "residence_notice" }
  [[flow.leg]]
  name = "card"
  after = ["birth"]
  send = "insurance.request_card"
  expects = "insurance.card_result"
  refused_when = { state = "refused" }
  within = "2 working days"
  pauses_on = "insurance.supplement_request"
  resumes_on = "onestop.supplement"
  resume_send = "insurance.add_supplement"
  resume_within = "5 working days"
  undo = "insurance.cancel_card"
  [[flow.leg]]
  name = "refused_back"
  on = "insurance.refusal"
  send = "onestop.add_step"
  [[flow.leg]]
  name = "close"
  after = ["birth", "residence", "card"]
  even_if_refused = ["card"]
  send = "onestop.set_ready"
  [flow.withdraw]
  on = ["onestop.withdrawn", "national_portal.withdrawn"]
"""
ACCEPTED = Dossier(status="accepted")
CERTIFICATE = Result(name="Giấy khai sinh", kind="birth_certificate")
NOTICE = Result(name="Thông báo", kind="residence_notice")
CARD = CardResult(state="issued", card_no="GD479012345678")
NO_CARD = CardResult(state="refused", reason="Sai số định danh")
ASKED = Supplement(id="1", content="Thiếu giấy chứng sinh")
GIVEN = Supplement(id="1", content="Thiếu giấy chứng sinh", answered=True)
RUT = Withdrawal(id="rut", asked_at=AT)


@pytest.fixture
def start(ledger_url: str) -> Iterator[Start]:
    """Open a ledger with some flows."""
    opened: list[Flowing] = []

    def run(text: str) -> Flowing:
        opened.append(Flowing(ledger_url, text))
        return opened[-1]

    yield run
    for one in opened:
        one.ledger.close()


async def test_legs_start_after_others_and_the_fan_in_fires_once(start: Start) -> None:
    """Planned with the first leg, open when what they wait for is done; the last starts once, as its end."""
    bus = start(BIRTH)
    await bus.say("onestop.dossier", ACCEPTED)
    planned = {"residence": "planned", "card": "planned", "close": "planned"}
    assert bus.legs() == {"birth": "open", **planned}
    await bus.say("onestop.result", CERTIFICATE)
    assert bus.legs() == {"birth": "done", "residence": "open", "card": "open", "close": "planned"}
    assert bus.sent() == ["request_card ready"]
    await bus.does("request_card")
    await bus.say("insurance.card_result", CARD, source="insurance", codes={"onestop": "H12-261123-0001"})
    assert bus.legs()["card"] == "done"
    await bus.say("onestop.result", NOTICE)
    assert bus.legs() == {"birth": "done", "residence": "done", "card": "done", "close": "open"}
    await bus.say("onestop.result", NOTICE)
    await bus.does("set_ready")
    assert bus.legs()["close"] == "done"
    assert bus.sent() == ["request_card delivered", "set_ready delivered"]
    assert bus.account().unaccounted == 0


async def test_a_message_that_is_no_starts_what_goes_on_all_the_same_and_becomes_a_step(start: Start) -> None:
    """The leg is refused, its reason is a message of its own that a route may carry, the fan-in goes on."""
    bus = start(BIRTH)
    await bus.say("onestop.dossier", ACCEPTED)
    await bus.say("onestop.result", CERTIFICATE)
    await bus.say("onestop.result", NOTICE)
    await bus.say("insurance.card_result", NO_CARD, codes={"onestop": "H12-261123-0001"})
    assert bus.legs() == {"birth": "done", "residence": "done", "card": "refused", "close": "open"}
    (refusal,) = bus.messages("insurance.refusal")
    assert (refusal.state, refusal.source) == ("kept", "insurance")
    assert bus.body(refusal, Step).handler == "Cơ quan BHXH"
    assert bus.sent() == ["request_card ready", "set_ready ready", "add_step waiting"]
    assert bus.account().unaccounted == 0


async def test_a_refused_call_refuses_its_leg_and_the_fan_in_goes_on(start: Start) -> None:
    """The same where the peer says no to the call itself: nothing more is said, and the rest still starts."""
    bus = start(BIRTH)
    await bus.say("onestop.dossier", ACCEPTED)
    await bus.say("onestop.result", CERTIFICATE)
    await bus.say("onestop.result", NOTICE)
    settled = await bus.does("request_card", "refused", reason="Trùng hồ sơ")
    assert bus.legs()["card"] == "refused"
    assert bus.leg("card").reason == "Trùng hồ sơ"
    assert [ready.connector for ready in settled.ready] == ["onestop"]
    assert bus.sent() == ["request_card refused", "set_ready ready"]
    await bus.does("set_ready")
    assert bus.legs()["close"] == "done"
    assert bus.account().unaccounted == 0


async def test_a_leg_after_a_refused_one_never_starts(start: Start) -> None:
    """What waits for an end that cannot come says so, instead of waiting for ever."""
    bus = start(BIRTH.replace('even_if_refused = ["card"]\n', ""))
    await bus.say("onestop.dossier", ACCEPTED)
    await bus.say("onestop.result", CERTIFICATE)
    await bus.does("request_card", "refused", reason="Trùng hồ sơ")
    await bus.say("onestop.result", NOTICE)
    assert (bus.legs()["close"], bus.leg("close").reason) == ("undone", "f.card was refused")


async def test_supplement_rounds_stop_the_clock_and_let_it_go_on(start: Start) -> None:
    """Each round has its own clock in working time; the supplement is sent, and what was left goes on."""
    bus = start(BIRTH)
    await bus.say("onestop.dossier", ACCEPTED)
    await bus.say("onestop.result", CERTIFICATE)
    due = bus.leg("card").due_at
    for round_ in (1, 2):
        await bus.say("insurance.supplement_request", ASKED, codes={"onestop": "H12-261123-0001"})
        paused = bus.leg("card")
        assert (paused.state, paused.rounds) == ("paused", round_)
        assert paused.time_left == pytest.approx(2 * 8 * 3600, abs=60)
        assert paused.due_at > due
        await bus.say("onestop.supplement", ASKED)
        assert bus.leg("card").state == "paused"
        await bus.say("onestop.supplement", GIVEN)
        again = bus.leg("card")
        assert (again.state, again.time_left) == ("open", None)
        assert again.due_at == pytest.approx(due, abs=60)
    assert bus.sent() == ["request_card ready", "add_supplement waiting", "add_supplement waiting"]
    await bus.say("insurance.card_result", CARD, codes={"onestop": "H12-261123-0001"})
    assert bus.legs()["card"] == "done"


LAND = """
[[flow]]
name = "f"
  [[flow.leg]]
  name = "payment"
  on = "tax.obligation"
  per = "payers.notices.number"
  expects = ["national_portal.payment", "tax.payment_confirmed"]
  matched_by = "notice_number"
  until = "due_on"
  [[flow.leg]]
  name = "met"
  after = ["payment"]
  send = "onestop.obligation_met"
"""


def owed(*numbers: str, due: date | None = date(2026, 12, 1)) -> FinancialObligation:
    """Two taxpayers, their notices."""
    notices = [TaxNotice(number=number, remaining=1, due_on=due) for number in numbers]
    payers = (Payer(total=1, notices=tuple(notices[:1])), Payer(total=1, notices=tuple(notices[1:])))
    return FinancialObligation(state="owing", payers=payers)


def paid(number: str | None) -> Payment:
    """A payment of one notice."""
    return Payment(id=f"p{number}", amount=1, paid_at=AT, state="paid", notice_number=number)


async def test_each_notice_is_a_leg_and_the_fan_in_waits_for_all(start: Start) -> None:
    """By its number a payment ends its own; one that names no number ends none while several wait."""
    bus = start(LAND)
    tax = {"tax": "T1", "national_portal": "T1"}
    await bus.say("tax.obligation", owed("A", "B"), codes=tax)
    due = datetime(2026, 12, 2, tzinfo=ZONE).timestamp()
    assert (bus.leg("payment[A]").due_at, bus.leg("payment[B]").due_at) == (due, due)
    await bus.say("national_portal.payment", paid(None), codes=tax)
    assert bus.legs() == {"payment[A]": "open", "payment[B]": "open", "met": "planned"}
    await bus.say("national_portal.payment", paid("B"), codes=tax)
    await bus.say("tax.payment_confirmed", paid("B"), codes=tax)
    assert bus.legs() == {"payment[A]": "open", "payment[B]": "done", "met": "planned"}
    await bus.say("tax.payment_confirmed", paid(None), codes=tax)
    assert bus.legs() == {"payment[A]": "done", "payment[B]": "done", "met": "open"}
    await bus.say("tax.payment_confirmed", paid("A"), codes=tax)
    assert bus.sent() == ["obligation_met ready"]


async def test_a_notice_that_is_no_longer_named_is_undone_and_one_named_again_opens(start: Start) -> None:
    """A corrected obligation tells the whole list; what is left decides the fan-in."""
    bus = start(LAND)
    tax = {"tax": "T1"}
    await bus.say("tax.obligation", owed("A", "B"), codes=tax)
    await bus.say("tax.obligation", owed("B", due=date(2026, 12, 5)), codes=tax)
    assert bus.legs() == {"payment[A]": "undone", "payment[B]": "open", "met": "planned"}
    assert bus.leg("payment[B]").due_at == datetime(2026, 12, 6, tzinfo=ZONE).timestamp()
    await bus.say("tax.obligation", owed("A", "B"), codes=tax)
    assert bus.legs() == {"payment[A]": "open", "payment[B]": "open", "met": "planned"}
    await bus.say("tax.payment_confirmed", paid("B"), codes=tax)
    await bus.say("tax.obligation", owed("B"), codes=tax)
    assert bus.legs() == {"payment[A]": "undone", "payment[B]": "done", "met": "open"}


async def test_an_answer_without_a_number_finds_its_dossier_by_what_it_names(start: Start) -> None:
    """One that fits no leg waits for a person; one that fits two dossiers as well."""
    bus = start(LAND)
    await bus.say("tax.obligation", owed("A", "C"), codes={"tax": "T1"})
    await bus.say("tax.obligation", owed("B", "C"), codes={"tax": "T2"})
    kept = await bus.say("national_portal.payment", paid("B"), codes={})
    assert (kept.outcome, kept.dossier) == ("kept", 2)
    assert bus.leg("payment[B]").state == "done"
    assert (await bus.say("national_portal.payment", paid("X"), codes={})).outcome == "unmatched"
    assert (await bus.say("national_portal.payment", paid("C"), codes={})).outcome == "unmatched"


async def test_a_withdrawal_undoes_each_leg_in_its_way(start: Start) -> None:
    """Planned and never sent: at once. Sent: by its operation, after what was sent. The rest by nobody."""
    bus = start(BIRTH)
    await bus.say("onestop.dossier", ACCEPTED)
    await bus.say("onestop.result", CERTIFICATE)
    await bus.does("request_card")
    await bus.say("national_portal.withdrawn", RUT, codes={"onestop": "H12-261123-0001"})
    assert bus.legs() == {"birth": "done", "residence": "undone", "card": "undoing", "close": "undone"}
    assert bus.sent() == ["request_card delivered", "cancel_card ready"]
    await bus.say("insurance.card_result", CARD, codes={"onestop": "H12-261123-0001"})
    (late,) = bus.messages("insurance.card_result")
    assert late.reason.startswith("late: the dossier was withdrawn")
    await bus.does("cancel_card")
    assert bus.legs()["card"] == "undone"
    assert bus.account().unaccounted == 0


async def test_what_was_not_sent_when_the_dossier_was_withdrawn_is_never_undone_at_its_peer(
    start: Start,
) -> None:
    """Unsent it is dropped with its leg."""
    bus = start(BIRTH)
    await bus.say("onestop.dossier", ACCEPTED)
    await bus.say("onestop.result", CERTIFICATE)
    await bus.say("national_portal.withdrawn", RUT, codes={"onestop": "H12-261123-0001"})
    assert bus.legs()["card"] == "undone"
    assert bus.sent() == ["request_card superseded"]


@pytest.mark.parametrize(
    ("outcome", "sent", "leg"),
    [
        ("delivered", ["request_card delivered", "cancel_card ready"], "undoing"),
        ("refused", ["request_card refused"], "undone"),
        ("dead", ["request_card dead"], "undone"),
        ("retrying", ["request_card superseded"], "undone"),
    ],
)
async def test_a_call_under_way_at_the_withdrawal_is_undone_by_what_becomes_of_it(
    start: Start, outcome: str, sent: list[str], leg: str
) -> None:
    """Only what the peer did is undone there; what it certainly did not do is never tried again."""
    bus = start(BIRTH)
    await bus.say("onestop.dossier", ACCEPTED)
    await bus.say("onestop.result", CERTIFICATE)
    claimed = await bus.claim(bus.rows("request_card")[0].id)
    await bus.say("national_portal.withdrawn", RUT, codes={"onestop": "H12-261123-0001"})
    assert (bus.legs()["card"], bus.sent()) == ("undoing", ["request_card sending"])
    await bus.settle(claimed, outcome, reason="vì sao")
    assert (bus.sent(), bus.legs()["card"]) == (sent, leg)
    assert bus.account().unaccounted == 0


async def test_an_undo_that_the_peer_refuses_needs_a_person(start: Start) -> None:
    """It stays undoing, and says why."""
    bus = start(BIRTH)
    await bus.say("onestop.dossier", ACCEPTED)
    await bus.say("onestop.result", CERTIFICATE)
    await bus.does("request_card")
    await bus.say("national_portal.withdrawn", RUT, codes={"onestop": "H12-261123-0001"})
    await bus.does("cancel_card", "refused", reason="Đã cấp thẻ")
    assert bus.legs()["card"] == "undoing"
    assert "Đã cấp thẻ" in bus.leg("card").reason
    assert "a person must undo it" in bus.leg("card").reason


async def test_two_dossiers_that_are_one_have_each_leg_once_and_the_further_one_stands(start: Start) -> None:
    """What was waited for in one and done in the other is done, and the fan-in goes on from there."""
    bus = start(LAND)
    await bus.say("tax.obligation", owed("A", "B"), codes={"tax": "T1"})
    await bus.say("tax.payment_confirmed", paid("A"), codes={"tax": "T1"})
    await bus.say("tax.obligation", owed("A", "B"), codes={"onestop": "O1"})
    await bus.say("tax.payment_confirmed", paid("B"), codes={"onestop": "O1"})
    assert bus.sent() == []
    await bus.say("onestop.dossier", ACCEPTED, codes={"tax": "T1", "onestop": "O1"})
    assert bus.legs() == {"met": "open", "payment[A]": "done", "payment[B]": "done"}
    assert bus.sent() == ["obligation_met ready"]


async def test_what_joins_a_withdrawn_dossier_is_withdrawn_with_it(start: Start) -> None:
    """Its unsent deliveries are dropped and its legs end."""
    bus = start(BIRTH)
    await bus.say("onestop.dossier", ACCEPTED, codes={"onestop": "O1"})
    await bus.say("onestop.result", CERTIFICATE, codes={"onestop": "O1"})
    await bus.say("national_portal.withdrawn", RUT, codes={"national_portal": "P1"})
    await bus.say("onestop.result", CERTIFICATE, codes={"onestop": "O1", "national_portal": "P1"})
    assert bus.legs() == {"birth": "done", "residence": "undone", "card": "undone", "close": "undone"}
    assert bus.sent() == ["request_card superseded"]


ELSEWHERE = """
[[flow]]
name = "f"
  [[flow.leg]]
  name = "hand_over"
  on = "onestop.dossier"
  send = "onestop.add_step"
  to_agency = "handling_agency"
"""


async def test_a_delivery_whose_agency_another_system_serves_by_now_goes_there_in_its_turn(
    start: Start,
) -> None:
    """It leaves one lane, which goes on, and waits at its place in the other; nothing is burned."""
    bus = start(ELSEWHERE)
    for _ in range(2):
        await bus.say("onestop.dossier", ACCEPTED)
    first, second = bus.rows()
    settled = await bus.settle(await bus.claim(first.id), "ready", burned=False, moves_to="east")
    assert {ready.connector for ready in settled.ready} == {"east", "onestop"}
    rows = [(row.connector, row.state, row.tries) for row in bus.rows()]
    assert rows == [("east", "ready", 0), ("onestop", "ready", 0)]
    await bus.settle(await bus.claim(second.id), "ready", burned=False, moves_to="east")
    assert [(row.connector, row.state) for row in bus.rows()] == [("east", "ready"), ("east", "waiting")]
    await bus.settle(await bus.claim(first.id), "delivered")
    assert [row.state for row in bus.rows()] == ["delivered", "ready"]
    assert bus.account().unaccounted == 0


DECISION = """
[[flow]]
name = "f"
  [[flow.leg]]
  name = "decide"
  on = "onestop.dossier"
  send = "ioffice.send_dossier"
  expects = "ioffice.document"
  matched_by = "responds_to.document_id"
"""


async def test_an_answer_names_what_was_sent_and_so_finds_its_leg(start: Start) -> None:
    """What an answer will name is noted before the call: it may come before the call's own outcome."""
    bus = start(DECISION)
    await bus.say("onestop.dossier", ACCEPTED)
    claimed = await bus.claim(bus.rows("send_dossier")[0].id)
    await bus.ledger.act(Tie(claimed.delivery, "DOC-1"))
    other = await bus.say("ioffice.document", document("DOC-2"), codes={})
    assert other.outcome == "unmatched"
    kept = await bus.say("ioffice.document", document("DOC-1"), codes={})
    assert (kept.outcome, kept.dossier, bus.legs()) == ("kept", claimed.dossier, {"decide": "done"})
    await bus.settle(claimed, "delivered")
    assert bus.legs() == {"decide": "done"}


def document(answers: str) -> OfficialDocument:
    """A document that answers another."""
    return msgspec.convert(
        {
            "document_id": f"answer-{answers}",
            "sender": {"code": "H12.01"},
            "recipients": [],
            "issued_on": "2026-11-24",
            "subject": "Quyết định",
            "responds_to": [{"document_id": answers}],
        },
        OfficialDocument,
        strict=False,
    )
