"""What an adapter may show of its peer besides: dossiers, steps and agencies as the peer has them."""

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Protocol, runtime_checkable

import msgspec

from bus.ports import Incoming


class Listed(msgspec.Struct, frozen=True, gc=False):
    """A dossier as its peer has it: its number there, procedure and status in the peer's own words.

    `changed` is an aware time, None where the peer tells none. Not `compared`, it is only seen to be there:
    what the peer has of it now may be what we wrote.
    """

    number: str
    procedure: str
    status: str
    changed: datetime | None = None
    compared: bool = True


@runtime_checkable
class Lists(Protocol):
    """An adapter whose peer can list the dossiers it has; one without these has nothing to compare with."""

    listed_kind: str
    """The kind of message by which the peer tells a whole dossier, like "onestop.dossier"."""

    def listed(self, since: datetime) -> Iterator[Listed]:
        """List what changed at the peer from `since` on; no effect, may be repeated.

        A dossier that changes meanwhile may come twice, the later one last. Raises `DeliveryError`s.
        """
        ...

    def read_listed(self, raw: bytes) -> Listed:
        """Read a kept message of `listed_kind` as the list would show it; raises ValueError."""
        ...


@runtime_checkable
class Shows(Protocol):
    """An adapter whose peer shows what it has got from us of a dossier."""

    shown_by: str
    """The operation, with an `order`, by which we show a dossier's status there."""

    def shown(self, number: str) -> Listed | None:
        """What the peer shows of a dossier now, None where it has none; no effect, may be repeated.

        Raises `DeliveryError`s.
        """
        ...


class ListedAgency(msgspec.Struct, frozen=True, gc=False):
    """An agency as a peer knows it: its code there, its older code ("" where none is told), its name."""

    code: str
    old_code: str = ""
    name: str = ""


@runtime_checkable
class ListsAgencies(Protocol):
    """An adapter whose peer can list the agencies that it carries to."""

    def agencies(self) -> list[ListedAgency]:
        """All agencies that the peer knows, a hundred thousand maybe; no effect, may be repeated.

        Raises `DeliveryError`s, `PermanentError` where this peer's contract has no such list.
        """
        ...


@runtime_checkable
class ShowsSteps(Protocol):
    """An adapter whose peer shows the steps that were appended to a dossier, each by itself."""

    steps_by: str
    """The operation, with a `key` and an `order`, by which we append steps there."""

    def lost_steps(self, keys: Collection[str]) -> tuple[str, ...] | None:
        """Which of a dossier's steps the peer does not show, in order; None where it shows no steps at all.

        `keys` are as the operation's `key` makes them. No effect, may be repeated. Raises `DeliveryError`s.
        """
        ...


@runtime_checkable
class Rereads(Protocol):
    """An adapter that can read one dossier of its peer anew, whatever its sources have handed in before."""

    def reread(self, number: str) -> tuple[Incoming, ...]:
        """Everything that the peer tells of a dossier, in order, with the keys of its sources.

        So what was kept before is recognised, and what was lost is told again. Empty where the peer has no
        such dossier, or tells nothing of it that is its own. No effect, may be repeated, any thread. Raises
        `DeliveryError`s.
        """
        ...
