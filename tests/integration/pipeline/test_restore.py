"""The disk is lost and a backup put back: nothing is doubled, nothing that the backup held is lost."""

import time
from pathlib import Path

import pytest

from adapters.onestop.writing import create_key
from bus.ledger import backup, epoch
from bus.ledger.store import Store
from tests.integration.pipeline.peers import onestop, portal
from tests.integration.pipeline.road import road, submitted

pytestmark = pytest.mark.integration

NUMBERS = [f"G22.99-260415-{number:06}" for number in range(1, 7)]


async def test_after_a_restore_every_peer_has_each_effect_once(
    tmp_path: Path, amqp_url: str, prefix: str
) -> None:
    """Two done before the backup, two open in it and done after it, two that came after it.

    The source tells the last two once more, as a polled one does from where its cursor stood.
    """
    url, kept = f"sqlite:///{tmp_path / 'ledger.db'}", tmp_path / "backups"
    kept.mkdir()
    to_portal, to_onestop = portal(), onestop()
    async with road(url, amqp_url, prefix, to_portal=to_portal, to_onestop=to_onestop) as before:
        await before.keep(*map(submitted, NUMBERS[:2]))
        await before.rests()
        await before.pauses("onestop")
        await before.keep(*map(submitted, NUMBERS[2:4]))
        copy = backup.copy_ledger(url, kept)
        await before.resumes("onestop")
        await before.keep(*map(submitted, NUMBERS[4:]))
        await before.rests()
    assert _lose_and_restore(tmp_path, copy) == 2
    async with road(url, amqp_url, prefix, to_portal=to_portal, to_onestop=to_onestop) as after:
        if after.connectors["onestop"].gate.paused:
            await after.resumes("onestop")
        await after.keep(*map(submitted, NUMBERS[4:]))
        await after.rests()
        assert sorted(map(create_key, after.onestop.did("create_dossier"))) == NUMBERS
        assert after.account().unaccounted == 0
        assert after.account().states["delivered"] == 6


def _lose_and_restore(folder: Path, copy: Path) -> int:
    """Lose the ledger and put the copy in its place; how many deliveries are to be asked about."""
    for file in folder.glob("ledger.db*"):
        file.unlink()
    url = f"sqlite:///{folder / 'ledger.db'}"
    backup.put_back(url, copy)
    store = Store(url)
    begun = epoch.begin(store, time.time(), "test")
    store.close()
    return begun.asked
