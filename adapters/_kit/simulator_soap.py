"""The SOAP side of a simulated gateway: envelopes as JAX-WS writes them, strict on tokens.

String in, string out (reference 1.0): the parameter is unqualified, the answer may stand in another
namespace, prefixes are S: and ns0:.
"""

import base64
import binascii
import hashlib
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec
from lxml import etree

from adapters._kit.simulator_http import Answer

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
_OASIS = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-"
_WSSE = f"{{{_OASIS}wssecurity-secext-1.0.xsd}}"
_WSU = f"{{{_OASIS}wssecurity-utility-1.0.xsd}}"
_CREATED = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
_FRESH = 300.0
"""Seconds that a token may be old or ahead."""
XML = "text/xml; charset=utf-8"


class EnvelopeFault(Exception):  # noqa: N818 - it is what SOAP calls it
    """The request is answered with a fault of this code and text."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code, self.text = code, text


class Guard:
    """Judges WS-Security tokens; a nonce is taken once."""

    def __init__(self, username: str, password: str, clock: Callable[[], float] = time.time) -> None:
        self._username, self._password, self._clock = username, password, clock
        self._seen: dict[str, float] = {}
        self._expires = False

    def expire(self) -> None:
        """Call the next token expired, however fresh it is: as where the gateway's own clock was set."""
        self._expires = True

    def check(self, envelope: Any) -> None:
        """Raise a fault unless exactly one right, fresh token is there."""
        tokens = envelope.findall(f"{{{SOAP}}}Header/{_WSSE}Security/{_WSSE}UsernameToken")
        if len(tokens) != 1:
            raise EnvelopeFault("wsse:InvalidSecurity", f"{len(tokens)} tokens")
        (token,) = tokens
        if token.getparent().get(f"{{{SOAP}}}mustUnderstand") != "1" or not token.get(f"{_WSU}Id"):
            raise EnvelopeFault("wsse:InvalidSecurity", "mustUnderstand or wsu:Id is missing")
        created = token.findtext(f"{_WSU}Created", "")
        self._fresh(created)
        self._right(token, created)

    def _fresh(self, created: str) -> None:
        if not _CREATED.fullmatch(created):
            raise EnvelopeFault("wsse:InvalidSecurityToken", f"Created is {created}")
        expires, self._expires = self._expires, False
        at = datetime.strptime(created, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC).timestamp()
        if expires or abs(at - self._clock()) > _FRESH:
            raise EnvelopeFault("wsse:MessageExpired", f"Created is {created}")

    def _right(self, token: Any, created: str) -> None:
        password, nonce = token.find(f"{_WSSE}Password"), token.findtext(f"{_WSSE}Nonce", "")
        try:
            mark = base64.b64decode(nonce, validate=True)
        except binascii.Error:
            raise EnvelopeFault("wsse:InvalidSecurityToken", "the nonce is no Base64") from None
        digest = hashlib.sha1(
            mark + created.encode() + self._password.encode(), usedforsecurity=False
        ).digest()
        given = (token.findtext(f"{_WSSE}Username"), "" if password is None else password.text)
        if given != (self._username, base64.b64encode(digest).decode()):
            raise EnvelopeFault("wsse:FailedAuthentication", "user or password is wrong")
        if len(mark) < 16 or nonce in self._seen:
            raise EnvelopeFault("wsse:InvalidSecurityToken", "the nonce is too short or was used")
        now = self._clock()
        self._seen = {mark: at for mark, at in self._seen.items() if at > now - 2 * _FRESH} | {nonce: now}


class Wire(msgspec.Struct, frozen=True):
    """The names on the wire: operations, namespaces of question and answer, their parameters."""

    operations: tuple[str, ...]
    asked: str
    parameter: str
    told: str
    result: str


def opened(body: bytes, content_type: str, guard: Guard, wire: Wire) -> tuple[str, str]:
    """Return operation and text; raises `EnvelopeFault` for whatever is not as the contract says."""
    if content_type.partition(";")[0].strip() != "text/xml":
        raise EnvelopeFault("S:Client", f"Unsupported Content-Type: {content_type}")
    try:
        envelope = etree.fromstring(body, etree.XMLParser(resolve_entities=False, no_network=True))
    except etree.XMLSyntaxError as error:
        raise EnvelopeFault("S:Client", f"Couldn't create SOAP message: {error}") from None
    info: Any = envelope.getroottree().docinfo
    if envelope.tag != f"{{{SOAP}}}Envelope" or info.doctype:
        raise EnvelopeFault("S:VersionMismatch", "no SOAP 1.1 envelope")
    guard.check(envelope)
    body_element: Any = envelope.find(f"{{{SOAP}}}Body")
    content = [] if body_element is None else list(body_element)
    parts = [each.tag for each in content[0]] if content else []
    names = [etree.QName(each.tag) for each in content]
    known = [name.namespace == wire.asked and name.localname in wire.operations for name in names]
    if known != [True] or parts != [wire.parameter]:
        raise EnvelopeFault("S:Client", "Cannot find dispatch method")
    return names[0].localname, content[0][0].text or ""


def closed(operation: str, text: str, wire: Wire) -> Answer:
    """Answer an operation with a text, in CDATA as the gateway does."""
    envelope = etree.Element(f"{{{SOAP}}}Envelope", nsmap={"S": SOAP})
    body = etree.SubElement(envelope, f"{{{SOAP}}}Body")
    response = etree.SubElement(body, f"{{{wire.told}}}{operation}Response", nsmap={"ns0": wire.told})
    etree.SubElement(response, wire.result).text = etree.CDATA(text)
    return Answer(200, _written(envelope), content_type=XML)


def faulted(fault: EnvelopeFault) -> Answer:
    """Answer HTTP 500 with a fault."""
    envelope = etree.Element(f"{{{SOAP}}}Envelope", nsmap={"S": SOAP})
    body = etree.SubElement(envelope, f"{{{SOAP}}}Body")
    said = etree.SubElement(body, f"{{{SOAP}}}Fault")
    etree.SubElement(said, "faultcode").text = fault.code
    etree.SubElement(said, "faultstring").text = fault.text
    return Answer(500, _written(envelope), content_type=XML)


def _written(envelope: Any) -> bytes:
    return etree.tostring(envelope, xml_declaration=True, encoding="UTF-8")
