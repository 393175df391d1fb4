"""Traces (vết xử lý) for OpenTelemetry: what the bus tells, as spans of the trace its messages carry.

One trace a message: *keep* is the span that its `traceparent` names, below it each *dispatch* (from keeping
to being taken up) and *deliver* (an attempt), below that *call* (the peer) and *settle* (the outcome's way to
the disk).
Spans are made when what they tell is over, on the event loop, and sent by a thread of the library's; what the
receiver does not take is dropped. Attributes are configured names, words of closed lists and the ledger's own
numbers, never anything out of a message.
"""

import random
import time
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, SpanKind, TraceFlags
from opentelemetry.trace.status import Status, StatusCode

from bus.ledger.records import Claimed, Keep, Kept, Settle, Settled
from bus.observer import Silent

_SCOPE = InstrumentationScope("lienthong")
_GOOD = frozenset({"delivered", "superseded", "ready"})
_random = random.SystemRandom()
_called: ContextVar[tuple[int, int] | None] = ContextVar("called", default=None)
"""When the call of the attempt that this task works on began and ended, in nanoseconds."""


@dataclass(slots=True)
class TracesObserver(Silent):
    """Makes spans of what it is told; `share` of all traces, each whole or not at all."""

    endpoint: str
    installation: str
    share: float = 1.0
    resource: Resource = field(init=False)
    _out: BatchSpanProcessor = field(init=False)

    def __post_init__(self) -> None:
        self.resource = Resource({"service.name": "lienthong", "service.namespace": self.installation})
        self._out = BatchSpanProcessor(OTLPSpanExporter(endpoint=self.endpoint, timeout=5))

    def kept(self, keep: Keep, kept: Kept) -> None:
        """The root of a message's trace; what was known already has one."""
        root = self._root(keep.traceparent)
        if root is None or kept.outcome == "repeated":
            return
        now = time.time_ns()
        told: dict[str, str | int] = {
            "lienthong.source": keep.source,
            "lienthong.kind": keep.kind,
            "lienthong.outcome": kept.outcome,
            "lienthong.message": kept.message,
        }
        if kept.dossier is not None:
            told["lienthong.dossier"] = kept.dossier
        self._span("keep", root, None, (now, now), told, kind=SpanKind.CONSUMER)

    def called(self, _connector: str, _operation: str, seconds: float) -> None:
        """Remember when the call was, for the attempt that is settled next in this task."""
        now = time.time_ns()
        _called.set((now - int(seconds * 1e9), now))

    def settled(self, claimed: Claimed, settle: Settle, settled: Settled, seconds: float) -> None:
        """An attempt with all its parts; what the peer said in it begins traces of its own."""
        for keep, kept in zip(settle.says, settled.kept, strict=False):
            self.kept(keep, kept)
        call = _called.get()
        _called.set(None)
        root = self._root(claimed.traceparent)
        if root is None:
            return
        now = time.time_ns()
        began = now - int(seconds * 1e9)
        told: dict[str, str | int] = {
            "lienthong.connector": claimed.connector,
            "lienthong.operation": claimed.operation,
            "lienthong.delivery": claimed.delivery,
            "lienthong.dossier": claimed.dossier,
            "lienthong.attempt": claimed.attempt,
        }
        if claimed.attempt == 1 and not settle.lookup:
            waited = (min(int(claimed.kept_at * 1e9), began), began)
            self._span("dispatch", self._below(root), root, waited, told, kind=SpanKind.PRODUCER)
        deliver = self._below(root)
        told |= {"lienthong.state": settled.state, "lienthong.cause": settle.cause}
        is_good = settle.outcome in _GOOD
        self._span("deliver", deliver, root, (began, now), told, good=is_good)
        if call is not None and call[0] >= began:
            self._span("call", self._below(root), deliver, call, told, kind=SpanKind.CLIENT, good=is_good)
        self._span("settle", self._below(root), deliver, (call[1] if call else began, now), told)

    def close(self) -> None:
        """Send what is left, within a few seconds; may be repeated."""
        self._out.force_flush(3000)
        self._out.shutdown()  # type: ignore[no-untyped-call]  # the library's own

    def _root(self, traceparent: str) -> SpanContext | None:
        """The span that a W3C traceparent names, if its trace is one of our share."""
        parts = traceparent.split("-")
        if len(parts) != 4 or len(parts[1]) != 32 or len(parts[2]) != 16:
            return None
        trace = int(parts[1], 16)
        if (trace & 0xFFFFFFFF) >= self.share * 2**32:
            return None
        return SpanContext(trace, int(parts[2], 16), is_remote=False, trace_flags=TraceFlags(1))

    def _below(self, root: SpanContext) -> SpanContext:
        span = _random.getrandbits(64) or 1
        return SpanContext(root.trace_id, span, is_remote=False, trace_flags=TraceFlags(1))

    def _span(
        self,
        name: str,
        context: SpanContext,
        parent: SpanContext | None,
        when: tuple[int, int],
        told: Mapping[str, str | int],
        *,
        kind: SpanKind = SpanKind.INTERNAL,
        good: bool = True,
    ) -> None:
        status = Status(StatusCode.UNSET if good else StatusCode.ERROR)
        self._out.on_end(
            ReadableSpan(
                name, context, parent, self.resource, dict(told), kind=kind, status=status,
                start_time=when[0], end_time=when[1], instrumentation_scope=_SCOPE,
            )
        )  # fmt: skip
