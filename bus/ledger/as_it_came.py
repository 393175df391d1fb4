"""The digest of a message as its sender sent it, told from what is kept of it. Pure."""

import hashlib
import re

_PACKAGE = re.compile(rb'(?:<\?xml[^>]*>\s*)?<Package [^>]*package="([0-9a-f]{64})"')
"""The root that the bus itself writes: what an agency sends has another."""

_HEAD = 1000


def as_it_came(raw: bytes) -> bytes:
    """SHA-256 of what was sent. A package lies in the file store: what is kept names it by its hash."""
    found = _PACKAGE.match(raw, 0, _HEAD)
    return bytes.fromhex(found[1].decode()) if found else hashlib.sha256(raw).digest()
