"""An axis to connect to: the tests' own, written from the reference alone."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from adapters.ioffice.adapter import IOffice
from bus.files import FileStore
from mappings.engine import Compiled, compile_sheet
from mappings.sheet import load_sheets
from tests.contract.ioffice_adapter.axes import Connect, adapter
from tests.contract.strict_axis import StrictAxis, server
from tests.stores import file_store


@pytest.fixture
def peer() -> Iterator[StrictAxis]:
    """An axis that ends with the test, and had nothing to complain of."""
    one = StrictAxis()
    yield one
    assert one.complaints == []


@pytest.fixture
def files(tmp_path: Path) -> FileStore:
    """The store of the test's connectors."""
    return file_store(tmp_path / "files")


@pytest.fixture
def connect(peer: StrictAxis, files: FileStore) -> Iterator[Connect]:
    """Make connectors to the axis."""
    http = server(peer)
    threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    made: list[IOffice] = []

    def build(**settings: Any) -> IOffice:
        url = f"http://127.0.0.1:{http.server_address[1]}/XrdAdapter/adapter"
        made.append(adapter(url, files, **settings))
        return made[-1]

    yield build
    for one in made:
        one.close()
    http.shutdown()
    http.server_close()


@pytest.fixture(scope="module")
def sheets() -> dict[str, Compiled]:
    """The sheets of the axis."""
    found = load_sheets()
    return {
        name: compile_sheet(found[f"ioffice/{name}"])
        for name in ("document", "status", "dossier", "ask_back")
    }
