"""The free slots of this process, offered to the ledger for what becomes ready (`bus.ledger.handover`)."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any

from bus.connector import Connector
from bus.ledger.handover import Handed
from bus.ledger.records import Claimed

Work = Callable[[Claimed, Connector, float], Coroutine[Any, Any, None]]
"""Works on a claimed delivery until a time on the monotonic clock, and gives its slot back."""


class Hands:
    """Slots of the connectors that this process runs; what is claimed for them is worked on by `work`."""

    def __init__(
        self, connectors: Mapping[str, Connector], work: Work, tasks: set[asyncio.Task[Any]]
    ) -> None:
        self._connectors = connectors
        self._work = work
        self._tasks = tasks

    def take(self, connector: str, operation: str) -> float | None:
        """Take a slot: the lease in seconds. None where it is not ours, shut, off, or all are taken."""
        mine = self._connectors.get(connector)
        if mine is None or mine.mode == "off" or mine.gate.is_shut(operation):
            return None
        known = mine.adapter.operations.get(operation)
        return mine.lease(known) if known is not None and mine.slots.try_take() else None

    def begin(self, handed: Sequence[Handed]) -> None:
        """Work on what was claimed, a task each."""
        loop = asyncio.get_running_loop()
        for one in handed:
            task = loop.create_task(
                self._work(one.claimed, self._connectors[one.claimed.connector], one.until)
            )
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def give_back(self, connectors: Sequence[str]) -> None:
        """Free slots that were taken for nothing."""
        for name in connectors:
            self._connectors[name].slots.give()
