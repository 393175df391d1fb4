"""Sending documents and statuses: the tree that a sheet wrote becomes a package, signed and sent once.

The axis keeps no request id of ours. It may refuse a document whose id it has (reference 4); its list of what
we sent shows sign and title, by which an unknown outcome is looked up as far as the installation trusts it.
"""

import copy
import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from lxml import etree

from adapters.ioffice.edxml.names import STATUS_CODES, q
from adapters.ioffice.outgoing import Axis
from adapters.ioffice.settings import IOfficeSettings
from bus.errors import PermanentError
from bus.ports import Answer, Call, Sighting, Tree

_ICT = timezone(timedelta(hours=7))
_SENT = re.compile(r"[^,]+,(\d{4}/\d{2}/\d{2}),([^,]+)/([0-9A-Z]+(?:\.[0-9A-Z]+)*)")
"""An id that `identified` made: sender, day, sign and one recipient."""
_BUSINESS = f"{q('TraceHeaderList')}/{q('Bussiness')}"


@dataclass(frozen=True, slots=True)
class Desk:
    """What the sending operations work with."""

    settings: IOfficeSettings
    client: Axis
    now: Callable[[], datetime] = lambda: datetime.now(_ICT)

    def send_document(self, call: Call) -> Answer:
        """Send a document, or a dossier as one; our own trace is the last hop."""
        tree = identified(call.request)
        _trace(tree, self.now())
        return self._send("edoc", tree, _recipients(tree), call)

    def update_dossier(self, call: Call) -> Answer:
        """Send a dossier that has been sent again as it is now (business type 2): the same document."""
        return self._changed(updated(_as_sent(call)), call)

    def replace_dossier(self, call: Call) -> Answer:
        """Send a dossier in the place of the document that it went out as (type 3), by an id of its own."""
        return self._changed(replaced(_as_sent(call)), call)

    def revoke_dossier(self, call: Call) -> Answer:
        """Revoke a dossier that was sent (type 1): nobody is asked, who has it is told."""
        return self._changed(revoked(_as_sent(call)), call)

    def _changed(self, tree: Any, call: Call) -> Answer:
        _trace(tree, self.now())
        return self._send("edoc", tree, _recipients(tree), call)

    def send_status(self, call: Call) -> Answer:
        """Send a status to the side that it is about."""
        _known_code(call.request)
        return self._send(
            "status", call.request, [_text(call.request, "MessageHeader/ResponseFor/OrganId")], call
        )

    def ask_back(self, call: Call) -> Answer:
        """Ask the recipient of a dossier to give it back (13); 15 or 16 comes as a status of its own.

        It is asked by the code under which it was sent to it, whatever it is called by now.
        """
        tree = named(call.request, call.tie)
        message = tree.find(q("MessageHeader"))
        etree.SubElement(message, q("Timestamp")).text = f"{self.now().astimezone(_ICT):%Y/%m/%d %H:%M:%S}"
        return self._send("status", tree, [_text(message, "ResponseFor/OrganId")], call)

    def answer_ask_back(self, call: Call) -> Answer:
        """Answer who asks a document back: 15 or 16, as a person has written it into the request.

        Raises `PermanentError` while nobody has: then it is for a person.
        """
        tree = copy.deepcopy(call.request)
        message = tree.find(q("MessageHeader"))
        if _text(message, "StatusCode") not in ("15", "16"):
            problem = "MessageHeader/StatusCode: 15 đồng ý trả lại, 16 không đồng ý (agrees, does not agree)"
            text = "A document that was sent on is asked back: write 15 or 16 into the request."
            raise PermanentError(text, code="asked back", problems=(problem,))
        etree.SubElement(message, q("Timestamp")).text = f"{self.now().astimezone(_ICT):%Y/%m/%d %H:%M:%S}"
        return self._send("status", tree, [_text(message, "ResponseFor/OrganId")], call)

    def document_is_there(self, call: Call) -> Sighting:
        """Look a new document up among those we sent, by sign, title, sender and recipient (5.1).

        Others cannot be told apart: an update has the sign and title of what it updates.
        """
        tree = identified(call.request)
        if _text(tree, "TraceHeaderList/Bussiness/BussinessDocType") not in ("", "0"):
            return Sighting("cannot say")
        rows = self.client.sent("edoc", call.deadline)
        shown = [row for row in rows if _shows(row, tree)]
        to = _recipients(tree)
        found = [row for row in shown if str(row.get("toCode") or "").strip() in to]
        if found:
            return Sighting("done", Answer(note=f"docId {found[0].get('senderDocId', '')}"))
        told = all(row.get("toCode") for row in shown)
        return Sighting("not there" if self.settings.sent_list == "complete" and told else "cannot say")

    def _send(self, kind: str, tree: Tree, to: list[str], call: Call) -> Answer:
        sender = _text(tree, "MessageHeader/From/OrganId")
        if self.settings.units and sender not in self.settings.units:
            problem = f"MessageHeader/From/OrganId: {sender} is none of our units"
            raise PermanentError("The sender is none of the connector's units.", problems=(problem,))
        sent = self.client.send(kind, sender, [each for each in to if each], tree, call.deadline)
        if sent.existed:
            return _existed(sent.raw, call)
        return Answer(raw=sent.raw, note=f"docId {sent.axis_id}")


