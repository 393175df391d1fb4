"""What the ledger tells the agencies' door: what was handed in, and how a dossier stands. Reading only."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, func, select, text

from bus.ledger import legs, schema
from bus.ledger.as_it_came import as_it_came
from bus.ledger.legs import LegOfDossier
from bus.ledger.read import codes
from bus.ledger.schema_retention import tombstone

_m, _d, _i = schema.message.c, schema.delivery.c, schema.identity.c
_UNTOLD = (*schema.OPEN, "dead")


@dataclass(frozen=True, slots=True)
class MessageOfAgency:
    """A message that an agency handed in; `number` is the dossier's there.

    `hash` is of the raw bytes, also after they were removed.
    """

    message: int
    source: str
    kind: str
    state: str
    dossier: int
    number: str
    kept_at: float
    hash: str


@dataclass(frozen=True, slots=True)
class StandingOfDossier:
    """A dossier's row, fold, numbers, open legs, and deliveries that are open or dead."""

    dossier: int
    fold: bytes
    codes: Mapping[str, str]
    withdrawn: bool
    began: float
    heard: float
    legs: tuple[LegOfDossier, ...]
    deliveries: tuple[tuple[str, str, str, float], ...]


def handed_in(tx: Connection, message: int) -> MessageOfAgency | None:
    """One message of an agency; None for any other."""
    rows = _read(tx, _messages().where(_m.id == message))
    return rows[0] if rows else None


def first_of(tx: Connection, sources: Sequence[str], number: str) -> MessageOfAgency | None:
    """The first message of the dossier that one of these sources knows by a number, of that source."""
    known = select(_i.dossier, _i.source).where(_i.source.in_(list(sources)), _i.code == number)
    for dossier, source in tx.execute(known.order_by(_i.source)):
        rows = _read(tx, _messages().where(_m.dossier == dossier, _m.source == source).limit(1))
        if rows:
            return rows[0]
    return None


def by_key(tx: Connection, source: str, key: str) -> MessageOfAgency | None:
    """The message that a source handed in under a key."""
    rows = _read(tx, _messages().where(_m.source == source, _m.key == key))
    return rows[0] if rows else None


def dossier_of(tx: Connection, sources: Sequence[str], number: str) -> int | None:
    """The dossier that one of these sources knows by a number; of several the first made."""
    query = select(func.min(_i.dossier)).where(_i.source.in_(list(sources)), _i.code == number)
    return tx.execute(query).scalar_one_or_none()


def kept_between(
    tx: Connection, sources: Sequence[str], since: float, until: float, after: int, most: int
) -> list[MessageOfAgency]:
    """What these sources handed in, in the order of keeping."""
    query = _messages().where(text(schema.IS_HANDED_IN), _m.source.in_(list(sources)))
    query = query.where(_m.kept_at >= since, _m.kept_at < until, _m.id > after)
    return _read(tx, query.limit(most))


def standing(tx: Connection, dossier: int) -> StandingOfDossier | None:
    """How a dossier stands; one that became part of another is that one."""
    row = tx.execute(select(schema.dossier).where(schema.dossier.c.id == dossier)).first()
    if row is not None and row.merged_into is not None:
        return standing(tx, row.merged_into)
    state = schema.dossier_state.c
    fold = tx.execute(select(state.body).where(state.dossier == dossier)).scalar_one_or_none()
    if row is None or fold is None:
        return None
    times = select(func.min(_m.kept_at), func.max(_m.kept_at)).where(_m.dossier == dossier)
    began, heard = tx.execute(times).one()
    query = select(_d.connector, _d.operation, _d.state, _d.changed_at)
    query = query.where(_d.dossier == dossier, _d.state.in_(_UNTOLD)).order_by(_d.id)
    return StandingOfDossier(
        dossier=dossier,
        fold=fold,
        codes=codes(tx, dossier),
        withdrawn=bool(row.withdrawn),
        began=began,
        heard=heard,
        legs=tuple(leg for leg in legs.of_dossier(tx, dossier) if leg.state in schema.WAITS),
        deliveries=tuple((one[0], one[1], one[2], one[3]) for one in tx.execute(query)),
    )


def _messages() -> Select[Any]:
    query = select(_m.id, _m.source, _m.kind, _m.state, _m.dossier, _m.kept_at, schema.payload.c.raw)
    query = query.add_columns(tombstone.c.digest.label("gone"))
    query = query.join(schema.payload, schema.payload.c.message == _m.id)
    is_raw = (tombstone.c.kind == "raw", tombstone.c.number == _m.id, tombstone.c.part == 0)
    query = query.outerjoin(tombstone, and_(*is_raw))
    return query.where(_m.dossier.is_not(None), _m.kind.like("agency.%")).order_by(_m.id)


def _read(tx: Connection, query: Select[Any]) -> list[MessageOfAgency]:
    rows = list(tx.execute(query))
    numbers = _numbers(tx, rows)
    return [
        MessageOfAgency(
            row.id,
            row.source,
            row.kind,
            row.state,
            row.dossier,
            numbers.get((row.dossier, row.source), ""),
            row.kept_at,
            (row.gone or as_it_came(row.raw)).hex(),
        )
        for row in rows
    ]


def _numbers(tx: Connection, rows: Iterable[Row[Any]]) -> dict[tuple[int, str], str]:
    dossiers = sorted({row.dossier for row in rows})
    query = select(_i.dossier, _i.source, _i.code).where(_i.dossier.in_(dossiers))
    return {(dossier, source): code for dossier, source, code in tx.execute(query)}
