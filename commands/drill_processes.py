"""The bus in a drill: several processes that end as drawn and are started again, as a supervisor would."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bus.errors import ConfigurationError
from commands.demo_world import ROOT
from commands.drill_plan import Life
from commands.kill_points import VARIABLE
from deploy.local.folder import last_lines
from deploy.local.guard import Guarded, guarded_popen

REFUSED = 2
"""The exit code of a process that its settings keep from starting."""
KILLED = -signal.SIGKILL
SERVING = ("-m", "commands.serving")
UNARMED = Life("", 0, float("inf"))
SAYS_IT_SERVES = "serving; "
LONGEST_START = 30.0
"""Seconds beyond its life after which a process that does not come to serve is ended all the same."""
PAUSE = 0.5
"""Seconds until a process that ended by itself is started again."""


@dataclass
class Slot:
    """One process of the bus by its name, over all its lives."""

    name: str
    words: tuple[str, ...]
    lives: Iterator[Life]
    child: Guarded | None = None
    life: Life = UNARMED
    ends_at: float = float("inf")
    not_before: float = 0.0
    frozen: bool = False
    env: Mapping[str, str] = field(default_factory=dict)
    """What it has in its environment beside ours."""
    log: Path = Path()
    from_here: int = 0
    """Where in the log this life's words begin, until it serves; then -1."""


@dataclass
class Processes:
    """All processes of the bus. `entry` is the module that runs one."""

    settings: Path
    slots: Sequence[Slot]
    quota: int
    entry: Sequence[str] = SERVING
    kills: Counter[str] = field(default_factory=Counter)
    starts: int = 0
    armed: bool = False
    lock: threading.RLock = field(default_factory=threading.RLock)

    def __post_init__(self) -> None:
        for slot in self.slots:
            slot.log = self.settings.parent / f"bus-{slot.name}.log"

    @property
    def killed(self) -> int:
        """How many processes were killed."""
        return self.kills.total()

    def look(self) -> None:
        """Start what does not run, end what has lived as long as was drawn. May be repeated at any time.

        Raises `ConfigurationError` where the bus refuses to start.
        """
        with self.lock:
            for slot in self.slots:
                self._look(slot)

    def _look(self, slot: Slot) -> None:
        now = time.monotonic()
        if slot.child is not None and (code := slot.child.poll()) is not None:
            self._ended(slot, code, now)
        if slot.child is None and now >= slot.not_before:
            self._start(slot, now)
        elif slot.child is not None and self._is_over(slot, now) and not slot.frozen and self.armed:
            self.kill(slot, "at a random time")

    def _is_over(self, slot: Slot, now: float) -> bool:
        """Whether it has lived as long as was drawn, counted from when it served."""
        if slot.from_here >= 0:
            with slot.log.open("rb") as log:
                log.seek(slot.from_here)
                serves = SAYS_IT_SERVES.encode() in log.read()
            if serves:
                slot.from_here, slot.ends_at = -1, now + slot.life.within
            return not serves and now >= slot.ends_at + LONGEST_START
        return now >= slot.ends_at

    def _ended(self, slot: Slot, code: int, now: float) -> None:
        if slot.child is not None:
            slot.child.stop()
        slot.child = None
        if code == REFUSED:
            raise ConfigurationError([f"the bus does not start: {last_lines(slot.log)}"])
        if code == KILLED:
            self.kills[slot.life.point or "at a random time"] += 1
        slot.not_before = now if code == KILLED else now + PAUSE

    def _start(self, slot: Slot, now: float) -> None:
        slot.life = next(slot.lives) if self.armed and self.killed < self.quota else UNARMED
        env = {**os.environ, **slot.env}
        if slot.life.point:
            env[VARIABLE] = f"{slot.life.point}:{slot.life.count}"
        command = [sys.executable, *self.entry, str(self.settings.resolve()), *slot.words]
        with slot.log.open("ab") as log:
            slot.from_here = log.tell()
            slot.child = guarded_popen(
                command, cwd=ROOT, env=env, stdout=subprocess.DEVNULL, stderr=log, grace=30
            )
        slot.ends_at = now + slot.life.within
        self.starts += 1

    def kill(self, slot: Slot, why: str) -> None:
        """End a process as a power cut would; it is started again at the next look."""
        with self.lock:
            child, slot.child = slot.child, None
            if child is None:
                return
            child.send_signal(signal.SIGKILL)
            if child.wait(20) == KILLED:
                self.kills[why] += 1
            child.stop()

    def kill_all(self) -> None:
        """End the whole bus at once."""
        with self.lock:
            for slot in self.slots:
                if slot.child is not None:
                    slot.child.send_signal(signal.SIGKILL)
            for slot in self.slots:
                self.kill(slot, "with the whole bus")

    @contextlib.contextmanager
    def stopped(self, slot: Slot) -> Iterator[bool]:
        """Stop a process in its tracks while the block runs; False where it did not run."""
        with self.lock:
            child = slot.child
            slot.frozen = child is not None
            if child is not None:
                child.send_signal(signal.SIGSTOP)
        try:
            yield child is not None
        finally:
            slot.frozen = False
            if child is not None:
                child.send_signal(signal.SIGCONT)

    def disarm(self) -> None:
        """From now on nobody is killed: who has a kill point to come is started anew without one."""
        with self.lock:
            self.armed = False
            for slot in self.slots:
                if slot.life.point:
                    self.kill(slot, "at the end")
                slot.life = UNARMED
        self.look()

    def stop(self) -> None:
        """Stop all as a person would: finish, flush, end."""
        with self.lock:
            for slot in self.slots:
                if slot.child is not None:
                    slot.child.send_signal(signal.SIGTERM)
            for slot in self.slots:
                if slot.child is not None:
                    slot.child.stop()
                    slot.child = None

    def said(self, text: str) -> int:
        """How often a text stands in what the processes said."""
        logs = (slot.log.read_text(errors="replace") for slot in self.slots if slot.log.exists())
        return sum(log.count(text) for log in logs)
