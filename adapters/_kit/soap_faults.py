"""What a SOAP answer means before zeep reads it, and what zeep's own exceptions mean.

A fault's code does not tell a business "no" from a crash: JAX-WS puts both under Server (reference 2.3).
So the peer's table of wordings is asked first; then what SOAP and WS-Security themselves say of a code.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import zeep.exceptions as z
from lxml import etree
from zeep.xsd import All, Element
from zeep.xsd import Sequence as Sequence_
from zeep.xsd.valueobjects import CompoundValue

from adapters._kit.faults import Fault
from adapters._kit.http import Reply, failed
from adapters._kit.soap_token import WSSE
from adapters._kit.wordings import Wording, meaning
from adapters._kit.xml import Element as XmlElement
from adapters._kit.xml import XmlError, parse
from bus.errors import DeliveryError, PermanentError, RefusedByPeerError, TransientError
from bus.redaction import redacted

SOAP_11 = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP_12 = "http://www.w3.org/2003/05/soap-envelope"
_MEDIA = frozenset({"", "text/xml", "application/soap+xml", "application/xml"})
_NOT_APPLIED = frozenset({401, 405, 407, 413, 415})
"""RFC 9110: the request was not applied, for the gate did not let it in."""
_OUR_MISTAKE = frozenset({"client", "sender", "mustunderstand", "versionmismatch", "dataencodingunknown"})
"""SOAP 1.1 section 4.4.1: not processed, and not to be sent again without a change."""
_ACCOUNT = frozenset(
    {
        "failedauthentication", "invalidsecurity", "invalidsecuritytoken", "failedcheck",
        "securitytokenunavailable", "unsupportedsecuritytoken", "unsupportedalgorithm", "messageexpired",
    }
)  # fmt: skip
"""Web Services Security 1.1, section 12: the header was not accepted, so the body was not looked at."""

_UNDERSTOOD = frozenset({WSSE, "http://www.w3.org/2005/08/addressing"})
"""What servers put on their answers and mark so: a time, a signature over what TLS carried, addresses."""

_BROKEN = Fault("The peer's answer breaks its contract.", "peer")
_OURS = Fault("The request does not fit the peer's contract; the connector or the WSDL is wrong.", "ours")
_WSDL = Fault("The contract (WSDL) cannot be used as it stands.", "ours")
_FORBIDDEN = Fault("The peer's answer holds a document type or entities, which are never taken.", "peer")
_SAID = Fault("The peer answered with a SOAP fault.", "peer")

ZEEP_FAULTS: Mapping[type[BaseException], Fault] = {
    z.Error: _BROKEN,
    z.XMLSyntaxError: _BROKEN,
    z.XMLParseError: _BROKEN,
    z.UnexpectedElementError: _BROKEN,
    z.TransportError: _BROKEN,
    z.IncompleteMessage: _WSDL,
    z.IncompleteOperation: _WSDL,
    z.WsdlSyntaxError: _WSDL,
    z.LookupError: _WSDL,
    z.NamespaceError: _WSDL,
    z.Fault: _SAID,
    z.ValidationError: _OURS,
    z.SignatureVerificationFailed: Fault("The signature of the peer's answer is not right.", "peer"),
    z.DTDForbidden: _FORBIDDEN,
    z.EntitiesForbidden: _FORBIDDEN,
    z.ExternalReferenceForbidden: _FORBIDDEN,
    # what zeep lets through from below or raises bare
    etree.LxmlError: _BROKEN,
    ValueError: _BROKEN,
    TypeError: _BROKEN,
    AttributeError: _BROKEN,
    LookupError: _BROKEN,
    ArithmeticError: _BROKEN,
    NotImplementedError: _BROKEN,
    RuntimeError: _BROKEN,
    AssertionError: _BROKEN,
}
"""What zeep may raise, and who has to look. Before anything was sent it is always our own mistake."""
RAISED = tuple(ZEEP_FAULTS)


def zeep_error(error: BaseException, reply: Reply | None, *, effect: bool) -> DeliveryError:
    """Turn an exception of zeep into our error; `reply` is None where nothing was sent."""
    fault = next(ZEEP_FAULTS[kind] for kind in type(error).__mro__ if kind in ZEEP_FAULTS)
    path = ".".join(map(str, getattr(error, "path", ())))
    name = f"{type(error).__name__} at {path}" if path else type(error).__name__
    if reply is None:
        return PermanentError(_OURS.text, problems=(name,))
    return failed(f"{fault.text} ({name})", reply, effect=effect, code="contract")


@dataclass(frozen=True, slots=True)
class SoapFault:
    """A fault as the peer said it; `code` without its prefix, `detail` the names and texts of its detail."""

    code: str
    text: str
    detail: str


def judged(
    reply: Reply, wordings: Sequence[Wording], operation: str, *, namespace: str, effect: bool
) -> XmlElement:
    """Return what stands in the Body of a good answer, or raise the error that the answer is."""
    if reply.status in _NOT_APPLIED:
        text = f"The peer did not let the call in: HTTP {reply.status}. Check account, address and size."
        raise TransientError(text, code=f"HTTP {reply.status}", answer=reply.body)
    if reply.status not in (200, 500):
        raise failed(f"The peer's answer is HTTP {reply.status}, no SOAP.", reply, effect=effect)
    body = _body(reply, effect=effect)
    fault = body.find(f"{{{etree.QName(body).namespace}}}Fault")
    if fault is not None:
        raise fault_error(read_fault(fault), reply, wordings, operation, effect=effect)
    if reply.status != 200:
        raise failed("The peer answers HTTP 500 without a fault.", reply, effect=effect)
    if etree.QName(body).namespace != namespace:
        raise failed("The peer answers in another version of SOAP than its contract.", reply, effect=effect)
    if len(body) != 1:
        raise failed("The peer's answer has no content.", reply, effect=effect, code="contract")
    return body[0]


def _body(reply: Reply, *, effect: bool) -> XmlElement:
    media = reply.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not reply.body.strip() or media not in _MEDIA:
        what = f"is {media or 'of no kind'}, no SOAP" if reply.body.strip() else "is empty"
        raise failed(f"The peer's answer (HTTP {reply.status}) {what}.", reply, effect=effect)
    try:
        envelope = parse(reply.body)
    except XmlError as error:
        raise failed(f"The peer's answer is {error}.", reply, effect=effect, code="contract") from None
    name = etree.QName(envelope)
    if name.localname != "Envelope" or name.namespace not in (SOAP_11, SOAP_12):
        raise failed("The peer's answer is XML, but no SOAP.", reply, effect=effect, code="contract")
    parts = list(envelope.iterchildren("*"))
    head, body = (f"{{{name.namespace}}}{part}" for part in ("Header", "Body"))
    if [each.tag for each in parts] not in ([body], [head, body]):
        raise failed("The peer's answer is no envelope with one body.", reply, effect=effect, code="contract")
    if len(parts) > 1 and (unknown := _not_understood(parts[0])):
        text = f"The peer's answer has a header that must be understood: {unknown}."
        raise failed(text, reply, effect=effect, code="contract")
    return parts[-1]


def _not_understood(head: XmlElement) -> str:
    """The first header that we would have to understand (SOAP 1.1 section 4.2.3); "" where there is none."""
    must = f"{{{etree.QName(head).namespace}}}mustUnderstand"
    strange = (each for each in head.iterchildren("*") if each.get(must, "0").strip() in ("1", "true"))
    names = (etree.QName(each) for each in strange)
    return next((name.localname for name in names if name.namespace not in _UNDERSTOOD), "")


def read_fault(fault: XmlElement) -> SoapFault:
    """Read a fault of either SOAP by local names: some servers mix the two forms (reference 2.3)."""
    found: dict[str, list[str]] = {}
    for each in fault.iter():
        name = etree.QName(each).localname if isinstance(each.tag, str) else ""
        found.setdefault(name, []).append((each.text or "").strip())
    codes = [*found.get("faultcode", ()), *found.get("Value", ())]
    texts = [*found.get("faultstring", ()), *found.get("Text", ())]
    detail = next((each for each in fault if etree.QName(each).localname.lower() == "detail"), None)
    return SoapFault(_innermost(codes), " ".join(texts), _words(detail))


def _innermost(codes: Sequence[str]) -> str:
    """The last code is the most precise one: SOAP 1.2 has subcodes inside."""
    return next((code.rpartition(":")[2] for code in reversed(codes) if code), "")


def _words(detail: XmlElement | None) -> str:
    if detail is None:
        return ""
    parts = ((etree.QName(each).localname, (each.text or "").strip()) for each in detail.iterdescendants("*"))
    return " ".join(part for pair in parts for part in pair if part)


def fault_error(
    fault: SoapFault, reply: Reply, wordings: Sequence[Wording], operation: str, *, effect: bool
) -> DeliveryError:
    """Turn a fault into our error: by the peer's table first, then by what the standards say of its code."""
    said = redacted(fault.text or fault.detail or "nothing")[:500]
    code = fault.code or "fault"
    wording = meaning(wordings, operation, code, f"{fault.text} {fault.detail}")
    if wording is not None:
        return by_wording(wording, said, code, reply, effect=effect)
    kind = fault.code.partition(".")[0].lower()
    text = f"The peer's fault {code}: {said}"
    if kind in _ACCOUNT or fault.code.lower() in _ACCOUNT:
        return TransientError(f"{text}. Check the account and the clock.", code=code, answer=reply.body)
    if kind in _OUR_MISTAKE:
        return PermanentError(text, code=code, answer=reply.body, problems=(said,))
    return failed(text, reply, effect=effect, code=code)


