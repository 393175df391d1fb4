"""What is counted from the ledger, exported by the one process that is elected for it.

Read in a thread on a beat of its own, never while Prometheus waits; the whole account, which looks at every
row there is, so rarely that it takes at most a hundredth of the time.
"""

import asyncio
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import structlog
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from bus.election import Election
from bus.errors import LedgerUnavailableError
from bus.ledger import read
from bus.ledger.chain import Walked
from bus.ledger.figures import Figures, figures
from bus.ledger.ledger import Ledger
from bus.ledger.schema import STATES
from mappings.promised import promised
from monitoring.action_log import LogWatch
from monitoring.metrics.catalogue import LEDGER
from monitoring.metrics.observer import Slack

EVERY = 15.0
"""Seconds between two readings."""
SHARE = 100
"""Readings rest so many times as long as they took."""
_BREAKER = {"open": 1.0, "half-open": 0.5}
_log = structlog.get_logger("metrics")

Samples = Mapping[str, list[tuple[tuple[str, ...], float]]]
"""Metric -> its series: labels and value."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The figures as last read, what reading took in seconds, the account with when it was drawn, the log."""

    figures: Figures
    seconds: float
    account: read.Account | None = None
    account_at: float = 0.0
    log: Walked | None = None


class LedgerCollector(Collector):
    """Exports the last reading; nothing while another process is elected, or before the first."""

    def __init__(self, slack: Slack) -> None:
        self._slack = slack
        self.reading: Reading | None = None

    def describe(self) -> Iterable[Any]:
        """Nothing beforehand: what there is depends on the reading."""
        return ()

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """One family a metric of `catalogue.LEDGER`."""
        reading = self.reading
        if reading is None:
            return
        found = samples(reading, self._slack)
        for metric in LEDGER:
            family = GaugeMetricFamily(metric.name, metric.help, labels=metric.labels)
            for labels, value in found.get(metric.name, ()):
                family.add_metric(labels, value)
            yield family


def samples(reading: Reading, slack: Slack) -> Samples:
    """A reading as the series of its metrics."""
    seen = reading.figures
    found: dict[str, list[tuple[tuple[str, ...], float]]] = {
        "deliveries": _rows(seen.deliveries),
        "dossiers_stuck": _rows(seen.stuck),
        "oldest_seconds": _rows(seen.oldest),
        "slack_left_seconds": _rows(_least_slack(seen, slack)),
        "messages_aside": _rows(seen.aside),
        "legs_open": [((route,), float(counts[0])) for route, counts in seen.legs.items()],
        "legs_late": [((route,), float(counts[1])) for route, counts in seen.legs.items()],
        "breaker_open": [
            ((gate.connector, gate.operation), _BREAKER.get(gate.state, 0.0)) for gate in seen.gates
        ],
        "connector_paused": [
            ((gate.connector,), float(bool(gate.paused_by))) for gate in seen.gates if not gate.operation
        ],
        "source_polled_timestamp_seconds": _rows(seen.polled),
        "late_done": [((), float(seen.late_done))],
        "work_given_up": [((), float(seen.given_up))],
        "ledger_read_timestamp_seconds": [((), seen.now)],
        "ledger_read_duration_seconds": [((), reading.seconds)],
    }
    if reading.account is not None:
        states = {state: reading.account.states.get(state, 0) for state in STATES}
        found["account_deliveries"] = [((state,), float(count)) for state, count in states.items()]
        found["unaccounted"] = [((), float(reading.account.unaccounted))]
        found["account_timestamp_seconds"] = [((), reading.account_at)]
    if (log := reading.log) is not None:
        found["action_log_number"] = [((), float(log.head.number))]
        found["action_log_broken"] = [((), float(log.broken is not None))]
    return {f"lienthong_{name}": rows for name, rows in found.items()}


def _rows(counts: Mapping[Any, float]) -> list[tuple[tuple[str, ...], float]]:
    return [
        (labels if isinstance(labels, tuple) else (labels,), float(value)) for labels, value in counts.items()
    ]


def _least_slack(seen: Figures, slack: Slack) -> dict[str, float]:
    least: dict[str, float] = {}
    for connector, fold in seen.folds:
        due = promised(fold)
        if due is not None:
            left = slack.until(due, seen.now)
            least[connector] = min(left, least.get(connector, left))
    return least


@dataclass(slots=True)
class LedgerMetrics:
    """Reads the ledger again and again for the collector, while this process is the elected one."""

    ledger: Ledger
    collector: LedgerCollector
    election: Election = field(init=False)
    log: LogWatch = field(init=False)
    every: float = EVERY

    def __post_init__(self) -> None:
        self.election = Election(self.ledger, "metrics")
        self.log = LogWatch(self.ledger)

    async def run(self) -> None:
        """Read for ever; a ledger that is away leaves the last reading, whose time says how old it is."""
        while True:
            pause = self.every
            try:
                pause = await self.step()
            except LedgerUnavailableError as error:
                _log.debug("figures wait for the ledger", error=str(error))
            except Exception:  # noqa: BLE001  figures that stop for ever would look like a quiet night
                _log.exception("figures not read")
            await asyncio.sleep(pause)

    async def step(self) -> float:
        """One reading, if it is ours to do; how long to rest after it."""
        if not await self.election.stand():
            self.collector.reading = None
            return self.every
        before = self.collector.reading
        seen, seconds = await self._timed(figures)
        reading = Reading(seen, seconds, log=await self.log.look())
        if before is not None:
            reading = replace(reading, account=before.account, account_at=before.account_at)
        if self._account_due(before):
            account, took = await self._timed(read.account)
            reading = replace(reading, account=account, account_at=time.time())
            self._account_took = took
        self.collector.reading = reading
        return max(self.every, SHARE * seconds)

    _account_took: float = 0.0

    def _account_due(self, before: Reading | None) -> bool:
        if before is None or before.account is None:
            return True
        return time.time() - before.account_at >= max(4 * self.every, SHARE * self._account_took)

    async def _timed(self, question: Any) -> tuple[Any, float]:
        began = time.monotonic()
        answer = await self.ledger.ask(question)
        return answer, time.monotonic() - began
