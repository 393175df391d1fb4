"""A running simulated one-stop and a client that shares no code with it, made for each test."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.contract.onestop_simulator.peers import Peer, Start, running


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start simulators with options, each over its own folder."""
    started: list[Any] = []

    def run(*options: str) -> Peer:
        started.append(running(tmp_path / str(len(started)), *options))
        peer: Peer = started[-1].__enter__()
        return peer

    yield run
    for one in started:
        one.__exit__(None, None, None)
