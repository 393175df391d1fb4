"""Metrics: bounded whatever comes in, clean before Prometheus's own judge, and true."""

import os
import random
import subprocess
import time
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, generate_latest

from adapters.registry import adapter_types
from bus.calendar import ZONE, WorkingCalendar
from bus.connector import Connector, Rhythm
from bus.errors import OutcomeUnknownError, PermanentError, RefusedByPeerError, TransientError
from bus.ledger.figures import Figures
from bus.ledger.read import Account
from bus.ledger.records import Claimed, Keep, Kept, Outcome, Settle, Settled
from bus.retry import Schedule
from bus.settlement import of_error
from deploy.local.errors import ServerUnavailableError
from deploy.local.promtool import find_promtool
from mappings.dossier import MESSAGES, Dossier
from mappings.engine_values import FieldProblem
from mappings.fold import encode, fold
from mappings.promised import promised
from monitoring.metrics.catalogue import ALL, BY_NAME, HEARD, LEDGER
from monitoring.metrics.door import new_registry
from monitoring.metrics.ledger import LedgerCollector, Reading
from monitoring.metrics.observer import MetricsObserver, Slack
from monitoring.metrics.page import page

ROOT = Path(__file__).resolve().parents[3]
MOST_SERIES = 2000
CAUSES = ("", "refused", "transient", "unknown", "permanent", "exhausted", "bug", "poison", "absent")
FAULTS = ("", "ours", "theirs", "network", "data", "policy")
PROBLEMS = [
    FieldProblem("a", "b", "codes status", "w", "v", park=True),
    FieldProblem("a", "b", "text", "w", "v"),
]
STATES = get_args(Outcome)
"""What an outcome that applies leaves a delivery in."""
OUTCOMES = ("kept", "repeated", "conflict", "parked", "dead", "unmatched")


def claimed(connector: str = "onestop", operation: str = "create_dossier", **given: object) -> Claimed:
    """A delivery in a worker's hands."""
    made = Claimed(
        delivery=7, attempt=1, tries=1, state="sending", message=1, dossier=3, connector=connector,
        operation=operation, route="r", kind="k", source="s", body=b"", fold=b"", history=(), codes={},
        views={}, doubt="", ended_at=0.0, first_try_at=0.0, lookups=0, crashes=0, traceparent="",
        now=time.time(), kept_at=time.time() - 5.0,
    )  # fmt: skip
    return msgspec.structs.replace(made, **given)


def keep(source: str, kind: str) -> Keep:
    """A message as it is handed in."""
    return Keep(source, kind, "key", b"", b"", None, {}, 0.0, "")


def samples(registry: CollectorRegistry) -> int:
    """How many series a registry exports."""
    return sum(len(metric.samples) for metric in registry.collect())


def promtool(exposition: bytes) -> str:
    """What Prometheus's own judge says of an exposition; "" where it finds nothing."""
    try:
        command = [find_promtool(), "check", "metrics"]
    except ServerUnavailableError as error:
        if os.environ.get("CI") == "true":
            pytest.fail(str(error), pytrace=False)
        pytest.skip(str(error))
    done = subprocess.run(command, input=exposition, capture_output=True, check=False)  # noqa: S603  found above
    return (done.stdout + done.stderr).decode()


