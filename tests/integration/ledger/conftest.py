"""One ledger after the other, the same behaviour asked of both."""

from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import psycopg
import pytest

from bus.ledger.ledger import Ledger
from bus.ledger.records import Keep, Plan, PlannedDelivery, Told
from bus.ledger.store import Store
from mappings.dossier import Step

ROUTES = {
    "portal.dossier": (PlannedDelivery("flow.take_in", "onestop", "create", appends=True, expects=True),),
    "portal.urgent": (
        PlannedDelivery(
            "flow.urgent", "onestop", "urge", appends=True, expects=True, clock=lambda at: at - 1
        ),
        PlannedDelivery(
            "flow.calm", "", "", appends=True, expects=True, clock=lambda at: at + 99, sends=False
        ),
    ),
    "portal.supplement": (PlannedDelivery("flow.supplement", "onestop", "add", appends=True),),
    "portal.withdrawn": (
        PlannedDelivery("flow.withdraw", "onestop", "withdraw", appends=True, after_withdrawal=True),
    ),
    "onestop.dossier": (PlannedDelivery("flow.record", "portal", "sync", appends=False),),
    "onestop.step": (PlannedDelivery("flow.progress", "portal", "progress", appends=True),),
    "both": (
        PlannedDelivery("flow.one", "onestop", "add", appends=True),
        PlannedDelivery("flow.two", "portal", "progress", appends=True),
    ),
}


ANSWERS = {"onestop.dossier": ("flow.take_in",), "onestop.urgent": ("flow.urgent", "flow.calm")}


def plan(state: bytes | None, keep: Keep, withdrawn: bool) -> Plan:  # noqa: FBT001  the planner's signature
    """Fold message keys into a list; routes by kind; a withdrawn dossier starts only what tells of it."""
    fold = [*(msgspec.json.decode(state) if state else []), keep.key]
    withdraws = keep.kind == "portal.withdrawn"
    sends = tuple(
        planned
        for planned in ROUTES.get(keep.kind, ())
        if planned.after_withdrawal or not (withdrawn or withdraws)
    )
    return Plan(
        msgspec.json.encode(fold),
        sends,
        tuple(Told(route, "answer") for route in ANSWERS.get(keep.kind, ())),
        withdraws=withdraws,
    )


def merge(one: bytes, other: bytes) -> bytes:
    """Two lists of keys as one."""
    return msgspec.json.encode([*msgspec.json.decode(one), *msgspec.json.decode(other)])


def keep_of(kind: str, key: str, codes: dict[str, str], **more: object) -> Keep:
    """A message with an invented body."""
    source = kind.split(".", maxsplit=1)[0]
    body = msgspec.convert(
        {"id": key, "status": "accepted", "at": "2026-11-23T08:00:00+07:00", "handler": "A", "content": key},
        Step,
        strict=False,
    )
    values = {
        "source": source,
        "kind": kind,
        "key": key,
        "digest": key.encode(),
        "raw": key.encode(),
        "body": body,
        "codes": codes,
        "as_of": 1.0,
        "traceparent": "",
    }
    return Keep(**{**values, **more})  # type: ignore[arg-type]  # a test may override any field


@pytest.fixture(params=["sqlite", "postgresql"])
def ledger_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty ledger's address, once on each database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'ledger.db'}"
    url: str = request.getfixturevalue("postgres_url")
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
    return url


@pytest.fixture
def ledger(ledger_url: str) -> Iterator[Ledger]:
    """An open ledger with the test's own routes."""
    ledger = Ledger(Store(ledger_url), plan, merge)
    yield ledger
    ledger.close()


@pytest.fixture
def ledger_again(ledger_url: str) -> Iterator[Callable[[], Ledger]]:
    """Open the test's ledger another time, as the next process does."""
    opened: list[Ledger] = []

    def again() -> Ledger:
        opened.append(Ledger(Store(ledger_url), plan, merge))
        return opened[-1]

    yield again
    for one in opened:
        one.close()
