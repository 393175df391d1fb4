"""A ledger whose server comes late or lets nobody in: what a start waits for, and what it leaves open."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
import pytest

from bus.arrival import LEDGER, arrive
from bus.errors import LedgerUnavailableError, NotLetInError, StayedAwayError
from bus.ledger.opening import opened
from bus.ledger.store import Store
from deploy.local.folder import free_ports

pytestmark = pytest.mark.integration


async def test_a_server_that_comes_late_is_waited_for_and_the_loop_goes_on_meanwhile(
    postgres_url: str,
) -> None:
    """It lets nobody connect, as while it starts; each reason is said once, and then the ledger is there."""
    said: list[str] = []
    waits = asyncio.Event()

    def say(text: str) -> None:
        said.append(text)
        waits.set()

    async def connect() -> Store:
        return await asyncio.to_thread(opened, postgres_url)

    with closed_door(postgres_url) as let_in:
        arriving = asyncio.create_task(arrive(connect, within=60, say=say, at=LEDGER))
        await waits.wait()
        assert not arriving.done()
        let_in()
        store = await arriving
    assert store.holder == 1
    store.close()
    assert len(said) == 1
    assert said[0].endswith("Trying again for 60 s ([ledger] wait_at_start)")


async def test_one_that_stays_away_is_told_apart_from_wrong_settings(postgres_url: str) -> None:
    """Nobody listens: away. A wrong password, a database nobody made: not let in. No password is told."""
    name = postgres_url.rpartition("/")[2]
    login, _, place = postgres_url.rpartition("@")
    nowhere = f"{login}@127.0.0.1:{free_ports(1)[0]}/{name}"

    async def connect() -> Store:
        return await asyncio.to_thread(opened, nowhere)

    with pytest.raises(StayedAwayError, match=r"the ledger's server stayed away for 0.2 s .*refused") as away:
        await arrive(connect, within=0.2, say=_quietly, at=LEDGER)
    password = login.rpartition(":")[2]
    assert password not in str(away.value)
    user = login.rpartition(":")[0]
    for wrong in (f"{user}:wr0ng@{place}", f"{login}@{place}x"):
        with pytest.raises(NotLetInError) as refused:
            opened(wrong)
        assert "wr0ng" not in str(refused.value)
        assert password not in str(refused.value)


def test_a_failed_opening_leaves_nothing_open(postgres_url: str) -> None:
    """What a migration could not end is rolled back with its connection, and the next one opens."""
    with psycopg.connect(postgres_url.replace("+psycopg", ""), autocommit=True) as other:
        other.execute("SELECT pg_advisory_lock(7010)")
        other.execute(
            f"ALTER ROLE lienthong IN DATABASE {_name(postgres_url)} SET lock_timeout = '200ms'".encode()
        )
        with pytest.raises(LedgerUnavailableError):
            opened(postgres_url)
        there = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        # a session ends a moment after its connection
        end = time.monotonic() + 10
        while (left := other.execute(there).fetchone()) != (1,) and time.monotonic() < end:
            time.sleep(0.05)
        assert left == (1,)
    opened(postgres_url).close()


@contextmanager
def closed_door(url: str) -> Iterator[Callable[[], None]]:
    """Nobody may connect to the database until the function is called, or the block ends."""
    server = url.replace("+psycopg", "").rpartition("/")[0]
    with psycopg.connect(f"{server}/postgres", autocommit=True) as other:

        def let(word: str) -> None:
            other.execute(f"ALTER DATABASE {_name(url)} ALLOW_CONNECTIONS {word}".encode())

        let("false")
        try:
            yield lambda: let("true")
        finally:
            let("true")


def _name(url: str) -> str:
    return url.rpartition("/")[2]


def _quietly(_text: str) -> None:
    """Said elsewhere."""
