"""The ledger's table of restores: each begins a new epoch (rule 23)."""

from sqlalchemy import BigInteger, Column, Float, Integer, String, Table

from bus.ledger.schema import metadata

epoch = Table(
    "epoch",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("began_at", Float, nullable=False),
    Column("taken_at", Float, nullable=False),
    Column("floor", BigInteger, nullable=False),
    Column("who", String, nullable=False),
    comment="A restore: when, from a backup taken when, and the number below which nothing new is numbered.",
)
