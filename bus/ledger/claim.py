"""Claim: a worker takes a delivery for a lease; the attempt number it gets is the fencing token (rule 1)."""

from collections.abc import Sequence
from itertools import starmap

import msgspec
from sqlalchemy import BindParameter, Connection, bindparam, select, update

from bus.ledger import driver, schema
from bus.ledger.driver import many
from bus.ledger.records import Claim, Claimed, Past
from bus.ledger.rows import numbers_in, numbers_of
from bus.ledger.schema_failures import patch
from bus.ledger.store import Store

_ids: BindParameter[int] = bindparam("ids", expanding=True)


class _Row(msgspec.Struct, frozen=True, gc=False):
    """A delivery with what its worker needs of its message and dossier: the columns of `_ROWS`."""

    id: int
    message: int
    dossier: int
    connector: str
    operation: str
    route: str
    state: str
    attempt: int
    tries: int
    doubt: str
    first_try_at: float | None
    due_at: float
    lookups: int
    crashes: int
    changed_at: float
    traceparent: str
    kept_at: float
    patched: int
    numbers: str
    kind: str
    source: str
    canonical: bytes
    folded: int
    fold: bytes


_ROWS = (
    select(
        *(schema.delivery.c[name] for name in _Row.__struct_fields__[:19]),
        schema.message.c.kind,
        schema.message.c.source,
        schema.payload.c.canonical,
        schema.dossier_state.c.message.label("folded"),
        schema.dossier_state.c.body.label("fold"),
    )
    .join(schema.message, schema.message.c.id == schema.delivery.c.message)
    .join(schema.payload, schema.payload.c.message == schema.delivery.c.message)
    .join(schema.dossier_state, schema.dossier_state.c.dossier == schema.delivery.c.dossier)
    .where(schema.delivery.c.id.in_(_ids))
    .order_by(schema.delivery.c.id)
)
_TAKE = (
    update(schema.delivery)
    .where(schema.delivery.c.id == bindparam("number"))
    .values(
        state="sending",
        attempt=schema.delivery.c.attempt + 1,
        tries=schema.delivery.c.tries + 1,
        holder=bindparam("by"),
        lease=bindparam("seconds"),
        claimed_at=bindparam("now"),
        first_try_at=bindparam("first"),
        numbers=bindparam("under"),
        changed_at=bindparam("now"),
    )
)
_ASK = (
    update(schema.delivery)
    .where(schema.delivery.c.id == bindparam("number"))
    .values(lookups=schema.delivery.c.lookups + 1, due_at=bindparam("due"))
)
_CODES = select(schema.identity.c.dossier, schema.identity.c.source, schema.identity.c.code).where(
    schema.identity.c.dossier.in_(_ids)
)
_v = schema.peer_view.c
_VIEWS = select(_v.dossier, _v.connector, _v.operation, _v.key, _v.digest).where(_v.dossier.in_(_ids))
_HISTORY = (
    select(
        schema.message.c.id,
        schema.message.c.dossier,
        schema.message.c.source,
        schema.message.c.kind,
        schema.message.c.as_of,
        schema.payload.c.canonical,
    )
    .join(schema.payload, schema.payload.c.message == schema.message.c.id)
    .where(schema.message.c.dossier.in_(_ids))
    .where(schema.message.c.state == "kept")
    .order_by(schema.message.c.id)
)
_PATCHES = select(patch.c.id, patch.c.body).where(patch.c.id.in_(_ids))


