"""One private server for several processes: the first to need it starts it, the last to leave ends it."""

import fcntl
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path


@contextmanager
def shared(folder: Path, start: Callable[[], AbstractContextManager[str]]) -> Iterator[str]:
    """Yield the address of the server that processes share by `folder`, starting it where none runs.

    The process that started it waits at the end until every other one has left. Raises what `start` raises.
    """
    folder.mkdir(parents=True, exist_ok=True)
    address = folder / "address"
    with (folder / "users").open("w") as users, ExitStack() as stack:
        with _held(folder / "mutex"):
            fcntl.flock(users, fcntl.LOCK_SH)
            if address.exists():
                url = address.read_text(encoding="utf-8")
            else:
                url = stack.enter_context(start())
                address.touch(mode=0o600)
                address.write_text(url, encoding="utf-8")
                stack.callback(_wait_for_others, folder, users.fileno())
        yield url


def _wait_for_others(folder: Path, users: int) -> None:
    """Let nobody new in, then wait for those who are."""
    with _held(folder / "mutex"):
        (folder / "address").unlink()
    fcntl.flock(users, fcntl.LOCK_EX)


@contextmanager
def _held(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
