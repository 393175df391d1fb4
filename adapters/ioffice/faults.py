"""What the axis's answers mean: `ErrorCode` and text by a table, the HTTP status where there is no answer.

Codes are those that one provincial gateway documents (reference 5.2); the axis's own are not published, so
the table is data of the installation. A code that no line knows is not guessed at: rule 5 of the protocol.
"""

from adapters._kit.http import Reply, failed
from adapters._kit.wordings import Wording
from adapters.ioffice.envelope import Envelope
from bus.errors import (
    DeliveryError,
    OutcomeUnknownError,
    PermanentError,
    RefusedByPeerError,
    TransientError,
)
from bus.redaction import redacted


def error_of(envelope: Envelope, wording: Wording | None, raw: bytes, *, effect: bool) -> DeliveryError:
    """Turn an answer that is no success into our error; `effect`: something may have been done.

    | meaning | then |
    |---|---|
    | refused | the reason goes to the dossier |
    | invalid, exists | our package is wrong, or there already: a person |
    | busy, missing, session | nothing was done |
    | no effect known, or no line | after an effect was asked for: unknown |
    """
    said = redacted(envelope.text)[:500]
    text = f"{wording.sentence if wording else 'Unknown answer.'} The axis says: {said or 'nothing'}"
    code = envelope.code or "FAIL"
    match wording.means if wording else "":
        case "refused":
            return RefusedByPeerError(text, reason=said or text, code=code, answer=raw)
        case "invalid" | "exists":
            return PermanentError(text, problems=(said or text,), code=code, answer=raw)
        case "busy" | "missing" | "session" as means:
            return TransientError(text, code=code, answer=raw, peer_down=means != "missing")
    if wording is None:
        text += " Add a line for it to the table `texts`."
    if effect:
        return OutcomeUnknownError(text, code=code, answer=raw)
    return TransientError(text, code=code, answer=raw, peer_down=False)


def http_error(reply: Reply, *, effect: bool) -> DeliveryError:
    """Judge an HTTP status that is no 2xx, or a body that is no answer of the axis."""
    text = f"The axis answers HTTP {reply.status}, in no form of its own."
    if reply.status in (401, 403):
        return TransientError(f"{text} Check system_id and secret.", code=f"HTTP {reply.status}")
    if reply.status in (400, 404, 405, 413, 415) and not effect:
        return TransientError(text, code=f"HTTP {reply.status}", answer=reply.body[:10_000], peer_down=False)
    return failed(text, reply, effect=effect)
