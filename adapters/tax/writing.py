"""What a province sends to the tax office: slips and answers to its questions. And what it asks.

Nothing is repeatable: the gateway keeps no request id, a slip filed twice is two. What was filed is askable
by dossier and number (truy vấn nghĩa vụ tài chính). Questions have no effect, so they may always be repeated.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from lxml import etree

from adapters._kit.soap_inner import error_of, unusable
from adapters._kit.wordings import Wording, meaning
from adapters._kit.xml import Element, XmlSchema
from adapters.tax.client import GipClient, clock_note
from adapters.tax.faults import Told
from adapters.tax.frame import FrameError
from adapters.tax.settings import Names, Types
from bus.errors import PermanentError
from bus.ports import Answer, Call, Deadline, Incoming, Sighting, Tree

DONE = ("done", "exists")


@dataclass(frozen=True, slots=True)
class Desk:
    """What the operations work with; `schemas` judge what is sent, by operation."""

    client: GipClient
    types: Types
    names: Names
    wordings: tuple[Wording, ...]
    schemas: Mapping[str, XmlSchema]


@dataclass(frozen=True, slots=True)
class Filing:
    """One kind of thing that is filed, by its schema."""

    schema: Literal["slip", "supplement_answer"]

    def word(self, types: Types) -> str:
        """Its MSG_TYPE in this installation."""
        return types.slip if self.schema == "slip" else types.supplement

    def file(self, desk: Desk, call: Call) -> Answer:
        """File it once; before a later attempt the gateway is asked whether it has it."""
        row = self._row(desk, call)
        if problems := desk.schemas[self.schema].problems(row):
            text = "The message is not what the tax office accepts; it was not sent."
            raise PermanentError(text, problems=problems)
        if call.attempt > 1 and self.is_there(desk, call).outcome == "done":
            return Answer(note="the tax office has this already")
        number = desk.client.message_id(call.request_id)
        answer = desk.client.say(row, self.word(desk.types), call.deadline, effect=True, message_id=number)
        if answer.means not in DONE:
            raise error_of(answer, effect=True)
        if not self._is_mine(desk, call.request, answer):
            raise unusable(FrameError(ANOTHER), answer.raw, effect=True)
        return Answer(raw=answer.raw, note=clock_note(answer))

    def is_there(self, desk: Desk, call: Call) -> Sighting:
        """Whether the gateway has it, by dossier and number [I]."""
        dossier, number = self._numbers(desk, call.request)
        asked = _asked(desk.types.filed, "", {desk.names.dossier: dossier, self._number(desk.names): number})
        answer = desk.client.say(asked, desk.types.filed, call.deadline, effect=False)
        return _seen(answer) if self._is_mine(desk, call.request, answer) else Sighting("cannot say")

    def _is_mine(self, desk: Desk, request: Element, answer: Told) -> bool:
        """Whether an answer that names a dossier and a number names these; some name none."""
        dossier, number = self._numbers(desk, request)
        named = {desk.names.dossier: dossier, self._number(desk.names): number}
        said = ((name, each.text or "") for name in named for each in answer.row.iter(name))
        return all(text.strip() in ("", named[name]) for name, text in said)

    def key(self, desk: Desk, row: Tree) -> str:
        """What it adds at the tax office."""
        return "|".join(self._numbers(desk, row))

    def _row(self, desk: Desk, call: Call) -> Element:
        """The request with the gateway's own block in front; the sheet knows nothing of message numbers."""
        row = etree.fromstring(etree.tostring(call.request))
        row.insert(0, _system(self.word(desk.types), desk.client.message_id(call.request_id)))
        return row

    def _number(self, names: Names) -> str:
        return names.slip_number if self.schema == "slip" else names.asked_number

    def _numbers(self, desk: Desk, row: Element) -> tuple[str, str]:
        """The dossier's number and its own."""
        at = f"{desk.names.slip}/" if self.schema == "slip" else ""
        dossier, number = (
            row.findtext(f"{at}{n}", "") for n in (desk.names.dossier, self._number(desk.names))
        )
        return str(dossier), str(number)


ANOTHER = "it is about another dossier"
SLIP = Filing("slip")
SUPPLEMENT = Filing("supplement_answer")


