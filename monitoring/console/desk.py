"""What the console stands on: the bus at work as it sees it, and the snapshot of the state at a glance."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

import structlog
from sqlalchemy import Connection

from bus.connector import Connector
from bus.errors import LedgerUnavailableError
from bus.failures import Failures
from bus.flows import Routes
from bus.ledger import legs, overview, read
from bus.ledger.failures import Group, groups
from bus.ledger.gate_records import GateRow, Outage
from bus.ledger.gates import read_gates, read_outages
from bus.ledger.ledger import Ledger
from bus.ledger.overview import Today, Under
from bus.ledger.records import Ready
from bus.ledger.schema import CLOCKED
from monitoring.action_log import LogWatch
from monitoring.console.count_behind import Counting
from monitoring.console.provider import OnTheirWay, Provider
from monitoring.report.tally import Reporter

VIETNAM = timezone(timedelta(hours=7))

_PAUSE, _SHARE, _ACCOUNT = 5.0, 20, 60.0
"""Seconds between two snapshots, at least this many times what one takes; seconds between two accounts."""

_log = structlog.get_logger("console")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The state at a glance, as it was `at` (seconds since the epoch)."""

    at: float = 0.0
    under_way: Sequence[Under] = ()
    today: Sequence[Today] = ()
    gates: Sequence[GateRow] = ()
    outages: Sequence[Outage] = ()
    troubles: Sequence[dict[str, Any]] = ()
    groups: Sequence[Group] = ()
    late_legs: int = 0
    open_legs: int = 0
    account: read.Account | None = None
    account_at: float = 0.0


@dataclass(slots=True)
class Desk:
    """The bus as the console sees it; it reads the ledger and changes it by the bus's own actions alone."""

    title: str
    environment: str
    ledger: Ledger
    connectors: Mapping[str, Connector]
    routes: Routes
    publish: Callable[[Sequence[Ready]], None]
    session_lives: float = 12 * 3600.0
    is_encrypted: bool = False
    reporter: Reporter = field(default_factory=Reporter)
    failures: Failures | None = None
    snapshot: Snapshot = field(default_factory=Snapshot)
    provider: Provider | None = None
    on_their_way: OnTheirWay = field(default_factory=OnTheirWay)
    log: LogWatch = field(init=False)
    counting: Counting = field(init=False)

    def __post_init__(self) -> None:
        """Watch the log of actions, whose page tells whether it is whole, and be ready to count."""
        self.log = LogWatch(self.ledger)
        self.counting = Counting(self.ledger, self.reporter)

    async def follow(self) -> None:
        """Keep the snapshot fresh, until cancelled; a ledger that is away leaves the last one."""
        while True:
            began = time.monotonic()
            try:
                self.snapshot = await self.ledger.ask(take, self.snapshot)
                await self.log.look()
            except LedgerUnavailableError:
                _log.warning("no snapshot: the ledger does not answer")
            except Exception as error:  # noqa: BLE001  a page that is stale must not end what carries dossiers
                _log.warning("no snapshot", error=type(error).__name__)
            await asyncio.sleep(max(_PAUSE, _SHARE * (time.monotonic() - began)))


def take(tx: Connection, before: Snapshot) -> Snapshot:
    """Read the state at a glance; the account, which reads everything, is taken over where it is recent."""
    now = time.time()
    is_old = now - before.account_at > _ACCOUNT
    late, waiting = legs.late(tx), legs.counted(tx)
    return Snapshot(
        at=now,
        under_way=overview.under_way(tx),
        today=overview.today(tx, midnight(now)),
        gates=read_gates(tx),
        outages=read_outages(tx),
        troubles=read.troubles(tx, 2000),
        groups=groups(tx, 2000),
        late_legs=sum(late.get(state, 0) for state in CLOCKED),
        open_legs=sum(waiting.get(state, 0) for state in CLOCKED),
        account=read.account(tx) if is_old else before.account,
        account_at=now if is_old else before.account_at,
    )


def midnight(now: float) -> float:
    """When the day of `now` began in Vietnam; both in seconds since the epoch."""
    day = datetime.fromtimestamp(now, VIETNAM).replace(hour=0, minute=0, second=0, microsecond=0)
    return day.timestamp()
