"""A bus with a known bug for a drill to find: `python -m tests.acceptance.planted BUG SETTINGS …`."""

import asyncio
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import select

from bus import pipeline, worker
from bus.ledger import schema, settle, sweep
from bus.ledger.ledger import Ledger
from bus.ledger.records import Settle, Settled
from commands.serve import serve
from commands.tell import told


def no_fencing() -> None:
    """A settle is written whatever attempt and state the row has meanwhile (against rules 1 and 3).

    Each process is late with one outcome: it wakes up when another has found out what became of the call.
    """
    in_time = pipeline.Pipeline._settle
    late: list[int] = []

    def applies(_self: Any, rows: dict[int, Any], one: Settle) -> Any:
        return rows.get(one.delivery)

    async def settled(self: Any, one: Settle) -> Settled:
        if one.outcome == "delivered" and not late:
            late.append(one.delivery)
            await _settled_by_another(self._ledger, one.delivery)
        return await in_time(self, one)

    settle.Settler._applies = applies  # type: ignore[method-assign,assignment]  # that is the bug
    pipeline.Pipeline._settle = settled  # type: ignore[method-assign,assignment]  # that is the strike


async def _settled_by_another(ledger: Ledger, delivery: int) -> None:
    query = select(schema.delivery.c.state).where(schema.delivery.c.id == delivery)
    while await ledger.ask(lambda tx: tx.execute(query).scalar_one()) in ("sending", "unknown"):  # noqa: ASYNC110  another process has no event of ours
        await asyncio.sleep(0.2)


def ack_before_settle() -> None:
    """The hint is acknowledged before its outcome is written, and nobody looks after it (against rule 12)."""
    work = worker.Worker._work

    async def acked_first(self: Any, received: Any, connector: Any) -> None:
        received.ack()
        await work(self, received, connector)

    worker.Worker._work = acked_first  # type: ignore[method-assign]  # as above
    sweep.Sweeper._lose_leases = lambda *_: None  # type: ignore[method-assign]  # as above


BUGS: Mapping[str, Callable[[], None]] = {
    "no_fencing": no_fencing,
    "ack_before_settle": ack_before_settle,
}

if __name__ == "__main__":
    BUGS[sys.argv[1]]()
    with told():
        sys.exit(serve(Path(sys.argv[2]), frozenset(sys.argv[3:])))
