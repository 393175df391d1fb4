"""The ledger's tables of what was removed: that it was, when, and the digest of what stood there."""

from sqlalchemy import BigInteger, Column, Float, Integer, LargeBinary, String, Table

from bus.ledger.schema import metadata

_number = BigInteger().with_variant(Integer, "sqlite")

removed = Table(
    "removed",
    metadata,
    Column("dossier", _number, primary_key=True, autoincrement=False),
    Column("kind", String, primary_key=True),
    Column("at", Float, nullable=False),
    sqlite_with_rowid=False,
    comment="Which kinds of a dossier's data were removed, and when last.",
)

tombstone = Table(
    "tombstone",
    metadata,
    Column("kind", String, primary_key=True),
    Column("number", _number, primary_key=True, autoincrement=False),
    Column("part", _number, primary_key=True, autoincrement=False),
    Column("digest", LargeBinary, nullable=False),
    Column("size", _number, nullable=False),
    Column("at", Float, nullable=False),
    sqlite_with_rowid=False,
    comment="What stood in a row before it was removed: SHA-256 and bytes. kind: raw, canonical (number: the"
    " message), fold (the dossier), answer (the delivery, part: its attempt), patch, proposal, file.",
)

TABLES = (removed, tombstone)
