"""Who is asking: the session of a request, what they may do, and what their forms must carry."""

import hmac
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlsplit

from litestar import Request
from litestar.datastructures import Cookie
from litestar.exceptions import NotAuthorizedException, PermissionDeniedException

from bus.ledger.people import signed_in
from bus.people import Person, Right, digest_of, form_token
from monitoring.console.desk import Desk
from monitoring.console.texts import LANGUAGES

SESSION, LANGUAGE, THEME = "session", "language", "theme"
LONGEST_FORM = 64 * 1024
_YEAR = 31_536_000

Asked = Request[Any, Any, Any]


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody who is signed in, and how they like their pages."""

    person: Person
    secret: str
    language: str
    theme: str

    @property
    def token(self) -> str:
        """What their forms carry."""
        return form_token(self.secret)

    def need(self, right: Right) -> None:
        """Refuse, with a page that says so, whoever lacks the right."""
        if not self.person.may(right):
            raise PermissionDeniedException(right)


def language_of(request: Asked) -> str:
    """The language of a request: what its person chose, else Vietnamese."""
    chosen = request.cookies.get(LANGUAGE, "")
    return chosen if chosen in LANGUAGES else LANGUAGES[0]


def theme_of(request: Asked) -> str:
    """Light, dark, or "" for what the machine has."""
    chosen = request.cookies.get(THEME, "")
    return chosen if chosen in ("light", "dark") else ""


async def visitor_of(request: Asked, desk: Desk) -> Visitor:
    """The person whose session this is; raises `NotAuthorizedException` where there is none."""
    secret = request.cookies.get(SESSION, "")
    person = await desk.ledger.ask(signed_in, digest_of(secret)) if secret else None
    if person is None:
        raise NotAuthorizedException
    return Visitor(person, secret, language_of(request), theme_of(request))


async def checked_form(request: Asked, visitor: Visitor) -> dict[str, str]:
    """What a form of ours carries; raises `PermissionDeniedException` for one that another site sent."""
    fields = await plain_form(request)
    if not hmac.compare_digest(fields.pop("token", ""), visitor.token):
        raise PermissionDeniedException("form")
    return fields


async def plain_form(request: Asked) -> dict[str, str]:
    """The fields of a form, each as text without blanks around it."""
    return {name: value.strip() for name, value in (await request.form()).items() if isinstance(value, str)}


def session_cookie(desk: Desk, secret: str) -> Cookie:
    """The cookie of a session; an empty secret takes it away."""
    return Cookie(
        key=SESSION,
        value=secret,
        max_age=int(desk.session_lives) if secret else 0,
        httponly=True,
        secure=desk.is_encrypted,
        samesite="strict",
    )


def liking_cookie(desk: Desk, name: str, value: str) -> Cookie:
    """A cookie of how somebody likes their pages."""
    return Cookie(
        key=name, value=value, max_age=_YEAR, httponly=True, secure=desk.is_encrypted, samesite="lax"
    )


def own_path(path: str, otherwise: str = "/") -> str:
    """A path of this console that somebody may be sent to; never another host's."""
    parts = urlsplit(path)
    is_own = path.startswith("/") and not path.startswith(("//", "/\\")) and not parts.netloc
    return quote(parts.path, safe="/%") + (f"?{parts.query}" if parts.query else "") if is_own else otherwise


@dataclass(slots=True)
class Throttle:
    """Slows down who guesses passwords: after `most` failures in `seconds` a name or host has to wait."""

    most: int = 8
    seconds: float = 300.0
    _failures: dict[str, deque[float]] = field(default_factory=dict)

    def waits(self, *who: str) -> float:
        """Seconds until one of them may try again; 0 for now."""
        return max((self._wait(one) for one in who), default=0.0)

    def failed(self, *who: str) -> None:
        """Note a failure of each."""
        if len(self._failures) > 10_000:
            self._failures.clear()
        for one in who:
            self._failures.setdefault(one, deque(maxlen=self.most)).append(time.monotonic())

    def _wait(self, one: str) -> float:
        known = self._failures.get(one)
        if known is None or len(known) < self.most:
            return 0.0
        return max(0.0, known[0] + self.seconds - time.monotonic())
