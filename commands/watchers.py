"""Whoever is told what the bus does: the log, the metrics, and traces where they are wished."""

import importlib.util

from prometheus_client import CollectorRegistry

from bus.errors import ConfigurationError
from bus.installation import Installation
from bus.observer import Both, Observer
from monitoring.logs import LogObserver
from monitoring.metrics.observer import MetricsObserver

EXTRAS = ".venv/bin/python -m pip install --require-hashes --no-deps -r deploy/requirements-extras.lock"


def watchers(installation: Installation, registry: CollectorRegistry) -> Observer:
    """The observers of an installation; raises `ConfigurationError` where a library of theirs is missing.

    The library of traces is looked at only where traces are wished: without them nothing of it is loaded.
    """
    both = Both(LogObserver(), MetricsObserver(registry, installation.calendar.working))
    if installation.traces.otlp is None:
        return both
    require("opentelemetry", "traces.otlp")
    from monitoring.traces import TracesObserver  # noqa: PLC0415  as the docstring says

    name, traces = installation.installation.name, installation.traces
    return Both(both, TracesObserver(str(traces.otlp), name, traces.share))


def require(library: str, setting: str) -> None:
    """Raise `ConfigurationError` where a library that a setting needs is not installed."""
    if importlib.util.find_spec(library) is None:
        raise ConfigurationError([f'"{setting}" needs libraries that are not installed: {EXTRAS}'])


def close(observer: Observer) -> None:
    """Let every observer that has something to send do so."""
    if isinstance(observer, Both):
        close(observer.one)
        close(observer.other)
    elif callable(ending := getattr(observer, "close", None)):
        ending()
