"""Legs as the rows they are kept in, and how an answer without a dossier's number finds one of them."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import starmap
from typing import Any

from sqlalchemy import BindParameter, Connection, bindparam, select, text, update

from bus.ledger import schema
from bus.ledger.driver import many
from bus.ledger.driver import select as select_rows
from bus.ledger.leg_moves import leg_of
from bus.ledger.records import Keep
from bus.ledger.work import Leg

_ids: BindParameter[int] = bindparam("ids", expanding=True)
_COLUMNS = (
    "dossier", "route", "state", "started_by", "answered_by", "opened_at", "due_at", "ended_at", "tie",
    "ask_at", "time_left", "rounds", "reason",
)  # fmt: skip
_LEGS = select(*(schema.leg.c[name] for name in _COLUMNS)).where(schema.leg.c.dossier.in_(_ids))
_INSERT = schema.leg.insert()
_CHANGE = (
    update(schema.leg)
    .where(schema.leg.c.dossier == bindparam("of_dossier"), schema.leg.c.route == bindparam("of_route"))
    .values({name: bindparam(f"new_{name}") for name in _COLUMNS[2:]})
)
_ties: BindParameter[str] = bindparam("ties", expanding=True)
_TIES = select(schema.leg.c.tie, schema.leg.c.route, schema.leg.c.dossier).where(
    text("leg.tie IS NOT NULL"), schema.leg.c.tie.in_(_ties)
)


def read_legs(tx: Connection, dossiers: list[int]) -> Iterator[Leg]:
    """All legs of some dossiers."""
    return starmap(Leg, select_rows(tx, _LEGS, ids=dossiers))


def write_legs(tx: Connection, legs: Iterable[Leg]) -> None:
    """Write the legs that are new or have changed."""
    changed = [leg for leg in legs if leg.is_changed]
    many(tx, _INSERT, [_row(leg) for leg in changed if leg.is_new])
    many(tx, _CHANGE, [_change(leg) for leg in changed if not leg.is_new])


def tied_dossiers(tx: Connection, keeps: Sequence[Keep]) -> dict[int, int]:
    """The dossier of each message whose number nobody knows, by the leg it answers; one alone will do."""
    wanted = sorted({tie for keep in keeps for _, tie in keep.ties})
    if not wanted:
        return {}
    owners: dict[tuple[str, str], set[int]] = {}
    for tie, route, dossier in select_rows(tx, _TIES, ties=wanted):
        owners.setdefault((leg_of(route), tie), set()).add(dossier)
    found: dict[int, int] = {}
    for keep in keeps:
        dossiers = {dossier for tie in keep.ties for dossier in owners.get(tie, ())}
        if len(dossiers) == 1:
            found[id(keep)] = dossiers.pop()
    return found


def _row(leg: Leg) -> dict[str, Any]:
    return {name: getattr(leg, name) for name in _COLUMNS}


def _change(leg: Leg) -> dict[str, Any]:
    changed = {f"new_{name}": getattr(leg, name) for name in _COLUMNS[2:]}
    return {"of_dossier": leg.dossier, "of_route": leg.route, **changed}
