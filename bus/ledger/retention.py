"""Removes personal data of dossiers that are over, kind by kind, and leaves what the sums are proved by.

What stays: every message's key and digest (a repeat is known as one, other content as a conflict), deliveries
and their ends, numbers, the figures of the fold. What goes leaves its own digest in `tombstone` (where a
package lies in the file store, that of the package: by it an agency compares its days). One
transaction removes one kind of some dossiers, each looked at again under its lock: a death in the middle
leaves it done or not begun. May be repeated.

Messages set aside that never had a dossier go by a rule of their own (`aside`): what they said goes, they
stay where they stand, so the account is the same and whoever was to see to them still is.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Select, cast, delete, exists, func, select, text, update
from sqlalchemy import String as Text

from bus.ledger import chain, schema
from bus.ledger.as_it_came import as_it_came
from bus.ledger.people import Note, log
from bus.ledger.read import SEEN_TO
from bus.ledger.schema_failures import patch, proposal
from bus.ledger.schema_people import term
from bus.ledger.schema_retention import removed, tombstone
from bus.ledger.store import Store
from bus.redaction import redacted
from bus.retention_settings import Kind
from mappings.dossier import END_STATUSES
from mappings.fold import decode, encode
from mappings.reduced import reduced
from mappings.reported import reported

_o, _m, _d, _s = schema.dossier.c, schema.message.c, schema.delivery.c, schema.dossier_state.c
_p, _a, _l = schema.payload.c, schema.attempt.c, schema.leg.c
_OPEN_LEGS = ("planned", "open", "paused", "undoing")


class Remove(msgspec.Struct, frozen=True):
    """Remove one kind of the data of dossiers that were last heard of before `before` (seconds, epoch).

    Of the kind `aside`: of `messages` that were kept before then.
    """

    kind: Kind
    dossiers: tuple[int, ...]
    before: float
    who: str
    reason: str = ""
    messages: tuple[int, ...] = ()


class Removed(msgspec.Struct, frozen=True):
    """What was removed, or would be: of how many dossiers, rows, bytes; words are counted as rows alone."""

    dossiers: int = 0
    rows: int = 0
    bytes: int = 0

    def __add__(self, other: "Removed") -> "Removed":
        return Removed(self.dossiers + other.dossiers, self.rows + other.rows, self.bytes + other.bytes)


class Due(msgspec.Struct, frozen=True):
    """A window of dossiers, of messages for `aside`: whose data are to go, and where the next one begins."""

    numbers: tuple[int, ...]
    upto: int | None


def due(tx: Connection, kind: Kind, before: float, after: int, most: int = 500) -> Due:
    """The next dossiers, by number, of which a kind is to go; `upto` is None where there are no more."""
    if kind == "aside":
        found = tx.execute(_aside(before).where(_m.id > after).order_by(_m.id).limit(most)).scalars().all()
        return Due(tuple(found), found[-1] if len(found) == most else None)
    rows = tx.execute(_over(kind, before).where(_o.id > after).order_by(_o.id).limit(most)).all()
    return Due(
        tuple(row.id for row in rows if _is_final(row.body)), rows[-1].id if len(rows) == most else None
    )


def counted(tx: Connection, kind: Kind, numbers: Sequence[int]) -> Removed:
    """What removing a kind of some dossiers, or messages, would remove."""
    found = [row for part in _PARTS[kind] for row in part.find(tx, numbers)]
    dossiers = 0 if kind == "aside" else len(numbers)
    return Removed(dossiers, len(found), sum(len(row.body) for row in found))


def _aside(before: float) -> Select[Any]:
    """Messages that stand aside without a dossier, still have what they said, and were kept before."""
    has = (_p.raw != b"") | (_p.canonical != b"")
    query = select(_m.id).join(schema.payload, _p.message == _m.id)
    return query.where(text("message.state <> 'kept'"), _m.dossier.is_(None), _m.kept_at < before, has)


def _over(kind: Kind, before: float) -> Select[Any]:
    """Dossiers with nothing open, nothing that waits for a person, not held, and not heard of since.

    But not those of which this kind was removed since they were last heard of.
    """
    gone = select(removed.c.dossier).where(removed.c.kind == kind, removed.c.at >= _m.kept_at)
    in_lane = select(_d.id).where(_d.dossier == _o.id, text(schema.IN_LANE))
    lately = select(_d.id).where(_d.dossier == _o.id, _d.changed_at >= before)
    legs = select(_l.dossier).where(_l.dossier == _o.id, _l.state.in_(_OPEN_LEGS))
    others = schema.message.alias()
    aside = select(others.c.id).where(others.c.dossier == _o.id, others.c.state.not_in(("kept", *SEEN_TO)))
    heard = select(others.c.id).where(others.c.dossier == _o.id, others.c.kept_at >= before)
    return (
        select(_o.id, _s.body)
        .select_from(schema.dossier)
        .join(schema.dossier_state, _s.dossier == _o.id)
        .join(schema.message, _m.id == _s.message)
        .where(_m.kept_at < before, _o.merged_into.is_(None), _o.held_by.is_(None))
        .where(*(~exists(each) for each in (in_lane, lately, legs, aside, heard)))
        .where(~exists(gone.where(removed.c.dossier == _o.id)))
    )


def _is_final(fold: bytes) -> bool:
    return reported(fold).status in END_STATUSES


class Retention:
    """Removes."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._mark = store.upsert(removed, "dossier", "kind", update=("at",))

    def removes(self, tx: Connection, removes: Sequence[Remove]) -> list[Removed]:
        """Remove what is still to go; what is no longer over is left. One line in the log of actions each."""
        return [self._remove(tx, one) for one in removes]

    def _remove(self, tx: Connection, one: Remove) -> Removed:
        chain.lock(tx)
        if one.kind == "aside":
            return self._remove_aside(tx, one)
        self._store.lock_dossiers(tx, one.dossiers)
        rows = tx.execute(_over(one.kind, one.before).where(_o.id.in_(one.dossiers))).all()
        dossiers = sorted(row.id for row in rows if _is_final(row.body))
        if not dossiers:
            return Removed()
        now = self._store.now(tx)
        done = Removed(len(dossiers)) + self._clear(tx, one.kind, dossiers, now)
        if one.kind == "content":
            tx.execute(update(schema.dossier).where(_o.id.in_(dossiers)).values(reduced_at=now))
        tx.execute(self._mark, [{"dossier": each, "kind": one.kind, "at": now} for each in dossiers])
        subject = f"{one.kind} of {len(dossiers)} dossiers ({dossiers[0]} to {dossiers[-1]})"
        log(self._store, tx, Note(one.who, "remove", subject, one.reason))
        return done

    def _remove_aside(self, tx: Connection, one: Remove) -> Removed:
        query = _aside(one.before).where(_m.id.in_(one.messages)).order_by(_m.id)
        messages = list(tx.execute(query).scalars())
        if not messages:
            return Removed()
        done = self._clear(tx, one.kind, messages, self._store.now(tx))
        subject = f"{one.kind}: {len(messages)} messages ({messages[0]} to {messages[-1]})"
        log(self._store, tx, Note(one.who, "remove", subject, one.reason))
        return done

    def _clear(self, tx: Connection, kind: Kind, numbers: Sequence[int], now: float) -> Removed:
        done = Removed()
        for part in _PARTS[kind]:
            found = part.find(tx, numbers)
            part.clear(tx, found)
            self._remember(tx, part.name, found, now)
            done += Removed(0, len(found), sum(len(row.body) for row in found))
        return done

    def _remember(self, tx: Connection, name: str, found: Sequence["_Row"], now: float) -> None:
        rows = [
            {"kind": name, "number": row.number, "part": row.part, "size": len(row.body), "at": now}
            | {"digest": as_it_came(row.body)}
            for row in found
            if row.body
        ]
        if rows:
            # what was corrected after a removal is removed again: the first digest stands
            tx.execute(self._store.upsert(tombstone, "kind", "number", "part"), rows)


