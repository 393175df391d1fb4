"""What a drill does, drawn from its seed alone: the faults, and the lives of the processes. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Literal

from commands.kill_points import OFTEN, SELDOM

Lane = Literal["peer", "broker", "machine", "process"]
"""Faults of one lane come one after the other; those of different lanes overlap, as they do in life."""

PEER = (
    "peer down",
    "peer slow",
    "peer silent",
    "peer silent after acting",
    "peer acts after not there",
    "peer answers 5xx",
    "peer answers a page",
    "peer answers malformed",
    "peer expires sessions",
    "peer asks to retry after",
    "peer hands in twice",
)
BROKER = (
    "broker restarted",
    "broker node killed",
    "broker memory alarm",
    "broker disk alarm",
    "broker wiped",
    "broker connections closed",
    "broker channels closed",
    "broker queue deleted",
)
MACHINE = ("disk full", "database disk full", "clock forward", "clock back", "database sessions ended")
PROCESS = ("process stopped longer than a lease", "whole bus killed")
LANES: dict[Lane, Sequence[str]] = {"peer": PEER, "broker": BROKER, "machine": MACHINE, "process": PROCESS}

_SHARES: dict[Lane, float] = {"peer": 0.5, "broker": 0.25, "machine": 0.13, "process": 0.12}


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked of a drill. `nodes` is how many nodes the broker has, `workers` run beside `serve`.

    `patience` is how many seconds nothing may move at the end while something is open.
    `report` is a page to which the result is added.
    """

    seed: int = 42
    dossiers: int = 2000
    kills: int = 200
    ledger: Literal["postgresql", "sqlite"] = "postgresql"
    nodes: int = 1
    workers: int = 2
    faults: int | None = None
    patience: float = 120.0
    report: Path | None = None
    as_json: bool = False

    @property
    def processes(self) -> tuple[str, ...]:
        """The names of the bus's processes."""
        workers = () if self.ledger == "sqlite" else tuple(f"worker{n + 1}" for n in range(self.workers))
        return ("serve", *workers)


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: `at` is the share of the stream (0 to 1) after which it comes, `draw` (0 to 1) its size.

    `target` is the place of what it strikes, among those there are.
    """

    at: float
    lane: Lane
    kind: str
    target: int
    draw: float


@dataclass(frozen=True, slots=True)
class Life:
    """How a process ends: at a kill point passed for the `count`th time, else `within` seconds."""

    point: str
    count: int
    within: float


def faults(wish: Wish, possible: frozenset[str]) -> tuple[Fault, ...]:
    """All faults in their order; of a lane each kind comes before any comes again."""
    random = Random(f"{wish.seed}:faults")  # noqa: S311  the same seed must draw the same
    total = wish.faults if wish.faults is not None else max(20, wish.kills // 2)
    drawn: list[Fault] = []
    for lane, kinds in LANES.items():
        mine = [kind for kind in kinds if kind in possible]
        count = round(total * _SHARES[lane]) if mine else 0
        names = _again_and_again(mine, random)
        drawn += [
            Fault((place + random.random()) / count, lane, next(names), random.randrange(64), random.random())
            for place in range(count)
        ]
    return tuple(sorted(drawn, key=lambda fault: fault.at))


def lives(wish: Wish, process: str) -> Iterator[Life]:
    """How one process after the other of a name ends, without end."""
    random = Random(f"{wish.seed}:lives:{process}")  # noqa: S311  as above
    while True:
        chance, within = random.random(), random.uniform(2.5, 7.0)
        if chance < 0.2:
            yield Life("", 0, within)
            continue
        when = random.choice(("before", "after"))
        what = random.choice(OFTEN if chance < 0.8 else SELDOM)
        point = random.choice(("during call", "during lookup", "during fetch")) if chance > 0.95 else ""
        yield Life(point or f"{when} {what}", random.randint(1, 6), within + 6.0)


def _again_and_again(names: Sequence[str], random: Random) -> Iterator[str]:
    while True:
        yield from random.sample(list(names), len(names))
