"""A store and the sheets that read what the codec gives."""

from pathlib import Path

import pytest

from bus.files import FileStore
from mappings.engine import Compiled, compile_sheet
from mappings.sheet import load_sheets
from tests.stores import file_store


@pytest.fixture
def files(tmp_path: Path) -> FileStore:
    """An empty store."""
    return file_store(tmp_path / "files")


@pytest.fixture(scope="module")
def sheets() -> dict[str, Compiled]:
    """The sheets that read what the codec gives, by the kind of package."""
    found = load_sheets()
    return {kind: compile_sheet(found[f"ioffice/{kind}"]) for kind in ("document", "status")}
