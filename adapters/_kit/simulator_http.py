"""Requests, answers and routes of a simulated system, and the ASGI application that joins them."""

import asyncio
import re
import sys
import traceback
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from adapters._kit.simulator_switchboard import Switch, Switchboard

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
JSON_TYPE = "application/json; charset=utf-8"


class Request(msgspec.Struct, frozen=True):
    """One HTTP request. Header names are lower case; of a repeated query parameter the last counts."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    parts: Mapping[str, str] = msgspec.field(default_factory=dict)

    @property
    def request_id(self) -> str:
        """The caller's own id of this request (`X-Request-Id`, or X-Road's `X-Road-Id`), or nothing."""
        return self.headers.get("x-request-id") or self.headers.get("x-road-id") or ""

    def json(self) -> Any:
        """Decode the body; raises `msgspec.DecodeError` where it is no JSON."""
        return msgspec.json.decode(self.body)


class Answer(msgspec.Struct, frozen=True):
    """One HTTP answer; the body is sent as it stands."""

    status: int
    body: bytes
    headers: Mapping[str, str] = msgspec.field(default_factory=dict)
    content_type: str = JSON_TYPE


Handler = Callable[[Request], Answer | Awaitable[Answer]]


class Route(msgspec.Struct, frozen=True):
    """A method, a path pattern with `{name}` for one segment, and who answers.

    `operation` is the name by which the switchboard knows it, or a function that reads it from the request.
    """

    method: str
    pattern: str
    operation: str | Callable[[Request], str]
    handler: Handler


class Router:
    """Finds the route of a request; compiled once."""

    def __init__(self, routes: Sequence[Route]) -> None:
        self._routes = [(_compile(route.pattern), route) for route in routes]

    def find(self, request: Request) -> tuple[Route, Request] | None:
        """Return the route and the request with its path's `parts` filled in, or None."""
        for pattern, route in self._routes:
            if route.method == request.method and (match := pattern.fullmatch(request.path)):
                parts = match.groupdict()
                return route, msgspec.structs.replace(request, parts=parts) if parts else request
        return None


class App:
    """ASGI application: finds the route, lets the switchboard misbehave, otherwise lets the handler answer.

    `expire_sessions` is what the switch of that name does. Plain handlers run on the event loop one at a
    time, so an effect is never half seen; an awaitable answer is for what must wait for others.
    """

    def __init__(
        self, routes: Sequence[Route], board: Switchboard, expire_sessions: Callable[[], None] | None = None
    ) -> None:
        self._router = Router(routes)
        self._board = board
        self._expire_sessions = expire_sessions
        self._later: set[asyncio.Task[None]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request (ASGI 3); the key `transport` of the scope allows a reset of the connection."""
        request = _request(scope, await _body(receive))
        found = self._router.find(request)
        if found is None:
            await _reply(send, _not_found(request))
            return
        route, request = found
        operation = route.operation if isinstance(route.operation, str) else route.operation(request)
        switch = self._board.strike(operation)
        if switch is None:
            await _reply(send, await _act(route, request))
        else:
            await self._misbehave(switch, route, request, (scope, receive, send))

    async def _misbehave(
        self, switch: Switch, route: Route, request: Request, wire: tuple[Scope, Receive, Send]
    ) -> None:
        scope, receive, send = wire
        match switch.mode:
            case "silent":
                await receive()
            case "dead":
                _reset(scope)
            case "delay_effect":
                self._act_later(switch.seconds, route, request)
                _reset(scope)
            case "lose_answer":
                await _act(route, request)
                await asyncio.sleep(switch.seconds)
                _reset(scope)
            case _:
                await _reply(send, await self._bad_answer(switch, route, request))

    async def _bad_answer(self, switch: Switch, route: Route, request: Request) -> Answer:
        if switch.mode == "faulty":
            return Answer(switch.status, _page(switch.status), content_type="text/html; charset=utf-8")
        if switch.mode == "retry_after":
            return Answer(switch.status, b"{}", {"retry-after": f"{switch.seconds:g}"})
        if switch.mode == "slow":
            await asyncio.sleep(switch.seconds)
        if switch.mode == "expire_sessions" and self._expire_sessions is not None:
            self._expire_sessions()
        answer = await _act(route, request)
        if switch.mode == "page":
            return Answer(200, _page(200), content_type="text/html; charset=utf-8")
        if switch.mode == "malformed":
            return msgspec.structs.replace(answer, body=answer.body[: len(answer.body) // 2])
        return answer

    def _act_later(self, seconds: float, route: Route, request: Request) -> None:
        async def act() -> None:
            await asyncio.sleep(seconds)
            await _act(route, request)

        task = asyncio.get_running_loop().create_task(act())
        self._later.add(task)
        task.add_done_callback(self._later.discard)


def json_answer(value: Any, status: int = 200, **headers: str) -> Answer:
    """Answer `value` as JSON; header names are written with underscores."""
    return Answer(
        status, msgspec.json.encode(value), {name.replace("_", "-"): text for name, text in headers.items()}
    )


async def _act(route: Route, request: Request) -> Answer:
    try:
        answer = route.handler(request)
        return answer if isinstance(answer, Answer) else await answer
    except msgspec.MsgspecError as error:
        return json_answer({"code": "bad_request", "message": str(error)}, 400)
    except Exception:  # noqa: BLE001 - the simulator's own mistake: shown to whoever started it, never swallowed
        traceback.print_exc(file=sys.stderr)
        return json_answer({"code": "simulator_error", "message": "see the simulator's stderr"}, 500)


def _request(scope: Scope, body: bytes) -> Request:
    return Request(
        method=scope["method"],
        path=scope["path"],
        query=dict(parse_qsl(scope["query_string"].decode("latin1"), keep_blank_values=True)),
        headers={name.decode("latin1"): value.decode("latin1") for name, value in scope["headers"]},
        body=body,
    )


async def _body(receive: Receive) -> bytes:
    chunks = []
    while True:
        event = await receive()
        chunks.append(event.get("body", b""))
        if not event.get("more_body"):
            return b"".join(chunks)


async def _reply(send: Send, answer: Answer) -> None:
    headers = {"content-type": answer.content_type, "content-length": str(len(answer.body))} | {
        name.lower(): value for name, value in answer.headers.items()
    }
    raw = [(name.encode(), value.encode("latin1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": raw})
    await send({"type": "http.response.body", "body": answer.body})


def _reset(scope: Scope) -> None:
    scope["transport"].abort()


def _not_found(request: Request) -> Answer:
    return json_answer({"code": "not_found", "message": f"no {request.method} {request.path} here"}, 404)


def _page(status: int) -> bytes:
    phrase = HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else "Error"
    return f"<html><body><h1>{status} {phrase}</h1></body></html>\n".encode()


def _compile(pattern: str) -> re.Pattern[str]:
    pieces = re.split(r"\{(\w+)\}", pattern)
    texts = [re.escape(p) if i % 2 == 0 else f"(?P<{p}>[^/]+)" for i, p in enumerate(pieces)]
    return re.compile("".join(texts))