def _known_code(tree: Tree) -> None:
    code = _text(tree, "MessageHeader/StatusCode")
    if code not in STATUS_CODES:
        problem = f"MessageHeader/StatusCode: {code} is no status code"
        raise PermanentError("The status is none of the standard's; it was not sent.", problems=(problem,))


def _existed(raw: bytes, call: Call) -> Answer:
    """A document that is there already is our own where we had sent it before; else somebody has to look."""
    if call.attempt > 1:
        return Answer(raw=raw, note="the axis has this document already, from an earlier attempt")
    text = "The axis has a document of this id already, which this delivery did not send."
    raise PermanentError(text, code="exists", answer=raw)


def identified(tree: Tree) -> Any:
    """Copy a document; one without a DocumentId gets OrganId,day,number/notation/recipient.

    A dossier that is handed on is a document of its own for each agency: the axis has an id once (4).
    """
    made = _numbered(tree)
    message = made.find(q("MessageHeader"))
    if message is not None and not _text(message, "DocumentId"):
        for empty in message.findall(q("DocumentId")):
            message.remove(empty)
        organ, day = _text(message, "From/OrganId"), _text(message, "PromulgationInfo/PromulgationDate")
        to = "".join(f"/{each}" for each in _recipients(made))
        etree.SubElement(message, q("DocumentId")).text = f"{organ},{day},{_sign(message)}{to}"
    return made


def _numbered(tree: Tree) -> Any:
    """Copy a document; the second to one agency on one day has that in its sign.

    Receivers know documents and their statuses by sender and sign (reference 3), not by id alone.
    """
    made = copy.deepcopy(tree)
    if nth := made.attrib.pop("transfer", ""):
        notation = made.find(f"{q('MessageHeader')}/{q('Code')}/{q('CodeNotation')}")
        notation.text = f"{notation.text} ({nth})"
    return made


def _as_sent(call: Call) -> Any:
    """Copy what is said of a document that the leg has sent: under the id that it was sent under."""
    made = _numbered(call.request)
    if call.tie and (message := made.find(q("MessageHeader"))) is not None:
        _set(message, "DocumentId", call.tie)
    return made


def updated(tree: Tree) -> Any:
    """Make a dossier's document an update of the one that was sent: what changed is its content (4)."""
    made, known = _of_business(tree, "2")
    business = made.find(_BUSINESS)
    _set(business, "DocumentId", known)
    changed = etree.SubElement(business, q("BussinessDocumentInfo"))
    etree.SubElement(changed, q("DocumentInfo")).text = "1"
    etree.SubElement(changed, q("DocumentReceiver")).text = "0"
    return made


def replaced(tree: Tree) -> Any:
    """Make a dossier's document take the place of the one that was sent; the same content has the same id."""
    made, known = _of_business(tree, "3")
    _set(made.find(q("MessageHeader")), "DocumentId", f"{known}/{_digest(made)[:8]}")
    path = ("ReplacementInfoList", "ReplacementInfo")
    info = made.find(_BUSINESS)
    for step in path:
        info = etree.SubElement(info, q(step))
    etree.SubElement(info, q("DocumentId")).text = known
    agencies = etree.SubElement(info, q("OrganIdList"))
    for each in _recipients(made):
        etree.SubElement(agencies, q("OrganId")).text = each
    return made


def revoked(tree: Tree) -> Any:
    """Make a dossier's document the word that the one sent is revoked."""
    made, _ = _of_business(tree, "1")
    _set(made.find(_BUSINESS), "BussinessDocReason", "Thu hồi hồ sơ đã gửi")
    return made


