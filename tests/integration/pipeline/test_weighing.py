"""The files of one dossier are weighed together, also those that come to it at one and the same moment."""

import asyncio
from pathlib import Path

import pytest

from adapters.agency.answers import Receipt
from adapters.agency.problems import DoorError
from bus.desk import Desk
from bus.file_limit import files_of
from tests.integration.pipeline.agencies import ASKED, body, door
from tests.integration.pipeline.conftest import Open
from tests.stores import file_store

SIZE = 15_000


async def held(desk: Desk) -> int:
    """Bytes of all files that the dossier has."""
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
        first, desk = door(road, store, most)
        receipt = await first.hand_in(ASKED, await body(first, "A", SIZE), None)
        met, calls = asyncio.Barrier(2), []
        for identity in "BC":
            one, its = door(road, store, most)
            its.met = met
            new = await body(one, identity, SIZE)
            calls.append(one.replace(ASKED, receipt.receipt, new, f"thay-{identity}"))
        answers = await asyncio.gather(*calls, return_exceptions=True)
        taken = [one for one in answers if isinstance(one, Receipt)]
        refused = [one for one in answers if isinstance(one, DoorError)]
        assert len(taken) == (1 if most == 2 * SIZE else 2)
        assert [[(wrong.path, wrong.rule) for wrong in one.problem.problems] for one in refused] == [
            [("documents[0].file", "dossier limit")]
        ] * (2 - len(taken))
        assert await held(desk) == most
        assert road.account().unaccounted == 0
