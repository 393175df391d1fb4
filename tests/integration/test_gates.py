"""A peer that goes away and comes back: what the whole bus does, and that several processes do it once."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import psycopg
import pytest

from bus.ledger import read, schema
from bus.ledger.gate_records import Turn
from bus.ledger.gates import read_gates, read_outages
from bus.ledger.ledger import Ledger
from bus.ledger.records import Pause
from bus.ledger.sources import Lease
from bus.ledger.store import Store
from bus.ledger.sweep_records import Sweep
from bus.windows import Window
from tests.integration.peer import Bus, Peer, planner, running

pytestmark = pytest.mark.integration


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """An empty ledger in a file."""
    return f"sqlite:///{tmp_path / 'ledger.db'}"


@pytest.fixture
def clean_postgres(postgres_url: str) -> str:
    """An empty ledger on PostgreSQL."""
    with psycopg.connect(postgres_url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
    return postgres_url


@pytest.fixture
async def two(clean_postgres: str, amqp_url: str, prefix: str) -> AsyncIterator[tuple[Peer, Bus, Bus]]:
    """Two processes' worth of bus on one PostgreSQL and one broker, and their peer."""
    peer = Peer()
    async with AsyncExitStack() as stack:
        one = await stack.enter_async_context(running(clean_postgres, amqp_url, prefix, peer, every=0.05))
        other = await stack.enter_async_context(running(clean_postgres, amqp_url, prefix, peer, every=0.05))
        yield peer, one, other


def attempts(bus: Bus) -> list[tuple[str, int, int]]:
    """What each delivery has used: operation, attempts and tries."""
    table = schema.delivery.c
    with bus.ledger.store.read() as tx:
        rows = tx.execute(schema.delivery.select().order_by(table.id)).all()
    return [(row.operation, row.attempt, row.tries) for row in rows]


async def test_an_outage_burns_no_attempts_and_heals_by_itself(
    sqlite_url: str, amqp_url: str, prefix: str
) -> None:
    """While the peer is away nothing is called but its ping; back again, everything goes on at once."""
    peer = Peer(away=True)
    async with running(sqlite_url, amqp_url, prefix, peer) as bus:
        await bus.hand_in(1)
        await bus.until(bus.connector.gate.is_shut)
        called = peer.calls
        for number in range(2, 12):
            await bus.hand_in(number, "onestop.refusal" if number % 2 else "onestop.step")
        await bus.until(lambda: peer.pings >= 3)
        assert peer.calls == called
        assert sum(burned for _, burned, _ in attempts(bus)) == called
        peer.away = False
        back = time.monotonic()
        await bus.until(lambda: bus.states == {"delivered": 11})
        assert time.monotonic() - back < 10.0
        assert sorted(peer.effects) == sorted({*peer.effects})
        (outage,) = bus.ledger.look(read_outages)
        assert (outage.operation, outage.ended_at is not None) == ("", True)


async def test_an_operation_that_is_down_stops_alone_and_is_tried_again(
    sqlite_url: str, amqp_url: str, prefix: str
) -> None:
    """Its neighbours at the same peer go on; a ping opens a trial, a success ends it."""
    peer = Peer(fails="write")
    async with running(sqlite_url, amqp_url, prefix, peer) as bus:
        await bus.hand_in(1)
        await bus.until(lambda: bus.connector.gate.is_shut("write"))
        for number in range(2, 8):
            await bus.hand_in(number, "onestop.refusal")
        await bus.until(lambda: bus.states.get("delivered") == 6)
        assert not bus.connector.gate.is_shut()
        peer.fails = ""
        await bus.until(lambda: bus.states == {"delivered": 7})
        await bus.until(lambda: {row.state for row in bus.ledger.look(read_gates)} == {"closed"})


async def test_a_peer_that_is_away_longer_than_giving_up_kills_nothing(
    sqlite_url: str, amqp_url: str, prefix: str
) -> None:
    """Given up after one second in which it was up: it is away for two, then says "not yet"."""
    peer = Peer(away=True)
    async with running(sqlite_url, amqp_url, prefix, peer) as bus:
        await bus.hand_in(1)
        await bus.until(bus.connector.gate.is_shut)
        await asyncio.sleep(2.0)
        peer.away, peer.not_yet = False, True
        tried = peer.calls
        await bus.until(lambda: peer.calls > tried + 1)
        assert bus.states.get("dead") is None
        await bus.until(lambda: bus.states == {"dead": 1})
        (trouble,) = bus.ledger.look(read.troubles)
        assert "given up" in trouble["reason"]


