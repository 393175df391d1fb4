"""A provider of OpenID Connect, as the console's sign-in asks it: authorization code with PKCE. Blocking.

Errors are `OidcError`s, sentences for the log; who signs in gets one sentence without them. Believed is only
an ID token that is signed with a key of the provider's, for us, for this very sign-in (nonce), and of now.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import requests
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from bus.people import ROLES, Role
from bus.watching_settings import Oidc
from monitoring.console.provider import Known, OidcError

ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA"]
"""Signatures by a key of the provider's; never `none`, never one by our own secret."""

_LEEWAY, _TIMEOUT = 60, 10.0
_UNREACHED = (requests.RequestException, OAuthError, JoseError, ValueError, KeyError)


@dataclass(slots=True)
class OidcProvider:
    """One provider; its own description and keys are read when they are first needed, and kept."""

    settings: Oidc
    _described: dict[str, Any] = field(default_factory=dict)
    _keys: KeySet | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def title(self) -> str:
        """What its button says."""
        return self.settings.title

    def begin(self, state: str, nonce: str, verifier: str) -> str:
        """Where the browser goes to sign in; raises `OidcError`."""
        try:
            with self._session() as session:
                url, _ = session.create_authorization_url(
                    self._of("authorization_endpoint"), state=state, nonce=nonce, code_verifier=verifier
                )
        except _UNREACHED as error:
            raise OidcError(f"the provider cannot be asked: {_told(error)}") from error
        return str(url)

    def finish(self, answer: Mapping[str, str], nonce: str, verifier: str) -> Known:
        """Who it is, by what the browser brought back; raises `OidcError`."""
        if "error" in answer or not answer.get("code"):
            raise OidcError(f"the provider says {answer.get('error', 'nothing')}")
        if answer.get("iss", str(self.settings.issuer)) != str(self.settings.issuer):
            raise OidcError("the answer is another provider's")
        try:
            with self._session() as session:
                token = session.fetch_token(
                    self._of("token_endpoint"), code=answer["code"], code_verifier=verifier
                )
                claims = self._claims(str(token["id_token"]), nonce)
                claims = self._more(session, claims)
        except _UNREACHED as error:
            raise OidcError(f"the answer cannot be believed: {_told(error)}") from error
        return self._known(claims)

    def _session(self) -> OAuth2Session:
        settings = self.settings
        secret = settings.client_secret.reveal() if settings.client_secret else None
        return OAuth2Session(
            settings.client_id,
            secret,
            token_endpoint_auth_method="client_secret_basic" if secret else "none",
            scope="openid profile",
            redirect_uri=f"{str(settings.public_url).rstrip('/')}/oidc/back",
            code_challenge_method="S256",
            default_timeout=_TIMEOUT,
        )

    def _of(self, name: str) -> str:
        """A part of the provider's own description, which has to be of this very issuer."""
        with self._lock:
            if not self._described:
                issuer = str(self.settings.issuer)
                url = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
                found = _read(url)
                if found.get("issuer") != issuer:
                    raise ValueError(f"it calls itself {found.get('issuer')}, not {issuer}")
                self._described = found
            return str(self._described[name])

    def _claims(self, token: str, nonce: str) -> dict[str, Any]:
        try:
            decoded = jwt.decode(token, self._key_set(), algorithms=ALGORITHMS)
        except (JoseError, ValueError):
            # its keys may have changed since
            decoded = jwt.decode(token, self._key_set(anew=True), algorithms=ALGORITHMS)
        exact = {"iss": str(self.settings.issuer), "aud": self.settings.client_id, "nonce": nonce}
        rules: dict[str, Any] = {name: {"essential": True, "value": value} for name, value in exact.items()}
        rules |= {name: {"essential": True} for name in ("exp", "iat", "sub")}
        jwt.JWTClaimsRegistry(leeway=_LEEWAY, **rules).validate(decoded.claims)
        if decoded.claims.get("azp", self.settings.client_id) != self.settings.client_id:
            raise ValueError("the token was given to another client")
        return dict(decoded.claims)

    def _key_set(self, *, anew: bool = False) -> KeySet:
        url = self._of("jwks_uri")
        with self._lock:
            if self._keys is None or anew:
                self._keys = KeySet.import_key_set(_read(url))  # type: ignore[arg-type]  # checked by it
            return self._keys

    def _more(self, session: OAuth2Session, claims: dict[str, Any]) -> dict[str, Any]:
        """The claims with those that the provider tells at its own door, of the same person."""
        if not self._described.get("userinfo_endpoint"):
            return claims
        told = session.get(self._of("userinfo_endpoint")).json()
        if told.get("sub") != claims["sub"]:
            raise ValueError("the provider tells of somebody else")
        return {**told, **claims}

    def _known(self, claims: Mapping[str, Any]) -> Known:
        login = str(_at(claims, self.settings.login_claim) or "").casefold()
        words = _at(claims, self.settings.roles_claim)
        named = {words} if isinstance(words, str) else set(words) if isinstance(words, list) else set()
        found: list[Role] = [role for word, role in self.settings.roles.items() if word in named]
        role = max(found, key=ROLES.index, default=None)
        return Known(login, str(claims.get("name") or login)[:80], role)


def _at(claims: Mapping[str, Any], path: str) -> Any:
    """A claim, `realm_access.roles` within another; a claim whose very name has dots comes first."""
    if path in claims:
        return claims[path]
    value: Any = claims
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _read(url: str) -> dict[str, Any]:
    reply = requests.get(url, timeout=_TIMEOUT)
    reply.raise_for_status()
    found = reply.json()
    if not isinstance(found, dict):
        raise ValueError(f"{url} is no JSON object")  # noqa: TRY004  what it is not does not matter
    return found


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:300]
