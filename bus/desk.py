"""What the agencies' door asks of the bus (quầy của các cơ quan): keep, follow, compare.

An agency that hands dossiers in is a source named `source_of(code)`. What it hands in is canonical already,
so no sheet reads it; it enters the same road as any message (`Pipeline.keep_canonical`).
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Literal, Protocol

import msgspec

from bus.ports import Incoming
from mappings.dossier import Dossier, Message
from mappings.engine_values import FieldProblem

PREFIX = "agency."
"""What the names of all these sources begin with; no connector's name has a dot."""


def source_of(code: str) -> str:
    """The source that an agency is, by its code (mã đơn vị)."""
    return PREFIX + code


class Taken(msgspec.Struct, frozen=True, gc=False):
    """What became of a message: `repeated` was known; a `conflict` is a known key with other content."""

    message: int
    outcome: Literal["kept", "repeated", "conflict"]


class HandedIn(msgspec.Struct, frozen=True, gc=False):
    """A message that an agency handed in. `kept_at` is an aware time, `hash` SHA-256 of its bytes in hex."""

    message: int
    source: str
    kind: str
    state: str
    dossier: int
    number: str
    kept_at: datetime
    hash: str


class OpenLeg(msgspec.Struct, frozen=True, gc=False):
    """An answer that is awaited (chặng đang chờ): from which system, since when, until when."""

    title: str
    whom: str
    since: datetime
    until: datetime | None
    late: bool


class Errand(msgspec.Struct, frozen=True, gc=False):
    """A delivery that is open or needs a person: to which system, what, in which state, since when."""

    title: str
    whom: str
    state: str
    since: datetime


class Standing(msgspec.Struct, frozen=True, gc=False):
    """How a dossier stands: all its systems' word together, and what is on its way.

    `numbers` are source -> number; `began` and `heard` are when its first and its last message were kept,
    `asked` is the present.
    """

    dossier: int
    numbers: Mapping[str, str]
    whole: Dossier
    withdrawn: bool
    began: datetime
    heard: datetime
    asked: datetime
    legs: tuple[OpenLeg, ...]
    errands: tuple[Errand, ...]


class Desk(Protocol):
    """The bus as the agencies' door sees it. All may be repeated.

    Each raises `LedgerUnavailableError` where the ledger does not answer.
    """

    async def keep(self, source: str, incoming: Incoming, message: Message) -> Taken:
        """Keep a canonical message; on disk when this returns.

        Raises `UnavailableError` while the disk is nearly full, `RejectedMessageError` where its files are
        too much together with those that the dossier has as it is folded in: then nothing was kept.
        """
        ...

    def rehearse(self, source: str, kind: str, message: Message) -> tuple[FieldProblem, ...]:
        """Write what the routes would send of this message, and send nothing; every problem found.

        A problem's `ours` is the path in the canonical message, so in what the agency sent.
        """
        ...

    async def handed_in(self, message: int) -> HandedIn | None:
        """A message of an agency by its number in the ledger; None for any other."""
        ...

    async def first_of(self, sources: Sequence[str], number: str) -> HandedIn | None:
        """The message by which one of these agencies handed a dossier in, by its own number."""
        ...

    async def by_key(self, source: str, key: str) -> HandedIn | None:
        """The message that an agency handed in under a key."""
        ...

    async def dossier_of(self, number: str) -> int | None:
        """The dossier that a connector or an agency knows by this number."""
        ...

    async def uploaded(self, source: str, file: str) -> None:
        """Note that an agency has brought a file, by its hash; on disk when this returns."""
        ...

    async def files_of(self, sources: Sequence[str], hashes: Collection[str]) -> frozenset[str]:
        """Which of these files one of these agencies has uploaded."""
        ...

    def check_room(self) -> None:
        """Raise `UnavailableError` while the disk is nearly full."""
        ...

    async def standing(self, dossier: int) -> Standing | None:
        """How a dossier stands now."""
        ...

    async def kept_between(
        self, sources: Sequence[str], since: datetime, until: datetime, *, after: int, most: int
    ) -> tuple[HandedIn, ...]:
        """What they handed in from `since` until before `until`, in order, beyond message `after`."""
        ...