async def test_an_open_breaker_outlives_its_process_and_is_probed_by_the_next(
    sqlite_url: str, amqp_url: str, prefix: str
) -> None:
    """After a restart nothing is called before a probe found the peer."""
    peer = Peer(away=True)
    async with running(sqlite_url, amqp_url, prefix, peer) as bus:
        await bus.hand_in(1)
        await bus.until(bus.connector.gate.is_shut)
        await bus.until(lambda: any(row.state == "open" for row in bus.ledger.look(read_gates)))
    called, asked = peer.calls, peer.pings
    async with running(sqlite_url, amqp_url, prefix, peer) as bus:
        assert bus.connector.gate.is_shut()
        await bus.until(lambda: peer.pings > asked + 1)
        assert peer.calls == called
        peer.away = False
        await bus.until(lambda: bus.states == {"delivered": 1})


async def test_in_a_window_nothing_is_claimed_and_nothing_is_polled(
    sqlite_url: str, amqp_url: str, prefix: str
) -> None:
    """The window is the whole day: what comes in waits, ready, with no attempt spent."""
    peer = Peer()
    always = Window("00:00-12:00 hold, 12:00-24:00 hold")
    async with running(sqlite_url, amqp_url, prefix, peer, every=0.05, window=always) as bus:
        await bus.hand_in(1)
        await asyncio.sleep(0.5)
        assert (bus.states, peer.calls, peer.polls) == ({"ready": 1}, 0, 0)
        assert attempts(bus) == [("write", 0, 0)]


async def test_of_two_processes_one_asks_an_absent_peer(two: tuple[Peer, Bus, Bus]) -> None:
    """Both see the row within a second; each time the peer may be asked, exactly one does."""
    peer, one, other = two
    for loop in (*one.worker._loops, *other.worker._loops):
        loop.cancel()
    await asyncio.sleep(0.1)
    epoch = 0
    for turn in range(5):
        assert await one.ledger.act(Turn("peer", "", "open", epoch, "away", probe_in=0.0))
        await asyncio.gather(one.worker.breakers.refresh(), other.worker.breakers.refresh())
        assert one.connector.gate.is_shut()
        assert other.connector.gate.is_shut("tell")
        both = (bus.worker.breakers.probe(bus.connector) for bus in (one, other))
        await asyncio.gather(*both)
        assert peer.pings == turn + 1
        (row,) = one.ledger.look(read_gates)
        assert row.state == "closed"
        epoch = row.epoch


async def test_what_one_process_found_stops_the_other_within_a_second(two: tuple[Peer, Bus, Bus]) -> None:
    """The breaker is the installation's, not the process's; back again, both go on."""
    peer, one, other = two
    peer.away = True
    for number in range(1, 5):
        await one.hand_in(number)
    await one.until(lambda: one.connector.gate.is_shut() or other.connector.gate.is_shut())
    found = time.monotonic()
    await one.until(lambda: one.connector.gate.is_shut() and other.connector.gate.is_shut())
    assert time.monotonic() - found < 1.0
    peer.away = False
    await one.until(lambda: one.states == {"delivered": 4})
    assert len(peer.effects) == 4
    await one.until(lambda: not one.connector.gate.is_shut() and not other.connector.gate.is_shut())


async def test_of_two_processes_one_polls_and_the_other_takes_over(two: tuple[Peer, Bus, Bus]) -> None:
    """The cursor moves by one poller's pages alone; when that stops, the other goes on from there."""
    peer, one, other = two
    await one.until(lambda: peer.polls >= 5)
    polls = [sum(polling.pages for polling in bus.worker._polls.values()) for bus in (one, other)]
    assert min(polls) == 0
    assert max(polls) > 0
    first, second = (one, other) if polls[0] else (other, one)
    await first.worker.stop(5.0)
    before = int(second.ledger.look(read.cursor, "peer", "page"))
    await second.until(lambda: int(second.ledger.look(read.cursor, "peer", "page")) >= before + 3)
    # a poll under way is asked and not yet kept, and one that the stop cut off never is
    await second.until(lambda: peer.polls - int(second.ledger.look(read.cursor, "peer", "page")) in (0, 1))


