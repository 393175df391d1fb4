"""What a province hands in at the insurance authority, and what it asks.

Nothing is repeatable: a request handed in twice is two. Every request is askable by the dossier's number and
our own (MaGiaoDich). Questions have no effect, so they may always be repeated.
"""

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from lxml import etree

from adapters._kit.soap_inner import error_of, unusable
from adapters._kit.wordings import Wording, meaning
from adapters._kit.xml import Element
from adapters.insurance.client import InsuranceClient
from adapters.insurance.faults import Told
from adapters.insurance.filing import Filer, transaction
from adapters.insurance.settings import InsuranceSettings, Names
from bus.ports import Answer, Call, Deadline, Incoming, Sighting, Tree

_DONE = ("done", "exists")
_XML = "application/xml"
Shows = Callable[[Element], bool]
"""Whether a file shows that a request took effect."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What the operations work with."""

    client: InsuranceClient
    wordings: tuple[Wording, ...]
    settings: InsuranceSettings
    cards: Filer
    files: Filer

    @property
    def names(self) -> Names:
        """How elements are spelled inside the strings."""
        return self.settings.names

    def ask(self, service: str, content: Element, deadline: Deadline) -> Told:
        """Ask without effect; an answer that is neither good nor "not there" is raised."""
        answer = self.client.say(service, content, deadline, effect=False)
        if answer.means not in ("done", "missing"):
            raise error_of(answer, effect=False)
        return answer

    def listed(self, number: str, deadline: Deadline) -> tuple[Told, list[Element]]:
        """All files of a dossier as the authority shows them."""
        content = etree.Element(self.names.question)
        etree.SubElement(content, self.names.dossier).text = number
        answer = self.ask("query", content, deadline)
        files = answer.root.findall(self.names.file)
        if any(file.findtext(self.names.dossier, number).strip() not in ("", number) for file in files):
            raise unusable("it is about another dossier", answer.raw, effect=False)
        return answer, files


def request_card(desk: Desk, call: Call) -> Answer:
    """Hand in the request for a child's card; its result comes later (`query_card`)."""
    return _hand_in(desk, desk.cards, call)


def submit_file(desk: Desk, call: Call) -> Answer:
    """Hand in an insurance file; its result comes later (`query_file`)."""
    return _hand_in(desk, desk.files, call)


def _hand_in(desk: Desk, filer: Filer, call: Call) -> Answer:
    file = filer.file(call.request, call.request_id)
    if call.attempt > 1 and was_handed_in(desk, call).outcome == "done":
        return Answer(note="the authority has this already")
    return _written(desk.client.say("submit", file, call.deadline, effect=True))


def was_handed_in(desk: Desk, call: Call) -> Sighting:
    """Whether a file of this dossier carries our request's number [I]."""
    number = call.request.findtext("NoiDung/ThongTinHoSo/MaHoSo", "")
    ours, name = transaction(call.request_id), desk.names.transaction
    return _sighted(desk, call, number, lambda file: file.findtext(name) == ours)


def file_key(tree: Tree) -> str:
    """What a file adds: one of a procedure for a dossier."""
    head = "NoiDung/ThongTinHoSo"
    return f"{tree.findtext(f'{head}/MaHoSo', '')}|{tree.findtext(f'{head}/MaThuTuc', '')}"


def add_supplement(desk: Desk, call: Call) -> Answer:
    """Hand in what was asked for, under the number of the question."""
    if call.attempt > 1 and supplement_is_there(desk, call).outcome == "done":
        return Answer(note="the authority has this already")
    return _written(desk.client.say("supplement", _numbered(desk, call), call.deadline, effect=True))


def supplement_is_there(desk: Desk, call: Call) -> Sighting:
    """Whether a file of this dossier shows the question as answered [I]."""
    asked = call.request.findtext(desk.names.asked_number, "")
    answered = desk.names.answered
    return _sighted(
        desk, call, _number(desk, call), lambda file: asked in [each.text for each in file.findall(answered)]
    )


def supplement_key(desk: Desk, tree: Tree) -> str:
    """What a supplement adds."""
    return f"{tree.findtext(desk.names.dossier, '')}|{tree.findtext(desk.names.asked_number, '')}"


