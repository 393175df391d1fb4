"""Payment vouchers (chứng từ nộp tiền): asked for by dossier or one by one, and taken back.

Taking back is not repeatable: whether it came to pass is asked by the voucher's own number (00022).
"""

from lxml import etree

from adapters._kit.soap_inner import error_of, unusable
from adapters._kit.xml import Element
from adapters.tax.client import clock_note
from adapters.tax.faults import Told
from adapters.tax.frame import FrameError
from adapters.tax.writing import DONE, Desk, asked_well, incoming, joined, well, without
from bus.errors import PermanentError
from bus.ports import Answer, Call, Incoming, Sighting, Tree

_ANOTHER = "it is about another voucher"


def query_payments(desk: Desk, call: Call) -> Answer:
    """Ask for the payment vouchers of a dossier; each is a message of its own. Others' are left alone."""
    answer = asked_well(desk, call, desk.types.payments)
    mine = (call.request.findtext(f".//{desk.names.dossier}", ""), "")
    vouchers = [one for one in _vouchers(desk, answer) if _text(one, desk.names.dossier) in mine]
    says = tuple(_confirmed(desk, one, answer) for one in vouchers)
    return Answer(raw=answer.raw, says=says, note=clock_note(answer))


def query_payment(desk: Desk, call: Call) -> Answer:
    """Ask for one voucher as a bank does, by taxpayer and number; none by that number is no message.

    The dossier's number is ours: taken out of the question, put into an answer that names none.
    """
    dossier = call.request.findtext(desk.names.dossier, "")
    question = without(call.request, (desk.names.dossier,))
    answer = well(desk.client.say(question, desk.types.payments, call.deadline, effect=False))
    says = []
    for one in _of_number(desk, call.request, answer):
        if _text(one, desk.names.dossier) not in (dossier, ""):
            raise unusable(FrameError("it is about another dossier"), answer.raw, effect=False)
        if not _text(one, desk.names.dossier):
            one = without(one, (desk.names.dossier,))  # noqa: PLW2901 - a copy in its place
            etree.SubElement(one, desk.names.dossier).text = dossier
        says.append(_confirmed(desk, one, answer))
    return Answer(raw=answer.raw, says=tuple(says), note=clock_note(answer))


def cancel(desk: Desk, call: Call) -> Answer:
    """Take a voucher back once; before a later attempt the gateway is asked whether it is taken back."""
    if problems := desk.schemas["payment_cancel"].problems(call.request):
        text = "The message is not what the tax office accepts; it was not sent."
        raise PermanentError(text, problems=problems)
    if call.attempt > 1 and is_cancelled(desk, call).outcome == "done":
        return Answer(note="the tax office has taken it back already")
    number = desk.client.message_id(call.request_id)
    answer = desk.client.say(call.request, desk.types.cancel, call.deadline, effect=True, message_id=number)
    if answer.means not in DONE:
        raise error_of(answer, effect=True)
    named = {(each.text or "").strip() for each in answer.row.iter(desk.names.voucher_number)}
    if not named <= {"", _number(desk, call.request)}:
        raise unusable(FrameError(_ANOTHER), answer.raw, effect=True)
    return Answer(raw=answer.raw, note=clock_note(answer))


def is_cancelled(desk: Desk, call: Call) -> Sighting:
    """Whether the gateway tells of the voucher that it was taken back [I]; of one it lacks nobody can say."""
    asked = etree.Element("ROW")
    for name, text in (("TYPE", desk.types.payments), ("NAME", "Tra chứng từ")):
        etree.SubElement(asked, name).text = text
    asked.append(etree.fromstring(etree.tostring(call.request.find(desk.names.voucher))))
    answer = desk.client.say(asked, desk.types.payments, call.deadline, effect=False)
    states = {_text(one, desk.names.voucher_state) for one in _of_number(desk, call.request, answer)}
    if not states or (answer.code and answer.means != "done"):
        return Sighting("cannot say")
    return Sighting("done" if states == {desk.types.cancelled} else "not there")


def key(desk: Desk, row: Tree) -> str:
    """What it takes back at the tax office."""
    names = desk.names
    return f"{row.findtext(f'{names.voucher}/{names.payer}', '')}|{_number(desk, row)}"


def _number(desk: Desk, row: Element) -> str:
    return str(row.findtext(f"{desk.names.voucher}/{desk.names.voucher_number}", ""))


def _vouchers(desk: Desk, answer: Told) -> list[Element]:
    return [one for row in answer.frame.rows for one in row.iterfind(desk.names.voucher)]


def _of_number(desk: Desk, request: Element, answer: Told) -> list[Element]:
    """The vouchers of an answer that have the number that was asked for."""
    number = _number(desk, request)
    return [one for one in _vouchers(desk, answer) if _text(one, desk.names.voucher_number) == number]


def _confirmed(desk: Desk, voucher: Element, answer: Told) -> Incoming:
    """A voucher as a message: one number in one state is one message for ever."""
    told = joined(voucher, desk.names.voucher_number, desk.names.voucher_state)
    return incoming("tax.payment_confirmed", voucher, answer, key=told)


def _text(element: Element, name: str) -> str:
    return str(element.findtext(name, "")).strip()
