"""A ledger with flows of a test's own: messages go in as their sources hand them in, calls end as told.

The planner and the routes are the real ones; only who calls whom is left to the test.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

import msgspec

from adapters.ioffice.adapter import GIVEN_BACK
from bus.calendar import WorkingCalendar
from bus.flows import read_routes
from bus.ledger import read, schema
from bus.ledger.ledger import Ledger
from bus.ledger.records import Claim, Claimed, Keep, Kept, Settle, Settled
from bus.ledger.store import Store
from bus.planning import Planner
from mappings.dossier import MESSAGES, Message
from mappings.rules_time import ICT
from mappings.source import read as read_toml

T = TypeVar("T")
AT = datetime(2026, 11, 23, 8, tzinfo=ICT)
CODE = "H12-261123-0001"
OPERATIONS = {
    "onestop": frozenset(
        {"create_dossier", "add_result", "set_ready", "add_step", "obligation_met", "withdraw"}
    ),
    "insurance": frozenset({"request_card", "query_card", "add_supplement", "cancel_card"}),
    "tax": frozenset(
        {"file_slip", "query_obligation", "query_notices", "query_payments", "answer_supplement"}
    ),
    "ioffice": frozenset({"send_dossier", "ask_back"}),
}


def planner_of(
    text: str, calendar: WorkingCalendar | None = None, appends: Mapping[str, bool] | None = None
) -> Planner:
    """The planner of a route file; every operation appends, unless `appends` says otherwise."""
    routes = read_routes([read_toml(text, "f.toml")], operations=OPERATIONS, messages=MESSAGES)
    decisions, titles = {"ioffice.ask_back": GIVEN_BACK}, {"insurance": "Cơ quan BHXH"}
    return Planner(routes, appends or {}, calendar=calendar, decisions=decisions, titles=titles)


@dataclass
class Flowing:
    """One ledger under a test, and who hands in what."""

    url: str
    text: str
    calendar: WorkingCalendar | None = None
    appends: Mapping[str, bool] = field(default_factory=dict)
    count: int = 0
    planner: Planner = field(init=False)
    ledger: Ledger = field(init=False)

    def __post_init__(self) -> None:
        self.open()

    def open(self) -> None:
        """Open the ledger, as a process does at its start."""
        self.planner = planner_of(self.text, self.calendar, self.appends)
        self.ledger = Ledger(Store(self.url), self.planner.plan, self.planner.merge, self.planner.legs)

    def message(self, kind: str, body: Message, **more: Any) -> Keep:
        """A message as it is kept: by its source's number, unless the test says otherwise."""
        self.count += 1
        source = more.pop("source", kind.partition(".")[0])
        key = more.pop("key", f"k{self.count}")
        codes = more.pop("codes", {source: more.pop("code", CODE)})
        return Keep(
            source=source,
            kind=kind,
            key=key,
            digest=msgspec.json.encode(body),
            raw=b"{}",
            body=body,
            codes=codes,
            as_of=AT.timestamp() + self.count,
            traceparent="",
            ties=self.planner.ties(kind, body),
            **more,
        )

    async def say(self, kind: str, body: Message, **more: Any) -> Kept:
        """Keep a message."""
        return await self.ledger.keep(self.message(kind, body, **more))

    async def claim(self, delivery: int) -> Claimed:
        """Claim a delivery that can be claimed."""
        claimed = await self.ledger.claim(Claim(delivery, self.ledger.store.holder, 60.0))
        assert claimed is not None
        return claimed

    async def settle(self, claimed: Claimed, outcome: str, **more: Any) -> Settled:
        """End a call."""
        holder = self.ledger.store.holder
        return await self.ledger.settle(Settle(claimed.delivery, claimed.attempt, holder, outcome, **more))  # type: ignore[arg-type]

    async def does(self, operation: str, outcome: str = "delivered", **more: Any) -> Settled:
        """The oldest ready delivery of an operation is called, with this outcome."""
        rows = [row for row in self.rows(operation) if row.state == "ready"]
        assert rows, [(row.operation, row.state) for row in self.rows()]
        return await self.settle(await self.claim(rows[0].id), outcome, **more)

    def rows(self, operation: str = "") -> list[Any]:
        """The deliveries (of an operation), in the order of keeping."""
        with self.ledger.store.read() as tx:
            rows = tx.execute(schema.delivery.select().order_by(schema.delivery.c.id)).all()
        return [row for row in rows if operation in ("", row.operation)]

    def sent(self) -> list[str]:
        """Every delivery as "operation state", in the order of keeping."""
        return [f"{row.operation} {row.state}" for row in self.rows()]

    def legs(self, dossier: int | None = None) -> dict[str, str]:
        """The states of all legs (of a dossier), by their names without the flow's."""
        with self.ledger.store.read() as tx:
            rows = tx.execute(schema.leg.select().order_by(schema.leg.c.route)).all()
        named = [row for row in rows if dossier in (None, row.dossier)]
        return {row.route.partition(".")[2]: row.state for row in named}

    def leg(self, name: str) -> Any:
        """One leg's row."""
        with self.ledger.store.read() as tx:
            rows = tx.execute(schema.leg.select()).all()
        return next(row for row in rows if row.route.partition(".")[2] == name)

    def messages(self, kind: str = "") -> list[Any]:
        """The kept messages (of a kind)."""
        with self.ledger.store.read() as tx:
            rows = tx.execute(schema.message.select().order_by(schema.message.c.id)).all()
        return [row for row in rows if kind in ("", row.kind)]

    def body(self, message: Any, struct: type[T]) -> T:
        """What a kept message says."""
        with self.ledger.store.read() as tx:
            query = schema.payload.select().where(schema.payload.c.message == message.id)
            return msgspec.json.decode(tx.execute(query).one().canonical, type=struct)

    def account(self) -> read.Account:
        """The proof that everything is accounted for."""
        return self.ledger.look(read.account)
