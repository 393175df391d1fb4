"""The "no" of a peer in a message of its own becomes a step of the dossier, as that of a call does."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from bus.ledger.records import Keep
from mappings.dossier import MESSAGES, Message, Step
from mappings.rules_time import ICT

_REASONS = ("reason", "status_reason", "text", "state_text", "content", "name")
"""Where the kinds of message say why, the best first."""


def refusal_of(keep: Keep, titles: Mapping[str, str]) -> Keep | None:
    """The refusal that a message is, as a message TYPE.refusal; None where its type knows none.

    Whoever handled it is shown by the title of the type, as where a call is refused.
    Its key is made of the message's own, so that the same message makes it once.
    """
    type_ = keep.kind.partition(".")[0]
    kind = f"{type_}.refusal"
    if kind not in MESSAGES or keep.kind == kind or keep.body is None:
        return None
    at = datetime.fromtimestamp(keep.as_of, ICT).replace(microsecond=0)
    name = hashlib.sha256(keep.key.encode()).hexdigest()[:16]
    step = Step(
        id=f"refusal-{name}",
        code=keep.body.code,
        status="in_progress",
        at=at,
        handler=titles.get(type_, type_),
        content=_reason(keep.body),
    )
    digest = hashlib.sha256(b"refusal" + keep.digest).digest()
    return replace(keep, kind=kind, key=f"refusal-{name}", digest=digest, body=step, ties=(), route="")


def _reason(message: Message) -> str:
    found: list[Any] = [getattr(message, name, None) for name in _REASONS]
    return next((str(each) for each in found if each), "refused, without a reason")