class _Row(msgspec.Struct, frozen=True):
    """Something to be removed: where it stands, and its bytes."""

    number: int
    part: int
    body: bytes


class _Part(msgspec.Struct, frozen=True):
    """One place of a kind: how it is found, how it is cleared."""

    name: str
    find: Callable[[Connection, Sequence[int]], list[_Row]]
    clear: Callable[[Connection, Sequence[_Row]], None]


def _mine(dossiers: Sequence[int]) -> Select[Any]:
    return select(_m.id).where(_m.dossier.in_(dossiers))


def _sent(dossiers: Sequence[int]) -> Select[Any]:
    return select(_d.id).where(_d.dossier.in_(dossiers))


def _payloads(name: str, of: Callable[[Sequence[int]], Any] = _mine) -> _Part:
    column = _p[name]

    def find(tx: Connection, numbers: Sequence[int]) -> list[_Row]:
        query = select(_p.message, column).where(_p.message.in_(of(numbers)), column != b"")
        return [_Row(row[0], 0, bytes(row[1])) for row in tx.execute(query.order_by(_p.message))]

    def clear(tx: Connection, found: Sequence[_Row]) -> None:
        numbers = [row.number for row in found]
        tx.execute(update(schema.payload).where(_p.message.in_(numbers)).values({name: b""}))

    return _Part(name, find, clear)


