"""The ledger's tables. Small hot rows; payloads lie apart; open rows stand under partial indexes.

Times are seconds since the epoch on the database's wall clock. Numbers are handed out by `store.Store`,
so that a batch can be written without asking back. Rules refer to the delivery protocol (docs/protocol.md).
"""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    text,
)


class Bytes(LargeBinary):
    """Bytes as they are: both drivers take and give `bytes`, so nothing needs converting per row."""

    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> None:
        """None: the driver takes bytes."""

    def result_processor(self, dialect: Dialect, coltype: object) -> None:
        """None: the driver gives bytes."""


metadata = MetaData()

OPEN = ("waiting", "ready", "sending", "retrying", "unknown", "held")
ENDS = ("delivered", "refused", "superseded", "dead", "discarded")
STATES = OPEN + ENDS

LEG_STATES = ("planned", "open", "paused", "undoing", "done", "refused", "undone")
WAITS = ("open", "paused")
"""The states in which a leg's clock, or that of its supplement, runs."""
CLOCKED = (*WAITS, "undoing")
"""Those, and that of what was asked back."""

_number = BigInteger().with_variant(Integer, "sqlite")


def _sql_list(words: tuple[str, ...]) -> str:
    return ", ".join(f"'{word}'" for word in words)


def _partial(name: str, *columns: Any, where: str, unique: bool = False) -> Index:
    return Index(name, *columns, unique=unique, sqlite_where=text(where), postgresql_where=text(where))


IS_OPEN = f"delivery.state IN ({_sql_list(OPEN[1:])})"
"""The condition of the index `delivery_open`, word for word: a query without it does not use the index."""

IS_DELIVERED = "delivery.state = 'delivered'"
"""The condition of the index `delivery_delivered`, word for word as well."""

IN_LANE = f"delivery.state IN ({_sql_list((*OPEN, 'dead'))})"
"""The condition of the index `delivery_lane`, word for word as well."""

WAITS_FOR_ANSWER = f"leg.state IN ({_sql_list(WAITS)})"
"""The condition of the index `leg_waits`, word for word."""

IS_UNDOING = "leg.state = 'undoing'"
"""The condition of the index `leg_undoing`, likewise."""

IS_GIVEN_UP = "delivery.given_up > 0"
"""The condition of the index `delivery_given_up`, likewise."""

IS_UNTOLD = "notice.state = 'open'"
"""The condition of the index `notice_due`, likewise."""

IS_HANDED_IN = "message.source >= 'agency.' AND message.source < 'agency/'"
"""The condition of the index `message_handed_in`, likewise: sources that are agencies (`bus.desk`)."""

dossier = Table(
    "dossier",
    metadata,
    Column("id", _number, primary_key=True, autoincrement=False),
    Column("made_at", Float, nullable=False),
    Column("withdrawn", Boolean, nullable=False, default=False),
    Column("held_by", String),
    Column("held_reason", String),
    Column("merged_into", _number),
    Column("reduced_at", Float),
    comment="One row a dossier; keep and settle lock it, so that its lanes change one at a time (rule 9)."
    " `reduced_at`: since then its persons are removed, and what is told of it waits for a person.",
)

dossier_state = Table(
    "dossier_state",
    metadata,
    Column("dossier", _number, primary_key=True, autoincrement=False),
    Column("message", _number, nullable=False),
    Column("body", Bytes, nullable=False),
    comment="The fold of all kept messages up to and including `message`.",
)

identity = Table(
    "identity",
    metadata,
    Column("source", String, primary_key=True),
    Column("code", String, primary_key=True),
    Column("dossier", _number, nullable=False),
    Index("identity_dossier", "dossier"),
    sqlite_with_rowid=False,
    comment="Every number that a connector knows a dossier by.",
)