async def test_a_stop_ends_though_the_database_is_away_and_the_next_start_asks(
    clean_postgres: str, amqp_url: str, prefix: str
) -> None:
    """The outcome cannot be written: the stop says so and ends in its time; then the delivery is unknown."""
    peer = Peer(slow=0.5)
    server = clean_postgres.replace("+psycopg", "").rpartition("/")[0] + "/postgres"
    name = clean_postgres.rpartition("/")[2]
    async with running(clean_postgres, amqp_url, prefix, peer) as bus:
        await bus.hand_in(1)
        await bus.until(peer.begun.is_set)
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false".encode())
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,)
            )
            began = time.monotonic()
            assert await bus.worker.stop(2.0) == 1
            assert time.monotonic() - began < 8.0
            connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true".encode())
    plans = planner()
    ledger = Ledger(Store(clean_postgres), plans.plan, plans.merge)
    states = ledger.look(read.account).states
    ledger.close()
    assert states == {"sending": 1}
    async with running(clean_postgres, amqp_url, prefix, peer) as bus:
        await bus.until(lambda: bus.states == {"delivered": 1})
    assert peer.effects == ["write s1"]


async def test_a_process_whose_session_broke_is_not_taken_for_gone(clean_postgres: str) -> None:
    """The database restarts: the living take their proof of life again, and their sources stay theirs."""
    plans = planner()
    one, other = (Ledger(Store(clean_postgres), plans.plan, plans.merge) for _ in range(2))
    try:
        assert await one.act(Lease("peer", "page"))
        with psycopg.connect(clean_postgres.replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND objid = %s",
                (one.store.holder,),
            )
        with other.store.write() as tx:
            assert other.store.is_dead(tx, one.store.holder)
        for _ in range(3):
            await one.sweep(Sweep({"": 0.0}))
        with other.store.write() as tx:
            assert not other.store.is_dead(tx, one.store.holder)
        assert not await other.act(Lease("peer", "page"))
    finally:
        one.close()
        for _ in range(500):
            if taken := await other.act(Lease("peer", "page")):
                break
            await asyncio.sleep(0.02)
        other.close()
    assert taken


async def test_a_stop_ends_though_the_database_hangs(clean_postgres: str, amqp_url: str, prefix: str) -> None:
    """It takes connections and answers nothing: the stop does not wait for it, nor does the flush."""
    peer = Peer(slow=0.3)
    async with running(clean_postgres, amqp_url, prefix, peer) as bus:
        await bus.hand_in(1)
        await bus.until(peer.begun.is_set)
        with psycopg.connect(clean_postgres.replace("+psycopg", "")) as blocker:
            blocker.execute("LOCK TABLE delivery IN ACCESS EXCLUSIVE MODE")
            began = time.monotonic()
            assert await bus.worker.stop(1.0) == 1
            assert not bus.ledger.close(0.2)
            assert time.monotonic() - began < 5.0
            blocker.rollback()
        assert bus.ledger.close(10.0)
    assert peer.effects == ["write s1"]


async def test_processes_share_what_a_connector_may(two: tuple[Peer, Bus, Bus]) -> None:
    """Two slots for two processes are one each; together they never call more, and one alone has both."""
    peer, one, other = two
    await one.until(lambda: (one.connector.slots.count, other.connector.slots.count) == (1, 1))
    peer.slow = 0.05
    for number in range(1, 13):
        await one.hand_in(number)
    await one.until(lambda: one.states == {"delivered": 12})
    assert peer.most_at_once == 2
    await other.worker.stop(5.0)
    await one.until(lambda: one.connector.slots.count == 2)


async def test_a_process_that_dies_leaves_its_slots_to_the_others(
    two: tuple[Peer, Bus, Bus], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its lock is free: what it held is another's when that one next says that it is there."""
    monkeypatch.setattr("bus.shares.FRESH", 0.2)
    _, one, other = two
    await one.until(lambda: (one.connector.slots.count, other.connector.slots.count) == (1, 1))
    for loop in other.worker._loops:
        loop.cancel()
    session = other.ledger.store._lock._session
    assert session is not None
    session.invalidate()
    await one.until(lambda: one.connector.slots.count == 2)


async def test_a_peer_s_wish_for_rest_is_every_process_s(two: tuple[Peer, Bus, Bus]) -> None:
    """After one "not before" nobody calls until then; one try is burned, and a person may end it."""
    peer, one, other = two
    peer.wants_rest = 600.0
    await one.hand_in(1)
    await one.until(lambda: one.connector.gate.is_shut() and other.connector.gate.is_shut())
    for number in range(2, 10):
        await other.hand_in(number)
    await asyncio.sleep(0.3)
    assert peer.calls == 1
    await one.ledger.act(Pause("peer", who="minh", reason="phoned them", pause=False))
    await one.until(lambda: one.states == {"delivered": 9})
    (outage,) = one.ledger.look(read_outages)
    assert (peer.calls, outage.cause) == (10, "rest")
    assert outage.ended_at is not None
    assert outage.ended_at < outage.began_at + 60.0
