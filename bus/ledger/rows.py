"""Messages and deliveries as the rows they are kept in."""

from collections.abc import Mapping
from typing import Any, Protocol

import msgspec

from bus.ledger.handover import Slot
from bus.ledger.lanes import Place
from bus.ledger.records import Claimed, Keep

REPUBLISH_AFTER = 30.0
"""Seconds after which the sweeper publishes a ready delivery again that nobody has claimed."""


class Origin(Protocol):
    """What a delivery takes over from the message that starts it."""

    @property
    def config(self) -> int:
        """The sheets and routes in use."""

    @property
    def traceparent(self) -> str:
        """Its trace."""

    @property
    def as_of(self) -> float:
        """When its source knew it."""


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


def delivery_row(now: float, origin: Origin, number: int, place: Place) -> dict[str, Any]:
    """A new delivery as its row; unclaimed, it is published again after `REPUBLISH_AFTER`."""
    return {
        "id": place.id,
        "message": number,
        "dossier": place.dossier,
        "connector": place.connector,
        "operation": place.operation,
        "route": place.route,
        "role": place.role,
        "appends": place.appends,
        "after_withdrawal": place.after_withdrawal,
        "state": place.state,
        "doubt": place.doubt,
        "due_at": now if place.state == "unknown" else now + REPUBLISH_AFTER,
        "reason": "",
        "config": origin.config,
        "kept_at": now,
        "changed_at": now,
        "traceparent": origin.traceparent,
        **_UNCLAIMED,
    }


_UNCLAIMED = {
    "attempt": 0,
    "tries": 0,
    "holder": None,
    "lease": 0.0,
    "claimed_at": None,
    "first_try_at": None,
    "numbers": "",
}
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(dict[str, str]).decode


def numbers_of(codes: Mapping[str, str]) -> str:
    """The numbers that a delivery goes out under, as its row keeps them."""
    return _encode(codes).decode()


def numbers_in(numbers: str) -> dict[str, str]:
    """The same, read again."""
    return _decode(numbers)


def claim_row(row: dict[str, Any], slot: Slot, holder: int) -> None:
    """Make a new delivery's row the row of one that is claimed as it is kept."""
    now = row["kept_at"]
    row |= {"state": "sending", "attempt": 1, "tries": 1, "holder": holder, "lease": slot.lease}
    row |= {"claimed_at": now, "first_try_at": now}


def claimed_of_row(
    row: dict[str, Any],
    keep: Keep,
    *,
    body: bytes,
    fold: bytes,
    codes: dict[str, str],
    views: dict[str, bytes],
) -> Claimed:
    """A delivery that was claimed as it was kept, as its worker gets it."""
    now = row["kept_at"]
    return Claimed(
        delivery=row["id"],
        attempt=1,
        tries=1,
        state="sending",
        message=row["message"],
        dossier=row["dossier"],
        connector=row["connector"],
        operation=row["operation"],
        route=row["route"],
        kind=keep.kind,
        source=keep.source,
        body=body,
        fold=fold,
        history=(),
        codes=codes,
        views=views,
        doubt="",
        ended_at=now,
        first_try_at=now,
        lookups=0,
        crashes=0,
        traceparent=keep.traceparent,
        now=now,
    )
