"""The intake door: peers' webhooks as one small ASGI application, `/in/CONNECTOR/PATH`.

Bodies over the limit are refused before they are read whole. A message is on disk before its sender is
answered; a wrong one is refused with every problem named, in the peer's own form of answer.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

from bus.errors import LedgerUnavailableError, RejectedMessageError, UnavailableError
from bus.ledger.records import Kept
from bus.ports import Adapter, HttpReply, HttpRequest, Incoming, Received, Webhook
from mappings.engine_values import FieldProblem

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Keep = Callable[[str, Incoming], Awaitable[Kept]]
Wake = Callable[[str, str], None]

RETRY_AFTER = 30.0
"""Seconds after which a sender shall try again when nothing can be kept now."""


LARGE = 64 * 1024
"""Bytes of a body from which on it is understood in a thread: files in it take their time."""


_NO_DOOR = (
    '{"message": "nothing is taken in at this path; it is /in/CONNECTOR/NAME, as `describe CONNECTOR` says '
    '(đường dẫn này không tiếp nhận gì)"}'
)


class Intake:
    """The door of some connectors. `keep` is the pipeline's; `wake` makes a poll run at once."""

    def __init__(self, adapters: Mapping[str, Adapter], keep: Keep, wake: Wake, *, body_limit: int) -> None:
        self._doors = {
            f"/in/{name}/{hook.path.strip('/')}": (name, hook)
            for name, adapter in adapters.items()
            for hook in adapter.webhooks
        }
        self._keep = keep
        self._wake = wake
        self._limit = body_limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request (ASGI)."""
        if scope["type"] != "http":
            return
        reply = await self._reply(scope, receive)
        names = {"content-type": reply.media_type, **reply.headers}
        marks = [(name.encode(), value.encode()) for name, value in names.items()]
        await send({"type": "http.response.start", "status": reply.status, "headers": marks})
        await send({"type": "http.response.body", "body": reply.body})

    async def _reply(self, scope: Scope, receive: Receive) -> HttpReply:
        door = self._doors.get(scope["path"].rstrip("/"))
        if door is None:
            return HttpReply(404, _NO_DOOR.encode())
        body = await self._body(receive)
        if body is None:
            text = f'{{"message": "the body is larger than {self._limit} bytes"}}'
            return HttpReply(413, text.encode())
        named = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        client = (scope.get("client") or ("",))[0]
        return await self._receive(*door, HttpRequest(scope["method"], scope["path"], named, body, client))

    async def _body(self, receive: Receive) -> bytes | None:
        body = bytearray()
        while True:
            part = await receive()
            body += part.get("body", b"")
            if len(body) > self._limit:
                return None
            if not part.get("more_body"):
                return bytes(body)

    async def _receive(self, name: str, hook: Webhook, request: HttpRequest) -> HttpReply:
        received = await _received(hook, request)
        if received.poll:
            self._wake(name, received.poll)
        if received.reply is not None:
            return received.reply
        try:
            kept = [await self._keep(name, item) for item in received.items]
        except RejectedMessageError as error:
            return hook.rejected(tuple(_told(problem) for problem in error.problems))
        except UnavailableError as error:
            return hook.unavailable(error.retry_after)
        except LedgerUnavailableError:
            return hook.unavailable(RETRY_AFTER)
        return hook.repeated() if kept and all(one.outcome == "repeated" for one in kept) else hook.accepted()


def _told(problem: object) -> str:
    """A problem for whoever sent the message, in Vietnamese too where its rule has the words."""
    if isinstance(problem, FieldProblem) and problem.vi:
        return f"{problem} ({problem.vi})"
    return str(problem)


async def _received(hook: Webhook, request: HttpRequest) -> Received:
    if len(request.body) < LARGE:
        return hook.receive(request)
    return await asyncio.to_thread(hook.receive, request)
