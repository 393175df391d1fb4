"""The data folder of a private server: locked to one running server, its ports and its secret."""

import contextlib
import fcntl
import os
import secrets
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from deploy.local.errors import ServerUnavailableError

LOCK_WAIT = 30.0
"""Seconds that an earlier server on the same folder gets to be gone (it may still be shutting down)."""


@contextlib.contextmanager
def locked_folder(data: Path, *, say: Callable[[str], None], wait: float = LOCK_WAIT) -> Iterator[int]:
    """Hold `data` alone (made with mode 0700 where missing); yield the lock's descriptor for a guardian.

    The lock is the kernel's, so one left by a killed start is no lock. Raises ServerUnavailableError where
    another server still runs on the folder after `wait` seconds.
    """
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(data / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        if not _try_lock(descriptor):
            say(f"waiting for an earlier server on {data} to end")
            _lock_until(descriptor, data, time.monotonic() + wait)
        yield descriptor
    finally:
        os.close(descriptor)


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _lock_until(descriptor: int, data: Path, deadline: float) -> None:
    while not _try_lock(descriptor):
        if time.monotonic() > deadline:
            raise ServerUnavailableError(
                f"another server is running on {data}: end it first, or choose another data folder"
            )
        time.sleep(0.1)


def free_ports(count: int) -> list[int]:
    """`count` different TCP ports that are free on loopback now (another process may still take one)."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def kept_secret(path: Path) -> str:
    """Read the secret in `path` (mode 0600), made on the first call; letters and digits, safe in a URL."""
    if not path.exists():
        new = path.with_name(f"{path.name}.new")
        new.touch(mode=0o600)
        new.write_text(secrets.token_hex(16), encoding="ascii")
        new.replace(path)
    return path.read_text(encoding="ascii")


def last_lines(path: Path, count: int = 8) -> str:
    """Take the end of a server's log, for an error that a person reads; empty where there is none."""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    return "\n".join(f"  {line}" for line in lines[-count:])
