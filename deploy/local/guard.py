"""Child processes that never outlive us: not an exception, not Ctrl-C, not even SIGKILL.

Each child runs under a guardian (`guardian.py`), a process that notices our end and then ends the child with
everything below it, also what detached itself by a double fork.
"""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

_GUARDIAN = Path(__file__).with_name("guardian.py")
_MARGIN = 10.0
"""Seconds beyond the grace that a guardian needs at most to kill and collect a tree."""


@dataclass(eq=False)
class Guarded:
    """A running child and the guardian above it. Usable as a context manager that stops it at the end.

    Keep it for as long as the child is wanted: one that is dropped and collected ends its child.
    """

    pid: int
    """Process id of the child itself, for signals meant for it."""
    args: Sequence[str]
    grace: float
    """Seconds the child gets to end by itself."""
    _guardian: "subprocess.Popen[bytes]" = field(repr=False)
    _line: socket.socket = field(repr=False)

    @property
    def stdout(self) -> IO[bytes] | None:
        """The child's standard output where it was asked for with `stdout=subprocess.PIPE`."""
        return self._guardian.stdout

    @property
    def stderr(self) -> IO[bytes] | None:
        """The child's standard error where it was asked for with `stderr=subprocess.PIPE`."""
        return self._guardian.stderr

    def poll(self) -> int | None:
        """Tell the exit code, or minus the signal that ended it; None while the child or its tree lives."""
        return self._guardian.poll()

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end, at most `timeout` seconds (then subprocess.TimeoutExpired); return as `poll`."""
        return self._guardian.wait(timeout)

    def send_signal(self, number: int) -> None:
        """Send a signal to the child alone; nothing happens where it has ended."""
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def stop(self, timeout: float | None = None) -> int:
        """Ask the child to end; kill its whole tree after `timeout` seconds (default: its grace).

        May be repeated. Returns the exit code as `poll` does, with nothing of the tree left alive.
        """
        grace = self.grace if timeout is None else timeout
        with contextlib.suppress(OSError):  # already told, or already gone: then waiting is all that is left
            self._line.send(str(grace).encode(), socket.MSG_NOSIGNAL)
        self._line.close()
        code = self._guardian.wait(grace + _MARGIN)
        for stream in (self.stdout, self.stderr):
            if stream is not None:
                stream.close()
        return code

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def guarded_popen(  # noqa: PLR0913 -- the arguments of subprocess.Popen that our children need
    argv: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    stdout: int | IO[Any] | None = None,
    stderr: int | IO[Any] | None = None,
    stop_signal: int = signal.SIGTERM,
    grace: float = 5.0,
    user: tuple[int, int] | None = None,
    keep_fds: Sequence[int] = (),
) -> Guarded:
    """Start `argv` as a child that ends when we do, however we end.

    `env` is the whole environment (default: ours). When we stop it, or when we are gone, the child gets
    `stop_signal`, then `grace` seconds, then SIGKILL with everything below it. It does not get the terminal's
    Ctrl-C, its standard input is empty. `user` is (uid, gid) to run as, for root only. `keep_fds` stay
    open in the guardian, so that a lock held by them is held until the whole tree is gone.
    Raises FileNotFoundError or another OSError where the program cannot be started.
    """
    ours, theirs = socket.socketpair()
    args = [os.fspath(part) for part in argv]
    order = {
        "argv": args,
        "cwd": None if cwd is None else str(cwd),
        "owner": os.getpid(),
        "stop_signal": int(stop_signal),
        "grace": grace,
        "uid": user[0] if user else None,
        "gid": user[1] if user else None,
    }
    with theirs:
        guardian = subprocess.Popen(  # noqa: S603 -- our own interpreter and our own file
            [sys.executable, "-I", "-S", str(_GUARDIAN), str(theirs.fileno()), json.dumps(order)],
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            pass_fds=(theirs.fileno(), *keep_fds),
            start_new_session=True,
        )
    return Guarded(_pid_of_child(guardian, ours), tuple(args), grace, guardian, ours)


def _pid_of_child(guardian: "subprocess.Popen[bytes]", line: socket.socket) -> int:
    """Read the guardian's first line; raises OSError with the child's own reason where it did not start."""
    with line.makefile("rb") as lines:
        first = lines.readline()
    told: dict[str, Any] = json.loads(first) if first else {"error": 0, "file": str(_GUARDIAN)}
    if "pid" in told:
        return int(told["pid"])
    line.close()
    guardian.wait()
    for stream in (guardian.stdout, guardian.stderr):
        if stream is not None:
            stream.close()
    raise OSError(told["error"], os.strerror(told["error"]), told["file"])
