"""What the one-stop's HTTP answers mean. Its own "no" is JSON `{code, message, errors}` and a 4xx [I]."""

from collections.abc import Iterator
from typing import Any

from adapters._kit.http import Reply, failed
from bus.errors import DeliveryError, PermanentError, RefusedByPeerError, TransientError
from bus.redaction import redacted


def error_of(reply: Reply, *, effect: bool, busy: tuple[int, ...]) -> DeliveryError:
    """Turn an answer that is no success into our error; `effect`: something may have been done.

    | status | then |
    |---|---|
    | 409, 422 with a JSON reason | refused: the reason goes to the dossier |
    | 400, 405, 413, 415 | our message or address is wrong |
    | 401, 403 | not let in: nothing was done, and nothing will be until the account is right |
    | 404 with a JSON reason | the dossier is not there (yet): nothing was done |
    | `busy` with Retry-After | nothing was done |
    | anything else, a gateway's page too | after an effect was asked for: unknown |
    """
    body = reply.json()
    body = body if isinstance(body, dict) else {}
    said, code = _said(body), str(body.get("code") or f"HTTP {reply.status}")
    text = f"The one-stop answers HTTP {reply.status}. It says: {said or 'nothing'}"
    raw = reply.body
    match reply.status:
        case 409 | 422 if said:
            return RefusedByPeerError(text, reason="; ".join((said, *_errors(body))), code=code, answer=raw)
        case 400 | 405 | 413 | 415 if said or reply.status == 413:
            return PermanentError(
                text, problems=tuple(_errors(body)) or (said or text,), code=code, answer=raw
            )
        case 401 | 403:
            return TransientError(text, code=code, answer=raw)
        case 404 if said:
            return TransientError(text, peer_down=False, code=code, answer=raw)
        case status if status in busy and reply.retry_after is not None:
            return TransientError(text, retry_after=reply.retry_after, code=code, answer=raw)
    return failed(text, reply, effect=effect, code=code)


def _said(body: dict[str, Any]) -> str:
    told = body.get("message") or body.get("error_description") or body.get("error") or ""
    return redacted(str(told))[:500]


def _errors(body: dict[str, Any]) -> Iterator[str]:
    errors = body.get("errors")
    for error in errors if isinstance(errors, list) else ():
        if isinstance(error, dict):
            yield redacted(f"{error.get('field', '')}: {error.get('message', '')}")[:300]
