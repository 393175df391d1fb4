"""Counts what the bus tells, as it happens. Cheap: series are found once and kept, nothing is formatted."""

import time
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from bus.calendar import ZONE, WorkingCalendar
from bus.ledger.records import Claimed, Keep, Kept, Settle, Settled
from bus.observer import Silent, Way
from mappings.dossier import MESSAGES
from mappings.engine_values import FieldProblem
from mappings.promised import promised, promised_in
from monitoring.metrics.catalogue import HEARD, Metric
from monitoring.working_time import WorkingTime

OTHER = "other"
"""The label of whatever a closed list has no word for: nobody outside makes series."""

_CAUSES = frozenset(
    {"refused", "transient", "unknown", "permanent", "exhausted", "bug", "poison", "absent", "no change"}
)
_MAKE = {"counter": Counter, "gauge": Gauge}
_UNMAPPED = ("codes", "lookup")


def _made(metric: Metric, registry: CollectorRegistry) -> Any:
    if metric.kind == "histogram":
        return Histogram(metric.name, metric.help, metric.labels, registry=registry, buckets=metric.buckets)
    return _MAKE[metric.kind](metric.name, metric.help, metric.labels, registry=registry)


class MetricsObserver(Silent):
    """Keeps the metrics of `catalogue.HEARD` in a registry; `calendar` measures what is left of a promise."""

    def __init__(self, registry: CollectorRegistry, calendar: WorkingCalendar) -> None:
        made = {metric.name: _made(metric, registry) for metric in HEARD}
        self._series: dict[tuple[str, ...], Any] = {}
        self._made = made
        self._slack = Slack(calendar)

    def _of(self, name: str, *labels: str) -> Any:
        key = (name, *labels)
        found = self._series.get(key)
        if found is None:
            made = self._made[f"lienthong_{name}"]
            found = self._series[key] = made.labels(*labels) if labels else made
        return found

    def kept(self, keep: Keep, kept: Kept) -> None:
        """Count a message by what became of it."""
        kind = keep.kind if keep.kind in MESSAGES else OTHER
        self._of("messages_kept_total", keep.source, kind, kept.outcome).inc()

    def rejected(self, source: str, kind: str) -> None:
        """Count a message that was refused to its sender."""
        self._of("messages_rejected_total", source, kind if kind in MESSAGES else OTHER).inc()

    def wrong(self, connector: str, way: Way, problems: Sequence[object]) -> None:
        """Count each problem: a code without a place in its list, or another rule."""
        for problem in problems:
            is_code = isinstance(problem, FieldProblem) and problem.rule.startswith(_UNMAPPED)
            name = "unmapped_codes_total" if is_code else "schema_violations_total"
            self._of(name, connector, way).inc()

    def called(self, connector: str, operation: str, seconds: float) -> None:
        """Note how long a peer took."""
        self._of("peer_request_seconds", connector, operation).observe(seconds)

    def settled(self, claimed: Claimed, settle: Settle, settled: Settled, seconds: float) -> None:
        """Count an attempt; where it had its effect, note what it took and what it left."""
        connector = claimed.connector
        cause = settle.cause or "done"
        cause = cause if cause in _CAUSES or cause == "done" else OTHER
        state = settled.state if settled.applied else "late"
        self._of("deliveries_settled_total", connector, claimed.operation, state).inc()
        self._of("attempts_total", connector, cause, settle.fault or "none").inc()
        self._of("processing_seconds", connector).observe(seconds)
        if settle.outcome == "delivered" and settled.applied:
            now = time.time()
            if claimed.kept_at:
                self._of("critical_seconds", connector).observe(max(0.0, now - claimed.kept_at))
            if (left := self._slack.left(claimed, now)) is not None:
                self._of("deadline_slack_seconds", connector).observe(left)
        for keep, kept in zip(settle.says, settled.kept, strict=False):
            self.kept(keep, kept)

    def beat(self, connector: str, seconds: float) -> None:
        """Note that a queue is consumed."""
        self._of("heartbeat_timestamp_seconds", connector).set(time.time())
        self._of("heartbeat_delay_seconds", connector).set(seconds)

    def dead_beat(self, seconds: float) -> None:
        """Note that the dead-letter queue is drained."""
        self._of("dead_letters_heartbeat_timestamp_seconds").set(time.time())
        self._of("dead_letters_heartbeat_delay_seconds").set(seconds)


class Slack:
    """Working time left to a promised date, in seconds."""

    def __init__(self, calendar: WorkingCalendar) -> None:
        self._between = WorkingTime(calendar).between

    def left(self, claimed: Claimed, now: float) -> float | None:
        """What is left of a delivery's promise; None where its dossier has none."""
        if claimed.fold:
            due = promised(claimed.fold)
        else:
            found = (promised_in(past.body) for past in reversed(claimed.history))
            due = next((each for each in found if each), None)
        return None if due is None else self.until(due, now)

    def until(self, due: datetime, now: float) -> float:
        """Working seconds from `now` (since the epoch) to a moment; negative where it is over."""
        return self._between(datetime.fromtimestamp(now, ZONE), due)
