"""Speaks as the one-stop does: REST and JSON behind a bearer token of Keycloak (reference 7b).

Knows nothing of dossiers. `X-Request-Id` carries our request id.
"""

from typing import Any
from urllib.parse import quote, urlencode

import msgspec

from adapters._kit.http import Http, Reply, Request, failed
from adapters._kit.tokens import Tokens
from adapters.onestop.faults import error_of
from adapters.onestop.settings import OneStopSettings
from bus.errors import PermanentError, TransientError
from bus.ports import Deadline

_MARGIN = 30.0
"""Seconds before its end from which a token is not used any more."""


class OneStopClient:
    """One account at a one-stop; safe for many threads. All calls raise `DeliveryError`s."""

    def __init__(self, settings: OneStopSettings, http: Http) -> None:
        self._settings = settings
        self._http = http
        self._tokens = Tokens(self._token)

    def search(self, deadline: Deadline, **params: str) -> tuple[list[dict[str, Any]], bool]:
        """Return a page of rows and whether it is the last; parameters with `_` for `-`. May be repeated."""
        named = {name.replace("_", "-"): value for name, value in params.items() if value}
        query = urlencode({"spec": "slice", **named})
        body = self._get(f"{self._settings.paths.search}?{query}", deadline)
        rows = body.get("content")
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise TransientError("The one-stop's search answers without `content`.", code="search")
        return rows, bool(body.get("last", not rows))

    def online(self, known: str, deadline: Deadline) -> dict[str, Any] | None:
        """Return one dossier whole; None where the one-stop says that it has none. May be repeated."""
        url = self._url(self._path(self._settings.paths.online, known))
        reply = self._authorised(Request("GET", url), deadline)
        if reply.status == 404 and isinstance(reply.json(), dict):
            return None
        return _object(self._good(reply, effect=False), effect=False)

    def write(
        self, method: str, path: str, known: str, body: Any, deadline: Deadline, request_id: str
    ) -> tuple[dict[str, Any], bytes]:
        """Ask for an effect on the dossier `known` ("" where none is named); return the answer, also raw."""
        try:
            content = msgspec.json.encode(body)
        except (msgspec.MsgspecError, TypeError, UnicodeEncodeError) as error:
            raise PermanentError("The message cannot be written as JSON.", problems=(str(error),)) from None
        headers = {"Content-Type": "application/json", "X-Request-Id": request_id}
        url = self._url(self._path(path, known))
        reply = self._send(Request(method, url, content, headers, effect=True), deadline)
        return _object(reply, effect=True), reply.body

    def login(self, deadline: Deadline) -> None:
        """Fetch a token afresh."""
        self._tokens.renew("", deadline)

    def _get(self, path: str, deadline: Deadline) -> dict[str, Any]:
        return _object(self._send(Request("GET", self._url(path)), deadline), effect=False)

    def _send(self, request: Request, deadline: Deadline) -> Reply:
        return self._good(self._authorised(request, deadline), effect=request.effect)

    def _authorised(self, request: Request, deadline: Deadline) -> Reply:
        token = self._tokens.get(deadline)
        reply = self._http.send(_signed(request, token), deadline)
        if reply.status == 401:
            # refused at the door, so nothing was done: once more with another token
            token = self._tokens.renew(token, deadline)
            reply = self._http.send(_signed(request, token), deadline)
        return reply

    def _good(self, reply: Reply, *, effect: bool) -> Reply:
        if not 200 <= reply.status < 300:
            raise error_of(reply, effect=effect, busy=self._settings.busy)
        return reply

    def _token(self, deadline: Deadline) -> tuple[str, float]:
        settings = self._settings
        form = {
            "grant_type": "client_credentials",
            "client_id": settings.client_id,
            "client_secret": settings.client_secret.reveal(),
        }
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        request = Request("POST", settings.token_url, urlencode(form).encode(), headers)
        reply = self._http.send(request, deadline)
        body = reply.json()
        token = body.get("access_token") if reply.status == 200 and isinstance(body, dict) else None
        if not isinstance(token, str) or not token:
            why = body.get("error", "") if isinstance(body, dict) else ""
            text = f"The one-stop gives no token (HTTP {reply.status} {why}); check client_id and secret."
            raise TransientError(text, code="login")
        lives = float(body.get("expires_in") or 60)
        return token, max(lives - _MARGIN, lives / 2)

    def _url(self, path: str) -> str:
        return f"{self._settings.url.rstrip('/')}/{path.lstrip('/')}"

    @staticmethod
    def _path(path: str, known: str) -> str:
        return path.replace("{id}", quote(known, safe=""))


def _signed(request: Request, token: str) -> Request:
    headers = {"Accept": "application/json", **request.headers, "Authorization": f"Bearer {token}"}
    return Request(request.method, request.url, request.body, headers, effect=request.effect)


def _object(reply: Reply, *, effect: bool) -> dict[str, Any]:
    body = reply.json()
    if not isinstance(body, dict):
        raise failed("The one-stop's answer is no JSON object.", reply, effect=effect)
    return body
