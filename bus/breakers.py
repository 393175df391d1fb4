"""Breakers between processes: the ledger's rows and this process's gates kept in step (rule 16).

Read at every sweep, so a gate is at most a second behind; a change of our own stops claims here at once and
is written on the condition of the row's epoch. Of all processes one asks an absent peer, by `ping`.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import structlog

from bus.connector import MARGIN, Connector
from bus.errors import DeliveryError
from bus.gates import WHOLE, Breaker
from bus.ledger.gate_records import GateRow, Outage, Probe, Rest, State, Turn
from bus.ledger.gates import read_gates, read_outages
from bus.ledger.ledger import Ledger

_log = structlog.get_logger("breakers")


@dataclass(slots=True)
class Breakers:
    """The gates of some connectors, as all processes see them."""

    ledger: Ledger
    connectors: Mapping[str, Connector]
    hurry: set[str] = field(default_factory=set)
    """Who may go again since the last sweep: "name" or "name.operation"."""
    _shut: frozenset[str] = frozenset()
    _rows: tuple[GateRow, ...] = ()
    _seen: frozenset[tuple[object, ...]] = frozenset()
    _wake: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        for connector in self.connectors.values():
            connector.gate.changed = self._wake.set

    async def refresh(self, told: Sequence[Breaker] = ()) -> None:
        """Take over what the ledger says of every gate, and note who may go again. May be repeated.

        `told` are breakers whose change was written, or refused: from here on the row decides over them.
        """
        self._rows, now = await self.ledger.ask(read_gates), time.monotonic()
        seen = frozenset(
            (row.connector, row.operation, row.epoch, row.paused_at, round(row.rest_in and row.rest_in + now))
            for row in self._rows
        )
        outages = await self.ledger.ask(read_outages) if seen != self._seen else None
        self._seen = seen
        for one in told:
            one.wish = None
        for name, connector in self.connectors.items():
            rows = {row.operation: row for row in self._rows if row.connector == name}
            self._adopt(connector, rows, outages)
        before, self._shut = self._shut, self.shut()
        self.hurry |= before - self._shut

    def _adopt(
        self, connector: Connector, rows: Mapping[str, GateRow], outages: tuple[Outage, ...] | None
    ) -> None:
        gate = connector.gate
        before = {name: one.state for name, one in gate.breakers.items()}
        gate.adopt(rows)
        for operation, one in gate.breakers.items():
            if one.state != before.get(operation, "closed"):
                say = _log.info if one.state == "closed" else _log.warning
                say(
                    "breaker",
                    connector=connector.name,
                    operation=operation,
                    state=one.state,
                    reason=one.reason,
                )
        if outages is not None:
            gate.outages = [one for one in outages if one.connector == connector.name]

    def shut(self) -> frozenset[str]:
        """To whom nothing may go now: connectors "name" and operations "name.operation", others' too."""
        keys = set()
        for name, connector in self.connectors.items():
            if connector.gate.is_shut():
                keys.add(name)
            keys.update(f"{name}.{operation}" for operation in connector.gate.shut_operations)
        for row in self._rows:
            if row.connector not in self.connectors and (row.paused_by or row.rest_in or row.state == "open"):
                keys.add(f"{row.connector}.{row.operation}" if row.operation else row.connector)
        return frozenset(keys)

    async def tell(self) -> None:
        """Wait for changes of our own and write them; what another process wrote before stands."""
        await self._wake.wait()
        self._wake.clear()
        try:
            await self._write_wishes()
        except BaseException:
            self._wake.set()  # a wish that is not written keeps its breaker open here, and is tried again
            raise

    async def _write_wishes(self) -> None:
        told = [
            (one, _turn(connector, operation, one))
            for connector in self.connectors.values()
            for operation, one in connector.gate.wishes()
        ]
        for _, turn in told:
            await self.ledger.act(turn)
        for connector in self.connectors.values():
            if seconds := connector.gate.wish:
                await self.ledger.act(Rest(connector.name, seconds))
                connector.gate.wish -= seconds if connector.gate.wish == seconds else 0.0
        await self.refresh([one for one, _ in told])

    async def probe(self, connector: Connector) -> None:
        """Ask an absent peer where that is due and no other process does; may be repeated at any time."""
        for operation in connector.gate.due_probes():
            epoch = connector.gate.breakers[operation].epoch
            lease = connector.longest_call + MARGIN
            mine = await self.ledger.act(Probe(connector.name, operation, epoch, lease))
            if mine is not None:
                await self.ledger.act(await self._ask(connector, operation, mine))
            await self.refresh()

    async def _ask(self, connector: Connector, operation: str, epoch: int) -> Turn:
        """What a ping says: for an operation it is a trial, which a delivery has to prove."""
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(connector.pool, connector.adapter.ping)
        except DeliveryError as error:
            return Turn(
                connector.name, operation, "open", epoch, error.text, probe_in=connector.rhythm.open_for
            )
        found: State = "closed" if operation == WHOLE else "half-open"
        return Turn(connector.name, operation, found, epoch, "the peer answered a probe")


def _turn(connector: Connector, operation: str, one: Breaker) -> Turn:
    """A breaker's own change, to be written on the condition of the epoch it was seen at."""
    state = one.wish or one.state
    wait = connector.rhythm.open_for
    return Turn(connector.name, operation, state, one.epoch, one.reason, one.failures, probe_in=wait)
