"""The door of stored files: `GET` and `HEAD` of signed links below `/files/`, in pieces, one range at a time.

| answer | when |
|---|---|
| 200, 206, 304 | a link of ours that still holds |
| 403 | not a link that we made, whatever it names: nobody learns which files there are |
| 410 | a link of ours whose last day has passed, or that was withdrawn |
| 404 | no link at all; a link of ours to a file that the store does not have, which is logged |
| 416, 405 | a range beyond the end; another method |

A file is served as a download under its own name and is never a page of ours: `nosniff`, an empty sandbox.
Whoever may be cached is nobody: a withdrawal counts at once.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, BinaryIO

import structlog

from bus.file_names import disposition
from bus.files import FileStore
from bus.links import ExpiredLinkError, ForgedLinkError, Linked, Links
from mappings.dossier import File

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

PREFIX = "/files/"
PIECE = 128 * 1024

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)
_ALWAYS = {
    "cache-control": "private, no-cache",
    "content-security-policy": "default-src 'none'; sandbox",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-robots-tag": "noindex",
}
_SAYS = {
    403: "Liên kết không đúng. This is not a link of ours.",
    404: "Không tìm thấy tệp. There is no such file.",
    405: "Chỉ được tải về. Only GET and HEAD.",
    410: "Liên kết đã hết hạn hoặc đã bị thu hồi. The link has ended or was withdrawn.",
    416: "Đoạn yêu cầu nằm ngoài tệp. The range is beyond the end of the file.",
}
_log = structlog.get_logger("files")


def _today() -> date:
    return datetime.now(UTC).date()


class _RefusedError(Exception):
    """The answer to a request that gets no file; never leaves this module."""

    def __init__(self, status: int, **headers: str) -> None:
        super().__init__(status)
        self.status = status
        self.headers = headers


@dataclass(frozen=True, slots=True)
class _Reply:
    """A file to be sent from `begin` to before `end`; nothing of it where `file` is None."""

    status: int
    headers: Mapping[str, str]
    begin: int = 0
    end: int = 0
    file: BinaryIO | None = None


class Downloads:
    """The door as an ASGI application. `today` is the day (UTC) by which links end."""

    def __init__(self, store: FileStore, links: Links, today: Callable[[], date] = _today) -> None:
        self._store = store
        self._links = links
        self._today = today

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request (ASGI)."""
        try:
            reply = await asyncio.to_thread(self._reply, scope)
        except _RefusedError as refused:
            await _refuse(refused, send)
            return
        try:
            await _start(send, reply.status, {**_ALWAYS, **reply.headers})
            await _send_file(reply, receive, send)
        finally:
            if reply.file is not None:
                reply.file.close()

    def _reply(self, scope: Scope) -> _Reply:
        """Find out what to answer; blocking, for it looks at the disk."""
        if scope["method"] not in ("GET", "HEAD"):
            raise _RefusedError(405, allow="GET, HEAD")
        linked = self._linked(scope["path"])
        asked = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        headers = _headers(linked.file)
        if headers["etag"] in (mark.strip() for mark in asked.get("if-none-match", "").split(",")):
            return _Reply(304, {"etag": headers["etag"]})
        size = linked.file.size
        span = _span(asked, size, headers["etag"]) if scope["method"] == "GET" else None
        begin, end = span or (0, size)
        headers["content-length"] = str(end - begin)
        if span:
            headers["content-range"] = f"bytes {begin}-{end - 1}/{size}"
        file = self._opened(linked)
        if scope["method"] == "HEAD":
            file.close()
            return _Reply(200, headers)
        return _Reply(206 if span else 200, headers, begin, end, file)

    def _linked(self, path: str) -> Linked:
        try:
            linked = self._links.open(path.removeprefix(PREFIX), self._today())
        except ForgedLinkError:
            raise _RefusedError(403 if "/" in path.removeprefix(PREFIX) else 404) from None
        except ExpiredLinkError:
            raise _RefusedError(410) from None
        if self._store.withdrawn(linked.file.hash, linked.mark):
            raise _RefusedError(410)
        return linked

    def _opened(self, linked: Linked) -> BinaryIO:
        """Open the file; one that is gone or cut short is told to the log, and never half of it is sent."""
        try:
            file = self._store.open(linked.file.hash)
        except OSError as error:
            _log.error("stored file not there", hash=linked.file.hash, error=error.strerror)
            raise _RefusedError(404) from None
        if file.seek(0, 2) != linked.file.size:
            file.close()
            _log.error("stored file has another size", hash=linked.file.hash)
            raise _RefusedError(404)
        return file


def _headers(file: File) -> dict[str, str]:
    return {
        "accept-ranges": "bytes",
        "content-disposition": disposition(file.name),
        "content-type": file.media_type,
        "etag": f'"{file.hash}"',
    }


def _span(asked: Mapping[str, str], size: int, etag: str) -> tuple[int, int] | None:
    """The one range that is asked for, as begin and end; None means all of it (RFC 9110, 14.2).

    Several ranges, and what is no range, get the whole file; so does a resume of what has changed.
    """
    found = _RANGE.fullmatch(asked.get("range", "").strip())
    if not found or not (found[1] or found[2]) or asked.get("if-range", etag) != etag:
        return None
    if not found[1]:
        begin, end = max(0, size - int(found[2])), size
    else:
        begin = int(found[1])
        if found[2] and int(found[2]) < begin:
            return None
        end = min(size, int(found[2]) + 1) if found[2] else size
    if begin >= end:
        raise _RefusedError(416, **{"content-range": f"bytes */{size}"})
    return begin, end


async def _refuse(refused: _RefusedError, send: Send) -> None:
    body = _SAYS[refused.status].encode()
    headers = {"content-type": "text/plain; charset=utf-8", "content-length": str(len(body))}
    await _start(send, refused.status, {**_ALWAYS, **headers, **refused.headers})
    await send({"type": "http.response.body", "body": body})


async def _start(send: Send, status: int, headers: Mapping[str, str]) -> None:
    marks = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": marks})


async def _send_file(reply: _Reply, receive: Receive, send: Send) -> None:
    """Send the pieces as fast as they are taken; stop where nobody takes them any more."""
    file, at = reply.file, reply.begin
    gone = asyncio.ensure_future(_gone(receive))
    try:
        if file is not None:
            file.seek(at)
        while file is not None and at < reply.end and not gone.done():
            piece = await asyncio.to_thread(file.read, min(PIECE, reply.end - at))
            if not piece:
                raise EOFError("a stored file became shorter while it was read")
            at += len(piece)
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        if not gone.done():
            await send({"type": "http.response.body", "body": b""})
    finally:
        gone.cancel()
        with suppress(asyncio.CancelledError):
            await gone


async def _gone(receive: Receive) -> None:
    """End when the other side has left: the server drops what is sent then, and does not say so."""
    while (await receive())["type"] != "http.disconnect":
        pass
