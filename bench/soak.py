"""`bench soak`: the bus under more than it can carry, for long; its memory has to stay flat.

One `serve` on SQLite between the simulated peers. Dossiers are submitted faster than they are delivered, so
that the ledger's backlog grows all the time: what is bounded must not grow with it. Sampled from /proc.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any

from bench.province import load_tables, submissions
from bus.ledger import read
from bus.ledger.ledger import read_only
from bus.ledger.schema import OPEN
from commands.demo_world import ROOT, build_scene
from deploy.local.guard import guarded_popen
from deploy.local.rabbitmq import find_broker

EVERY, CHUNK = 0.5, 25
"""Seconds between two submissions, and dossiers in each: 50 a second."""

WARM = 0.2
"""The share of the time after which memory counts: caches and threads have come to be by then."""

_MANY = 1_000_000


def run(minutes: float = 30.0) -> dict[str, Any]:
    """Overload for so many minutes; `ratio_memory` is the last fifth's median beside that once warm."""
    folder = Path(".lienthong").absolute()
    folder.mkdir(exist_ok=True)
    with ExitStack() as stack:
        data = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="soak-", dir=folder)))
        broker = stack.enter_context(find_broker(data / "rabbitmq", say=_say))
        scene = build_scene(stack, data, broker=broker, seed=5, pace=0.5, authorities=False)
        log = stack.enter_context((data / "bus.log").open("ab"))
        command = [sys.executable, "-m", "commands.serving", str(scene.settings)]
        bus = guarded_popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=log, grace=30)
        stack.callback(bus.stop)
        stream = submissions(_MANY, 5, load_tables())
        samples = list(
            _samples(bus.pid, minutes * 60, lambda: scene.portal.post("/_sim/submit", _next(stream)))
        )
        account = read_only(f"sqlite:///{data / 'ledger.db'}", read.account)
    return {
        **figures(samples),
        "minutes": minutes,
        "dossiers": account.dossiers,
        "delivered": account.states.get("delivered", 0),
        "backlog": sum(account.states.get(state, 0) for state in OPEN),
        "unaccounted": account.unaccounted,
    }


def figures(samples: Sequence[float]) -> dict[str, Any]:
    """What megabytes sampled over time come to. Pure."""
    warm = samples[int(len(samples) * WARM) :] or samples
    fifth = max(1, len(warm) // 5)
    first, last = median(warm[:fifth]), median(warm[-fifth:])
    return {
        "rss_mb_warm": round(first, 1),
        "rss_mb_end": round(last, 1),
        "rss_mb_peak": round(max(samples), 1),
        "ratio_memory": round(last / first, 2),
    }


def _samples(pid: int, seconds: float, submit: Any) -> Iterator[float]:
    end, due = time.monotonic() + seconds, time.monotonic()
    while time.monotonic() < end:
        while due <= time.monotonic():
            submit()
            due = max(due + EVERY, time.monotonic())
        yield _rss_mb(pid)
        time.sleep(EVERY)


def _next(stream: Iterator[Any]) -> dict[str, Any]:
    return {"records": [{"record": one.record, "via": one.via} for one in islice(stream, CHUNK)]}


def _rss_mb(pid: int) -> float:
    """The resident memory of a process, in megabytes."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(float(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
