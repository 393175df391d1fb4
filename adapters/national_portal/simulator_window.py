"""The two addresses of the portal: login, and the one that serves every `service` (reference 0, 1)."""

from typing import Any

import msgspec

from adapters._kit.simulator_http import Answer, Request
from adapters.national_portal.simulator_codes import family
from adapters.national_portal.simulator_desk import Call, Desk, Done, Exists, Outcome
from adapters.national_portal.simulator_facade import Codes, Door, Sessions, envelope, passed, x_road_error
from adapters.national_portal.simulator_reads import READS
from adapters.national_portal.simulator_services import WRITES

_SERVICES = READS | WRITES


class Window:
    """Answers calls that came through the facade; HTTP 200 whatever the portal says (reference 1)."""

    def __init__(self, door: Door, sessions: Sessions, codes: Codes, desk: Desk) -> None:
        self._door = door
        self._sessions = sessions
        self._codes = codes
        self._desk = desk

    def login(self, request: Request) -> Answer:
        """Login `{username, password}` → `{error_code, session, message}` (reference 1a)."""
        return x_road_error(request, self._door) or passed(request, self._login(_object(request)))

    def serve(self, request: Request) -> Answer:
        """Serve `{session, madonvi, service, …}` → `{error_code, message, result}` (reference 1)."""
        return x_road_error(request, self._door) or passed(request, self._serve(request, _object(request)))

    def _login(self, body: dict[str, Any] | None) -> dict[str, Any]:
        session = self._sessions.login((body or {}).get("username"), (body or {}).get("password"))
        if session is None:
            return {"error_code": -1, "session": "", "message": "Sai tên đăng nhập hoặc mật khẩu"}
        return {"error_code": self._codes.success(), "session": session, "message": "Đăng nhập thành công"}

    def _serve(self, request: Request, body: dict[str, Any] | None) -> dict[str, Any]:
        problem = self._refusal(body)
        if body is None or problem:
            # what a dead session is told is not documented; a code that means "no" in every place [I]
            return envelope("-1", problem)
        call = Call(
            params=body,
            organisation=body["madonvi"],
            request_id=request.request_id,
            base=f"http://{request.headers.get('host', '')}",
        )
        return self._envelope(_SERVICES[body["service"]](self._desk, call))

    def _refusal(self, body: dict[str, Any] | None) -> str:
        """Why the call gets no further than the door: shape, session, sender, service; empty if it may."""
        if body is None:
            return "Nội dung yêu cầu không phải đối tượng JSON"
        scalars = [n for n, v in body.items() if n != "data" and not isinstance(v, str)]
        if scalars:
            return f"Trường {', '.join(scalars)} phải là chuỗi"
        if not self._sessions.valid(body.get("session")):
            return "Phiên làm việc không hợp lệ hoặc đã hết hạn"
        sender = family(body.get("madonvi", ""))
        if not sender or sender != family(self._door.username):
            return "madonvi không hợp lệ hoặc không thuộc đơn vị đã đăng nhập"
        if body.get("service") not in _SERVICES:
            return f"service {body.get('service')} không tồn tại"
        return ""

    def _envelope(self, outcome: Outcome) -> dict[str, Any]:
        if isinstance(outcome, Done):
            return envelope(self._codes.success(), outcome.message, outcome.result)
        code = self._codes.exists() if isinstance(outcome, Exists) else self._codes.failure()
        return envelope(code, outcome.message)


def _object(request: Request) -> dict[str, Any] | None:
    try:
        body = request.json()
    except msgspec.DecodeError:
        return None
    return body if isinstance(body, dict) else None
