"""Sheets, routes and sets of them, by their content: what made a delivery can be read and tried again."""

from collections.abc import Mapping, Sequence

import msgspec
from sqlalchemy import Connection, select

from bus.ledger import schema
from bus.ledger.store import Store

_v = schema.version.c


class Used(msgspec.Struct, frozen=True, gc=False):
    """What an installation uses from now on, as (kind, name, digest, body); what is known already stays.

    Kinds: "sheet", "routes", and "set", named by the number that deliveries record, of name -> digest.
    """

    rows: tuple[tuple[str, str, str, bytes], ...]


class Versions:
    """Keeps what is used, once each."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def uses(self, tx: Connection, uses: Sequence[Used]) -> list[None]:
        """Note what is in use; may be repeated."""
        known = {tuple(row) for row in tx.execute(select(_v.kind, _v.name, _v.digest))}
        fresh = [row for used in uses for row in used.rows if row[:3] not in known]
        put = self._store.upsert(schema.version, "kind", "name", "digest")
        now = self._store.now(tx)
        for number, (kind, name, digest, body) in zip(
            self._store.numbers(tx, schema.version, len(fresh)), fresh, strict=True
        ):
            row = {"id": number, "kind": kind, "name": name, "digest": digest, "body": body, "seen_at": now}
            tx.execute(put, row)
        return [None] * len(uses)


def set_of(tx: Connection, config: int) -> Mapping[str, str]:
    """The digests of sheets and routes that a delivery's `config` stands for; none where it is not known."""
    body = select(_v.body).where(_v.kind == "set", _v.name == str(config)).order_by(_v.id.desc()).limit(1)
    found = tx.execute(body).scalar()
    return msgspec.json.decode(found, type=dict[str, str]) if found else {}


def text_of(tx: Connection, name: str, digest: str) -> str | None:
    """The text of a sheet that begins with this digest; None where no sheet in use ever had it."""
    query = select(_v.body).where(_v.kind == "sheet", _v.name == name)
    query = query.where(_v.digest.startswith(digest, autoescape=True)).order_by(_v.id.desc()).limit(1)
    found = tx.execute(query).scalar()
    return found.decode() if found else None
