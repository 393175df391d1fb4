"""File stores for tests, as an installation has one."""

from pathlib import Path

from bus.files import FileStore


def file_store(folder: Path, limit: int = 200_000_000) -> FileStore:
    """An empty store in `folder`; one that is there goes on."""
    store = FileStore(folder, limit=limit)
    store.prepare()
    return store
