"""The one-stop announces changes: a signed POST that names a dossier; the poll then reads it [I].

Body `{"event", "id", …}`, header `X-Signature: sha256=HEX`, HMAC-SHA256 over the body's bytes. It is a hint:
what it says beside the id is not believed, and for one that is lost the search makes up.
"""

import hashlib
import hmac
from dataclasses import dataclass

import msgspec

from adapters._kit import json
from adapters.onestop.changes import Announced
from adapters.onestop.settings import Announcements
from bus.ports import HttpReply, HttpRequest, Received

POLL = "dossiers"


@dataclass(frozen=True, slots=True)
class Door:
    """The webhook."""

    settings: Announcements
    announced: Announced

    def receive(self, request: HttpRequest) -> Received:
        """Check the signature, note the dossier, wake the poll."""
        if not self._signed(request):
            return Received(reply=_reply(401, "wrong signature"))
        try:
            body = json.read(request.body)
        except json.NotJsonError as error:
            return Received(reply=_reply(400, f"no JSON: {error}"))
        known = body.get("id") if isinstance(body, dict) else None
        if not isinstance(known, str) or not 0 < len(known) <= 100:
            return Received(reply=_reply(400, "id: must be the id of a dossier"))
        self.announced.add([known])
        return Received(reply=accepted(), poll=POLL)

    def _signed(self, request: HttpRequest) -> bool:
        secret = self.settings.secret
        if secret is None:
            return False
        given = request.headers.get(self.settings.header.lower(), "")
        wanted = hmac.new(secret.reveal().encode(), request.body, hashlib.sha256).hexdigest()
        return hmac.compare_digest(given.encode(), f"sha256={wanted}".encode())


def accepted() -> HttpReply:
    """Noted."""
    return _reply(200, "noted")


def rejected(problems: tuple[str, ...]) -> HttpReply:
    """Not understood, with every problem."""
    return _reply(400, "; ".join(problems))


def unavailable(seconds: float) -> HttpReply:
    """Not now."""
    return HttpReply(503, b'{"message": "not now"}', {"Retry-After": f"{seconds:.0f}"})


def _reply(status: int, message: str) -> HttpReply:
    return HttpReply(status, msgspec.json.encode({"message": message}))
