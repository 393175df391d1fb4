"""A wall clock that is set while we run: noticed by a clock that nobody sets, and made harmless.

Due dates and the ends of attempts are the database's wall clock (rule 17). Set forward, "not there" would
count too early and an effect could be doubled; set back, everything would wait for as long as it was off.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, func, select, text, update

from bus.ledger import schema
from bus.ledger.schema_failures import retry_run

NOTICED = 5.0
"""Seconds; less is drift, a slow answer of the database, or harmless."""

_YEARS = 3 * 365 * 86400.0
"""What is due later waits for a person and not for a time."""

_d, _g, _e, _l, _n = schema.delivery.c, schema.gate.c, schema.event.c, schema.leg.c, schema.notice.c
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
_ASK = (
    update(schema.leg)
    .where(text("leg.ask_at IS NOT NULL"), _l.ask_at > bindparam("now"))
    .values(ask_at=bindparam("now"))
)
_TELL = (
    update(schema.notice)
    .where(text(schema.IS_UNTOLD), _n.due_at > bindparam("now"))
    .values(due_at=bindparam("now"))
)
_PACE = (
    update(retry_run)
    .where(retry_run.c.state == "running", retry_run.c.asked_at > bindparam("now"))
    .values(asked_at=bindparam("now"))
)
_WAITS = (_PROBE, _LEND, _ASK, _TELL, _PACE)
"""What else waits for a time: probes, lent events, questions of legs, calls to agencies, paced retries."""
_LATEST = (
    select(func.max(_d.changed_at)).where(text(schema.IS_OPEN)),
    select(schema.message.c.kept_at).order_by(schema.message.c.id.desc()).limit(1),
    select(_e.at).order_by(_e.id.desc()).limit(1),
)
"""When something last happened, as the wall clock said then."""


@dataclass(slots=True)
class WallClock:
    """Compares the database's wall clock with our monotonic one whenever it is read, on the ledger's thread.

    A step back that came while no process of the installation ran shows at a start by what happened later
    than now; a step forward looks like a long night.
    """

    _least: float = float("-inf")
    _most: float = float("inf")
    _forward: int = 0
    _back: int = 0
    _tried: tuple[int, int] = (0, 0)
    _done: tuple[int, int] = (0, 0)
    _begun: bool = False

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
        if not self._begun:
            latest = max(float(tx.execute(query).scalar() or 0.0) for query in _LATEST)
            self._begun, self._back = True, self._back + (latest > now + NOTICED)
        if not self.is_doubtful:
            return
        self._tried = self._forward, self._back
        tx.execute(_BEGIN_AGAIN, {"now": now})
        if self._back > self._done[1]:
            tx.execute(_DUE, {"now": now, "never": now + _YEARS})
            for wait in _WAITS:
                tx.execute(wait, {"now": now})

    def mended(self) -> None:
        """What `mend` wrote is on disk."""
        self._done = self._tried
