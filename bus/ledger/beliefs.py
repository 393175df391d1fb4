"""What a connector's peer last told us of its dossiers, and what it last got from us. Reads only."""

from collections.abc import Iterator
from typing import Any

import msgspec
from sqlalchemy import Connection, and_, exists, select, text

from bus.ledger import read, schema
from bus.ledger.again import STATUS
from mappings.fold import State

_m, _i, _p, _d = schema.message.c, schema.identity.c, schema.payload.c, schema.delivery.c
_v, _o = schema.peer_view.c, schema.dossier.c
_fold = msgspec.json.Decoder(State).decode


class Shown(msgspec.Struct, frozen=True, gc=False):
    """What a peer last got from us of a dossier: `status` in its own words, by the delivery of that number.

    `number` is what the peer knows the dossier by, and `is_theirs` where it gave that itself. `is_withdrawn`:
    what its citizen did goes before our word.
    """

    delivery: int
    dossier: int
    number: str
    procedure: str
    status: str
    is_withdrawn: bool
    is_theirs: bool = False


def last_told(tx: Connection, connector: str, kind: str, number: str) -> tuple[bool, bytes | None]:
    """Whether a connector's number is known, and the last kept message of `kind` of its dossier."""
    known = select(_i.dossier).where(_i.source == connector, _i.code == number)
    dossier = tx.execute(known).scalar_one_or_none()
    if dossier is None:
        return False, None
    query = select(_p.raw).join(schema.message, _m.id == _p.message)
    query = query.where(_m.dossier == dossier, _m.source == connector, _m.kind == kind, _m.state == "kept")
    raw = tx.execute(query.order_by(_m.as_of.desc(), _m.id.desc()).limit(1)).scalar_one_or_none()
    return True, None if raw is None else bytes(raw)


def told_between(tx: Connection, connector: str, kind: str, since: float, until: float) -> Iterator[bytes]:
    """The kept messages of `kind` that the peer knew from `since` until before `until`, in order of time."""
    query = select(_p.raw).join(schema.message, _m.id == _p.message)
    query = query.where(_m.source == connector, _m.kind == kind, _m.state == "kept")
    query = query.where(_m.as_of >= since, _m.as_of < until).order_by(_m.as_of, _m.id)
    return (bytes(raw) for raw in tx.execute(query).scalars())


def shown_between(tx: Connection, connector: str, operation: str, since: float, until: float) -> list[Shown]:
    """What dossiers show at a peer whose last delivery by `operation` was delivered in the time.

    Left out is what has anything open or dead on its way there: the peer may show the one or the other.
    """
    mine = (_d.connector == connector, _d.operation == operation, text(schema.IS_DELIVERED))
    seen = and_(_v.dossier == _d.dossier, _v.connector == connector, _v.operation == operation)
    query = (
        select(_d.id, _d.dossier, _m.source, _v.digest, _o.withdrawn, schema.dossier_state.c.body)
        .join(schema.message, _m.id == _d.message)
        .join(schema.dossier, _o.id == _d.dossier)
        .join(schema.dossier_state, schema.dossier_state.c.dossier == _d.dossier)
        .join(schema.peer_view, and_(seen, _v.key == STATUS))
        .where(*mine, _d.changed_at >= since, _d.changed_at < until)
        .where(~_again_later(connector, operation), ~_in_lane(connector), _o.reduced_at.is_(None))
        .order_by(_d.id)
    )
    return [_shown(tx, connector, row) for row in tx.execute(query)]


def steps_of(tx: Connection, connector: str, operation: str, dossier: int) -> tuple[str, ...]:
    """The keys of all that was delivered to a peer by an operation that appends, sorted."""
    mine = (_v.dossier == dossier, _v.connector == connector, _v.operation == operation)
    query = select(_v.key).where(*mine, _v.key != "", ~_v.key.startswith(STATUS)).order_by(_v.key)
    return tuple(tx.execute(query).scalars())


def _again_later(connector: str, operation: str) -> Any:
    other = schema.delivery.alias()
    same = (other.c.dossier == _d.dossier, other.c.connector == connector, other.c.operation == operation)
    return exists().where(*same, other.c.state == "delivered", other.c.id > _d.id)


def _in_lane(connector: str) -> Any:
    other = schema.delivery.alias()
    states = other.c.state.in_((*schema.OPEN, "dead"))
    return exists().where(other.c.dossier == _d.dossier, other.c.connector == connector, states)


def _shown(tx: Connection, connector: str, row: Any) -> Shown:
    codes = read.codes(tx, row.dossier)
    number = codes.get(connector) or codes.get(row.source) or next(iter(codes.values()), "")
    procedure = _fold(row.body).whole.procedure or ""
    status = bytes(row.digest).decode()
    return Shown(row.id, row.dossier, number, procedure, status, row.withdrawn, connector in codes)
