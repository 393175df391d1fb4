"""Tokens in the manner of Keycloak's realm `digo` (reference 7b), grant `client_credentials` alone."""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
import threading
import time
import urllib.parse
from dataclasses import dataclass, field
from typing import Any

PATH = "/auth/realms/digo/protocol/openid-connect/token"
Answer = tuple[int, Any]


@dataclass
class Logins:
    """Who may come in. Tokens live `lives` seconds and are forgotten with the process."""

    client: str
    secret: str
    lives: float
    tokens: dict[str, float] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def grant(self, form: str, authorization: str) -> Answer:
        """Answer the token request: 200 with a token, 400 or 401 with Keycloak's `error` words."""
        fields = {name: values[-1] for name, values in urllib.parse.parse_qs(form).items()}
        if fields.get("grant_type") != "client_credentials":
            return 400, _error("unsupported_grant_type", "Unsupported grant_type")
        client, secret = _basic(authorization) or (
            fields.get("client_id", ""),
            fields.get("client_secret", ""),
        )
        if not _same(client, self.client):
            return 401, _error("invalid_client", "Invalid client credentials")
        if not _same(secret, self.secret):
            return 401, _error("unauthorized_client", "Invalid client secret")
        return 200, self._issue()

    def refused(self, authorization: str) -> Answer | None:
        """Return the 401 for a missing, unknown or expired token, None for a good one."""
        kind, _, token = authorization.partition(" ")
        with self.lock:
            ends = self.tokens.get(token, 0.0) if kind.lower() == "bearer" else 0.0
        if ends > time.monotonic():
            return None
        return 401, _error("invalid_token", "Token is not active" if token else "Bearer token is missing")

    def expire(self) -> None:
        """Make every token given so far invalid."""
        with self.lock:
            self.tokens.clear()

    def _issue(self) -> dict[str, Any]:
        token, present = secrets.token_urlsafe(24), time.monotonic()
        with self.lock:
            self.tokens = {known: ends for known, ends in self.tokens.items() if ends > present}
            self.tokens[token] = present + self.lives
        return {
            "access_token": token,
            "expires_in": int(self.lives),
            "refresh_expires_in": 0,
            "token_type": "Bearer",
            "not-before-policy": 0,
            "scope": "profile email",
        }


def _basic(authorization: str) -> tuple[str, str] | None:
    kind, _, value = authorization.partition(" ")
    if kind.lower() != "basic":
        return None
    try:
        client, _, secret = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return urllib.parse.unquote(client), urllib.parse.unquote(secret)


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode(), expected.encode())


def _error(error: str, description: str) -> dict[str, str]:
    return {"error": error, "error_description": description}
