"""The log of what people did as a chain (chuỗi băm): each row has the digest of the one before it.

Whoever changes, removes or inserts a row breaks the chain at it. Whoever rewrites all rows behind it, or cuts
the end off, is found by a head that was kept elsewhere: a number and a digest, as `head` gives them.
"""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from sqlalchemy import Connection, inspect, select, text

from bus.ledger import schema

_a = schema.action.c
_LOCK = text("SELECT pg_advisory_xact_lock(7011)")


class Link(msgspec.Struct, frozen=True):
    """A row's place in the chain: its number, and its digest, which stands for all rows up to it."""

    number: int
    digest: bytes

    def __str__(self) -> str:
        """As it is printed and kept elsewhere."""
        return f"{self.number}:{self.digest.hex()}"


START = Link(0, bytes(32))
"""What the first row follows, and the head of an empty log."""


class Broken(msgspec.Struct, frozen=True):
    """Where the chain breaks first: the row's number, its time (seconds since the epoch), and how."""

    number: int
    at: float
    why: str


class Walked(msgspec.Struct, frozen=True):
    """What a walk saw: how many rows, the last sound one, where it broke, and whether it reached the end."""

    head: Link
    rows: int = 0
    broken: Broken | None = None
    ended: bool = True


def link_of(text: str) -> Link:
    """A head as it was printed; raises ValueError for anything else."""
    number, _, digest = text.strip().partition(":")
    if not (number.isdecimal() and len(digest) == 64):
        raise ValueError("a head is NUMBER:DIGEST, as `audit head` prints it")
    return Link(int(number), bytes.fromhex(digest))


def lock(tx: Connection) -> None:
    """Let one process at a time append, until its commit. Taken before any dossier's lock.

    SQLite has one writer.
    """
    if tx.dialect.name == "postgresql":
        tx.execute(_LOCK)


def is_chained(tx: Connection) -> bool:
    """Whether the log has its digests; the first `serve` of this version gives them to an older ledger."""
    return "digest" in {each["name"] for each in inspect(tx).get_columns("action")}


def head(tx: Connection) -> Link:
    """The last row's place."""
    row = tx.execute(select(_a.id, _a.digest).order_by(_a.id.desc()).limit(1)).first()
    return Link(row.id, row.digest or b"") if row else START


def linked(row: Mapping[str, Any], previous: bytes) -> dict[str, Any]:
    """A row of the log with its two digests; `previous` is that of the row before it."""
    return {**row, "previous": previous, "digest": _digest(row, previous)}


def _digest(row: Mapping[str, Any], previous: bytes) -> bytes:
    told = [previous.hex(), row["id"], float(row["at"]).hex()]
    told += [row["who"], row["what"], row["subject"], row["reason"]]
    return hashlib.sha256(msgspec.json.encode(told)).digest()


def walk(tx: Connection, after: Link = START, most: int = 20_000) -> Walked:
    """Follow at most `most` rows behind `after`, which has to stand there still; ends at the first fault."""
    if broken := missing(tx, after):
        return Walked(after, 0, broken)
    found = tx.execute(select(schema.action).where(_a.id > after.number).order_by(_a.id).limit(most))
    return follow((dict(row) for row in found.mappings()), after, most)


def follow(rows: Iterable[Mapping[str, Any]], after: Link, most: int) -> Walked:
    """Follow rows in their order from `after` on. Pure."""
    last, count = after, 0
    for row in rows:
        count += 1
        if why := _fault(row, last):
            return Walked(last, count, Broken(row["id"], row["at"], why))
        last = Link(row["id"], row["digest"])
    return Walked(last, count, ended=count < most)


def _fault(row: Mapping[str, Any], last: Link) -> str:
    if row["previous"] is None or row["digest"] != _digest(row, row["previous"]):
        return "changed since it was written, or put in by something else"
    if row["previous"] != last.digest:
        return f"it does not follow row {last.number}: something between was removed, or it was put in"
    return ""


def missing(tx: Connection, kept: Link) -> Broken | None:
    """What is wrong with the log, seen from a head that was kept; None where it still stands there."""
    if kept.number == START.number:
        return None
    row = tx.execute(select(_a.at, _a.digest).where(_a.id == kept.number)).first()
    if row is None:
        return Broken(kept.number, 0.0, "it is not there, and a kept head names it: the log was cut")
    if row.digest != kept.digest:
        return Broken(kept.number, row.at, "it is not what the kept head names: the log was written anew")
    return None
