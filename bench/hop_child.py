"""What a variant's process is told and what it tells: one JSON line in, one out; it ends with its input."""

import asyncio
import os
import re
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
import uvloop

from bus.topology import Topology

SOURCE, SINK, PEER = "hop_in", "hop_sink", "hop_out"
"""Routing keys on the work exchange: what is carried, where it arrives, and our bus's own work queue."""

PREFETCH = 200


class Spec(msgspec.Struct, frozen=True):
    """Where to work. `url` holds a secret; `ledger` is the database's address, "" where nothing is kept."""

    url: str
    prefix: str
    ledger: str = ""
    profile: str = ""

    @property
    def topology(self) -> Topology:
        """The queues, the same for every variant: quorum, as the bus declares them."""
        return Topology((SOURCE, SINK, PEER), prefix=self.prefix)


class Report(msgspec.Struct, frozen=True):
    """What a variant did: messages through to the end, the highest resident memory in MB, what it kept.

    `cpu_s` are seconds of processor time of the whole process from when it began to carry.
    """

    done: int
    peak_rss_mb: float
    cpu_s: float = 0.0
    kept: int = 0
    states: dict[str, int] = {}


Variant = Callable[[Spec, asyncio.Event], Awaitable[Report]]
"""Carries messages until the event is set, then finishes what is under way."""


def peak_rss_mb() -> float:
    """Highest resident memory of this process; unlike getrusage's it forgets what the parent had."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    return int(found[1]) / 1024 if found else 0.0


def run(variant: Variant) -> int:
    """Be the process of a variant: read the spec, carry until standard input ends, print the report."""
    spec = msgspec.json.decode(sys.stdin.buffer.readline(), type=Spec)
    report = _profiled(spec.profile, lambda: uvloop.run(_until_told(variant, spec)))
    sys.stdout.buffer.write(msgspec.json.encode(report) + b"\n")
    sys.stdout.flush()
    return 0


async def _until_told(variant: Variant, spec: Spec) -> Report:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    stdin = sys.stdin.fileno()

    def told() -> None:
        if not os.read(stdin, 4096):
            loop.remove_reader(stdin)
            ended.set()

    loop.add_reader(stdin, told)
    before = time.process_time()
    report = await variant(spec, ended)
    return msgspec.structs.replace(report, cpu_s=time.process_time() - before)


def _profiled(file: str, work: Callable[[], Any]) -> Any:
    """Do it; with a file, under cProfile, which measures the loop's thread and slows everything down."""
    if not file:
        return work()
    import cProfile  # noqa: PLC0415  only where it is asked for

    profile = cProfile.Profile()
    result = profile.runcall(work)
    profile.dump_stats(file)
    return result
