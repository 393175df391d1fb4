"""The WS-Security UsernameToken of a call, fresh for each: SHA-1 digest of nonce, time and password.

The shape is that of the GIP's known clients (reference 1.2d, 2.5): mustUnderstand, wsu:Id, Created in UTC
with milliseconds and Z. zeep's own token has none of the three and relabels local times.
"""

import base64
import hashlib
import os
import uuid
from datetime import UTC, datetime
from typing import Any

from lxml import etree

from bus.settings import Secret

_OASIS = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-"
WSSE = f"{_OASIS}wssecurity-secext-1.0.xsd"
WSU = f"{_OASIS}wssecurity-utility-1.0.xsd"
_DIGEST = f"{_OASIS}username-token-profile-1.0#PasswordDigest"
_BASE64 = f"{_OASIS}soap-message-security-1.0#Base64Binary"


class UsernameToken:
    """Puts a token into an envelope (zeep's `wsse`); keeps no state of a call, so threads may share it."""

    def __init__(self, username: str, password: Secret) -> None:
        self._username = username
        self._password = password

    def apply(self, envelope: Any, headers: dict[str, str]) -> tuple[Any, dict[str, str]]:
        """Add the header; the envelope must be a new one, for a second token would stand beside the first."""
        soap = etree.QName(envelope).namespace
        header = envelope.find(f"{{{soap}}}Header")
        if header is None:
            header = etree.Element(f"{{{soap}}}Header")
            envelope.insert(0, header)
        security = etree.SubElement(header, f"{{{WSSE}}}Security", nsmap={"wsse": WSSE, "wsu": WSU})
        security.set(f"{{{soap}}}mustUnderstand", "1")
        self._fill(etree.SubElement(security, f"{{{WSSE}}}UsernameToken"))
        return envelope, headers

    def verify(self, _envelope: Any) -> None:
        """Answers carry no token."""

    def _fill(self, token: Any) -> None:
        nonce = os.urandom(16)
        created = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        secret = self._password.reveal().encode()
        digest = hashlib.sha1(nonce + created.encode() + secret, usedforsecurity=False).digest()
        token.set(f"{{{WSU}}}Id", f"UsernameToken-{uuid.uuid4()}")
        etree.SubElement(token, f"{{{WSSE}}}Username").text = self._username
        password = etree.SubElement(token, f"{{{WSSE}}}Password", Type=_DIGEST)
        password.text = base64.b64encode(digest).decode()
        mark = etree.SubElement(token, f"{{{WSSE}}}Nonce", EncodingType=_BASE64)
        mark.text = base64.b64encode(nonce).decode()
        etree.SubElement(token, f"{{{WSU}}}Created").text = created
