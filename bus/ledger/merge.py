"""Two dossiers that turn out to be one: numbers linked later merge them, and their order is kept."""

from collections.abc import Callable, Iterable

from sqlalchemy import Connection, func, select, tuple_, update

from bus.ledger import lanes, schema
from bus.ledger.schema_people import promise
from bus.ledger.store import Store


class MergedMeanwhileError(Exception):
    """Another process has merged a dossier before this transaction locked it; it is written anew."""


def refuse_merged(tx: Connection, dossiers: Iterable[int]) -> None:
    """Raise `MergedMeanwhileError` where one of some locked dossiers has become another."""
    _d = schema.dossier.c
    gone = select(_d.id).where(_d.id.in_(sorted(set(dossiers))), _d.merged_into.is_not(None))
    if (found := tx.execute(gone).scalar()) is not None:
        raise MergedMeanwhileError(f"dossier {found}")


def merge_dossiers(
    tx: Connection, store: Store, home: int, other: int, merge: Callable[[bytes, bytes], bytes]
) -> None:
    """Move everything of `other` to `home`. A lane that is open twice afterwards waits for its first."""
    store.lock_dossiers(tx, (home, other))
    refuse_merged(tx, (home, other))
    table = schema.dossier_state
    states = {row.dossier: row for row in tx.execute(select(table).where(table.c.dossier.in_((home, other))))}
    _move_rows(tx, home, other)
    if other in states:
        body = merge(states[home].body, states[other].body) if home in states else states[other].body
        last = max(row.message for row in states.values())
        tx.execute(table.delete().where(table.c.dossier == other))
        row = {"dossier": home, "message": last, "body": body}
        tx.execute(store.upsert(table, "dossier", update=("message", "body")), row)
    for lane in lanes.read_lanes(tx, [home]).values():
        _wait_in_line(tx, lane)


def _move_rows(tx: Connection, home: int, other: int) -> None:
    for table in (schema.identity, schema.message, schema.delivery):
        tx.execute(update(table).where(table.c.dossier == other).values(dossier=home))
    _merge_legs(tx, home, other)
    _merge_views(tx, home, other)
    _d = schema.dossier.c
    gone = select(_d.withdrawn).where(_d.id == other).scalar_subquery()
    # where one is without persons, so is what they become: neither's record is whole
    reduced = select(func.max(_d.reduced_at)).where(_d.id.in_((home, other))).scalar_subquery()
    tx.execute(promise.delete().where(promise.c.dossier == other))
    marks = {"withdrawn": _d.withdrawn | gone, "reduced_at": reduced}
    tx.execute(update(schema.dossier).where(_d.id == home).values(**marks))
    tx.execute(update(schema.dossier).where(schema.dossier.c.id == other).values(merged_into=home))


_FURTHER = ("planned", "undone", "open", "paused", "undoing", "refused", "done")
"""The states of legs, from the least that has become of one: the further one stands for both."""


def _merge_legs(tx: Connection, home: int, other: int) -> None:
    """Of one leg that both dossiers have, the one that is further along stands."""
    _l = schema.leg.c
    rows = tx.execute(select(_l.dossier, _l.route, _l.state).where(_l.dossier.in_((home, other)))).all()
    best: dict[str, tuple[int, bool, int]] = {}
    for row in rows:
        rank = (_FURTHER.index(row.state), row.dossier == home, row.dossier)
        best[row.route] = max(best.get(row.route, rank), rank)
    for row in rows:
        if best[row.route][2] != row.dossier:
            tx.execute(schema.leg.delete().where(_l.dossier == row.dossier, _l.route == row.route))
    tx.execute(update(schema.leg).where(_l.dossier == other).values(dossier=home))


def _merge_views(tx: Connection, home: int, other: int) -> None:
    table = schema.peer_view
    columns = [table.c[key] for key in ("connector", "operation", "key")]
    mine = [tuple(row) for row in tx.execute(select(*columns).where(table.c.dossier == home))]
    tx.execute(table.delete().where(table.c.dossier == other, tuple_(*columns).in_(mine)))
    tx.execute(update(table).where(table.c.dossier == other).values(dossier=home))


def _wait_in_line(tx: Connection, lane: lanes.Lane) -> None:
    blocked = False
    for place in lane:
        if blocked and place.state in ("ready", "held", "retrying") and not place.doubt:
            moved = update(schema.delivery).where(schema.delivery.c.id == place.id)
            tx.execute(moved.values(state="waiting"))
        blocked = blocked or place.blocks
