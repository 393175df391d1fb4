"""Messages that are kept whole for a person, without deliveries: parked, dead, unreadable."""

import hashlib
import time
from typing import Any

import msgspec
from lxml import etree

from bus.envelope import new_traceparent
from bus.errors import RejectedMessageError
from bus.fingerprint import digest_of
from bus.ledger.records import Keep
from bus.ports import Incoming


def set_aside(
    source: str, incoming: Incoming, state: Any, reason: str, *, answer_to: int | None = None
) -> Keep:
    """A message kept whole for a person, without deliveries; it can be read again."""
    digest = digest_of(incoming.fingerprint) or _content_digest(incoming)
    return Keep(
        source=source,
        kind=incoming.kind,
        key=incoming.key or f"{incoming.place}#{digest.hex()}",
        digest=digest,
        raw=incoming.raw,
        body=None,
        codes={},
        as_of=incoming.as_of.timestamp() if incoming.as_of else time.time(),
        traceparent=new_traceparent(),
        answer_to=answer_to,
        state=state,
        reason=reason,
        tree=_stored(incoming.tree),
    )


def _content_digest(incoming: Incoming) -> bytes:
    """What the message says: an answer that is asked for again comes in a new envelope each time."""
    tree = incoming.tree
    said = etree.tostring(tree, method="c14n", with_tail=False) if etree.iselement(tree) else _stored(tree)
    return hashlib.sha256(incoming.raw if tree is None or not said else said).digest()


def tree_of(stored: bytes, *, xml: bool) -> Any:
    """The peer's tree of a message that was set aside; raises ValueError where it cannot be had again."""
    try:
        if xml:
            return etree.fromstring(stored, etree.XMLParser(resolve_entities=False, no_network=True))
        return msgspec.json.decode(stored)
    except (etree.XMLSyntaxError, msgspec.DecodeError, RecursionError) as error:
        raise ValueError(f"its tree was not kept: {error}") from None


def _stored(tree: Any) -> bytes:
    """A tree as bytes; empty where it is none, or holds what neither form can."""
    try:
        return etree.tostring(tree) if etree.iselement(tree) else msgspec.json.encode(tree)
    except (TypeError, ValueError, RecursionError):
        return b""


def unreadable(source: str, incoming: Incoming, error: Exception, *, answer_to: int | None = None) -> Keep:
    """A message that cannot be read, with its problems, or with the bug of ours that it met."""
    why = str(error) if isinstance(error, RejectedMessageError) else f"{type(error).__name__}: {error}"
    return set_aside(source, incoming, "dead", why, answer_to=answer_to)


def buried(source: str, raw: bytes, why: str) -> Keep:
    """A record that is no message at all: its bytes, and why."""
    return set_aside(source, Incoming("unreadable", None, raw, place="broken"), "dead", why)