def by_wording(wording: Wording, said: str, code: str, reply: Reply, *, effect: bool) -> DeliveryError:
    """Turn a line of the peer's table, and what it said, into our error."""
    text = f"{wording.sentence} The peer says: {said}"
    match wording.means:
        case "refused":
            return RefusedByPeerError(text, reason=said, code=code, answer=reply.body)
        case "invalid":
            return PermanentError(text, code=code, answer=reply.body, problems=(said,))
        case "busy" | "session" | "missing" | "exists":
            down = wording.means in ("busy", "session")
            return TransientError(text, code=code, answer=reply.body, peer_down=down)
    return failed(text, reply, effect=effect, code=code)


def nothing_in(value: Any, kind: Any, at: str = "the answer") -> tuple[str, ...]:
    """Name every required value that zeep gave as None: unread is not success (reference 2.4).

    `kind` is zeep's type of the value. Branches of a choice are left to the contract's schema.
    """
    if value is None:
        return (f"{at}: has no value",)
    if isinstance(value, list):
        return tuple(one for each in value for one in nothing_in(each, kind, at))
    if not isinstance(value, CompoundValue):
        return ()
    found: list[str] = []
    for group in (group for _, group in getattr(kind, "elements_nested", ())):
        for element in _required(group):
            found += nothing_in(value[element.attr_name], element.type, f"{at}/{element.attr_name}")
    return tuple(found)


def _required(group: Any) -> Iterator[Any]:
    if isinstance(group, Element) and group.min_occurs and not group.nillable:
        yield group
    elif isinstance(group, Sequence_ | All) and group.min_occurs:
        for each in group:
            yield from _required(each)