class Claimer:
    """Claims deliveries. What cannot be claimed (any more) is answered with None: the message is a hint."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def claim(self, tx: Connection, claims: Sequence[Claim]) -> list[Claimed | None]:
        """Claim many at once; of two claims for one delivery the first wins."""
        now = self._store.now(tx)
        asks = not self._store.clock.is_doubtful
        query = _ROWS if self._store.is_sqlite else _ROWS.with_for_update(of=schema.delivery)
        wanted = sorted({claim.delivery for claim in claims})
        rows = {row.id: row for row in starmap(_Row, driver.select(tx, query, ids=wanted))}
        takes: list[tuple[Claim, _Row, str]] = []
        results: list[int | None] = []
        for claim in claims:
            row = rows.pop(claim.delivery, None)
            how = _how(row, claim, now, asks=asks) if row is not None else ""
            results.append(len(takes) if how else None)
            if row is not None and how:
                takes.append((claim, row, how))
        claimed = self._read(tx, takes, now)
        self._write(tx, takes, claimed, now)
        return [None if place is None else claimed[place] for place in results]

    def _write(
        self, tx: Connection, takes: Sequence[tuple[Claim, _Row, str]], claimed: Sequence[Claimed], now: float
    ) -> None:
        sending = [
            {
                "number": row.id,
                "by": claim.holder,
                "seconds": claim.lease,
                "now": now,
                "first": row.first_try_at or now,
                "under": numbers_of(each.codes),
            }
            for (claim, row, how), each in zip(takes, claimed, strict=True)
            if how == "sending"
        ]
        asking = [
            {"number": row.id, "due": now + claim.lease} for claim, row, how in takes if how == "unknown"
        ]
        many(tx, _TAKE, sending)
        many(tx, _ASK, asking)

    def _read(self, tx: Connection, takes: Sequence[tuple[Claim, _Row, str]], now: float) -> list[Claimed]:
        if not takes:
            return []
        codes, views = read_known(tx, sorted({row.dossier for _, row, _ in takes}))
        past = read_history(tx, sorted({row.dossier for _, row, _ in takes if row.folded != row.message}))
        patches = read_patches(tx, sorted({row.patched for _, row, _ in takes if row.patched}))
        return [
            _claimed(
                row,
                how,
                codes=codes.get(row.dossier, {}),
                views=views.get((row.dossier, row.connector, row.operation), {}),
                history=past.get(row.dossier, []),
                patch=patches.get(row.patched, b""),
                now=now,
            )
            for _, row, how in takes
        ]


def read_history(tx: Connection, dossiers: list[int]) -> dict[int, list[tuple[int, Past]]]:
    """The kept messages of some dossiers, each with its number, in the order of keeping."""
    past: dict[int, list[tuple[int, Past]]] = {}
    if dossiers:
        for number, dossier, *rest in driver.select(tx, _HISTORY, ids=dossiers):
            past.setdefault(dossier, []).append((number, Past(*rest)))
    return past


def read_patches(tx: Connection, numbers: list[int]) -> dict[int, bytes]:
    """What people corrected, by the number of the row."""
    return dict(driver.select(tx, _PATCHES, ids=numbers)) if numbers else {}


def peek(tx: Connection, delivery: int, now: float) -> Claimed | None:
    """A delivery as its next worker would get it, whatever its state; nothing is claimed or written."""
    found = [_Row(*row) for row in driver.select(tx, _ROWS, ids=[delivery])]
    if not found:
        return None
    row = found[0]
    codes, views = read_known(tx, [row.dossier])
    past = read_history(tx, [row.dossier]) if row.folded != row.message else {}
    return _claimed(
        row,
        "sending",
        codes=codes.get(row.dossier, {}),
        views=views.get((row.dossier, row.connector, row.operation), {}),
        history=past.get(row.dossier, []),
        patch=read_patches(tx, [row.patched]).get(row.patched, b""),
        now=now,
    )


Codes = dict[int, dict[str, str]]
Views = dict[tuple[int, str, str], dict[str, bytes]]


def read_known(tx: Connection, dossiers: list[int]) -> tuple[Codes, Views]:
    """All numbers of some dossiers, and what each peer got of them by each operation."""
    codes: Codes = {}
    views: Views = {}
    if not dossiers:
        return codes, views
    for dossier, source, code in driver.select(tx, _CODES, ids=dossiers):
        codes.setdefault(dossier, {})[source] = code
    for dossier, connector, operation, key, digest in driver.select(tx, _VIEWS, ids=dossiers):
        views.setdefault((dossier, connector, operation), {})[key] = digest
    return codes, views


def _how(row: _Row, claim: Claim, now: float, *, asks: bool) -> str:
    """What may be done with the row: "sending", "unknown" (asking), or "" for nothing."""
    if row.operation in claim.shut or (row.state == "unknown" and not asks):
        return ""
    if row.state == "ready" or (
        row.state == "unknown" and row.operation in claim.resend and row.due_at <= now
    ):
        return "sending"
    return "unknown" if row.state == "unknown" and row.due_at <= now else ""


def _claimed(
    row: _Row,
    how: str,
    *,
    codes: dict[str, str],
    views: dict[str, bytes],
    history: list[tuple[int, Past]],
    patch: bytes,
    now: float,
) -> Claimed:
    sending = how == "sending"
    whole = row.folded == row.message
    # asked for, or sent again, under the numbers it went out under: the peer may know no others
    is_doubted = row.state == "unknown" or row.doubt != ""
    return Claimed(
        delivery=row.id,
        attempt=row.attempt + sending,
        tries=row.tries + sending,
        state="sending" if sending else "unknown",
        message=row.message,
        dossier=row.dossier,
        connector=row.connector,
        operation=row.operation,
        route=row.route,
        kind=row.kind,
        source=row.source,
        body=row.canonical,
        fold=row.fold if whole else b"",
        history=() if whole else tuple(past for number, past in history if number <= row.message),
        codes=numbers_in(row.numbers) if row.numbers and is_doubted else codes,
        views=views,
        doubt=row.doubt,
        ended_at=row.changed_at,
        first_try_at=row.first_try_at or now,
        lookups=row.lookups,
        crashes=row.crashes,
        traceparent=row.traceparent,
        now=now,
        kept_at=row.kept_at,
        patch=patch,
    )