def _folds(tx: Connection, dossiers: Sequence[int]) -> list[_Row]:
    found = tx.execute(select(_s.dossier, _s.body).where(_s.dossier.in_(dossiers)).order_by(_s.dossier))
    return [_Row(row.dossier, 0, bytes(row.body)) for row in found]


def _reduce(tx: Connection, found: Sequence[_Row]) -> None:
    for row in found:
        body = encode(reduced(decode(row.body)))
        tx.execute(update(schema.dossier_state).where(_s.dossier == row.number).values(body=body))


_PARTS_OF_ATTEMPT = 100_000
"""An attempt's look-ups and late answers are numbered within this."""


def _answers(tx: Connection, dossiers: Sequence[int]) -> list[_Row]:
    said = (_a.answer.is_not(None)) | (_a.text != "")
    query = select(_a.delivery, _a.attempt, _a.part, _a.text, _a.answer)
    query = query.where(_a.delivery.in_(_sent(dossiers)), said).order_by(_a.delivery, _a.attempt, _a.part)
    return [
        _Row(
            row.delivery, row.attempt * _PARTS_OF_ATTEMPT + row.part, row.text.encode() + (row.answer or b"")
        )
        for row in tx.execute(query)
    ]


def _forget_answers(tx: Connection, found: Sequence[_Row]) -> None:
    numbers = sorted({row.number for row in found})
    tx.execute(update(schema.attempt).where(_a.delivery.in_(numbers)).values(text="", answer=None))


def _reasons(tx: Connection, dossiers: Sequence[int]) -> list[_Row]:
    """Sentences in which a peer may have named somebody; only those in which something is to be covered."""
    rows = tx.execute(select(_d.id, _d.reason).where(_d.dossier.in_(dossiers), _d.reason != ""))
    found = [_Row(row.id, 0, row.reason.encode()) for row in rows]
    rows = tx.execute(select(_m.id, _m.reason).where(_m.dossier.in_(dossiers), _m.reason != ""))
    found += [_Row(row.id, 1, row.reason.encode()) for row in rows]
    return [row for row in found if _covered(row) != row.body.decode()]


def _reasons_aside(tx: Connection, messages: Sequence[int]) -> list[_Row]:
    rows = tx.execute(select(_m.id, _m.reason).where(_m.id.in_(messages), _m.reason != ""))
    found = [_Row(row.id, 1, row.reason.encode()) for row in rows]
    return [row for row in found if _covered(row) != row.body.decode()]


def _cover(tx: Connection, found: Sequence[_Row]) -> None:
    for row in found:
        table = schema.message if row.part else schema.delivery
        tx.execute(update(table).where(table.c.id == row.number).values(reason=_covered(row)))


def _covered(row: _Row) -> str:
    return redacted(row.body.decode())


def _patches(tx: Connection, dossiers: Sequence[int]) -> list[_Row]:
    query = select(patch.c.id, patch.c.body).where(patch.c.delivery.in_(_sent(dossiers)), patch.c.body != b"")
    return [_Row(row.id, 0, bytes(row.body)) for row in tx.execute(query)]


def _proposals(tx: Connection, dossiers: Sequence[int]) -> list[_Row]:
    of = select(cast(_d.id, Text)).where(_d.dossier.in_(dossiers))
    query = select(proposal.c.id, proposal.c.body).where(proposal.c.subject.in_(of), proposal.c.body != b"")
    return [_Row(row.id, 0, bytes(row.body)) for row in tx.execute(query)]


def _emptied(table: Any) -> Callable[[Connection, Sequence[_Row]], None]:
    def clear(tx: Connection, found: Sequence[_Row]) -> None:
        tx.execute(update(table).where(table.c.id.in_([row.number for row in found])).values(body=b""))

    return clear


def _words(tx: Connection, dossiers: Sequence[int]) -> list[_Row]:
    query = select(term.c.dossier, func.count()).where(term.c.dossier.in_(dossiers)).group_by(term.c.dossier)
    return [_Row(row[0], at, b"") for row in tx.execute(query) for at in range(row[1])]


def _forget_words(tx: Connection, found: Iterable[_Row]) -> None:
    tx.execute(delete(term).where(term.c.dossier.in_({row.number for row in found})))


_PARTS: dict[Kind, tuple[_Part, ...]] = {
    "raw": (_payloads("raw"),),
    "content": (_payloads("canonical"), _Part("fold", _folds, _reduce)),
    "words": (_Part("word", _words, _forget_words),),
    "answers": (
        _Part("answer", _answers, _forget_answers),
        _Part("reason", _reasons, _cover),
        _Part("patch", _patches, _emptied(patch)),
        _Part("proposal", _proposals, _emptied(proposal)),
    ),
    "aside": (_payloads("raw", list), _payloads("canonical", list), _Part("reason", _reasons_aside, _cover)),
}
