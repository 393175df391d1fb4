"""The files of one dossier are weighed together, also those that come to it at one and the same moment."""

import asyncio
import hashlib
from dataclasses import replace
from datetime import date
from pathlib import Path

import msgspec
import pytest

from adapters.agency.answers import Receipt
from adapters.agency.asked import Asked, Body
from adapters.agency.door import Door
from adapters.agency.gatekeeper import Gatekeeper
from adapters.agency.problems import DoorError
from bus.agency_desk import AgencyDesk
from bus.agency_settings import AgencySettings
from bus.desk import Taken
from bus.file_limit import files_of
from bus.files import FileStore
from bus.ports import Incoming
from bus.settings import Secret
from mappings.dossier import Message
from tests.acceptance.agency_world import dossier
from tests.contract.agency_desk import province
from tests.integration.pipeline.conftest import Open
from tests.integration.pipeline.road import Road, routes
from tests.stores import file_store

SIZE = 15_000
AGENCY = AgencySettings(
    name="Sở", code="H12.09", key=Secret("k" * 32), may=("dossier.hand_in",), procedures=("education",)
)
NUMBER = "H12.09-260415-0007"


class Meeting(AgencyDesk):
    """The desk of a bus, at which replacements wait for each other: all are judged, none is kept yet."""

    met: asyncio.Barrier | None = None

    async def keep(self, source: str, incoming: Incoming, message: Message) -> Taken:
        """Keep when everybody is here."""
        if self.met is not None:
            await self.met.wait()
        return await super().keep(source, incoming, message)


def door(road: Road, store: FileStore, together: int) -> tuple[Door, Meeting]:
    """A door as of a process of its own, over that bus."""
    road.pipeline._filing = replace(road.pipeline._filing, together=together)
    desk = Meeting(
        road.pipeline, road.pipeline._parts, routes(), check_room=lambda: None, agencies=["agency.H12.09"]
    )
    return Door(desk, Gatekeeper([AGENCY]), province(), store, 60_000, together=together), desk


def asked() -> Asked:
    """A call of the education department."""
    return Asked(AGENCY, date(2026, 4, 15), frozenset({"H12.09"}))


async def body(one: Door, store: FileStore, identity: str) -> Body:
    """The dossier with a document of its own of `SIZE` bytes, uploaded before."""
    content = identity.encode() * SIZE
    store.put([content])
    digest = hashlib.sha256(content).hexdigest()
    await one.desk.uploaded("agency.H12.09", digest)
    file = {"hash": digest, "size": SIZE, "media_type": "text/plain", "name": "don.txt"}
    return Body(msgspec.json.encode(dossier(7, documents=[{"id": identity, "name": "Đơn", "file": file}])))


async def held(road: Road) -> int:
    """Bytes of all files that the dossier has."""
    desk = door(road, FileStore(Path(), limit=1), 0)[1]
    standing = await desk.standing(1)
    assert standing is not None
    return sum({file.hash: file.size for file in files_of(standing.whole)}.values())


@pytest.mark.parametrize("most", [2 * SIZE, 3 * SIZE], ids=["room for one of them", "room for both"])
async def test_two_replacements_at_the_same_moment_are_weighed_together(
    open_either: Open, tmp_path: Path, most: int
) -> None:
    """Through two doors: both are judged before either is kept. What is too much is told at its own path."""
    store = file_store(tmp_path / "files")
    async with open_either() as road:
        first, _ = door(road, store, most)
        receipt = await first.hand_in(asked(), await body(first, store, "A"), None)
        both = [door(road, store, most) for _ in range(2)]
        met = asyncio.Barrier(2)
        calls = []
        for (one, desk), identity in zip(both, "BC", strict=True):
            desk.met = met
            new = await body(one, store, identity)
            calls.append(one.replace(asked(), receipt.receipt, new, f"thay-{identity}"))
        answers = await asyncio.gather(*calls, return_exceptions=True)
        taken = [one for one in answers if isinstance(one, Receipt)]
        refused = [one for one in answers if isinstance(one, DoorError)]
        assert len(taken) == (1 if most == 2 * SIZE else 2)
        assert [[(wrong.path, wrong.rule) for wrong in one.problem.problems] for one in refused] == [
            [("documents[0].file", "dossier limit")]
        ] * (2 - len(taken))
        assert await held(road) == most
        assert road.account().unaccounted == 0
