"""`bench hop`: what a hop costs, beside the limit and beside a peer, in one run on one broker.

The same messages (a province's dossiers, about 2 KB) lie on a quorum queue; a variant consumes them, does the
same mapping work, publishes each with a confirm to another quorum queue, and acknowledges the source:

    raw_pika     the limit: pika's callbacks, pipelined, nothing kept              bench/hop_raw_pika.py
    faststream   the peer: FastStream, nothing kept                                bench/hop_faststream.py
    lienthong    the whole hop: kept, routed, claimed, called, settled; the very   bench/hop_lienthong.py
                 pipeline and worker of `serve`, the ledger on SQLite with FULL
    prefilled    with --prefilled N: the same, its ledger holding N messages       bench/hop_prefill.py

Each variant runs in a process of its own, in interleaved rounds; the figures are medians over the rounds.
What is counted is the output queue, by a connection of its own, from when the first message is there until
all are: one that takes in faster than it sends on gains nothing. After each measurement the variant stops in
its own orderly way and it is checked that it has lost nothing; for the whole hop also that the ledger says of
every message what the queue says.
"""

import argparse
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from bench.hop_child import SOURCE, Report, Spec
from bench.hop_message import ROOT, Dossier, dossiers
from bench.hop_queue import Queues
from bus.errors import LienThongError
from deploy.local.rabbitmq import find_broker

VARIANTS: Mapping[str, tuple[str, int]] = {
    "raw_pika": ("hop_raw_pika", 5000),
    "faststream": ("hop_faststream", 1200),
    "lienthong": ("hop_lienthong", 2000),
    "prefilled": ("hop_lienthong", 2000),
}
"""name -> its module, and how many messages are laid out for each second that is measured."""

_PATIENCE = 5
"""How many times its seconds a variant gets to bring everything through; then what is there counts."""

_START_WITHIN = 60.0
_STOP_WITHIN = 60.0


class HopError(LienThongError):
    """A variant did not do what it is measured for; says which and what."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One measurement: messages a second at the output queue, how many, and what the variant reported."""

    per_s: float
    messages: int
    report: Report

    @property
    def cpu_s_each(self) -> float:
        """Seconds of processor time a message: steadier than the rate where others use the machine."""
        return self.report.cpu_s / max(1, self.messages)


@dataclass(frozen=True, slots=True)
class Bench:
    """One run's surroundings. `data` is a folder on the disk that is measured."""

    url: str
    data: Path
    seconds: float
    prefilled: int

    @property
    def names(self) -> tuple[str, ...]:
        """The variants of this run, in their order."""
        return tuple(name for name in VARIANTS if name != "prefilled" or self.prefilled)


def run(seconds: float = 6.0, *, rounds: int = 3, prefilled: int = 0) -> dict[str, Any]:
    """Measure; each variant for about `seconds` in each round. May be repeated, needs a quiet machine.

    Gives messages a second (`*_per_s`), our share of the others' (`ratio_*`), the processor time a message of
    a variant's process (start included, the broker not), and the `peak_rss_mb` of the whole hop's process.
    `prefilled` messages in the ledger add a variant. Raises `HopError` where any are lost.
    """
    folder = Path(".lienthong").absolute()
    folder.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="bench-", dir=folder) as data,
        find_broker(Path(data) / "rabbitmq", say=_say) as url,
    ):
        bench = Bench(url, Path(data), seconds, prefilled)
        _prepare(bench)
        measured = [_round(bench, number) for number in range(1, rounds + 1)]
    return figures(bench.names, measured, prefilled=prefilled)


def figures(
    names: Sequence[str], rounds: Sequence[Mapping[str, Measured]], *, prefilled: int = 0
) -> dict[str, Any]:
    """Make the medians, and the shares of medians, of what was measured. Pure."""
    rates = {name: statistics.median(each[name].per_s for each in rounds) for name in names}
    found: dict[str, Any] = {f"{name}_per_s": round(rate, 1) for name, rate in rates.items()}
    found["ratio_to_raw"] = round(rates["lienthong"] / rates["raw_pika"], 3)
    found["ratio_to_faststream"] = round(rates["lienthong"] / rates["faststream"], 2)
    if prefilled:
        found["ratio_of_prefilled"] = round(rates["prefilled"] / rates["lienthong"], 3)
        found["prefilled"] = prefilled
    ours = [each[name] for each in rounds for name in names if VARIANTS[name][0] == "hop_lienthong"]
    found["cpu_ms_per_message"] = {
        name: round(1000 * statistics.median(each[name].cpu_s_each for each in rounds), 3) for name in names
    }
    found["peak_rss_mb"] = round(max(each.report.peak_rss_mb for each in ours), 1)
    found["messages"] = sum(each[name].messages for each in rounds for name in names)
    found["rounds"] = [{name: round(each[name].per_s, 1) for name in names} for each in rounds]
    return found


