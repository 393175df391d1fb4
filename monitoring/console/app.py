"""The console as an ASGI application over a desk; it starts nothing and knows no address."""

from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

import structlog
from litestar import Litestar, Response
from litestar.config.compression import CompressionConfig
from litestar.di import Provide
from litestar.exceptions import (
    HTTPException,
    NotAuthorizedException,
    NotFoundException,
    PermissionDeniedException,
)
from litestar.static_files import create_static_files_router

from bus.errors import LedgerUnavailableError, NotPossibleError
from bus.redaction import redacted
from monitoring.console import acting, counting, dossiers, elsewhere, looking, mending, signing
from monitoring.console.desk import Desk
from monitoring.console.given import Visits
from monitoring.console.page import Pages, go
from monitoring.console.visit import LONGEST_FORM, Asked, own_path

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

_POLICY = (
    b"default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
    b"form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
_HEADERS = (
    (b"content-security-policy", _POLICY),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
)
_FRESH, _STATIC = (b"cache-control", b"no-store"), (b"cache-control", b"max-age=3600")

_log = structlog.get_logger("console")


def console(desk: Desk) -> Application:
    """The console's application."""
    pages = Pages(desk)
    visits = Visits(desk, pages)
    static = create_static_files_router(path="/static", directories=[Path(__file__).with_name("static")])
    rooms = (signing, elsewhere, looking, counting, dossiers, acting, mending)
    handlers = [handler for room in rooms for handler in room.HANDLERS]
    app = Litestar(
        route_handlers=[*handlers, static],
        dependencies={
            "look": Provide(visits.look),
            "act": Provide(visits.act),
            "door": Provide(visits.door),
        },
        exception_handlers={
            NotAuthorizedException: _sign_in_first,
            PermissionDeniedException: _page(pages, "forbidden", 403),
            NotFoundException: _page(pages, "missing", 404),
            LedgerUnavailableError: _page(pages, "away", 503),
            NotPossibleError: _cannot(pages),
            HTTPException: _page(pages, "missing"),
            Exception: _page(pages, "fault", 500),
        },
        compression_config=CompressionConfig(backend="gzip", gzip_compress_level=5),
        openapi_config=None,
        request_max_body_size=LONGEST_FORM,
        logging_config=None,
    )
    return _guarded(app)


def _guarded(app: Any) -> Application:
    """The application with what browsers are told on every answer, errors included."""

    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        keep = _STATIC if scope.get("path", "").startswith("/static/") else _FRESH

        async def told(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *_HEADERS, keep]
            await send(message)

        await app(scope, receive, told)

    return guarded


def _sign_in_first(request: Asked, _error: Exception) -> Response[Any]:
    here = own_path(request.url.path) if request.method == "GET" else "/"
    return go(f"/sign-in?next={here}" if here != "/" else "/sign-in")


def _page(pages: Pages, name: str, code: int = 0) -> Callable[[Asked, Exception], Response[Any]]:
    """A page for an error: `error.NAME` and its text. What nobody foresaw is logged, never shown."""

    def answer(request: Asked, error: Exception) -> Response[Any]:
        if name == "fault":
            _log.error("page failed", path=request.url.path, error=type(error).__name__, exc_info=error)
        t = pages.speaker(request)
        status = code or int(getattr(error, "status_code", 400))
        said = {"title": t(f"error.{name}"), "text": t(f"error.{name}_text")}
        return pages.page(request, None, "error.html", code=status, **said)

    return answer


def _cannot(pages: Pages) -> Callable[[Asked, Exception], Response[Any]]:
    """A page for what somebody asked for and cannot be done: the sentence says why and what to do."""

    def answer(request: Asked, error: Exception) -> Response[Any]:
        title = pages.speaker(request)("mend.cannot")
        return pages.page(request, None, "error.html", code=409, title=title, text=redacted(str(error)))

    return answer
