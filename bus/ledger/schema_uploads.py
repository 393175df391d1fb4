"""The ledger's table of uploads: which agency brought which file itself."""

from sqlalchemy import Column, Float, String, Table

from bus.ledger.schema import metadata

upload = Table(
    "upload",
    metadata,
    Column("source", String, primary_key=True),
    Column("hash", String, primary_key=True),
    Column("at", Float, nullable=False),
    sqlite_with_rowid=False,
    comment="Files that an agency uploaded: it may refer to these. Whoever only knows a hash may not.",
)
