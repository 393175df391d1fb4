"""What the bus tells of itself: facts, as they happen, to whoever watches. The bus imports no monitoring."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from bus.ledger.records import Claimed, Keep, Kept, Settle, Settled

Way = Literal["in", "out"]


class Observer(Protocol):
    """Whoever is told facts, on the event loop: it answers at once and raises nothing."""

    def kept(self, keep: Keep, kept: Kept) -> None:
        """A message was handed in and is on disk (or was known)."""

    def rejected(self, source: str, kind: str) -> None:
        """A message was refused to its sender; nothing of it was kept."""

    def wrong(self, connector: str, way: Way, problems: Sequence[object]) -> None:
        """A message of a peer ("in"), or ours for it ("out"), breaks a rule, with all its problems."""

    def called(self, connector: str, operation: str, seconds: float) -> None:
        """A call to a peer came back after so many seconds, with whatever it brought."""

    def settled(self, claimed: Claimed, settle: Settle, settled: Settled, seconds: float) -> None:
        """An attempt ended and is on disk, so many seconds after it was taken up."""

    def beat(self, connector: str, seconds: float) -> None:
        """A heartbeat came back through a connector's work queue, so many seconds after it was sent."""

    def dead_beat(self, seconds: float) -> None:
        """One came back through the dead-letter queue, and what lay there before it is marked."""


class Silent:
    """Whoever wants to hear only some facts begins here: it hears none."""

    def kept(self, keep: Keep, kept: Kept) -> None:
        """Say nothing."""

    def rejected(self, source: str, kind: str) -> None:
        """Say nothing."""

    def wrong(self, connector: str, way: Way, problems: Sequence[object]) -> None:
        """Say nothing."""

    def called(self, connector: str, operation: str, seconds: float) -> None:
        """Say nothing."""

    def settled(self, claimed: Claimed, settle: Settle, settled: Settled, seconds: float) -> None:
        """Say nothing."""

    def beat(self, connector: str, seconds: float) -> None:
        """Say nothing."""

    def dead_beat(self, seconds: float) -> None:
        """Say nothing."""


@dataclass(frozen=True, slots=True)
class Both:
    """Two observers that hear the same, one after the other."""

    one: Observer
    other: Observer

    def kept(self, keep: Keep, kept: Kept) -> None:
        """Tell both."""
        self.one.kept(keep, kept)
        self.other.kept(keep, kept)

    def rejected(self, source: str, kind: str) -> None:
        """Tell both."""
        self.one.rejected(source, kind)
        self.other.rejected(source, kind)

    def wrong(self, connector: str, way: Way, problems: Sequence[object]) -> None:
        """Tell both."""
        self.one.wrong(connector, way, problems)
        self.other.wrong(connector, way, problems)

    def called(self, connector: str, operation: str, seconds: float) -> None:
        """Tell both."""
        self.one.called(connector, operation, seconds)
        self.other.called(connector, operation, seconds)

    def settled(self, claimed: Claimed, settle: Settle, settled: Settled, seconds: float) -> None:
        """Tell both."""
        self.one.settled(claimed, settle, settled, seconds)
        self.other.settled(claimed, settle, settled, seconds)

    def beat(self, connector: str, seconds: float) -> None:
        """Tell both."""
        self.one.beat(connector, seconds)
        self.other.beat(connector, seconds)

    def dead_beat(self, seconds: float) -> None:
        """Tell both."""
        self.one.dead_beat(seconds)
        self.other.dead_beat(seconds)
