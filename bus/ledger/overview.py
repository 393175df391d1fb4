"""The state at a glance: what is under way, what needs a person, what today brought. Reading only.

Only open rows and those of today are read, each by an index, so that a ledger of years answers as quickly.
"""

from dataclasses import dataclass

from sqlalchemy import Connection, RowMapping, Select, Table, func, select, text

from bus.ledger import schema

_d, _m = schema.delivery.c, schema.message.c


@dataclass(frozen=True, slots=True)
class Under:
    """Open deliveries to a connector in one state; `since` is when the oldest came into it."""

    connector: str
    state: str
    count: int
    since: float


@dataclass(frozen=True, slots=True)
class Today:
    """Deliveries of one leg to one connector that were kept today, by state."""

    route: str
    connector: str
    state: str
    count: int


def under_way(tx: Connection) -> list[Under]:
    """What is open, by connector and state, waiting ones included."""
    query = select(_d.connector, _d.state, func.count(), func.min(_d.changed_at))
    query = query.where(text(schema.IN_LANE), _d.state != "dead").group_by(_d.connector, _d.state)
    return [Under(row[0], row[1], row[2], row[3]) for row in tx.execute(query)]


def first_since(tx: Connection, began: float, table: Table = schema.delivery) -> int:
    """The number of the first delivery (or message) kept at or after `began`: numbers grow with time."""
    of = table.c
    low, high = 1, int(tx.execute(select(func.coalesce(func.max(of.id), 0))).scalar_one()) + 1
    while low < high:
        middle = (low + high) // 2
        query = select(of.id, of.kept_at).where(of.id >= middle).order_by(of.id).limit(1)
        row = tx.execute(query).first()
        if row is None or row.kept_at >= began:
            high = middle
        else:
            low = row.id + 1
    return low


def today(tx: Connection, began: float) -> list[Today]:
    """What was kept since `began`, by leg, connector and state."""
    query = select(_d.route, _d.connector, _d.state, func.count()).where(_d.id >= first_since(tx, began))
    query = query.group_by(_d.route, _d.connector, _d.state)
    return [Today(*row) for row in tx.execute(query)]


def deliveries(tx: Connection, dossier: int) -> list[RowMapping]:
    """The deliveries of a dossier in the order of their keeping."""
    return list(tx.execute(_of(dossier)).mappings())


def _of(dossier: int) -> Select[tuple[object, ...]]:
    return select(schema.delivery).where(_d.dossier == dossier).order_by(_d.id)


def message(tx: Connection, number: int) -> RowMapping | None:
    """A message whole, with its bytes as they came and as we understood them; None where there is none."""
    query = select(schema.message, schema.payload.c.raw, schema.payload.c.canonical)
    query = query.join(schema.payload, schema.payload.c.message == _m.id).where(_m.id == number)
    return tx.execute(query).mappings().first()


def delivery(tx: Connection, number: int) -> RowMapping | None:
    """A delivery's row; None where there is none."""
    return tx.execute(select(schema.delivery).where(_d.id == number)).mappings().first()


def attempts(tx: Connection, number: int) -> list[RowMapping]:
    """What became of each attempt of a delivery, the peer's answers with it."""
    table = schema.attempt.c
    query = select(schema.attempt).where(table.delivery == number).order_by(table.attempt, table.part)
    return list(tx.execute(query).mappings())


def open_legs(tx: Connection, most: int) -> list[RowMapping]:
    """Legs that await an answer or a supplement, or are asked back: first those whose time runs out first."""
    table = schema.leg.c
    query = select(schema.leg, schema.dossier.c.withdrawn)
    query = query.join(schema.dossier, schema.dossier.c.id == table.dossier)
    query = query.order_by(table.due_at.is_(None), table.due_at).limit(most)
    # each by an index of its own
    found = [
        row
        for condition in (schema.WAITS_FOR_ANSWER, schema.IS_UNDOING)
        for row in tx.execute(query.where(text(condition))).mappings()
    ]
    return sorted(found, key=lambda row: (row["due_at"] is None, row["due_at"]))[:most]