def a_run(observer: MetricsObserver, messages: int, seed: int) -> None:
    """Everything that may happen to messages of all shipped systems, and what strangers may send us."""
    draw = random.Random(seed)  # noqa: S311  a test's stream
    peers = [(name, operation) for name, kind in adapter_types().items() for operation in kind.operations]
    fold_ = encode(
        fold(
            None,
            source="onestop",
            kind="onestop.dossier",
            message=Dossier(due_at=datetime(2026, 12, 1, 9, tzinfo=ZONE)),
            as_of=datetime.now(UTC),
        )
    )
    kinds = {name: [kind for kind in MESSAGES if kind.startswith(f"{name}.")] for name in adapter_types()}
    for _ in range(messages):
        connector, operation = draw.choice(peers)
        strange = f"kind-{draw.getrandbits(64)}"
        kind = draw.choice(kinds[connector]) if draw.random() < 0.9 else strange
        observer.kept(keep(connector, kind), Kept(1, 1, draw.choice(OUTCOMES)))  # type: ignore[arg-type]
        settle = Settle(
            7, 1, 1, draw.choice(("delivered", "delivered", "retrying", "dead", "unknown")),
            reason=strange, cause=draw.choice(CAUSES), code=strange, fault=draw.choice(FAULTS),  # type: ignore[arg-type]
        )  # fmt: skip
        row = claimed(connector, operation, fold=fold_)
        observer.called(connector, operation, draw.expovariate(2))
        observer.settled(row, settle, Settled(draw.random() < 0.99, draw.choice(STATES)), draw.random())
        if draw.random() < 0.01:
            observer.rejected(connector, strange)
            observer.wrong(connector, draw.choice(("in", "out")), PROBLEMS)
            observer.beat(connector, draw.random())


def everything(observer: MetricsObserver) -> None:
    """Each operation in each state, each cause at each door, each kind with each outcome, once."""
    for name, kind in adapter_types().items():
        for operation in kind.operations:
            for state in (*STATES, "late"):
                settled = Settled(state != "late", state)
                observer.settled(claimed(name, operation), Settle(7, 1, 1, "dead"), settled, 0.1)
        for cause, fault in product(CAUSES, FAULTS):
            settle = Settle(7, 1, 1, "dead", cause=cause, fault=fault)  # type: ignore[arg-type]  # words of its list
            observer.settled(
                claimed(name, next(iter(kind.operations))), settle, Settled(applied=True, state="dead"), 0.1
            )
        for message, outcome in product([each for each in MESSAGES if each.startswith(f"{name}.")], OUTCOMES):
            observer.kept(keep(name, message), Kept(1, 1, outcome))  # type: ignore[arg-type]  # as above
        observer.rejected(name, "strange")
        observer.wrong(name, "in", PROBLEMS)
        observer.wrong(name, "out", PROBLEMS)
        observer.beat(name, 0.1)
        for outcome in OUTCOMES:
            observer.kept(keep(name, "strange"), Kept(1, 1, outcome))  # type: ignore[arg-type]  # as above
    a_run(observer, 5_000, seed=1)


def a_reading() -> Reading:
    """The ledger's figures with everything that all shipped systems can have in them."""
    types = adapter_types()
    peers = [(name, operation) for name, kind in types.items() for operation in kind.operations]
    open_states = ("waiting", "ready", "sending", "retrying", "unknown", "held", "dead")
    pairs = {(name, state): 3 for name in types for state in open_states}
    seen = Figures(
        now=time.time(),
        deliveries={(*peer, state): 1 for peer in peers for state in open_states},
        oldest=dict.fromkeys(pairs, 60.0),
        stuck=pairs,
        folds=(),
        aside={(name, state): 1 for name in types for state in ("parked", "unmatched", "conflict", "dead")},
        legs={f"flow{number}.leg": (5, 1) for number in range(30)},
        gates=(),
        polled=dict.fromkeys(((name, "changes") for name in types), time.time()),
        late_done=0,
        given_up=0,
    )
    return Reading(seen, 0.1, Account({}, 0, {}, 0, {}, {}, 0, {}), time.time())


def test_a_million_messages_leave_under_two_thousand_series_and_promtool_finds_them_clean() -> None:
    """The series are bounded by names and closed lists: once all have come up, more messages make no more.

    Each word of each closed list brings its series up; thousands of messages more, of strange kinds,
    codes and reasons, add none. So a million add none either.
    """
    registry = new_registry()
    observer = MetricsObserver(registry, WorkingCalendar())
    ledger = LedgerCollector(Slack(WorkingCalendar()))
    ledger.reading = a_reading()
    registry.register(ledger)
    everything(observer)
    before = samples(registry)
    a_run(observer, 5_000, seed=2)
    assert samples(registry) == before
    assert before < MOST_SERIES
    assert promtool(generate_latest(registry)) == ""


