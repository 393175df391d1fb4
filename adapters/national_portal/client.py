"""Speaks as the portal does: one POST address, JSON, `service` selects, a session in the body.

Reference 0 and 1. Knows nothing of dossiers. Behind an X-Road adapter: `dstcode` in header, query or both
(reference 6a), `X-Road-Id` carries our request id, `X-Road-Error` says that it was not the portal that
answered (reference 6b).
"""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

import msgspec

from adapters._kit.http import Http, Reply, Request, failed
from adapters._kit.tokens import Tokens
from adapters._kit.wordings import Wording, meaning
from adapters.national_portal.faults import Said, error_of, normal_code, x_road_error
from adapters.national_portal.settings import PortalSettings
from bus.errors import PermanentError, TransientError
from bus.ports import Deadline
from bus.redaction import redacted

_HEADERS = {
    "Accept": "application/json",
    "Content-Type": "application/json; charset=utf-8",
    "Charset": "utf-8",
}


class PortalClient:
    """One account on the portal; safe for many threads. All calls raise `DeliveryError`s."""

    def __init__(self, settings: PortalSettings, http: Http, wordings: Sequence[Wording]) -> None:
        self._settings = settings
        self._http = http
        self._wordings = wordings
        self._sessions = Tokens(self._login)

    def read(self, service: str, params: Mapping[str, Any], deadline: Deadline, request_id: str = "") -> Said:
        """Ask without effect; raises unless the portal accepted the question. May be repeated."""
        said = self._serve(service, params, deadline, request_id, effect=False)
        if said.code == "0" and said.means in ("done", ""):
            return said
        raise error_of(said, effect=False)

    def find(self, number: str, deadline: Deadline) -> dict[str, Any] | None:
        """Look a dossier up by its number (TraCuuHoSo); None where the portal has none. May be repeated."""
        said = self._serve("TraCuuHoSo", {"mahoso": number}, deadline, "", effect=False)
        if said.means == "missing":
            return None
        if said.code != "0" or said.means not in ("done", ""):
            raise error_of(said, effect=False)
        rows = said.result if isinstance(said.result, list) else []
        return next((row for row in rows if isinstance(row, dict)), None)

    def write(self, service: str, params: Mapping[str, Any], deadline: Deadline, request_id: str) -> Said:
        """Ask for an effect and give back what the portal says, good or bad; the caller judges `means`."""
        return self._serve(service, params, deadline, request_id, effect=True)

    def login(self, deadline: Deadline) -> None:
        """Log in afresh."""
        self._sessions.renew("", deadline)

    def _serve(
        self, service: str, params: Mapping[str, Any], deadline: Deadline, request_id: str, *, effect: bool
    ) -> Said:
        session = self._sessions.get(deadline)
        said = self._said(service, params, deadline, (session, request_id), effect=effect)
        if said.means != "session":
            return said
        # an expired session just fails the call: log in again, once (reference 1a)
        session = self._sessions.renew(session, deadline)
        said = self._said(service, params, deadline, (session, request_id), effect=effect)
        if said.means == "session":
            raise error_of(said, effect=effect)
        return said

    def _said(
        self,
        service: str,
        params: Mapping[str, Any],
        deadline: Deadline,
        who: tuple[str, str],
        *,
        effect: bool,
    ) -> Said:
        body = {"session": who[0], "madonvi": self._settings.madonvi, "service": service, **params}
        reply = self._post(self._settings.paths.write, body, deadline, who[1], effect=effect)
        answer = _envelope(reply, effect=effect)
        code, text = normal_code(answer["error_code"]), _text(answer.get("message"))
        return Said(
            code, text, answer.get("result"), reply.body, meaning(self._wordings, service, code, text)
        )

    def _login(self, deadline: Deadline) -> tuple[str, float]:
        settings = self._settings
        account = {"username": settings.username, "password": settings.password.reveal()}
        reply = self._post(settings.paths.login, account, deadline, "", effect=False)
        answer = _envelope(reply, effect=False)
        session = answer.get("session")
        if normal_code(answer["error_code"]) != "0" or not isinstance(session, str) or not session:
            said = redacted(_text(answer.get("message")))[:200]
            raise TransientError(
                f"The portal refuses the log-in; check the account. It says: {said}", code="login"
            )
        return session, settings.login_lives

    def _post(
        self, path: str, body: Mapping[str, Any], deadline: Deadline, request_id: str, *, effect: bool
    ) -> Reply:
        try:
            content = msgspec.json.encode(body)
        except (msgspec.MsgspecError, TypeError, UnicodeEncodeError) as error:
            raise PermanentError("The message cannot be written as JSON.", problems=(str(error),)) from None
        request = Request("POST", self._url(path), content, self._headers(request_id), effect=effect)
        reply = self._http.send(request, deadline)
        if "x-road-error" in reply.headers:
            raise x_road_error(reply, effect=effect)
        if reply.status != 200:
            raise failed(f"The portal's answer is HTTP {reply.status}.", reply, effect=effect)
        return reply

    def _url(self, path: str) -> str:
        url = f"{self._settings.adapter_url.rstrip('/')}/{path.lstrip('/')}"
        if "query" not in self._settings.dstcode_in:
            return url
        joint = "&" if "?" in url else "?"
        return f"{url}{joint}dstcode={quote(self._settings.dstcode, safe=':')}"

    def _headers(self, request_id: str) -> dict[str, str]:
        settings = self._settings
        named = {
            "dstcode": settings.dstcode if "header" in settings.dstcode_in else "",
            "X-Road-Client": settings.xroad_client,
            "X-Road-Id": request_id,
        }
        return _HEADERS | {name: value for name, value in named.items() if value}


def _envelope(reply: Reply, *, effect: bool) -> dict[str, Any]:
    """Read `{error_code, message, …}`; vendors' gateways wrap it once more as text (reference 1c)."""
    answer = reply.json()
    inner = answer.get("message") if isinstance(answer, dict) and "error_code" not in answer else None
    if isinstance(inner, str):
        answer = Reply(reply.status, inner.encode(), {}).json()
    if not isinstance(answer, dict) or "error_code" not in answer:
        raise failed("The portal's answer is not of its own form.", reply, effect=effect)
    return answer


def _text(message: Any) -> str:
    return message if isinstance(message, str) else msgspec.json.encode(message).decode()
