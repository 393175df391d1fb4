"""The X-Road adapter in front of the portal, its sessions, and the portal's way of answering.

Facade: reference 6a, 6b. Sessions: reference 1a. Envelope and codes: reference 1, 1f.
"""

import secrets
import time
import uuid
from collections.abc import Mapping
from random import Random
from typing import Any

import msgspec

from adapters._kit.simulator_http import Answer, Request, json_answer


class Door(msgspec.Struct, frozen=True):
    """What the facade asks of a caller: its `dstcode`, account and how long a session lives (seconds)."""

    dstcode: str
    username: str
    password: str
    session_seconds: float


class Sessions:
    """Sessions given out by login; forgotten when they expire, or all at once. There is no logout [V S1]."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._until: dict[str, float] = {}

    def login(self, username: Any, password: Any) -> str | None:
        """Return a new session, or None where name or password is wrong."""
        if (username, password) != (self._door.username, self._door.password):
            return None
        session = secrets.token_hex(16)
        self._until[session] = time.monotonic() + self._door.session_seconds
        return session

    def valid(self, session: Any) -> bool:
        """Whether this session was given out and still lives."""
        return isinstance(session, str) and self._until.get(session, 0.0) > time.monotonic()

    def expire(self) -> None:
        """Forget every session."""
        self._until.clear()


class Codes:
    """`error_code` as seen in the wild, drawn with a seed: int, string, "00"; a "no" under code 0."""

    def __init__(self, seed: int, business_error_share: float) -> None:
        self._random = Random(f"{seed}:codes")
        self._share = business_error_share

    def success(self) -> int | str:
        """Accepted: int 0, "0" or the old "00" [V S1]."""
        return self._random.choice((0, "0", "00"))

    def exists(self) -> int | str:
        """Answer an insert of what exists: 0, "3" or "-3", the text says "đã tồn tại" [C S2]."""
        return self._random.choice((0, "3", "-3"))

    def failure(self) -> int | str:
        """Refused: -1 or "-1" [V S1]; a share under code 0, where only the text tells [C S2]."""
        return 0 if self._random.random() < self._share else self._random.choice((-1, "-1"))


def envelope(code: int | str, message: str, result: Any = None) -> dict[str, Any]:
    """Build `{error_code, message, result}` (reference 1)."""
    return {"error_code": code, "message": message, "result": [] if result is None else result}


def upper(value: Any) -> Any:
    """Write every key in upper case, as read results have them [V S1]."""
    if isinstance(value, Mapping):
        return {str(key).upper(): upper(item) for key, item in value.items()}
    return [upper(item) for item in value] if isinstance(value, list | tuple) else value


def x_road_error(request: Request, door: Door) -> Answer | None:
    """Return the security server's own refusal, or None where the call may pass.

    `dstcode` stands in the query [V S21,S22] or in a header [V S1]; given twice, both must agree [I strict].
    400 for the caller's fault, 500 otherwise; `X-Road-Error` says that the portal never saw it [V S6].
    """
    given = [code for code in (request.query.get("dstcode"), request.headers.get("dstcode")) if code]
    if not given:
        return _fault(400, "Client.BadRequest", "dstcode is missing")
    if len(set(given)) > 1:
        return _fault(400, "Client.BadRequest", "dstcode of header and query differ")
    if given[0] != door.dstcode:
        return _fault(500, "Server.ClientProxy.UnknownMember", f"Could not find addresses for {given[0]!r}")
    if not request.headers.get("content-type", "").lower().startswith("application/json"):
        return _fault(400, "Client.BadRequest", "Content-Type must be application/json")
    return None


def passed(request: Request, value: Any) -> Answer:
    """Answer what the portal said, with the headers of the security server (reference 6b)."""
    return json_answer(
        value,
        X_Road_Id=request.headers.get("x-road-id") or str(uuid.uuid4()),
        X_Road_Request_Id=str(uuid.uuid4()),
    )


def _fault(status: int, kind: str, message: str) -> Answer:
    body = {"type": kind, "message": message, "detail": str(uuid.uuid4())}
    return json_answer(body, status, X_Road_Error=kind)
