"""A connector at work: a configured adapter with its pool of threads, its rhythm and its gate."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Literal

from bus.calendar import WorkingCalendar
from bus.floor import Floor
from bus.gates import Gate
from bus.ports import Adapter, AdapterType, Operation
from bus.retry import Schedule
from bus.slots import Slots
from bus.windows import Window

MARGIN = 10.0
"""Seconds by which a lease outlasts the longest a call may take: rule 2."""


@dataclass(frozen=True, slots=True)
class Rhythm:
    """When things happen at one connector, all in seconds.

    `look_up_after`: how long after an unknown outcome the peer is asked; `absent_after`: from when its
    "not there" counts. `failures` in a row open the breaker, which probes every `open_for`.
    """

    schedule: Schedule
    look_up_after: float = 10.0
    absent_after: float = 120.0
    failures: int = 5
    open_for: float = 5.0


@dataclass(frozen=True, slots=True)
class Connector:
    """One `[connector.NAME]` of the installation. The pool is the bulkhead: a slow peer starves nobody.

    `gate` says, synchronously, whether anything may go: `gate.is_shut(operation)`.
    """

    name: str
    type: AdapterType
    adapter: Adapter
    rhythm: Rhythm
    mode: Literal["off", "observe", "live"] = "live"
    concurrency: int = 4
    window: Window | None = None
    floor: Floor | None = None
    calendar: WorkingCalendar = field(default_factory=WorkingCalendar)
    pool: ThreadPoolExecutor = field(init=False)
    slots: Slots = field(init=False)
    gate: Gate = field(init=False)

    def __post_init__(self) -> None:
        pool = ThreadPoolExecutor(self.concurrency, thread_name_prefix=self.name)
        object.__setattr__(self, "pool", pool)
        object.__setattr__(self, "slots", Slots(self.concurrency))
        gate = Gate(self.rhythm.failures, self.rhythm.open_for, self.window, self.floor, self.calendar)
        object.__setattr__(self, "gate", gate)

    @property
    def prefetch(self) -> int:
        """At most twice the pool, so that waiting spends no lease (rule 15)."""
        return 2 * self.concurrency

    @property
    def longest_call(self) -> float:
        """The longest deadline of its operations, in seconds."""
        return max((one.seconds for one in self.adapter.operations.values()), default=30.0)

    def lease(self, operation: Operation) -> float:
        """How long a worker may hold a delivery, in seconds; the call's deadline lies well inside."""
        return 2 * operation.seconds + MARGIN

    def close(self) -> None:
        """Wait for calls under way, then give back threads and connections."""
        self.pool.shutdown(wait=True)
        self.adapter.close()
