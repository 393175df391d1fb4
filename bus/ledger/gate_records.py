"""What the ledger knows of gates: breakers, pauses and the times when a peer was away, as frozen values."""

from dataclasses import dataclass
from typing import Literal

State = Literal["closed", "open", "half-open"]
"""Closed: deliveries go. Open: none. Half-open: a probe found the peer, and no delivery has proved it yet."""


@dataclass(frozen=True, slots=True)
class GateRow:
    """One row of the ledger's gates. Times are on the database's clock.

    `probe_in` and `rest_in` are seconds from now: until the peer may be asked, and for which it wants rest.
    """

    connector: str
    operation: str
    state: State
    epoch: int
    reason: str
    opened_at: float | None
    probe_in: float
    paused_by: str | None
    paused_reason: str | None
    paused_at: float | None
    rest_in: float = 0.0


@dataclass(frozen=True, slots=True)
class Outage:
    """A time when a connector or one of its operations was not to be called; still is, without an end."""

    connector: str
    operation: str
    cause: Literal["breaker", "pause", "rest"]
    began_at: float
    ended_at: float | None


@dataclass(frozen=True, slots=True)
class Turn:
    """A breaker's change as one process saw it: written only if `epoch` is still the row's (rule 16).

    `probe_in` is seconds until the peer may be asked; each trial that failed doubles it.
    """

    connector: str
    operation: str
    state: State
    epoch: int
    reason: str = ""
    failures: int = 0
    probe_in: float = 0.0


@dataclass(frozen=True, slots=True)
class Probe:
    """A process's wish to be the one that asks an absent peer, for at most `lease` seconds."""

    connector: str
    operation: str
    epoch: int
    lease: float


@dataclass(frozen=True, slots=True)
class Rest:
    """A peer's wish (`Retry-After`) to be left alone for so many seconds, for all processes."""

    connector: str
    seconds: float