def test_every_declared_metric_is_exported_and_nothing_else_of_ours() -> None:
    """The catalogue is the truth that rules and dashboards are held against."""
    registry = new_registry()
    observer = MetricsObserver(registry, WorkingCalendar())
    ledger = LedgerCollector(Slack(WorkingCalendar()))
    ledger.reading = a_reading()
    registry.register(ledger)
    a_run(observer, 500, seed=3)
    found = {
        metric.name + ("_total" if metric.type == "counter" else "")
        for metric in registry.collect()
        if metric.name.startswith("lienthong_")
    }
    own = {metric.name for metric in (*HEARD, *LEDGER)}
    assert found == own


def test_nothing_is_exported_of_the_ledger_by_a_process_that_is_not_elected() -> None:
    """Two processes that both told would be summed up twice."""
    registry = new_registry()
    registry.register(LedgerCollector(Slack(WorkingCalendar())))
    names = {metric.name for metric in registry.collect()}
    assert not names & {metric.name for metric in LEDGER}


@pytest.mark.parametrize(
    ("error", "fault"),
    [
        (TransientError("no route to it"), "network"),
        (TransientError("it says come again", code="HTTP 503"), "theirs"),
        (TransientError("cut off", connected=True), "theirs"),
        (OutcomeUnknownError("no answer"), "network"),
        (OutcomeUnknownError("half an answer", answer=b"<"), "theirs"),
        (PermanentError("wrong", problems=("a: is missing",)), "data"),
        (PermanentError("it says wrong", code="-3"), "data"),
        (PermanentError("cannot be called so"), "ours"),
        (RefusedByPeerError("no", reason="Hồ sơ quá hạn"), "policy"),
        (KeyError("a bug"), "ours"),
    ],
)
def test_an_attempt_without_effect_is_laid_at_somebody_s_door(error: Exception, fault: str) -> None:
    """Ours, theirs, the network's, the data's, or a rule's: so that the right one is called."""
    settle = of_error(claimed(), 1, error, a_connector(), None)
    assert settle.fault == fault


def a_connector() -> Connector:
    """A connector of which only the rhythm is asked."""
    kind = adapter_types()["onestop"]
    return Connector("onestop", kind, None, Rhythm(Schedule()))  # type: ignore[arg-type]


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)),  # noqa: DTZ001  the zone is put in below
    st.integers(-60 * 24 * 60, 60 * 24 * 60),
)
def test_slack_is_the_calendar_s_working_time(at: datetime, minutes: int) -> None:
    """Put together from whole days worked out once, it is what the calendar says minute by minute."""
    calendar = WorkingCalendar()
    now = at.replace(tzinfo=ZONE)
    due = now + timedelta(minutes=minutes)
    expected = calendar.working_between(now, due).total_seconds()
    assert Slack(calendar).until(due, now.timestamp()) == pytest.approx(expected, abs=0.01)


def test_the_promised_date_is_read_off_a_fold_as_the_fold_itself_says_it() -> None:
    """Of one source and of two that were merged; None where nobody promised."""
    at, due = datetime(2026, 11, 2, 8, tzinfo=ZONE), datetime(2026, 11, 20, 17, tzinfo=ZONE)
    one = fold(None, source="national_portal", kind="national_portal.dossier", message=Dossier(), as_of=at)
    assert promised(encode(one)) is None
    two = fold(one, source="onestop", kind="onestop.dossier", message=Dossier(due_at=due), as_of=at)
    assert promised(encode(two)) == two.whole.due_at == due


def test_the_page_of_metrics_is_made_from_the_catalogue() -> None:
    """`python -m monitoring.metrics.page > docs/metrics.md` after a change."""
    assert (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8") == page()


def test_names_follow_prometheus() -> None:
    """One prefix, base units, `_total` for counters alone."""
    assert len(BY_NAME) == len(ALL)
    for metric in ALL:
        assert metric.name.startswith("lienthong_")
        assert metric.name.endswith("_total") == (metric.kind == "counter")
        assert not any(unit in metric.name for unit in ("millis", "minutes", "kilobytes", "percent"))
