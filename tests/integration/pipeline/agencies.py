"""The agencies' door over a bus at work, for the education department."""

import asyncio
import hashlib
from dataclasses import replace
from datetime import date
from typing import Any

import msgspec

from adapters.agency.asked import Asked, Body
from adapters.agency.door import Door
from adapters.agency.gatekeeper import Gatekeeper
from bus.agency_desk import AgencyDesk
from bus.agency_settings import AgencySettings
from bus.desk import Taken
from bus.files import FileStore
from bus.ports import Incoming
from bus.settings import Secret
from mappings.dossier import Message
from tests.acceptance.agency_world import dossier
from tests.contract.agency_desk import province
from tests.integration.pipeline.road import Road, routes

SOURCE = "agency.H12.09"
AGENCY = AgencySettings(
    name="Sở", code="H12.09", key=Secret("k" * 32), may=("dossier.hand_in",), procedures=("education",)
)
ASKED = Asked(AGENCY, date(2026, 4, 15), frozenset({"H12.09"}))


class Meeting(AgencyDesk):
    """The desk of a bus, where messages wait for each other if it is `met`: judged, and none kept yet."""

    met: asyncio.Barrier | None = None

    async def keep(self, source: str, incoming: Incoming, message: Message) -> Taken:
        """Keep when everybody is here."""
        if self.met is not None:
            await self.met.wait()
        return await super().keep(source, incoming, message)


def door(road: Road, store: FileStore, together: int = 0) -> tuple[Door, Meeting]:
    """A door as of a process of its own, over that bus, and its desk."""
    road.pipeline._filing = replace(road.pipeline._filing, together=together)
    desk = Meeting(road.pipeline, road.pipeline._parts, routes(), check_room=lambda: None, agencies=[SOURCE])
    return Door(desk, Gatekeeper([AGENCY]), province(), store, 60_000, together=together), desk


async def body(one: Door, identity: str, size: int) -> Body:
    """The dossier with a document of its own of `size` bytes, uploaded before."""
    content = (identity.encode() * size)[:size]
    one.store.put([content])
    digest = hashlib.sha256(content).hexdigest()
    await one.desk.uploaded(SOURCE, digest)
    file: dict[str, Any] = {"hash": digest, "size": size, "media_type": "text/plain", "name": "don.txt"}
    return Body(msgspec.json.encode(dossier(7, documents=[{"id": identity, "name": "Đơn", "file": file}])))
