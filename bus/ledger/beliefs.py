"""What a connector's peer last told of its dossiers, to be compared with what it lists. Reads only."""

from collections.abc import Iterator

from sqlalchemy import Connection, select

from bus.ledger import schema

_m, _i, _p = schema.message.c, schema.identity.c, schema.payload.c


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
