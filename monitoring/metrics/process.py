"""What a process knows of itself: configuration, broker, disk, certificates, working hours."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from bus.calendar import ZONE, WorkingCalendar
from bus.connector import Connector
from bus.floor import Floor
from bus.installation import Installation
from monitoring.metrics.catalogue import PROCESS
from monitoring.metrics.certificates import expiries

READ_AGAIN = 600.0
"""Seconds after which certificate files are read again: they are renewed while we run."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the process collector asks: values that stand still, and questions that are cheap at any time."""

    installation: Installation
    connectors: Mapping[str, Connector]
    config: int
    floor: Floor
    broker_is_up: Callable[[], bool]
    is_elected: Callable[[], bool]


class ProcessCollector(Collector):
    """Exports `catalogue.PROCESS`, read when Prometheus asks."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._calendar = facts.installation.calendar.working
        self._expiries: dict[str, float] = {}
        self._read_at = -READ_AGAIN

    def describe(self) -> Iterable[Any]:
        """Nothing beforehand."""
        return ()

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """One family a metric."""
        found = self._samples()
        for metric in PROCESS:
            family = GaugeMetricFamily(metric.name, metric.help, labels=metric.labels)
            for labels, value in found[metric.name]:
                family.add_metric(labels, value)
            yield family

    def _samples(self) -> dict[str, list[tuple[tuple[str, ...], float]]]:
        facts = self._facts
        who = facts.installation.installation
        found: dict[str, list[tuple[tuple[str, ...], float]]] = {
            "build_info": [((who.name, str(facts.config)), 1.0)],
            "connector_info": [(labels, 1.0) for labels in self._connectors()],
            "elected": [((), float(facts.is_elected()))],
            "broker_connected": [((), float(facts.broker_is_up()))],
            "disk_free_bytes": [((), float(facts.floor.free))],
            "disk_floor_bytes": [((), float(facts.floor.least))],
            "certificate_expiry_timestamp_seconds": [
                ((name,), at) for name, at in self._certificates().items()
            ],
            "working_time": [((), float(is_working_time(self._calendar, datetime.now(ZONE))))],
        }
        return {f"lienthong_{name}": rows for name, rows in found.items()}

    def _connectors(self) -> Iterator[tuple[str, ...]]:
        for name, connector in self._facts.connectors.items():
            duty = self._facts.installation.connectors[name].duty_phone
            yield name, connector.type.name, connector.mode, connector.type.title, duty

    def _certificates(self) -> dict[str, float]:
        if time.monotonic() - self._read_at >= READ_AGAIN:
            self._expiries = expiries(self._facts.installation)
            self._read_at = time.monotonic()
        return self._expiries


def is_working_time(calendar: WorkingCalendar, moment: datetime) -> bool:
    """Whether people of the province work at a moment."""
    if not calendar.is_working_day(moment.date()):
        return False
    return any(begin <= moment.time() < end for begin, end in calendar.hours)
