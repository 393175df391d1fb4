"""What the ledger tells of legs (chặng) and their clocks: which are late, which were answered late.

Late (trễ hạn) is no state and nobody writes it: it is read from `due_at`, so a clock that runs out costs no
write, and no sweep can be late with it. An open leg of a withdrawn dossier is not late: nobody owes it; one
that is being undone is, for whoever was asked to give it back owes an answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, bindparam, func, select, text, update

from bus.ledger import driver, schema
from bus.ledger.leg_moves import FOR_A_PERSON
from bus.ledger.plain import plain
from bus.ledger.records import Tie
from bus.ledger.store import now_of

_l, _dossier, _d = schema.leg.c, schema.dossier.c, schema.delivery.c
_of = select(_d.dossier).where(_d.id == bindparam("delivery")).scalar_subquery()
_by = select(_d.route).where(_d.id == bindparam("delivery")).scalar_subquery()
_TIE = update(schema.leg).where(_l.dossier == _of, _l.route == _by).values(tie=bindparam("named"))


@dataclass(frozen=True, slots=True)
class LegOfDossier:
    """A leg of one dossier; times are seconds since the epoch, None where there is none."""

    route: str
    state: str
    opened_at: float
    due_at: float | None
    ended_at: float | None
    late: bool
    rounds: int = 0
    ask_at: float | None = None
    reason: str = ""


def tie(tx: Connection, ties: Sequence[Tie]) -> list[None]:
    """Note what answers will name, before they are asked for; may be repeated."""
    for one in ties:
        driver.change(tx, _TIE, delivery=one.delivery, named=plain(one.tie))
    return [None] * len(ties)


def tie_of(tx: Connection, dossier: int, route: str) -> str | None:
    """What answers to a leg name, as it was noted when its delivery was sent; None where nothing was."""
    found: str | None = tx.execute(select(_l.tie).where(_l.dossier == dossier, _l.route == route)).scalar()
    return found


def of_dossier(tx: Connection, dossier: int) -> list[LegOfDossier]:
    """The legs of a dossier in the order of their opening."""
    now = now_of(tx)
    query = select(schema.leg, _dossier.withdrawn).join(schema.dossier, _dossier.id == _l.dossier)
    rows = tx.execute(query.where(_l.dossier == dossier).order_by(_l.opened_at, _l.route))
    return [
        LegOfDossier(
            row.route,
            row.state,
            row.opened_at,
            row.due_at,
            row.ended_at,
            _is_late(row, now),
            row.rounds,
            row.ask_at,
            row.reason,
        )
        for row in rows
    ]


def sent_over(tx: Connection, dossier: int, route: str, operation: str) -> str | None:
    """The connector over which a leg has last delivered its operation; None where it has not."""
    known = schema.delivery.c
    query = select(known.connector).where(known.dossier == dossier, known.route == route)
    query = query.where(known.operation == operation, known.state == "delivered")
    found: str | None = tx.execute(query.order_by(known.id.desc()).limit(1)).scalar()
    return found


def undoing(tx: Connection, limit: int) -> list[dict[str, Any]]:
    """The legs that only a person can undo, which a withdrawal waits for, by number."""
    waits: ColumnElement[bool] = text(schema.IS_UNDOING)  # type: ignore[assignment]  # a text is a condition too
    known = schema.identity.c
    number = select(func.min(known.code)).where(known.dossier == _l.dossier).scalar_subquery()
    query = select(_l.route, _l.state, _l.reason, number.label("number"))
    query = query.where(waits, _l.reason.contains(FOR_A_PERSON))
    return [dict(row) for row in tx.execute(query.order_by(_l.dossier, _l.route).limit(limit)).mappings()]


def counted(tx: Connection) -> dict[str, int]:
    """How many legs there are in each state."""
    return _counts(tx, select(_l.state, func.count()).group_by(_l.state))


def late(tx: Connection) -> dict[str, int]:
    """How many are late: those whose clock has run out, and ended ones that ended after it."""
    ended = select(_l.state, func.count()).where(_l.state.not_in(schema.WAITS), _l.ended_at > _l.due_at)
    # the condition on the state is word for word that of the index `leg_waits`
    waits: ColumnElement[bool] = text(schema.WAITS_FOR_ANSWER)  # type: ignore[assignment]  # a text is a condition too
    still = select(_l.state, func.count()).where(waits, _l.due_at < now_of(tx), ~_dossier.withdrawn)
    still = still.join(schema.dossier, _dossier.id == _l.dossier).group_by(_l.state)
    # what was asked back is owed also by a dossier that is withdrawn
    back = select(_l.state, func.count()).where(text(schema.IS_UNDOING), _l.due_at < now_of(tx))
    return _counts(tx, ended.group_by(_l.state)) | _counts(tx, still) | _counts(tx, back.group_by(_l.state))


def _counts(tx: Connection, query: Select[Any]) -> dict[str, int]:
    return {row[0]: row[1] for row in tx.execute(query)}


def _is_late(row: Any, now: float) -> bool:
    if row.due_at is None or (row.state in schema.WAITS and row.withdrawn):
        return False
    return bool((row.ended_at if row.ended_at is not None else now) > row.due_at)
