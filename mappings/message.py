"""What every canonical message is made of: the message itself, its parts, agencies."""

from datetime import datetime
from typing import Any

from msgspec import Struct

Extras = dict[str, dict[str, Any]]
"""source -> field -> value: what no line of a sheet names; given back to that source only."""


class Part(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A part of a message; `extras` holds what its peer said beside our fields."""

    extras: Extras = {}


class Message(Part, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What may start or answer a leg. `code` is the number that the speaking peer knows the dossier by.

    `code` is filled in before a sheet writes and resolved to one dossier after a sheet has read.
    `as_of` is when the peer knew this; without one the time of keeping counts.
    """

    code: str | None = None
    as_of: datetime | None = None


class Agency(Part, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """An agency: `code` in the order of QĐ 20/2020, `old_code` in that of QCVN 102, `name` as written."""

    code: str | None = None
    old_code: str | None = None
    name: str | None = None
    parent_name: str | None = None
    address: str | None = None
    email: str | None = None
    phone: str | None = None
    fax: str | None = None
    website: str | None = None