def cancel_card(desk: Desk, call: Call) -> Answer:
    """Withdraw a dossier's request; it stays withdrawn however often that is asked."""
    return _written(desk.client.say("cancel", _numbered(desk, call), call.deadline, effect=True))


def is_cancelled(desk: Desk, call: Call) -> Sighting:
    """Whether all files of the dossier are withdrawn or ended."""
    _, files = desk.listed(_number(desk, call), call.deadline)
    ended = all(file.findtext(desk.names.state, "").strip() in desk.settings.over for file in files)
    return Sighting("done" if ended else "not there")


def query_card(desk: Desk, call: Call) -> Answer:
    """Ask what became of a request for a card."""
    return _became(desk, call, "insurance.card_result")


def query_file(desk: Desk, call: Call) -> Answer:
    """Ask what became of an insurance file."""
    return _became(desk, call, "insurance.file_result")


def check_card(desk: Desk, call: Call) -> Answer:
    """Ask whether a card is good: maKetQua below 200 but the failures is the answer, whatever it says."""
    answer = desk.client.say("check_card", _without_number(desk, call), call.deadline, effect=False)
    if answer.wording is not None and answer.means != "done":
        raise error_of(answer, effect=False)
    tree = _with_number(desk, answer.root, call)
    says = Incoming(
        "insurance.card_check", tree, answer.raw, place=f"the/{_number(desk, call)}", media_type=_XML
    )
    return Answer(raw=answer.raw, says=(says,))


def find_participant(desk: Desk, call: Call) -> Answer:
    """Ask who is insured by what is known of a person; nobody is no message."""
    answer = desk.ask("participant", _without_number(desk, call), call.deadline)
    says = tuple(
        Incoming(
            "insurance.participant",
            _with_number(desk, each, call),
            answer.raw,
            place=f"nguoiThamGia/{_number(desk, call)}",
            media_type=_XML,
        )
        for each in answer.root.findall(desk.names.participant)
    )
    return Answer(raw=answer.raw, says=says)


def nobody(desk: Desk, number: str, deadline: Deadline) -> Told:
    """Ask for a dossier that cannot be: shows way, account and form of answers."""
    return desk.listed(number, deadline)[0]


def _became(desk: Desk, call: Call, kind: str) -> Answer:
    answer, files = desk.listed(_number(desk, call), call.deadline)
    says = [one for file in files for one in _news(desk, file, answer, kind)]
    return Answer(raw=answer.raw, says=tuple(says))


def _news(desk: Desk, file: Element, answer: Told, kind: str) -> Iterator[Incoming]:
    """What a file tells: its open question, its end. A state that the table knows tells nothing yet.

    One that nobody has seen goes to the sheet, which parks it for a person.
    """
    names = desk.names
    number, state = file.findtext(names.file_number, ""), file.findtext(names.state, "").strip()
    for asked in file.findall(names.asked):
        key = f"{number}/{asked.findtext(names.asked_number, '')}"
        yield Incoming("insurance.supplement_request", asked, answer.raw, key=key, media_type=_XML)
    if meaning(desk.wordings, "state", state, "") is None:
        yield Incoming(kind, file, answer.raw, place=f"hoSo/{number}", media_type=_XML)


def _sighted(desk: Desk, call: Call, number: str, shows: Shows) -> Sighting:
    _, files = desk.listed(number, call.deadline)
    return Sighting("done" if any(shows(file) for file in files) else "not there")


def _written(answer: Told) -> Answer:
    if answer.means not in _DONE:
        raise error_of(answer, effect=True)
    return Answer(raw=answer.raw)


def _numbered(desk: Desk, call: Call) -> Element:
    content = copy.deepcopy(call.request)
    etree.SubElement(content, desk.names.transaction).text = transaction(call.request_id)
    return content


def _number(desk: Desk, call: Call) -> str:
    return str(call.request.findtext(desk.names.dossier, ""))


def _without_number(desk: Desk, call: Call) -> Element:
    """The question without the dossier's number: it is ours, for the answer; the authority's has none."""
    content = copy.deepcopy(call.request)
    for each in content.findall(desk.names.dossier):
        content.remove(each)
    return content


def _with_number(desk: Desk, element: Element, call: Call) -> Element:
    """The answer with the number of the dossier that asked."""
    told = copy.deepcopy(element)
    found = etree.Element(desk.names.dossier)
    found.text = _number(desk, call)
    told.insert(0, found)
    return told