def _of_business(tree: Tree, kind: str) -> tuple[Any, str]:
    """Copy a document with a business type (reference 4), and the id that it was sent under."""
    made = identified(tree)
    traces = made.find(q("TraceHeaderList"))
    if traces is None:
        traces = etree.SubElement(made, q("TraceHeaderList"))
    business = traces.find(q("Bussiness"))
    _set(etree.SubElement(traces, q("Bussiness")) if business is None else business, "BussinessDocType", kind)
    return made, _text(made, "MessageHeader/DocumentId")


def _set(element: Any, name: str, text: str) -> None:
    found = element.find(q(name))
    (etree.SubElement(element, q(name)) if found is None else found).text = text


def _digest(tree: Any) -> str:
    return hashlib.sha256(etree.tostring(tree, method="c14n")).hexdigest()


def named(tree: Tree, tie: str = "") -> Any:
    """Copy a status about a dossier that was sent as a document, with the id that `identified` gave that.

    `tie` is that id, where it is known: then day, sign and recipient are those of the sending.
    """
    made = copy.deepcopy(tree)
    answered = made.find(f"{q('MessageHeader')}/{q('ResponseFor')}")
    if nth := made.attrib.pop("transfer", ""):
        _set(answered, "Code", f"{_text(answered, 'Code')} ({nth})")
    if sent := _SENT.fullmatch(tie):
        for name, text in zip(("PromulgationDate", "Code", "OrganId"), sent.groups(), strict=True):
            _set(answered, name, text)
        etree.SubElement(answered, q("DocumentId")).text = tie
        return made
    organ, day = _text(made, "MessageHeader/From/OrganId"), _text(answered, "PromulgationDate")
    known = f"{organ},{day},{_text(answered, 'Code')}/{_text(answered, 'OrganId')}"
    etree.SubElement(answered, q("DocumentId")).text = known
    return made


def ask_back_key(tree: Tree) -> str:
    """Name an asking back by document and recipient: it is asked for once."""
    return status_key(named(tree))


def document_key(tree: Tree) -> str:
    """Name a document by its id; what changes one is named by all that it says, for it may come again."""
    made = identified(tree)
    known = _text(made, "MessageHeader/DocumentId")
    kind = _text(made, "TraceHeaderList/Bussiness/BussinessDocType") or "0"
    if kind == "0":
        return known
    return f"{known}#{kind}#{_digest(made)[:16]}"


def update_key(tree: Tree) -> str:
    """Name an update by all that it says."""
    return document_key(updated(tree))


def replacement_key(tree: Tree) -> str:
    """Name a replacement by its own document: answers will name that."""
    return _text(replaced(tree), "MessageHeader/DocumentId")


def revocation_key(tree: Tree) -> str:
    """Name a revocation by its document: it is told once."""
    return f"{_text(revoked(tree), 'MessageHeader/DocumentId')}#1"


def status_key(tree: Tree) -> str:
    """Name a status by document, recipient, code and time: 05 may come again."""
    steps = ("ResponseFor/DocumentId", "ResponseFor/OrganId", "StatusCode", "Timestamp")
    return "#".join(_text(tree, f"MessageHeader/{step}") for step in steps)


def _trace(tree: Any, now: datetime) -> None:
    """Append our hop, as every system that a document passes does (reference 1.5)."""
    traces = tree.find(q("TraceHeaderList"))
    if traces is None:
        traces = etree.SubElement(tree, q("TraceHeaderList"))
    hop = etree.SubElement(traces, q("TraceHeader"))
    etree.SubElement(hop, q("OrganId")).text = _text(tree, "MessageHeader/From/OrganId")
    etree.SubElement(hop, q("Timestamp")).text = f"{now.astimezone(_ICT):%Y/%m/%d %H:%M:%S}"


def _shows(row: Mapping[str, Any], tree: Any) -> bool:
    message = tree.find(q("MessageHeader"))
    wanted = (_text(message, "From/OrganId"), _sign(message), _text(message, "Subject"))
    return wanted == tuple(str(row.get(name) or "").strip() for name in ("fromCode", "notation", "title"))


def _recipients(tree: Any) -> list[str]:
    return [_text(each, "OrganId") for each in tree.findall(f"{q('MessageHeader')}/{q('To')}")]


def _sign(message: Any) -> str:
    return f"{_text(message, 'Code/CodeNumber')}/{_text(message, 'Code/CodeNotation')}"


def _text(element: Any, path: str) -> str:
    return (element.findtext("/".join(map(q, path.split("/")))) or "").strip()
