"""What an agency sends again for want of an answer is answered as the first time, whatever happened since."""

from pathlib import Path

import pytest

from adapters.agency.problems import DoorError
from tests.integration.pipeline.agencies import ASKED, body, door
from tests.integration.pipeline.conftest import Open
from tests.stores import file_store


async def test_a_replacement_sent_again_after_the_dossier_has_ended_gets_its_receipt(
    open_road: Open, tmp_path: Path
) -> None:
    """By its key; the same key with other content is a conflict, and a new one comes too late."""
    async with open_road() as road:
        one, _ = door(road, file_store(tmp_path / "files"))
        receipt = (await one.hand_in(ASKED, await body(one, "A", 9), None)).receipt
        new = await body(one, "B", 9)
        replaced = await one.replace(ASKED, receipt, new, "thay-1")
        await one.withdraw(ASKED, receipt, b"", None)
        again = await one.replace(ASKED, receipt, new, "thay-1")
        assert (again.receipt, again.repeated) == (replaced.receipt, True)
        for content, key, kind in (("C", "thay-1", "key-reused"), ("B", "thay-2", "over")):
            with pytest.raises(DoorError) as caught:
                await one.replace(ASKED, receipt, await body(one, content, 9), key)
            assert (caught.value.problem.status, caught.value.problem.type) == (409, f"urn:lienthong:{kind}")
