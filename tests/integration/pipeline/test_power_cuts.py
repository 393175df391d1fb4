"""The bus killed exactly before and after each step: started again, one effect and a whole account.

Points: the commits that keep, claim and settle, the call, the acknowledgement. Where the bus itself keeps
the message, it claims in the keeping transaction; where a hint waits at the broker, in one of its own.
"""

import asyncio
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from tests.integration.pipeline.conftest import Open
from tests.integration.pipeline.dying import Job, remembering
from tests.integration.pipeline.road import ROOT, submitted

pytestmark = pytest.mark.integration

Die = Callable[..., int]
KILLED = -9
HANDED_IN = [(when, point) for point in ("keep", "call", "settle") for when in ("before", "after")]
HINTED = [(when, point) for point in ("claim", "call", "settle", "ack") for when in ("before", "after")]


@pytest.fixture(scope="module")
def buses() -> Iterator["subprocess.Popen[bytes]"]:
    """A process that forks a bus for each job it is given."""
    command = [sys.executable, "-m", "tests.integration.pipeline.dying"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:  # noqa: S603  ours
        yield process
        assert process.stdin is not None
        process.stdin.close()


@pytest.fixture
def die(buses: "subprocess.Popen[bytes]", ledger_url: str, amqp_url: str, prefix: str, tmp_path: Path) -> Die:
    """Run a bus until it dies at a point; gives how it ended."""
    assert buses.stdin is not None
    assert buses.stdout is not None
    stdin, stdout = buses.stdin, buses.stdout

    def run(when: str, point: str, *, hands_in: bool) -> int:
        file = str(tmp_path / "effects.jsonl")
        job = Job(ledger_url, amqp_url, prefix, file, when, point, hands_in)
        stdin.write(msgspec.json.encode(job) + b"\n")
        stdin.flush()
        return int(stdout.readline())

    return run


async def comes_through(open_either: Open, tmp_path: Path) -> None:
    """Start again, hand the message in again as its source does without an answer; all must be whole."""
    peer = remembering(tmp_path / "effects.jsonl")
    async with open_either(to_onestop=peer) as one:
        await one.keep(submitted())
        row = await one.becomes("take_in", "delivered")
        await one.rests()
        assert len(peer.effects) == 1
        assert (one.account().unaccounted, one.account().messages) == (0, {"kept": 1})
        assert (row.doubt, len(one.rows())) == ("", 1)


@pytest.mark.parametrize(("when", "point"), HANDED_IN)
async def test_a_bus_that_keeps_a_message_is_killed(
    open_either: Open, die: Die, tmp_path: Path, when: str, point: str
) -> None:
    """The source had no answer, or had one: either way it is there once."""
    ended = await asyncio.to_thread(die, when, point, hands_in=True)
    assert ended == KILLED
    await comes_through(open_either, tmp_path)


@pytest.mark.parametrize(("when", "point"), HINTED)
async def test_a_bus_that_got_a_hint_is_killed(
    open_either: Open, die: Die, tmp_path: Path, when: str, point: str
) -> None:
    """The hint comes again or does not: the ledger decides."""
    await hint(open_either)
    ended = await asyncio.to_thread(die, when, point, hands_in=False)
    assert ended == KILLED
    await comes_through(open_either, tmp_path)


async def hint(open_either: Open) -> None:
    """Leave a kept message in the ledger and its hint at the broker, as a bus does that was stopped then."""
    async with open_either(mode="off") as one:
        await one.keep(submitted())
        one.publish(one.row("take_in").id, "onestop")


async def test_three_processes_that_die_in_a_call_without_effect_make_it_dead(
    open_either: Open, die: Die, tmp_path: Path
) -> None:
    """Poison: what kills whoever sends it is set aside for a person, with the reason (rule 14)."""
    await hint(open_either)
    for _ in range(3):
        assert await asyncio.to_thread(die, "before", "call", hands_in=False) == KILLED
    peer = remembering(tmp_path / "effects.jsonl")
    async with open_either(to_onestop=peer) as one:
        row = await one.becomes("take_in", "dead")
        assert (row.cause, row.reason, row.attempt) == ("poison", "its process ended in three attempts", 3)
        assert (peer.effects, one.account().unaccounted) == ([], 0)
