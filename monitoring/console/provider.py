"""What the console asks of a provider that says who somebody is, and the sign-ins that are on their way."""

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from bus.people import Role

LIVES = 600.0
"""Seconds that somebody has to sign in at the provider."""

MOST = 1000
"""Sign-ins on their way at once; the oldest are forgotten first."""


class OidcError(Exception):
    """The provider cannot be asked, or what it says cannot be believed."""


@dataclass(frozen=True, slots=True)
class Known:
    """Somebody as the provider knows them; no role: they are nobody here."""

    login: str
    name: str
    role: Role | None


class Provider(Protocol):
    """A provider; its calls block."""

    @property
    def title(self) -> str:
        """What its button says."""

    def begin(self, state: str, nonce: str, verifier: str) -> str:
        """Where the browser goes; raises `OidcError`."""

    def finish(self, answer: Mapping[str, str], nonce: str, verifier: str) -> Known:
        """Who it is, by what the browser brought back; raises `OidcError`."""


@dataclass(frozen=True, slots=True)
class Begun:
    """A sign-in on its way: what only this browser and we know of it, and where it goes on."""

    state: str
    nonce: str
    verifier: str
    onward: str
    at: float


@dataclass(slots=True)
class OnTheirWay:
    """The sign-ins that were begun; each ends once."""

    _begun: dict[str, Begun] = field(default_factory=dict)

    def begin(self, onward: str) -> Begun:
        """A new one."""
        now = time.monotonic()
        fresh = [one for one in self._begun.values() if now - one.at < LIVES][-MOST:]
        state, nonce, verifier = (secrets.token_urlsafe(48) for _ in range(3))
        begun = Begun(state, nonce, verifier, onward, now)
        self._begun = {one.state: one for one in (*fresh, begun)}
        return begun

    def end(self, state: str, cookie: str) -> Begun | None:
        """The one of this state, if it is this browser's and not too old; never twice."""
        begun = self._begun.pop(state, None)
        is_mine = secrets.compare_digest(cookie.encode(), state.encode())
        return begun if begun and is_mine and time.monotonic() - begun.at <= LIVES else None
