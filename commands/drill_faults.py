"""How each fault of a drill is really done: to peers, broker, machine and processes."""

import contextlib
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import psycopg
from sqlalchemy import Connection, Select, func, select
from sqlalchemy.exc import DBAPIError

from bus.ledger import schema
from bus.ledger.ledger import read_only
from commands.demo_world import PORTAL, Simulator
from commands.drill_disk import Disk
from commands.drill_plan import LANES, Fault
from commands.drill_processes import SAYS_IT_SERVES, Processes, Slot
from deploy.local.broker_nodes import BrokerNodes

LONGER_THAN_A_LEASE = 32.0
"""Seconds: the longest call of a drill's connector may take 7.5 s (three questions), its lease is 25 s."""

LONGEST_RETURN = 60.0
"""Seconds after a broker's return for which anything is waited for."""
LONGEST_WAIT = 10.0
"""Seconds for which a fault waits for a process to be in the middle of a call."""
_DELIVERED = select(func.count()).where(schema.delivery.c.state == "delivered")
_OPEN = select(func.count()).where(schema.delivery.c.state.in_(schema.OPEN))

MEMORY, DISK = "0.4", "50MB"
"""The broker's own limits, set again after an alarm."""

_SWITCHES: Mapping[str, Callable[[float], dict[str, Any]]] = {
    "peer down": lambda draw: {"mode": "dead", "for_seconds": 1 + 4 * draw},
    "peer slow": lambda draw: _often("slow", seconds=0.2 + draw),
    "peer silent": lambda draw: {"mode": "silent", "times": 1 + int(3 * draw)},
    "peer silent after acting": lambda draw: {
        "mode": "lose_answer",
        "seconds": 0.1 + 2 * draw,
        "times": 1 + int(4 * draw),
    },
    "peer acts after not there": lambda draw: {
        "mode": "delay_effect",
        "seconds": 0.5 + 3.5 * draw,
        "times": 1 + int(4 * draw),
    },
    "peer answers 5xx": lambda draw: _often("faulty", status=(500, 502, 503)[int(3 * draw)]),
    "peer answers a page": lambda draw: {"mode": "page", "times": 1 + int(4 * draw)},
    "peer answers malformed": lambda draw: {"mode": "malformed", "times": 1 + int(4 * draw)},
    "peer expires sessions": lambda _: {"mode": "expire_sessions"},
    "peer asks to retry after": lambda draw: _often("retry_after", seconds=1 + int(2 * draw)),
}


def _often(mode: str, **what: float) -> dict[str, Any]:
    return {"mode": mode, "probability": 0.5, "for_seconds": 3.0, **what}


@dataclass
class Clock:
    """The clocks that can be set: files that libfaketime reads, by whose clock each is."""

    files: Mapping[str, Callable[[str], object]]

    def jump(self, target: int, seconds: float) -> str:
        """Set one clock off by so many seconds; whose it was."""
        name = sorted(self.files)[target % len(self.files)]
        self.files[name](f"{seconds:+.0f}\n")
        return name

    def right(self) -> None:
        """Set all clocks right."""
        for write in self.files.values():
            write("+0\n")


