"""A bus with a known bug for a drill to find: `python -m tests.acceptance.planted BUG SETTINGS …`."""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from bus import worker
from bus.ledger import settle, sweep
from bus.ledger.records import Settle
from commands.serve import serve
from commands.tell import told


def no_fencing() -> None:
    """A settle is written whatever attempt and state the row has meanwhile (against rules 1 and 3)."""

    def applies(_self: Any, rows: dict[int, Any], one: Settle) -> Any:
        return rows.get(one.delivery)

    settle.Settler._applies = applies  # type: ignore[method-assign,assignment]  # that is the bug


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
