"""A wall clock that is set while we run: noticed by a clock that nobody sets, and made harmless.

Due dates and the ends of attempts are the database's wall clock (rule 17). Set forward, "not there" would
count too early and an effect could be doubled; set back, everything would wait for as long as it was off.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, text, update

from bus.ledger import schema

NOTICED = 5.0
"""Seconds; less is drift, a slow answer of the database, or harmless."""

_YEARS = 3 * 365 * 86400.0
"""What is due later waits for a person and not for a time."""

_d, _g, _e = schema.delivery.c, schema.gate.c, schema.event.c
_BEGIN_AGAIN = (
    update(schema.delivery)
    .where(_d.state == "unknown", text(schema.IS_OPEN))
    .values(changed_at=bindparam("now"))
)
_DUE = (
    update(schema.delivery)
    .where(_d.state.in_(("ready", "retrying", "unknown")), text(schema.IS_OPEN))
    .where(_d.due_at > bindparam("now"), _d.due_at < bindparam("never"))
    .values(due_at=bindparam("now"))
)
_PROBE = update(schema.gate).where(_g.probe_at > bindparam("now")).values(probe_at=bindparam("now"))
_LEND = update(schema.event).where(_e.taken_until > bindparam("now")).values(taken_until=0.0)


@dataclass(slots=True)
class WallClock:
    """Compares the database's wall clock with our monotonic one whenever it is read, on the ledger's thread.

    A step that came while no process of the installation ran is seen by nobody.
    """

    _least: float = float("-inf")
    _most: float = float("inf")
    _forward: int = 0
    _back: int = 0
    _tried: tuple[int, int] = (0, 0)
    _done: tuple[int, int] = (0, 0)

    @property
    def is_doubtful(self) -> bool:
        """Whether it was set, and what that means is not yet mended: until then nobody is to be asked."""
        return (self._forward, self._back) != self._done

    def read(self, wall_of: Callable[[], float]) -> float:
        """Read the wall clock; notes where it was set since the last reading."""
        before = time.monotonic()
        wall = wall_of()
        least, most = wall - time.monotonic(), wall - before
        self._forward += least > self._most + NOTICED
        self._back += most < self._least - NOTICED
        self._least, self._most = least, most
        return wall

    def mend(self, tx: Connection, now: float) -> None:
        """After a step: absence counts from now on; set back, what waited for a time is due.

        In an open transaction, to be followed by `mended` once it is on disk. May be repeated, by several
        processes too.
        """
        if not self.is_doubtful:
            return
        self._tried = self._forward, self._back
        tx.execute(_BEGIN_AGAIN, {"now": now})
        if self._back > self._done[1]:
            tx.execute(_DUE, {"now": now, "never": now + _YEARS})
            tx.execute(_PROBE, {"now": now})
            tx.execute(_LEND, {"now": now})

    def mended(self) -> None:
        """What `mend` wrote is on disk."""
        self._done = self._tried
