"""A portal to connect to: the tests' own, written from the reference alone, or the simulator."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from bus.ports import Adapter
from tests.contract.national_portal_adapter.portals import Connect, adapter
from tests.contract.strict_portal import BASE, StrictPortal, server


@pytest.fixture
def portal() -> Iterator[StrictPortal]:
    """A portal that ends with the test, and had nothing to complain of."""
    one = StrictPortal()
    yield one
    assert one.complaints == []


@pytest.fixture
def connect(portal: StrictPortal) -> Iterator[Connect]:
    """Make connectors to the portal."""
    http = server(portal)
    threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    made: list[Adapter] = []

    def build(**settings: Any) -> Adapter:
        made.append(adapter(f"http://127.0.0.1:{http.server_address[1]}{BASE}", **settings))
        return made[-1]

    yield build
    for one in made:
        one.close()
    http.shutdown()
    http.server_close()
