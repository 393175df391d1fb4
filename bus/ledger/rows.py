"""Messages and deliveries as the rows they are kept in."""

from typing import Any

from bus.ledger.lanes import Place
from bus.ledger.records import Keep

REPUBLISH_AFTER = 30.0
"""Seconds after which the sweeper publishes a ready delivery again that nobody has claimed."""


def message_row(
    now: float, keep: Keep, number: int, dossier: int | None, state: str, fanout: int
) -> dict[str, Any]:
    """A kept message as its row; `fanout` is how many deliveries it is kept with."""
    return {
        "id": number,
        "dossier": dossier,
        "source": keep.source,
        "kind": keep.kind,
        "key": keep.key,
        "digest": keep.digest,
        "state": state,
        "reason": keep.reason,
        "as_of": keep.as_of,
        "kept_at": now,
        "fanout": fanout,
        "answer_to": keep.answer_to,
        "config": keep.config,
        "traceparent": keep.traceparent,
    }


def delivery_row(now: float, keep: Keep, number: int, place: Place, route: str) -> dict[str, Any]:
    """A new delivery as its row; unclaimed, it is published again after `REPUBLISH_AFTER`."""
    return {
        "id": place.id,
        "message": number,
        "dossier": place.dossier,
        "connector": place.connector,
        "operation": place.operation,
        "route": route,
        "appends": place.appends,
        "after_withdrawal": place.after_withdrawal,
        "state": place.state,
        "due_at": now + REPUBLISH_AFTER,
        "reason": "",
        "config": keep.config,
        "kept_at": now,
        "changed_at": now,
        "traceparent": keep.traceparent,
    }
