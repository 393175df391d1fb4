"""The values that go into the ledger and come out of it, all frozen."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from mappings.dossier import Message

Outcome = Literal["delivered", "refused", "superseded", "retrying", "unknown", "dead", "ready", "held"]
"""What a settlement makes of a delivery."""


@dataclass(frozen=True, slots=True)
class Keep:
    """A message to be kept. `codes` are numbers of its dossier, connector -> number, its own first.

    `key` is the source's message key, or hash and place in the feed where it gives none. `dossier` is
    given where the call it answers tells it. `state` other than "kept" is kept whole, without deliveries.
    """

    source: str
    kind: str
    key: str
    digest: bytes
    raw: bytes
    body: Message | None
    codes: Mapping[str, str]
    as_of: float
    traceparent: str
    config: int = 0
    dossier: int | None = None
    answer_to: int | None = None
    state: Literal["kept", "parked", "dead", "conflict"] = "kept"
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Ready:
    """A delivery that can be worked on now: to be published to its connector's work queue."""

    delivery: int
    connector: str
    traceparent: str = ""


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of a `Keep`: `repeated` was known before; a `conflict` is kept whole, beside."""

    message: int
    dossier: int | None
    outcome: Literal["kept", "repeated", "conflict", "parked", "dead", "unmatched"]
    ready: tuple[Ready, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """A polled page: its messages and the cursor are written in one transaction, or neither."""

    connector: str
    name: str
    before: str
    cursor: str
    keeps: tuple[Keep, ...]
    remember: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Claim:
    """A worker's wish to act on a delivery for at most `lease` seconds.

    `resend` are the operations whose peer is repeatable: an unknown outcome is simply sent again.
    """

    delivery: int
    holder: int
    lease: float
    resend: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Past:
    """A kept message of a dossier, to fold the dossier as it stood at a later one."""

    source: str
    kind: str
    as_of: float
    body: bytes


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery in a worker's hands: to be sent (`sending`) or asked about (`unknown`).

    `body` is the message that started it. `fold` is the dossier's fold as of that message; where the
    dossier has gone on since, it is empty and `history` has the messages to fold it from. `views` are
    key -> digest of what the peer has got from us by this operation. `ended_at` is when the last attempt
    ended, on the ledger's clock, of which `now` is the present.
    """

    delivery: int
    attempt: int
    tries: int
    state: Literal["sending", "unknown"]
    message: int
    dossier: int
    connector: str
    operation: str
    route: str
    kind: str
    source: str
    body: bytes
    fold: bytes
    history: tuple[Past, ...]
    codes: Mapping[str, str]
    views: Mapping[str, bytes]
    doubt: str
    ended_at: float
    first_try_at: float
    lookups: int
    crashes: int
    traceparent: str
    now: float


@dataclass(frozen=True, slots=True)
class Settle:
    """An outcome of an attempt, written only if the attempt is still the delivery's (rule 3).

    `wait` is seconds from now until it is due again. `part` 0 is the call itself, otherwise a look-up.
    `view` is (key, digest) of what the peer has got. `says` are kept in the same transaction (rule 4).
    """

    delivery: int
    attempt: int
    holder: int
    outcome: Outcome
    reason: str = ""
    cause: str = ""
    code: str = ""
    answer: bytes = b""
    wait: float = 0.0
    lookup: bool = False
    burned: bool = True
    view: tuple[str, bytes] | None = None
    says: tuple[Keep, ...] = ()


@dataclass(frozen=True, slots=True)
class Settled:
    """`applied` is False where another attempt owns the delivery now: only history was written."""

    applied: bool
    state: str
    ready: tuple[Ready, ...] = ()
    kept: tuple[Kept, ...] = ()


@dataclass(frozen=True, slots=True)
class PlannedDelivery:
    """What the routes ask for: one delivery of a message.

    `clock` tells from when a leg opens until when its answer is due, both in seconds since the epoch; it is
    asked only where a leg opens.
    """

    route: str
    connector: str
    operation: str
    appends: bool
    after_withdrawal: bool = False
    expects: bool = False
    clock: Callable[[float], float] | None = None
    sends: bool = True


@dataclass(frozen=True, slots=True)
class Plan:
    """What keeping a message means for its dossier: the new fold, the deliveries, the legs it answers."""

    state: bytes
    deliveries: tuple[PlannedDelivery, ...]
    answers: tuple[str, ...] = ()
    withdraws: bool = False


@dataclass(frozen=True, slots=True)
class Sweep:
    """Ask for everything that is due: the sweeper answers for every open state (rule 12).

    `look_up_after` is per "connector.operation", in seconds, with "" for all others. `shut` are connectors
    whose breaker is open or that are paused: nothing of theirs is published. `hurry` are connectors that
    have just come back: what waits for a date is due at once. At most `window` is published.
    """

    look_up_after: Mapping[str, float]
    shut: frozenset[str] = frozenset()
    hurry: frozenset[str] = frozenset()
    window: int = 2000


@dataclass(frozen=True, slots=True)
class GivenUp:
    """Deliveries whose work message the broker gave up on, each as often as it did."""

    deliveries: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class TakeEvents:
    """Ask for the oldest `most` events; on PostgreSQL they are nobody else's for `lease` seconds."""

    most: int
    lease: float


@dataclass(frozen=True, slots=True)
class Event:
    """The end of a delivery, to be told. `codes` are the dossier's numbers, `fold` is its present fold."""

    id: int
    delivery: int
    kind: str
    at: float
    connector: str
    operation: str
    traceparent: str
    codes: Mapping[str, str]
    fold: bytes


@dataclass(frozen=True, slots=True)
class EventsTold:
    """Events that the broker confirmed (`told`) or not (`back`), by number."""

    told: tuple[int, ...]
    back: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Hold:
    """A person stops (`hold` True) or lets go everything unsent of a dossier."""

    dossier: int
    hold: bool
    who: str
    reason: str


@dataclass(frozen=True, slots=True)
class Pause:
    """A person pauses (`pause` True) or resumes a connector."""

    connector: str
    pause: bool
    who: str
    reason: str


@dataclass(frozen=True, slots=True)
class Breaker:
    """A breaker's state as its holder sees it (rule 16): written if `epoch` is the row's."""

    connector: str
    operation: str
    state: Literal["closed", "open", "probing"]
    epoch: int
    failures: int
    reason: str = ""
    probe_in: float = 0.0
