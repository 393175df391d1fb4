"""A ledger that already holds many messages, written in bulk through the real schema.

Every row that keeping and delivering a message leaves behind is there: dossier and fold, number, message,
payload, delivery, attempt, view (what was told has left the outbox); keys and digests are random, as a
province's look to an index.
Payloads are a real message's. Writing goes without flushing, which nobody measures.
"""

import sqlite3
import time
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from bench.hop_message import KIND, compiled_sheet, decode, dossiers
from bus.ledger.keep import encode as canonical
from bus.ledger.records import Keep
from bus.ledger.store import Store
from bus.planning import Planner

_NUMBERS = "WITH RECURSIVE number(n) AS (SELECT :first UNION ALL SELECT n + 1 FROM number WHERE n < :last)"
_PART = 50_000

_DELIVERED = {
    "connector": "'prefilled'",
    "operation": "'put'",
    "route": "'hop.across'",
    "appends": "0",
    "after_withdrawal": "0",
    "state": "'delivered'",
    "attempt": "1",
    "tries": "1",
    "doubt": "''",
    "holder": "1",
    "lease": "70",
    "claimed_at": ":now",
    "first_try_at": ":now",
    "due_at": ":now",
    "publishes": "0",
    "lookups": "0",
    "crashes": "0",
    "reason": "'confirmed'",
    "cause": "''",
    "config": "0",
    "kept_at": ":now",
    "changed_at": ":now",
    "traceparent": ":trace",
}
_ROWS: Mapping[str, Mapping[str, str]] = {
    "dossier": {"id": "n", "made_at": ":now", "withdrawn": "0"},
    "dossier_state": {"dossier": "n", "message": "n", "body": ":state"},
    "identity": {"source": "'prefilled'", "code": "hex(randomblob(12))", "dossier": "n"},
    "message": {
        "id": "n",
        "dossier": "n",
        "source": "'prefilled'",
        "kind": ":kind",
        "key": "hex(randomblob(12))",
        "digest": "randomblob(32)",
        "state": "'kept'",
        "reason": "''",
        "as_of": ":now",
        "kept_at": ":now",
        "fanout": "1",
        "config": "0",
        "traceparent": ":trace",
    },
    "payload": {"message": "n", "raw": ":raw", "canonical": ":canonical"},
    "delivery": {"id": "n", "message": "n", "dossier": "n", **_DELIVERED},
    "attempt": {
        "delivery": "n",
        "attempt": "1",
        "part": "0",
        "holder": "1",
        "began_at": ":now",
        "ended_at": ":now",
        "outcome": "'delivered'",
        "code": "''",
        "text": "'confirmed'",
        "answer": "x''",
    },
    "peer_view": {
        "dossier": "n",
        "connector": "'prefilled'",
        "operation": "'put'",
        "key": "''",
        "digest": "randomblob(32)",
    },
}
"""table -> column -> what stands in it, as SQL; `n` counts the messages."""


def _insert(table: str) -> str:
    columns = _ROWS[table]
    values = ", ".join(columns.values())
    return f"INSERT INTO {table} ({', '.join(columns)}) {_NUMBERS} SELECT {values} FROM number"  # noqa: S608  words of ours


def prefill(file: Path, count: int, planner: Planner) -> None:
    """Make the ledger `file` with `count` messages, all delivered. May not be repeated on the same file."""
    Store(f"sqlite:///{file}").close()
    connection = sqlite3.connect(file, isolation_level=None)
    try:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA cache_size = -1000000")
        sample = _sample(planner)
        for first in range(1, count + 1, _PART):
            span = {"first": first, "last": min(first + _PART - 1, count)}
            connection.execute("BEGIN")
            for table in _ROWS:
                connection.execute(_insert(table), {**sample, **span})
            connection.execute("COMMIT")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        connection.close()


def _sample(planner: Planner) -> dict[str, Any]:
    """One real message as the ledger has it: raw, canonical and folded."""
    message = next(dossiers(1, 0))
    now = datetime.now().astimezone()
    body = compiled_sheet().read(decode(message.body), source="prefilled", as_of=now).message
    codes = {"prefilled": message.key}
    keep = Keep("prefilled", KIND, message.key, b"", message.body, body, codes, now.timestamp(), "")
    return {
        "now": time.time(),
        "kind": KIND,
        "trace": f"00-{'5' * 32}-{'5' * 16}-01",
        "raw": message.body,
        "canonical": canonical(body),
        "state": planner.plan(None, keep, False).state,  # noqa: FBT003  the planner's own signature
    }
