"""A one-stop to connect to: the tests' own, written from the reference alone, or the simulator."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from bus.ports import Adapter
from tests.contract.onestop_adapter.onestops import Connect, adapter
from tests.contract.strict_onestop import StrictOneStop, server


@pytest.fixture
def peer() -> Iterator[StrictOneStop]:
    """A one-stop that ends with the test, and had nothing to complain of."""
    one = StrictOneStop()
    yield one
    assert one.complaints == []


@pytest.fixture
def connect(peer: StrictOneStop) -> Iterator[Connect]:
    """Make connectors to the one-stop."""
    http = server(peer)
    threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    made: list[Adapter] = []

    def build(**settings: Any) -> Adapter:
        made.append(adapter(f"http://127.0.0.1:{http.server_address[1]}", **settings))
        return made[-1]

    yield build
    for one in made:
        one.close()
    http.shutdown()
    http.server_close()
