"""The guardian: a small process above a child, that lets nothing of it outlive the owner.

Run as a script by `deploy.local.guard`, never imported by it. Its owner holds the other end of a socket;
when that end closes (the owner ended, however it ended), or when the owner's process is gone, the guardian
asks its child to end, waits, and then kills everything below it. Being a subreaper (prctl(2)) it is also the
parent of what detached itself by a double fork, such as epmd.
"""

import contextlib
import ctypes
import json
import os
import resource
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
LINGER = 2.0
"""Seconds that what a child left behind gets between SIGTERM and SIGKILL."""


@dataclass(frozen=True)
class Order:
    """What the owner asks for: the child, how to end it, and who the owner is."""

    argv: list[str]
    cwd: str | None
    owner: int
    """Process id of the owner."""
    stop_signal: int
    grace: float
    """Seconds between `stop_signal` and SIGKILL when the owner is gone."""
    uid: int | None
    gid: int | None


def _prctl(option: int, value: int) -> None:
    """Call prctl(2); on a system without it the guardian still works by the socket alone."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)


def _parent_of(process: Path) -> int | None:
    with contextlib.suppress(OSError, ValueError, IndexError):
        return int((process / "stat").read_text(errors="replace").rpartition(")")[2].split()[1])
    return None


def descendants(root: int) -> list[int]:
    """List the process ids below `root` at this moment, nearest first (zombies among them)."""
    children: dict[int, list[int]] = {}
    for process in Path("/proc").glob("[0-9]*"):
        parent = _parent_of(process)
        if parent is not None:
            children.setdefault(parent, []).append(int(process.name))
    found, todo = [], [root]
    while todo:
        below = children.get(todo.pop(0), [])
        found += below
        todo += below
    return found


def _signal_all(pids: Iterable[int], number: int) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)


class Guard:
    """One child, its tree, and the owner's socket."""

    def __init__(self, order: Order, owner: socket.socket) -> None:
        self.order = order
        self.owner = owner
        self.status: int | None = None
        self.wakeup, wakeup_write = socket.socketpair()
        self.wakeup.settimeout(0)
        wakeup_write.settimeout(0)
        self._wakeup_write = wakeup_write
        self.told_to_stop = False
        signal.set_wakeup_fd(wakeup_write.fileno(), warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_stop)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    def _on_stop(self, _number: int, _frame: FrameType | None) -> None:
        self.told_to_stop = True

    def start(self) -> None:
        """Start the child and tell the owner its process id, or why it could not be started."""
        try:
            self.child = self._spawn()
        except OSError as error:
            self._tell({"error": error.errno or 0, "file": str(error.filename or self.order.argv[0])})
            sys.exit(127)
        self._tell({"pid": self.child.pid})

    def _spawn(self) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(  # noqa: S603 -- starting what its owner names is its purpose
            self.order.argv,
            cwd=self.order.cwd,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            user=self.order.uid,
            group=self.order.gid,
            extra_groups=None if self.order.uid is None else [],
            preexec_fn=_ready_child,  # noqa: PLW1509 -- this process has one thread
        )

    def _tell(self, message: Mapping[str, object]) -> None:
        with contextlib.suppress(OSError):
            self.owner.sendall(json.dumps(message).encode() + b"\n")

    def watch(self) -> None:
        """Wait until the child ends or the owner wants or needs an end, then end everything."""
        grace = self._wait_for_end()
        if self.status is None:
            _signal_all([self.child.pid], self.order.stop_signal)
            self._reap_until(time.monotonic() + grace, child_only=True)
        if self.status is None:
            _signal_all([self.child.pid], signal.SIGKILL)
        self._sweep()

    def _wait_for_end(self) -> float:
        """Seconds of grace that the child gets; 0 when it has ended by itself."""
        pidfd = _pidfd(self.order.owner)
        waited: list[socket.socket | int] = [self.owner, self.wakeup, *([] if pidfd is None else [pidfd])]
        while not self.told_to_stop and os.getppid() == self.order.owner:
            ready = select.select(waited, [], [], 30)[0]
            self._drain()
            self._reap()
            if self.status is not None:
                return 0
            if self.owner in ready:
                return self._grace_from(self.owner.recv(64))
        return self.order.grace

    def _grace_from(self, said: bytes) -> float:
        return float(said) if said.strip() else self.order.grace

    def _drain(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while self.wakeup.recv(4096):
                pass

    def _reap(self) -> bool:
        """Collect what has ended; False when no child is left at all."""
        try:
            while (ended := os.waitpid(-1, os.WNOHANG)) != (0, 0):
                if ended[0] == self.child.pid:
                    self.status = self.child.returncode = os.waitstatus_to_exitcode(ended[1])
        except ChildProcessError:
            return False
        return True

    def _reap_until(self, deadline: float, *, child_only: bool) -> bool:
        """Tell whether what is waited for has ended before `deadline` (monotonic seconds)."""
        while True:
            some_left = self._reap()
            if not some_left or (child_only and self.status is not None):
                return True
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            select.select([self.wakeup], [], [], min(left, 0.2))
            self._drain()

    def _sweep(self) -> None:
        """End what the child left behind, however deep and however often it forks meanwhile."""
        _signal_all(descendants(os.getpid()), signal.SIGTERM)
        done = self._reap_until(time.monotonic() + LINGER, child_only=False)
        while not done:
            _signal_all(descendants(os.getpid()), signal.SIGKILL)
            done = self._reap_until(time.monotonic() + 0.1, child_only=False)

    def leave(self) -> None:
        """End as the child ended, by the same code or the same signal."""
        status = self.status or 0
        if status < 0:
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            signal.set_wakeup_fd(-1)
            if -status not in (signal.SIGKILL, signal.SIGSTOP):
                signal.signal(-status, signal.SIG_DFL)
            os.kill(os.getpid(), -status)
        os._exit(status)


def _ready_child() -> None:
    """In the child: it ends with a guardian that is itself killed, and gets its signals back as they were."""
    _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _pidfd(pid: int) -> int | None:
    """Open a descriptor that turns readable when the process ends; None where that cannot be had."""
    try:
        return os.pidfd_open(pid)
    except OSError:
        return None


def main() -> None:
    """Guard one child: descriptor of the owner's socket and the order as JSON are the arguments."""
    _prctl(PR_SET_CHILD_SUBREAPER, 1)
    guard = Guard(Order(**json.loads(sys.argv[2])), socket.socket(fileno=int(sys.argv[1])))
    guard.start()
    guard.watch()
    guard.leave()


if __name__ == "__main__":
    main()
