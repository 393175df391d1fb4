"""The metrics door: Prometheus asks `/metrics`; whoever looks after the process asks `/health`.

No personal data behind this door: labels are configured names and closed lists, reasons are masked.
"""

import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from prometheus_client import CollectorRegistry, GCCollector, disable_created_metrics
from prometheus_client import ProcessCollector as OsCollector
from prometheus_client.exposition import choose_encoder

from bus.redaction import redacted_tree
from monitoring.health import Health

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


def new_registry() -> CollectorRegistry:
    """A registry of its own for a process, with what the operating system says of it."""
    disable_created_metrics()  # type: ignore[no-untyped-call]  # the library has no annotation here
    registry = CollectorRegistry(auto_describe=False)
    OsCollector(registry=registry)
    GCCollector(registry=registry)
    return registry


class MetricsDoor:
    """A small ASGI application: `/metrics`, `/health/live`, `/health/ready`, `/health`."""

    def __init__(self, registry: CollectorRegistry, health: Health) -> None:
        self._registry = registry
        self._health = health

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            return
        status, kind, body = await self._reply(scope)
        marks = [(b"content-type", kind.encode()), (b"cache-control", b"no-store")]
        await send({"type": "http.response.start", "status": status, "headers": marks})
        await send({"type": "http.response.body", "body": body})

    async def _reply(self, scope: Scope) -> tuple[int, str, bytes]:
        if scope["method"] not in ("GET", "HEAD"):
            return 405, "text/plain", b"GET only\n"
        match scope["path"].rstrip("/"):
            case "/metrics":
                return self._metrics(scope)
            case "/health/live":
                live = self._health.live()
                return _told(live, 503 if live else 200)
            case "/health/ready":
                lacks = await self._health.lacks()
                return _told(lacks, 503 if lacks else 200)
            case "/health":
                return _told([*await self._health.lacks(), *self._health.degraded()], 200)
        return 404, "text/plain", b"/metrics, /health, /health/live, /health/ready\n"

    def _metrics(self, scope: Scope) -> tuple[int, str, bytes]:
        accept = dict(scope["headers"]).get(b"accept", b"").decode("latin-1")
        encode, kind = choose_encoder(accept)
        return 200, kind, encode(self._registry)


def _told(reasons: list[dict[str, str]], status: int) -> tuple[int, str, bytes]:
    word = "ok" if not reasons else "degraded" if status == 200 else "not ready"
    body = json.dumps({"status": word, "reasons": redacted_tree(reasons)}, ensure_ascii=False)
    return status, "application/json; charset=utf-8", f"{body}\n".encode()
