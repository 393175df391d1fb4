"""The ledger's tables for people: who may sign in, who is signed in, and the words dossiers are found by."""

from sqlalchemy import BigInteger, Boolean, Column, Float, Index, Integer, LargeBinary, String, Table

from bus.ledger.schema import metadata

person = Table(
    "person",
    metadata,
    Column("login", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("role", String, nullable=False),
    Column("password", String, nullable=False),
    Column("is_active", Boolean, nullable=False, default=True),
    Column("changed_at", Float, nullable=False),
    comment="Who may sign in to the console; `password` is an argon2id hash.",
)

session = Table(
    "session",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("login", String, nullable=False),
    Column("began_at", Float, nullable=False),
    Column("ends_at", Float, nullable=False),
    Index("session_login", "login"),
    sqlite_with_rowid=False,
    comment="Who is signed in; the digest of a session's secret, never the secret.",
)

term = Table(
    "term",
    metadata,
    Column("word", String, primary_key=True),
    Column("dossier", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Index("term_dossier", "dossier"),
    sqlite_with_rowid=False,
    comment="What a dossier is found by: names without marks from each of their words on, and identifiers.",
)

promise = Table(
    "promise",
    metadata,
    Column("dossier", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("over_at", Float, nullable=False),
    Column("agency", String, nullable=False),
    Column("received_on", String, nullable=False),
    Index("promise_over", "over_at"),
    comment="Dossiers that are not over, each with its promise and agency; written behind, with the words.",
)

TABLES = (person, session, term)