message = Table(
    "message",
    metadata,
    Column("id", _number, primary_key=True, autoincrement=False),
    Column("dossier", _number),
    Column("source", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("key", String, nullable=False),
    Column("digest", Bytes, nullable=False),
    Column("state", String, nullable=False),
    Column("reason", String, nullable=False, default=""),
    Column("as_of", Float, nullable=False),
    Column("kept_at", Float, nullable=False),
    Column("fanout", Integer, nullable=False, default=0),
    Column("answer_to", _number),
    Column("config", _number, nullable=False, default=0),
    Column("traceparent", String, nullable=False, default=""),
    UniqueConstraint("source", "key", name="message_key"),
    Index("message_dossier", "dossier", "id"),
    _partial("message_trouble", "state", "id", where="state <> 'kept'"),
    _partial("message_handed_in", "source", "kept_at", where="source >= 'agency.' AND source < 'agency/'"),
    comment="state: kept, parked, unmatched, conflict, dead; read again and discarded once a person saw to"
    " it. `dossier` is empty of what is set aside, and of what belongs to none (`GENERAL`)."
    " `fanout`: deliveries it was kept with.",
)

payload = Table(
    "payload",
    metadata,
    Column("message", _number, primary_key=True, autoincrement=False),
    Column("raw", Bytes, nullable=False),
    Column("canonical", Bytes, nullable=False),
)

delivery = Table(
    "delivery",
    metadata,
    Column("id", _number, primary_key=True, autoincrement=False),
    Column("message", _number, nullable=False),
    Column("dossier", _number, nullable=False),
    Column("connector", String, nullable=False),
    Column("operation", String, nullable=False),
    Column("route", String, nullable=False),
    Column("appends", Boolean, nullable=False),
    Column("after_withdrawal", Boolean, nullable=False),
    Column("state", String, nullable=False),
    Column("attempt", Integer, nullable=False, default=0),
    Column("tries", Integer, nullable=False, default=0),
    Column("doubt", String, nullable=False, default=""),
    Column("holder", _number),
    Column("lease", Float, nullable=False, default=0.0),
    Column("claimed_at", Float),
    Column("first_try_at", Float),
    Column("due_at", Float, nullable=False, default=0.0),
    Column("publishes", Integer, nullable=False, default=0),
    Column("lookups", Integer, nullable=False, default=0),
    Column("crashes", Integer, nullable=False, default=0),
    Column("given_up", Integer, nullable=False, server_default="0"),
    Column("role", String, nullable=False, server_default=""),
    Column("patched", _number, nullable=False, server_default="0"),
    Column("numbers", String, nullable=False, server_default=""),
    Column("reason", String, nullable=False, default=""),
    Column("cause", String, nullable=False, default=""),
    Column("config", _number, nullable=False, default=0),
    Column("kept_at", Float, nullable=False),
    Column("changed_at", Float, nullable=False),
    Column("traceparent", String, nullable=False, default=""),
    UniqueConstraint("message", "route", name="delivery_route"),
    _partial("delivery_open", "connector", "state", "due_at", where=f"state IN ({_sql_list(OPEN[1:])})"),
    _partial("delivery_lane", "dossier", "connector", "id", where=f"state IN ({_sql_list((*OPEN, 'dead'))})"),
    _partial("delivery_trouble", "connector", "id", where="state IN ('dead', 'held', 'unknown')"),
    _partial("delivery_given_up", "id", where="given_up > 0"),
    _partial("delivery_delivered", "connector", "operation", "changed_at", where="state = 'delivered'"),
    Index("delivery_dossier", "dossier", "id"),
    comment="doubt: '' no attempt is without outcome, 'open' one may still act, 'lease' so may its process,"
    " 'restored' its turn begins with a question (rule 23)."
    " given_up: how often the broker gave up on its work message (rule 14). role: '' what its leg sends,"
    " 'end' its end is the leg's, 'resume' it carries a supplement, 'undo' it undoes. patched: the row of"
    " `patch` that is applied to its request, 0 for none. numbers: JSON, by which the dossier was known as it"
    " was last sent without a doubt; a question about it uses these.",
)

attempt = Table(
    "attempt",
    metadata,
    Column("delivery", _number, primary_key=True, autoincrement=False),
    Column("attempt", Integer, primary_key=True, autoincrement=False),
    Column("part", Integer, primary_key=True, autoincrement=False),
    Column("holder", _number),
    Column("began_at", Float),
    Column("ended_at", Float, nullable=False),
    Column("outcome", String, nullable=False),
    Column("code", String, nullable=False, default=""),
    Column("text", String, nullable=False, default=""),
    Column("answer", Bytes),
    _partial("attempt_late_done", "delivery", where="outcome = 'late delivered'"),
    sqlite_with_rowid=False,
    comment="What became of each attempt; part 0 is the call, later parts are look-ups and late answers.",
)

peer_view = Table(
    "peer_view",
    metadata,
    Column("dossier", _number, primary_key=True, autoincrement=False),
    Column("connector", String, primary_key=True),
    Column("operation", String, primary_key=True),
    Column("key", String, primary_key=True),
    Column("digest", Bytes, nullable=False),
    sqlite_with_rowid=False,
    comment="What a peer last got from us: a replacing operation has one digest, an appending one per key.",
)

leg = Table(
    "leg",
    metadata,
    Column("dossier", _number, primary_key=True, autoincrement=False),
    Column("route", String, primary_key=True),
    Column("state", String, nullable=False),
    Column("started_by", _number, nullable=False),
    Column("answered_by", _number),
    Column("opened_at", Float, nullable=False),
    Column("due_at", Float),
    Column("ended_at", Float),
    Column("tie", String),
    Column("ask_at", Float),
    Column("time_left", Float),
    Column("rounds", Integer, nullable=False, server_default="0"),
    Column("reason", String, nullable=False, server_default=""),
    _partial("leg_waits", "due_at", where=f"state IN ({_sql_list(WAITS)})"),
    _partial("leg_asks", "ask_at", where="ask_at IS NOT NULL"),
    _partial("leg_tie", "tie", where="tie IS NOT NULL"),
    _partial("leg_undoing", "dossier", where="state = 'undoing'"),
    sqlite_with_rowid=False,
    comment="A leg (chặng) that waits: for others, for its answer, for a supplement, to be undone. `tie` is"
    " what an answer names, `ask_at` when its peer is asked next, `time_left` what a pause left of its time.",
)

source = Table(
    "source",
    metadata,
    Column("connector", String, primary_key=True),
    Column("name", String, primary_key=True),
    Column("cursor", String, nullable=False, default=""),
    Column("polled_at", Float),
    Column("holder", _number),
    comment="Where a polled source stands, moved with the page that is kept, and whose it is (rule 21).",
)

source_memory = Table(
    "source_memory",
    metadata,
    Column("connector", String, primary_key=True),
    Column("name", String, primary_key=True),
    Column("subject", String, primary_key=True),
    Column("body", Bytes, nullable=False),
    sqlite_with_rowid=False,
    comment="The last state per subject of a peer that gives states and no events.",
)

gate = Table(
    "gate",
    metadata,
    Column("connector", String, primary_key=True),
    Column("operation", String, primary_key=True),
    Column("breaker", String, nullable=False, default="closed"),
    Column("epoch", Integer, nullable=False, default=0),
    Column("failures", Integer, nullable=False, default=0),
    Column("trips", Integer, nullable=False, default=0),
    Column("opened_at", Float),
    Column("probe_at", Float, nullable=False, default=0.0),
    Column("probe_holder", _number),
    Column("reason", String, nullable=False, default=""),
    Column("paused_by", String),
    Column("paused_reason", String),
    Column("paused_at", Float),
    Column("rest_until", Float),
    comment="Breakers (rule 16); operation '' is the whole connector, its pause and its wish for rest.",
)

share = Table(
    "share",
    metadata,
    Column("connector", String, primary_key=True),
    Column("holder", _number, primary_key=True, autoincrement=False),
    Column("slots", Integer, nullable=False),
    Column("part", Float, nullable=False),
    Column("seen_at", Float, nullable=False),
    comment="What each process may use of a connector's concurrency and rate; together never more than that.",
)

outage = Table(
    "outage",
    metadata,
    Column("connector", String, primary_key=True),
    Column("operation", String, primary_key=True),
    Column("cause", String, primary_key=True),
    Column("began_at", Float, primary_key=True),
    Column("ended_at", Float),
    comment="When a breaker was open, a person paused or a peer wanted rest: no time towards giving up.",
)

version = Table(
    "version",
    metadata,
    Column("id", _number, primary_key=True, autoincrement=False),
    Column("kind", String, nullable=False),
    Column("name", String, nullable=False),
    Column("digest", String, nullable=False),
    Column("body", Bytes, nullable=False),
    Column("seen_at", Float, nullable=False),
    UniqueConstraint("kind", "name", "digest", name="version_digest"),
    comment="Sheets, routes and lists in use, by content; deliveries record the set that made them.",
)

holder = Table(
    "holder",
    metadata,
    Column("id", _number, primary_key=True, autoincrement=False),
    Column("name", String, nullable=False),
    Column("started_at", Float, nullable=False),
    comment="Processes that may hold leases; each keeps an OS lock as long as it lives (rule 6).",
)

action = Table(
    "action",
    metadata,
    Column("id", _number, primary_key=True, autoincrement=False),
    Column("at", Float, nullable=False),
    Column("who", String, nullable=False),
    Column("what", String, nullable=False),
    Column("subject", String, nullable=False),
    Column("reason", String, nullable=False, default=""),
    Column("previous", Bytes),
    Column("digest", Bytes),
    comment="What people did, appended only: a chain, each row with the digest of the one before it"
    " (`bus.ledger.chain`); the database refuses to change or remove one.",
)

event = Table(
    "event",
    metadata,
    Column("id", _number, primary_key=True, autoincrement=False),
    Column("dossier", _number, nullable=False),
    Column("delivery", _number, ForeignKey("delivery.id"), nullable=False),
    Column("kind", String, nullable=False),
    Column("at", Float, nullable=False),
    Column("taken_until", Float, nullable=False, server_default="0"),
    comment="The outbox: ends of deliveries still to be told on the events exchange.",
)

notice = Table(
    "notice",
    metadata,
    Column("id", _number, primary_key=True, autoincrement=False),
    Column("agency", String, nullable=False),
    Column("event", String, nullable=False),
    Column("body", Bytes, nullable=False),
    Column("state", String, nullable=False, server_default="open"),
    Column("made_at", Float, nullable=False),
    Column("due_at", Float, nullable=False),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("reason", String, nullable=False, server_default=""),
    UniqueConstraint("event", "agency", name="notice_event"),
    _partial("notice_due", "due_at", "id", where="state = 'open'"),
    comment="Calls to agencies still to be made (`open`), or given up; one that was taken is gone.",
)
