"""What travels through the broker: identifiers alone, with CloudEvents attributes in the AMQP headers.

Attribute names follow the CloudEvents AMQP binding 1.0 (prefix `cloudEvents:`); `traceparent` is W3C's.
"""

import os
import random
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec

PREFIX = "cloudEvents:"


Number = Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)]
"""A number that a row can have."""


class Work(msgspec.Struct, frozen=True, array_like=True):
    """A hint that a delivery can be worked on; the ledger's row decides. Published any number of times."""

    delivery: Number
    epoch: int = 0


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Work).decode


def encode(work: Work) -> bytes:
    """The body of a work message."""
    return _encode(work)


def decode(body: bytes) -> Work:
    """Read a work message; raises `msgspec.DecodeError` on anything else."""
    try:
        return _decode(body)
    except (UnicodeDecodeError, RecursionError) as error:
        raise msgspec.DecodeError(str(error)) from None


def headers(
    *, kind: str, source: str, identity: str, subject: str, traceparent: str, at: datetime | None = None
) -> dict[str, Any]:
    """CloudEvents attributes for a message; `subject` is a dossier number or a ledger id, never personal.

    `at` is when it happened; without it, now.
    """
    return {
        f"{PREFIX}specversion": "1.0",
        f"{PREFIX}type": kind,
        f"{PREFIX}source": source,
        f"{PREFIX}id": identity,
        f"{PREFIX}subject": subject,
        f"{PREFIX}time": (at or datetime.now(UTC)).isoformat(timespec="milliseconds"),
        "traceparent": traceparent,
    }


_random = random.Random(os.urandom(32))  # noqa: S311  a trace's name must be unlike others, not secret


def new_traceparent() -> str:
    """A fresh W3C trace context, sampled."""
    return f"00-{_random.getrandbits(128):032x}-{_random.getrandbits(64):016x}-01"


def trace_of(traceparent: str) -> str:
    """The trace's own name in a W3C traceparent: under it every line of a message is found."""
    return traceparent[3:35]