def _prepare(bench: Bench) -> None:
    if not bench.prefilled:
        return
    from bench.hop_lienthong import planner  # noqa: PLC0415  only where it is asked for
    from bench.hop_prefill import prefill  # noqa: PLC0415  as above

    _say(f"filling a ledger with {bench.prefilled:,} messages")
    began = time.monotonic()
    prefill(bench.data / "prefilled.db", bench.prefilled, planner())
    _say(f"filled in {time.monotonic() - began:.0f} s")


def _round(bench: Bench, number: int) -> dict[str, Measured]:
    """Measure every variant once; the messages of a round are new ones, the same for all its variants."""
    most = max(_count(name, bench.seconds) for name in bench.names)
    messages = tuple(dossiers(most, number))
    measured: dict[str, Measured] = {}
    for name in bench.names:
        measured[name] = measure(bench, name, number, messages[: _count(name, bench.seconds)])
        _say(f"round {number}: {name} {measured[name].per_s:,.0f}/s")
    return measured


def _count(name: str, seconds: float) -> int:
    return int(VARIANTS[name][1] * seconds)


def measure(
    bench: Bench, name: str, number: int, messages: Sequence[Dossier], *, profile: str = ""
) -> Measured:
    """Lay messages out, start a variant's process, count what comes out; raises `HopError`."""
    ledger = bench.data / ("prefilled.db" if name == "prefilled" else f"{name}-{number}.db")
    spec = Spec(bench.url, f"bench-{secrets.token_hex(4)}", f"sqlite:///{ledger}", profile)
    with Queues(bench.url, spec.topology) as queues:
        queues.renew()
        queues.fill(messages, len(messages))
        child = start(VARIANTS[name][0], spec)
        try:
            rate = watch(queues, child, name, len(messages), bench.seconds)
            report = stop(child, name)
        finally:
            child.kill()
            child.wait()
        _check(queues, name, len(messages), report)
        return Measured(rate, report.done, report)


def start(module: str, spec: Spec) -> "subprocess.Popen[bytes]":
    """Start a variant; it ends when its standard input does, also where we are killed."""
    child = subprocess.Popen(  # noqa: S603  our own interpreter and our own module
        [sys.executable, "-m", f"bench.{module}"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    if child.stdin is None:
        raise HopError("a process without standard input")
    child.stdin.write(msgspec.json.encode(spec) + b"\n")
    child.stdin.flush()
    return child


def watch(queues: Queues, child: "subprocess.Popen[bytes]", name: str, count: int, seconds: float) -> float:
    """Count the output from the first message on until all are there, or for `_PATIENCE` times `seconds`.

    Gives messages a second; raises `HopError` where none comes.
    """
    deadline = time.monotonic() + _START_WITHIN
    while not (first := queues.arrived()):
        if child.poll() is not None or time.monotonic() > deadline:
            raise HopError(f"{name} brought no message through")
        time.sleep(0.02)
    began = time.monotonic()
    while True:
        time.sleep(0.02)
        arrived, now = queues.arrived(), time.monotonic()
        if arrived >= count or now - began >= _PATIENCE * seconds:
            return (arrived - first) / (now - began)


def stop(child: "subprocess.Popen[bytes]", name: str) -> Report:
    """Let a variant stop in its orderly way; its report. Raises `HopError` where it does not."""
    try:
        told, _ = child.communicate(timeout=_STOP_WITHIN)
    except subprocess.TimeoutExpired:
        raise HopError(f"{name} did not stop within {_STOP_WITHIN:.0f} s") from None
    if child.returncode:
        raise HopError(f"{name} ended with {child.returncode}; its own words stand above")
    return msgspec.json.decode(told, type=Report)


def _check(queues: Queues, name: str, count: int, report: Report) -> None:
    """Nothing may be lost: what did not arrive is still on the source queue, or kept in the ledger."""
    time.sleep(0.3)  # the broker requeues what a closed channel had not acknowledged
    arrived, left = queues.arrived(), queues.waiting(SOURCE)
    came = report.kept or arrived
    if arrived < report.done or came + left < count:
        raise HopError(
            f"{name} lost messages: {came} came, {arrived} arrived, {left} left of {count}, {report}"
        )
    if report.states and (arrived != report.done or sum(report.states.values()) != report.kept):
        raise HopError(f"{name}: the ledger and the output queue ({arrived}) differ: {report}")


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main() -> int:
    """`python -m bench.hop`: the same with its options, and one variant alone for profiling."""
    parser = argparse.ArgumentParser(prog="python -m bench.hop", description="What a hop costs.")
    parser.add_argument("--seconds", type=float, default=6.0, help="of each measurement (default 6)")
    parser.add_argument("--rounds", type=int, default=3, help="how many (default 3)")
    parser.add_argument(
        "--prefilled", type=int, default=0, metavar="N", help="also with N messages kept before"
    )
    wanted = parser.parse_args()
    found = run(wanted.seconds, rounds=wanted.rounds, prefilled=wanted.prefilled)
    print(msgspec.json.encode(found).decode())
    return 0


if __name__ == "__main__":
    sys.exit(main())
