"""Messages that are kept whole for a person, without deliveries: parked, dead, unreadable."""

import hashlib
import time
from typing import Any

from bus.envelope import new_traceparent
from bus.errors import RejectedMessageError
from bus.fingerprint import digest_of
from bus.ledger.records import Keep
from bus.ports import Incoming


def set_aside(source: str, incoming: Incoming, state: Any, reason: str) -> Keep:
    """A message kept whole for a person, without deliveries."""
    digest = digest_of(incoming.fingerprint) or hashlib.sha256(incoming.raw).digest()
    return Keep(
        source=source,
        kind=incoming.kind,
        key=incoming.key or f"{incoming.place}#{digest.hex()}",
        digest=digest,
        raw=incoming.raw,
        body=None,
        codes={},
        as_of=time.time(),
        traceparent=new_traceparent(),
        state=state,
        reason=reason,
    )


def unreadable(source: str, incoming: Incoming, error: Exception) -> Keep:
    """A message that cannot be read, with its problems, or with the bug of ours that it met."""
    why = str(error) if isinstance(error, RejectedMessageError) else f"{type(error).__name__}: {error}"
    return set_aside(source, incoming, "dead", why)


def buried(source: str, raw: bytes, why: str) -> Keep:
    """A record that is no message at all: its bytes, and why."""
    return set_aside(source, Incoming("unreadable", None, raw, place="broken"), "dead", why)
