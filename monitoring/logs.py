"""Logs as structlog events, one outcome line a message, quiet when healthy.

A line carries ledger numbers, kinds and outcomes; texts from messages never reach it.
"""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog

from bus.envelope import trace_of
from bus.ledger.records import Claimed, Keep, Kept, Settle, Settled
from bus.observer import Silent
from bus.redaction import redacted_tree

_OURS = frozenset({"event", "level", "timestamp", "trace_id", "outcome", "state", "connector", "operation"})
"""Fields whose words are ours alone."""
_QUIET = frozenset({"delivered", "superseded", "refused"})


def configure(stream: TextIO = sys.stderr, *, level: int = logging.INFO) -> None:
    """Write JSON lines to `stream`; may be repeated."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _masked,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(stream),
        cache_logger_on_first_use=False,
    )


def _masked(_logger: Any, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Cover citizens' identifiers in every text of a line: a library's error may quote anything."""
    for name, value in line.items():
        if name not in _OURS and not isinstance(value, (int, float, bool)):
            line[name] = redacted_tree(value if isinstance(value, (str, dict, list, tuple)) else str(value))
    return line


class LogObserver(Silent):
    """Tells what was kept and how attempts ended. Fine outcomes are debug, what needs somebody is louder."""

    def __init__(self) -> None:
        self._log = structlog.get_logger("bus").bind()  # bound once: a lazy one is made anew for every line

    def kept(self, keep: Keep, kept: Kept) -> None:
        """A message is on disk, or was known."""
        say = self._log.debug if kept.outcome in {"kept", "repeated"} else self._log.warning
        say(
            "message",
            outcome=kept.outcome,
            message=kept.message,
            dossier=kept.dossier,
            source=keep.source,
            kind=keep.kind,
            trace_id=trace_of(keep.traceparent),
        )

    def settled(self, claimed: Claimed, settle: Settle, settled: Settled, seconds: float) -> None:
        """An attempt ended: one line with its outcome."""
        say = self._log.debug if settled.state in _QUIET else self._log.info
        if settled.state == "dead" or not settled.applied:
            say = self._log.warning
        if settled.contradicts:
            say = self._log.error
        say(
            "late done contradicts the ledger" if settled.contradicts else "delivery",
            outcome=settle.outcome,
            applied=settled.applied,
            state=settled.state,
            cause=settle.cause,
            code=settle.code,
            delivery=claimed.delivery,
            attempt=claimed.attempt,
            dossier=claimed.dossier,
            connector=claimed.connector,
            operation=claimed.operation,
            seconds=round(seconds, 4),
            trace_id=trace_of(claimed.traceparent),
        )
