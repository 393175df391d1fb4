"""Repairs what `reconcile` has found, over a running bus: a dossier is read anew, or told its peer again.

Both go the ordinary way: what was lost is kept as its source hands it in, recognised by key where it was not
lost; what a peer lost is a new delivery in its lane. So a repair may be repeated, and has no second effect.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec
from sqlalchemy import Connection, select

from bus.connector import Connector
from bus.errors import DeliveryError, NotPossibleError
from bus.ledger import schema
from bus.ledger.handling_records import Again
from bus.ledger.ledger import Ledger
from bus.ledger.people import Note
from bus.ledger.records import Kept
from bus.pipeline import Pipeline
from bus.ports import Incoming
from bus.views import Rereads


class Told(msgspec.Struct, frozen=True):
    """What reading a dossier anew brought: messages kept now, how many were known, those that stand aside.

    `aside` are messages like "m7" that wait for a person: without them we know no more than before.
    """

    kept: tuple[int, ...]
    known: int
    aside: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Repairs:
    """What a person has repaired; each act is in the log of what people did before it begins."""

    ledger: Ledger
    pipeline: Pipeline
    connectors: Mapping[str, Connector]

    async def reread(self, connector: str, number: str, who: str, reason: str) -> Told:
        """Read a dossier anew from its peer and keep what was lost; raises `NotPossibleError`."""
        where = self._open(connector)
        if not isinstance(where.adapter, Rereads):
            raise NotPossibleError(f"{connector} cannot read a single dossier anew: look there yourself")
        await self.ledger.act(Note(who, "read anew", f"{connector} {number}", reason))
        items = await self._read(where, where.adapter, number)
        async with self.pipeline.turns:
            kept = await self.pipeline.keep_told(connector, items)
        return await self._told(kept)

    async def send_again(self, delivery: int, shown: str | None, who: str, reason: str) -> int:
        """Tell a peer again what it was shown and does not have; the number of the message that tells it.

        Raises `NotPossibleError` where that is not to be: something is on its way, or a person holds it.
        """
        kept: Kept = await self.ledger.act(Again(delivery, shown, who, reason))
        self.pipeline.publish(kept)
        return kept.message

    def _open(self, name: str) -> Connector:
        where = self.connectors.get(name)
        if where is None or where.mode == "off":
            raise NotPossibleError(f"{name} is no connector at work here")
        if where.gate.is_shut():
            raise NotPossibleError(
                f"{name} is not called now: paused, at rest, or its breaker is open (`account` says which)"
            )
        return where

    async def _read(self, where: Connector, adapter: Rereads, number: str) -> Sequence[Incoming]:
        loop = asyncio.get_running_loop()
        try:
            items = await loop.run_in_executor(where.pool, adapter.reread, number)
        except DeliveryError as error:
            where.gate.failed("", error)
            raise NotPossibleError(f"{where.name} does not answer for it: {error.text}") from None
        where.gate.answered()
        return items

    async def _told(self, kept: Sequence[Kept]) -> Told:
        states = await self.ledger.ask(_states, [one.message for one in kept])
        aside = [
            number for number, state in states.items() if state in ("parked", "dead", "unmatched", "conflict")
        ]
        new = tuple(one.message for one in kept if one.outcome == "kept")
        known = sum(one.outcome == "repeated" for one in kept)
        return Told(new, known, tuple(f"m{number}" for number in sorted(aside)))


def _states(tx: Connection, messages: list[int]) -> dict[int, str]:
    own = schema.message.c
    return {row[0]: row[1] for row in tx.execute(select(own.id, own.state).where(own.id.in_(messages)))}
