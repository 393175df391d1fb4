"""A kept message as one to be kept again, under a key of its own and with why."""

from typing import Any

import msgspec
from sqlalchemy import Select, select

from bus.ledger import schema
from bus.ledger.records import Keep
from mappings.dossier import MESSAGES


def whole_messages() -> Select[Any]:
    """Messages with what came and what was understood, as `told_again` takes them."""
    query = select(schema.message, schema.payload.c.raw, schema.payload.c.canonical)
    return query.join(schema.payload, schema.payload.c.message == schema.message.c.id)


def told_again(row: Any, dossier: int, *, key: str, why: str, only: str = "", again: bool = False) -> Keep:
    """Make the message to keep; `key` is appended to the first one's. Pure."""
    return Keep(
        source=row.source,
        kind=row.kind,
        key=f"{row.key}#{key}",
        digest=row.digest,
        raw=row.raw,
        body=msgspec.json.decode(row.canonical, type=MESSAGES[row.kind]),
        codes={},
        as_of=row.as_of,
        traceparent=row.traceparent,
        config=row.config,
        dossier=dossier,
        reason=f"told again, message {row.id}: {why}",
        only=only,
        again=again,
    )
