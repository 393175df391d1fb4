"""The loop that looks after retries: it sends off what may go, and has messages set aside read again."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from bus.aside import tree_of
from bus.errors import RejectedMessageError
from bus.fingerprint import is_of_fields
from bus.ledger import failures
from bus.ledger.handling_records import Advance, Advanced, Reading, Reread
from bus.ledger.ledger import Ledger
from bus.ledger.records import Keep, Kept, Ready
from bus.pipeline import Pipeline
from bus.ports import Incoming
from mappings.rules_time import ICT

EVERY = 0.5
"""Seconds between two looks."""

_NEVER = {
    "unmatched": "it has no number of a dossier: give it one (failed assign)",
    "conflict": "its key is known with other content: discard it, or ask its sender to hand it in anew",
}


class Retrying:
    """Looks after the retries that people asked for; any process may, at the same time."""

    def __init__(
        self, ledger: Ledger, pipeline: Pipeline, publish: Callable[[Sequence[Ready]], None]
    ) -> None:
        self._ledger = ledger
        self._pipeline = pipeline
        self._publish = publish

    async def step(self) -> None:
        """Look after all retries once."""
        advanced: Advanced = await self._ledger.act(Advance())
        if advanced.ready:
            self._publish(advanced.ready)
        for reading in advanced.readings:
            await self._read_again(reading)
        await asyncio.sleep(EVERY)

    async def _read_again(self, reading: Reading) -> None:
        found = await self._ledger.ask(failures.message, reading.message)
        if found is None:
            return
        keep, problem = self._said(found)
        again = Reread(reading.message, keep, problem, "a retry", "", reading)
        kept: Kept | None = await self._ledger.act(again)
        if keep is not None and kept is not None:
            self._pipeline.spread(keep, kept)

    def _said(self, found: dict[str, Any]) -> tuple[Keep | None, str]:
        """What a message says now, or why it still cannot be read."""
        if why := _NEVER.get(found["state"]):
            return None, why
        try:
            incoming = self._incoming(found)
            keep = self._pipeline.read(
                found["source"], incoming, dossier=found["dossier"], answer_to=found["answer_to"]
            )
        except RejectedMessageError as error:
            return None, str(error)
        except Exception as error:  # noqa: BLE001  a bug over one message must not stop its run
            return None, f"{type(error).__name__}: {error}"
        # what its source tells again is compared by what counted as content when it first came
        return (replace(keep, digest=found["digest"]) if is_of_fields(found["digest"]) else keep), ""

    def _incoming(self, found: dict[str, Any]) -> Incoming:
        sheet = self._pipeline.sheet_of(found["source"], found["kind"])
        tree = tree_of(found["stored"] or found["content"], xml=sheet.sheet.carrier == "xml")
        place, _, digest = found["key"].rpartition("#")
        keyless = digest == found["digest"].hex()
        return Incoming(
            found["kind"],
            tree,
            found["content"],
            key=None if keyless else found["key"],
            place=place if keyless else None,
            as_of=datetime.fromtimestamp(found["as_of"], ICT),
        )
