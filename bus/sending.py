"""A request on its way: what it is compared by, its name for the peer, and the call itself."""

import asyncio
import hashlib
import inspect
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import msgspec
from lxml import etree
from structlog.contextvars import bound_contextvars

from bus.connector import Connector
from bus.envelope import trace_of
from bus.ledger.records import Claimed
from bus.ports import Call, Deadline, Operation, Tree

_sorted = msgspec.json.Encoder(order="sorted").encode


@dataclass(frozen=True, slots=True)
class Sent:
    """A request on its way, with what it is compared by."""

    claimed: Claimed
    connector: Connector
    operation: Operation
    tree: Tree
    key: str
    digest: bytes
    told: bytes
    to_agency: str = ""
    tie: str = ""

    @property
    def shown(self) -> tuple[str, bytes] | None:
        """The status that it shows, by the key under which it is remembered; None where it shows none."""
        if self.operation.order is None:
            return None
        subject, status = self.operation.order.of(self.tree)
        return f"status {subject}", status.encode()

    @property
    def late(self) -> str:
        """Why it comes too late: the peer shows a status that this one may not follow; "" where it may."""
        order, shown = self.operation.order, self.shown
        before = self.claimed.views.get(shown[0]) if shown else None
        if order is None or shown is None or before is None:
            return ""
        was, would = before.decode(), shown[1].decode()
        if order.allows(was, would):
            return ""
        return f"late: the peer shows status {was}, and {would} may not follow it"

    def call(self, deadline: float) -> Call:
        """The call for the adapter; the request id stays the same for every resend of the delivery."""
        return Call(
            request=self.tree,
            request_id=_request_id(self.claimed),
            attempt=self.claimed.attempt,
            deadline=Deadline(deadline),
            codes=self.claimed.codes,
            traceparent=self.claimed.traceparent,
            to_agency=self.to_agency,
            tie=self.tie,
        )


async def make(sent: Sent, function: Callable[[Call], Any], deadline: float) -> Any:
    """Blocking adapters run in their connector's pool; a coroutine function runs on the loop.

    Every log line written meanwhile, by whichever library, names dossier, delivery and trace.
    """
    call = sent.call(deadline)
    if _runs_on_the_loop(function):
        with _named(sent.claimed):
            awaited: Awaitable[Any] = function(call)
            return await awaited
    return await asyncio.get_running_loop().run_in_executor(
        sent.connector.pool, _in_thread, sent.claimed, function, call
    )


def _in_thread(claimed: Claimed, function: Callable[[Call], Any], call: Call) -> Any:
    with _named(claimed):
        return function(call)


def _named(claimed: Claimed) -> AbstractContextManager[None]:
    return bound_contextvars(
        dossier=claimed.dossier, delivery=claimed.delivery, trace_id=trace_of(claimed.traceparent)
    )


@lru_cache(maxsize=1024)
def _runs_on_the_loop(function: Callable[[Call], Any]) -> bool:
    return inspect.iscoroutinefunction(function)


def _request_id(claimed: Claimed) -> str:
    """A UUID (version 8, RFC 9562: our own digest) that stays the same for every resend of a delivery."""
    identity = f"{claimed.traceparent}/{claimed.route}/{claimed.delivery}"
    name = hashlib.blake2b(identity.encode(), digest_size=16, person=b"request id").hexdigest()
    return f"{name[:8]}-{name[8:12]}-8{name[13:16]}-b{name[17:20]}-{name[20:]}"


def digest_of(value: Any) -> bytes:
    """What two trees of equal content have in common, whatever their form."""
    written = etree.tostring(value, method="c14n") if isinstance(value, etree._Element) else _sorted(value)  # noqa: SLF001  lxml's only name for its class
    return hashlib.sha256(written).digest()