@dataclass
class Faults:
    """Does faults, a lane each at its own pace, and remembers when each began.

    `reconnected` and `delivered` are the seconds from each return of the broker until a process worked with
    it again, and until a delivery succeeded after that.
    """

    peers: Mapping[str, Simulator]
    nodes: BrokerNodes
    processes: Processes
    disks: Mapping[str, Disk]
    clock: Clock
    ledger: str
    say: Callable[[str], None]
    done: Counter[str] = field(default_factory=Counter)
    history: list[tuple[float, str]] = field(default_factory=list)
    reconnected: list[float] = field(default_factory=list)
    delivered: list[float] = field(default_factory=list)
    _lanes: dict[str, ThreadPoolExecutor] = field(default_factory=dict)
    _futures: list[Future[None]] = field(default_factory=list)

    def begin(self, faults: Sequence[Fault]) -> None:
        """Let faults happen, each as soon as its lane is free."""
        for fault in faults:
            if fault.lane not in self._lanes:
                self._lanes[fault.lane] = ThreadPoolExecutor(1, thread_name_prefix=fault.lane)
            self._futures.append(self._lanes[fault.lane].submit(self._do, fault))

    def busy(self) -> int:
        """How many are still to end; raises what went wrong with one."""
        for future in self._futures:
            if future.done():
                future.result()
        return sum(not future.done() for future in self._futures)

    def heal(self) -> None:
        """Take every fault back."""
        for lane in self._lanes.values():
            lane.shutdown()
        self.busy()
        for peer in self.peers.values():
            peer.post("/_sim/switch", {"mode": "off"})
        self.clock.right()
        for disk in self.disks.values():
            disk.free()

    def before(self, at: float) -> str:
        """The last fault that had begun at a time (seconds since the epoch), "" for none."""
        return next((text for began, text in reversed(self.history) if began <= at), "")

    def _do(self, fault: Fault) -> None:
        do = {"peer": self._peer, "broker": self._broker, "machine": self._machine, "process": self._process}
        do[fault.lane](fault)
        self.done[fault.kind] += 1

    def _note(self, text: str) -> None:
        self.history.append((time.time(), text))
        self.say(text)

    def _peer(self, fault: Fault) -> None:
        names = sorted(self.peers)
        name = names[fault.target % len(names)]
        if fault.kind == "peer hands in twice":
            self._note(f"{PORTAL}: hands in twice")
            self.peers[PORTAL].post("/_sim/twice", {"times": 1 + int(8 * fault.draw)})
            return
        switch = _SWITCHES[fault.kind](fault.draw)
        self._note(f"{name}: {switch}")
        self.peers[name].post("/_sim/switch", switch)

    def _broker(self, fault: Fault) -> None:
        place = fault.target % len(self.nodes.nodes)
        self._note(f"{fault.kind} (node {place + 1})")
        pause = 1.0 + 2.0 * fault.draw
        match fault.kind:
            case "broker restarted" | "broker node killed" | "broker wiped":
                self._away(fault.kind, place, pause)
            case "broker memory alarm":
                self._alarm(place, pause, "set_vm_memory_high_watermark", "absolute", "1", back=(MEMORY,))
            case "broker disk alarm":
                self._alarm(place, pause, "set_disk_free_limit", "900000GB", back=(DISK,))
            case "broker connections closed":
                self.nodes.tell(place, "close_all_connections", "drill")
            case "broker channels closed":
                every = "[exit(P, shutdown) || P <- rabbit_channel:list()]."
                self.nodes.tell(place, "eval", every)
            case "broker queue deleted":
                names = self.nodes.tell(place, "list_queues", "--no-table-headers", "name").split()
                if names:
                    self.nodes.tell(place, "delete_queue", names[fault.target % len(names)])

    def _away(self, kind: str, place: int, pause: float) -> None:
        if kind == "broker wiped":
            self.nodes.wipe()
            before = self._connected()
            self.nodes.start()
        else:
            (self.nodes.stop if kind == "broker restarted" else self.nodes.kill)(place)
            before = self._connected()
            time.sleep(pause)
            self.nodes.start(place)
        if len(self.nodes.nodes) == 1:
            self._reconnects(before)

    def _connected(self) -> int:
        """How often a process connected to the broker so far; none can while it is away."""
        return self.processes.said("broker connected again") + self.processes.said(SAYS_IT_SERVES)

    def _reconnects(self, before: int) -> None:
        """Measure how long after the broker's return it is worked with again, and something is delivered."""
        began = time.monotonic()
        while self._connected() <= before and time.monotonic() - began < LONGEST_RETURN:
            time.sleep(0.05)
        self.reconnected.append(time.monotonic() - began)
        done = self._count(_DELIVERED)
        while self._count(_DELIVERED) <= done and time.monotonic() - began < LONGEST_RETURN:
            if not self._count(_OPEN):
                return
            time.sleep(0.05)
        self.delivered.append(time.monotonic() - began)

    def _count(self, query: Select[Any]) -> int:
        """Ask the ledger for a number, again where another fault ends the session that asks."""
        for _ in range(100):
            with contextlib.suppress(DBAPIError):
                return read_only(self.ledger, lambda tx: int(tx.execute(query).scalar_one()))
            time.sleep(0.05)
        return 0

    def _alarm(self, place: int, pause: float, word: str, *raised: str, back: tuple[str, ...]) -> None:
        self.nodes.tell(place, word, *raised)
        time.sleep(pause)
        self.nodes.tell(place, word, *back)

    def _machine(self, fault: Fault) -> None:
        match fault.kind:
            case "disk full" | "database disk full":
                self._note(fault.kind)
                self.disks[fault.kind].fill(2.0 + 3.0 * fault.draw)
            case "database sessions ended":
                self._note("every session of the database is ended")
                self._end_sessions()
            case _:
                seconds = (60 + 3600 * fault.draw) * (1 if fault.kind == "clock forward" else -1)
                whose = self.clock.jump(fault.target, seconds)
                self._note(f"the clock of {whose} jumps {seconds:+.0f} s")
                time.sleep(2.0 + 3.0 * fault.draw)
                self.clock.right()
                self._note(f"the clock of {whose} is right again")

    def _end_sessions(self) -> None:
        with psycopg.connect(self.ledger.replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
            )

    def _process(self, fault: Fault) -> None:
        slots = self.processes.slots
        if fault.kind == "whole bus killed":
            self._wait_for_a_call(slots[fault.target % len(slots)])
            self._note("the whole bus is killed")
            self.processes.kill_all()
            return
        slot = slots[fault.target % len(slots)]
        self._wait_for_a_call(slot)
        self._note(f"{slot.name} is stopped for {LONGER_THAN_A_LEASE:g} s")
        with self.processes.stopped(slot):
            time.sleep(LONGER_THAN_A_LEASE)
        self._note(f"{slot.name} wakes up")

    def _wait_for_a_call(self, slot: Slot) -> None:
        """A process is struck where it hurts: in the middle of its calls, if it comes to make some."""
        until = time.monotonic() + LONGEST_WAIT
        while time.monotonic() < until:
            child = slot.child
            # another fault may end the session that asks
            with contextlib.suppress(DBAPIError):
                if child is not None and read_only(self.ledger, _calls_of, child.pid):
                    return
            time.sleep(0.02)


def _calls_of(tx: Connection, pid: int) -> int:
    """How many deliveries a process is sending now."""
    row, holder = schema.delivery.c, schema.holder.c
    query = select(func.count()).select_from(schema.delivery.join(schema.holder, holder.id == row.holder))
    query = query.where(row.state == "sending", holder.name.endswith(f":{pid}"))
    return int(tx.execute(query).scalar_one())


@contextlib.contextmanager
def in_lanes(faults: Faults) -> Iterator[Faults]:
    """Faults that end with the block, however it ends."""
    try:
        yield faults
    finally:
        for lane in faults._lanes.values():  # noqa: SLF001  ours
            lane.shutdown(cancel_futures=True)


KINDS = frozenset(kind for kinds in LANES.values() for kind in kinds)