@dataclass(frozen=True, slots=True)
class LandQuestion:
    """A question about a dossier in the land gateway's own form: its answer is one row with a code."""

    kind: Literal["tax.notices", "tax.slip_papers"]
    word: Literal["notices", "scans"]

    def ask(self, desk: Desk, call: Call) -> Answer:
        """Ask; what is not there yet is no message."""
        word = getattr(desk.types, self.word)
        number = desk.client.message_id(call.request_id)
        row = etree.fromstring(etree.tostring(call.request))
        row.insert(0, _system(word, number))
        answer = well(desk.client.say(row, word, call.deadline, effect=False, message_id=number))
        if answer.means == "missing":
            return Answer(raw=answer.raw, note=clock_note(answer))
        if answer.row.find(desk.names.code) is None:
            raise unusable(FrameError(f"it holds no {desk.names.code}"), answer.raw, effect=False)
        _about(desk, call, answer)
        place = f"{word}/{answer.row.findtext(desk.names.dossier, '')}"
        told = without(answer.row, WIRE if self.word == "notices" else (*WIRE, *_judged(desk)))
        says = (incoming(self.kind, told, answer, place=place),)
        return Answer(raw=answer.raw, says=says, note=clock_note(answer))


NOTICES = LandQuestion("tax.notices", "notices")
SLIP_PAPERS = LandQuestion("tax.slip_papers", "scans")


@dataclass(frozen=True, slots=True)
class Enquiry:
    """One question that is about no dossier: its answer's name, the type that judges it, what it holds."""

    kind: Literal["tax.taxpayer", "tax.book", "tax.subsections"]
    word: Literal["taxpayer", "search", "dues", "registration", "personal", "subsections"]
    holds: Literal["taxpayer", "subsections"] = "taxpayer"

    def ask(self, desk: Desk, call: Call) -> Answer:
        """Ask; nobody, or nothing in the book, is no message.

        The dossier's number is ours: taken out of the question, put into what the answer says.
        """
        service, dossier = getattr(desk.types, self.word), call.request.findtext(desk.names.dossier, "")
        question = without(call.request, (desk.names.dossier,))
        answer = well(desk.client.say(question, service, call.deadline, effect=False))
        name = getattr(desk.names, self.holds)
        found = [one for row in answer.frame.rows for one in row.iterfind(name)]
        if not found and answer.means != "missing":
            raise unusable(FrameError(f"it holds no {name}"), answer.raw, effect=False)
        says = []
        for one in found:
            etree.SubElement(one, desk.names.dossier).text = dossier
            says.append(incoming(self.kind, one, answer, place=f"{service}/{dossier}"))
        return Answer(raw=answer.raw, says=tuple(says), note=clock_note(answer))


TAXPAYER = Enquiry("tax.taxpayer", "taxpayer")
SEARCH = Enquiry("tax.taxpayer", "search")
DUES = Enquiry("tax.book", "dues")
REGISTRATION = Enquiry("tax.book", "registration")
PERSONAL = Enquiry("tax.book", "personal")
SUBSECTIONS = Enquiry("tax.subsections", "subsections", "subsections")

WIRE = ("SYSTEM_INFO", "MSG_TYPE", "SEQ_ID", "SEQ_REFID", "ERROR_CODE", "ERROR_DESC")
"""What of a row is of the message, not of the dossier: the connector's, like SYSTEM_INFO on the way out."""


def query_obligation(desk: Desk, call: Call) -> Answer:
    """Ask for the land tax book of a dossier: what is owed, or what the tax office wants to know first.

    A state that the table calls missing is no message yet; any other goes to the sheet, which parks for a
    person what nobody has seen.
    """
    answer = _about(desk, call, asked_well(desk, call, desk.types.obligation))
    says: list[Incoming] = []
    for row in answer.frame.rows:
        says += _requests(desk, row, answer)
        book = row.find(desk.names.book)
        if book is None and not says and answer.code == "":
            raise unusable(FrameError(f"it holds no {desk.names.book}"), answer.raw, effect=False)
        if book is not None and not _nothing_yet(desk, book):
            says.append(incoming("tax.obligation", row, answer, place=_place(desk, row)))
    return Answer(raw=answer.raw, says=tuple(says), note=clock_note(answer))


