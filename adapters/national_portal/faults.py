"""What the portal's answers mean: `error_code` and text by a table, X-Road's own errors by type.

Accepted by transport is not done: "success" is code 0 and a text that says so (reference 1f). A text that no
line of the table knows is not guessed at: under code 0 the outcome is unknown and is asked about; under any
other code nothing counts as done and the schedule tries again until it gives up (reference 10.2).
"""

from dataclasses import dataclass
from typing import Any

from adapters._kit.http import Reply
from adapters._kit.wordings import Wording
from bus.errors import (
    DeliveryError,
    OutcomeUnknownError,
    PermanentError,
    RefusedByPeerError,
    TransientError,
)
from bus.redaction import redacted

_BEFORE_THE_PEER = ("Client.", "Server.ClientProxy.")


@dataclass(frozen=True, slots=True)
class Said:
    """An answer of the portal: `code` "0" is acceptance, whatever its form; `wording` is the table's line."""

    code: str
    text: str
    result: Any
    raw: bytes
    wording: Wording | None

    @property
    def means(self) -> str:
        """What the table says of it; "" where it says nothing."""
        return self.wording.means if self.wording else ""


def normal_code(value: Any) -> str:
    """Write an error code one way: 0, "0" and "00" are the same (reference 1)."""
    text = str(value).strip()
    return "0" if text and not text.strip("0") else text


def error_of(said: Said, *, effect: bool) -> DeliveryError:
    """Turn an answer that is not what was hoped for into our error; `effect`: it was a writing call."""
    text = f"{said.wording.sentence if said.wording else 'Unknown wording.'} The portal says: {_short(said)}"
    code, raw = said.code, said.raw
    match said.means:
        case "refused":
            return RefusedByPeerError(text, reason=_short(said), code=code, answer=raw)
        case "invalid":
            return PermanentError(text, code=code, answer=raw, problems=(_short(said),))
        case "busy" | "missing" | "exists" | "session":
            return TransientError(text, code=code, answer=raw, peer_down=said.means in ("busy", "session"))
        case "no effect known":
            return _doubtful(text, said, effect=effect)
    hint = f"{text} Add a line for it to the table `texts`."
    if said.code == "0":
        return _doubtful(hint, said, effect=effect)
    return TransientError(hint, code=code, answer=raw, peer_down=False)


def x_road_error(reply: Reply, *, effect: bool) -> DeliveryError:
    """Judge an answer with `X-Road-Error`: a security server failed, not the portal (reference 6b).

    Errors of the caller's side never reached the portal; behind it nobody knows.
    """
    body = reply.json()
    body = body if isinstance(body, dict) else {}
    kind = str(body.get("type") or reply.headers.get("x-road-error", ""))
    text = f"X-Road failed ({kind}): {redacted(str(body.get('message', '')))[:200]}"
    if effect and not kind.startswith(_BEFORE_THE_PEER):
        return OutcomeUnknownError(text, code=kind, answer=reply.body)
    return TransientError(text, code=kind, answer=reply.body)


def _doubtful(text: str, said: Said, *, effect: bool) -> DeliveryError:
    if effect:
        return OutcomeUnknownError(text, code=said.code, answer=said.raw)
    return TransientError(text, code=said.code, answer=said.raw)


def _short(said: Said) -> str:
    return redacted(said.text)[:500]
