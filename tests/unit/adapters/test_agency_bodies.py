"""Bodies at the agencies' door: bounded in size and in time, whatever their sender does."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from adapters.agency import bodies
from adapters.agency.bodies import patient, spooled, whole
from adapters.agency.problems import DoorError


async def coming(*pieces: bytes, every: float = 0.0, end: bool = True) -> AsyncIterator[bytes]:
    """Pieces with a pause before each; without an `end` the sender falls silent."""
    for piece in pieces:
        await asyncio.sleep(every)
        yield piece
    if not end:
        await asyncio.sleep(60)


async def refused(pieces: AsyncIterator[bytes], most: int = 100) -> int:
    """The status with which a body is refused."""
    with pytest.raises(DoorError) as told:
        await whole(pieces, most)
    return told.value.problem.status


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder in which nothing is left behind."""
    yield tmp_path
    assert not list(tmp_path.iterdir())


async def test_what_comes_in_time_is_had_whole_in_memory_or_on_disk(folder: Path) -> None:
    """Empty pieces say nothing; what lies on disk is gone afterwards, a large one too."""
    assert await whole(coming(b"a", b"", b"b"), 100) == b"ab"
    large = os.urandom(1_000_000)
    async with spooled(coming(large, b"x"), 2_000_000, folder) as file:
        assert file.read() == large + b"x"


async def test_one_byte_too_many_is_413_before_the_rest_is_waited_for() -> None:
    """Also where no length was announced."""
    assert await refused(coming(b"x" * 100, b"x", end=False)) == 413


async def test_who_falls_silent_is_408(monkeypatch: pytest.MonkeyPatch) -> None:
    """After the longest silence."""
    monkeypatch.setattr(bodies, "LONGEST_SILENCE", 0.05)
    assert await refused(coming(b"x", end=False)) == 408


async def test_who_sends_a_byte_now_and_then_is_408_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """No silence is too long, but all of it together is; who sends fast enough has as long as it takes."""
    monkeypatch.setattr(bodies, "PATIENCE", 0.1)
    assert await refused(coming(*[b"x"] * 100, every=0.02)) == 408
    monkeypatch.setattr(bodies, "SLOWEST", 100)
    fast = [piece async for piece in patient(coming(*[b"x" * 100] * 10, every=0.02))]
    assert len(fast) == 10