def nobody(desk: Desk, code: str, deadline: Deadline) -> Told:
    """Ask for a slip that cannot be: shows way, account, signature and form of answers."""
    row = _asked(desk.types.filed, "", {desk.names.dossier: code, desk.names.slip_number: "0"})
    return desk.client.say(row, desk.types.filed, deadline, effect=False)


def asked_well(desk: Desk, call: Call, service: str) -> Told:
    """Ask what a sheet wrote; raises the error that an answer is which says neither done nor missing."""
    return well(desk.client.say(call.request, service, call.deadline, effect=False))


def _about(desk: Desk, call: Call, answer: Told) -> Told:
    """The answer, if it names no other dossier than the question: it would be taken for that one's."""
    asked = (call.request.findtext(f".//{desk.names.dossier}", ""), "")
    named = (each.text or "" for row in answer.frame.rows for each in row.iter(desk.names.dossier))
    if any(text.strip() not in asked for text in named):
        raise unusable(FrameError(ANOTHER), answer.raw, effect=False)
    return answer


def well(answer: Told) -> Told:
    """The answer to a question, if it is one; raises the error that it is otherwise."""
    if answer.code and answer.means not in ("done", "missing"):
        raise error_of(answer, effect=False)
    return answer


def _requests(desk: Desk, row: Element, answer: Told) -> list[Incoming]:
    """Requests for more (mẫu 01/CCTT-ĐĐTCQ) in an answer [I]; one has one number for ever."""
    names = desk.names
    return [
        incoming("tax.supplement_request", one, answer, key=joined(one, names.dossier, names.asked_number))
        for one in row.iterfind(names.asked)
    ]


def without(row: Element, names: Sequence[str]) -> Element:
    """A copy of a row without some of its elements."""
    copied = etree.fromstring(etree.tostring(row))
    for each in [each for each in copied if each.tag in names]:
        copied.remove(each)
    return copied


def _nothing_yet(desk: Desk, book: Element) -> bool:
    state, said = book.findtext(desk.names.state, "").strip(), book.findtext(desk.names.state_text, "")
    found = meaning(desk.wordings, desk.types.obligation, state, said)
    return found is not None and found.means == "missing"


def incoming(
    kind: str, tree: Element, answer: Told, *, key: str | None = None, place: str | None = None
) -> Incoming:
    """A message out of an answer; kept with the whole signed text that it came in."""
    return Incoming(kind, tree, answer.raw, key=key, place=place, media_type="application/xml")


def _place(desk: Desk, row: Element) -> str:
    """Where an answer stands in what is asked again and again: the same content there is the same message."""
    return f"{desk.types.obligation}/{row.findtext(f'.//{desk.names.dossier}', '')}"


def joined(element: Element, *names: str) -> str | None:
    """Some fields as one key; None where one of them is empty."""
    texts = [element.findtext(name, "").strip() for name in names]
    return "/".join(texts) if all(texts) else None


_SEEN: Mapping[str, Literal["done", "not there", "still working"]] = {
    "done": "done",
    "missing": "not there",
    "busy": "still working",
}


def _seen(answer: Told) -> Sighting:
    return Sighting(_SEEN.get(answer.means, "cannot say"))


def _asked(word: str, number: str, fields: Mapping[str, str]) -> Element:
    row = etree.Element("ROW")
    row.append(_system(word, number))
    for name, text in fields.items():
        etree.SubElement(row, name).text = text
    return row


def _judged(desk: Desk) -> tuple[str, ...]:
    """What the connector has judged of an answer about papers: its sheet has no state."""
    return (desk.names.code, desk.names.said, *_ANSWERED)


_ANSWERED = ("MA_CQT", "NGAY_TRA", "NGAYTRA", "NGUOI_TRA", "NGUOITRA")
"""Who answered and when; both spellings occur."""


def _system(word: str, number: str) -> Element:
    block = etree.Element("SYSTEM_INFO")
    for name, text in (("MSG_TYPE", word), ("SEQ_ID", number), ("SEQ_REFID", ""), ("ERROR_NOTE", "")):
        etree.SubElement(block, name).text = text or None
    return block
