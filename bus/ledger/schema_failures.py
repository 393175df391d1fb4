"""The ledger's tables for what people do about failures: corrections, what two must agree on, retries."""

from sqlalchemy import BigInteger, Column, Float, Index, Integer, LargeBinary, String, Table, text

from bus.ledger.schema import metadata

_number = BigInteger().with_variant(Integer, "sqlite")

patch = Table(
    "patch",
    metadata,
    Column("id", _number, primary_key=True, autoincrement=False),
    Column("delivery", _number, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("who", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("made_at", Float, nullable=False),
    Index("patch_delivery", "delivery", "id"),
    comment="What a person corrected of what mapping made: a JSON patch (RFC 6902) of the peer's tree.",
)

proposal = Table(
    "proposal",
    metadata,
    Column("id", _number, primary_key=True, autoincrement=False),
    Column("at", Float, nullable=False),
    Column("who", String, nullable=False),
    Column("what", String, nullable=False),
    Column("subject", String, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("reason", String, nullable=False),
    Column("outcome", String, nullable=False, default=""),
    Column("decided_by", String),
    Column("decided_at", Float),
    Index("proposal_open", "id", sqlite_where=text("outcome = ''"), postgresql_where=text("outcome = ''")),
    comment="What waits for a second person: an edit or a discard; outcome: '', agreed, refused.",
)

retry_run = Table(
    "retry_run",
    metadata,
    Column("id", _number, primary_key=True, autoincrement=False),
    Column("at", Float, nullable=False),
    Column("who", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("state", String, nullable=False),
    Column("note", String, nullable=False, default=""),
    Column("stage", Integer, nullable=False),
    Column("stages", Integer, nullable=False),
    Column("rate", Float),
    Column("asked_at", Float, nullable=False),
    Column("requested", Integer, nullable=False),
    Column("ended_at", Float),
    Index(
        "retry_run_open",
        "id",
        sqlite_where=text("state = 'running'"),
        postgresql_where=text("state = 'running'"),
    ),
    comment="A retry asked for by a person, in stages; state: running, done, stopped, cancelled.",
)

retry_item = Table(
    "retry_item",
    metadata,
    Column("run", _number, primary_key=True, autoincrement=False),
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("subject", String, nullable=False),
    Column("stage", Integer, nullable=False),
    Column("state", String, nullable=False),
    Column("target", _number),
    Column("why", String, nullable=False, default=""),
    Column("changed_at", Float, nullable=False),
    Index("retry_item_state", "run", "state", "place"),
    sqlite_with_rowid=False,
    comment="One of a retry: state waiting, asked, then delivered, failed or skipped. `target`: the delivery"
    " that went, which is a newer one where this was overtaken.",
)

TABLES = (patch, proposal, retry_run, retry_item)
