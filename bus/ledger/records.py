"""The values that go into the ledger and come out of it, all frozen."""

from collections.abc import Callable, Mapping
from typing import Literal

import msgspec

from mappings.dossier import Message

Outcome = Literal["delivered", "refused", "superseded", "retrying", "unknown", "dead", "ready", "held"]
"""What a settlement makes of a delivery."""


Fault = Literal["", "ours", "theirs", "network", "data", "policy"]
"""Whose doing it was that an attempt had no effect: for counting alone, it is not kept."""


class Keep(msgspec.Struct, frozen=True, gc=False):
    """A message to be kept. `codes` are numbers of its dossier, connector -> number, its own first.

    `key` is the source's message key, or hash and place in the feed where it gives none. `dossier` is
    given where the call it answers tells it, and `route` is then the leg of that call. `ties` are legs and
    what the message names of what was sent by them: so it finds its dossier without a number. `state` other
    than "kept" is kept whole, without deliveries, with the peer's `tree` (JSON, or XML as text) so that it
    can be read again. `again`: it was kept before, and only what a withdrawal kept from going is started;
    `only` likewise, and the one route that it is told again for. `together` is how many bytes the files of
    its dossier may be with those it brings (0: any), weighed against the fold that it is folded into.
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
    ties: tuple[tuple[str, str], ...] = ()
    route: str = ""
    tree: bytes = b""
    again: bool = False
    only: str = ""
    together: int = 0


class Ready(msgspec.Struct, frozen=True, gc=False):
    """A delivery that can be worked on now: to be published to its connector's work queue."""

    delivery: int
    connector: str
    traceparent: str = ""


class Kept(msgspec.Struct, frozen=True, gc=False):
    """What became of a `Keep`: `repeated` was known before; a `conflict` is kept whole, beside."""

    message: int
    dossier: int | None
    outcome: Literal["kept", "repeated", "conflict", "parked", "dead", "unmatched"]
    ready: tuple[Ready, ...] = ()


class Page(msgspec.Struct, frozen=True, gc=False):
    """A polled page: its messages and the cursor are written in one transaction, or neither."""

    connector: str
    name: str
    before: str
    cursor: str
    keeps: tuple[Keep, ...]
    remember: Mapping[str, bytes] = msgspec.field(default_factory=dict)


class Claim(msgspec.Struct, frozen=True, gc=False):
    """A worker's wish to act on a delivery for at most `lease` seconds.

    `resend` are the operations whose peer is repeatable: an unknown outcome is simply sent again. `shut` are
    the operations whose breaker is open: nothing of theirs is taken.
    """

    delivery: int
    holder: int
    lease: float
    resend: frozenset[str] = frozenset()
    shut: frozenset[str] = frozenset()


class Past(msgspec.Struct, frozen=True, gc=False):
    """A kept message of a dossier, to fold the dossier as it stood at a later one."""

    source: str
    kind: str
    as_of: float
    body: bytes


class Claimed(msgspec.Struct, frozen=True, gc=False):
    """A delivery in a worker's hands: to be sent (`sending`) or asked about (`unknown`).

    `body` is the message that started it. `fold` is the dossier's fold as of that message; where the
    dossier has gone on since, it is empty and `history` has the messages to fold it from. `views` are
    key -> digest of what the peer has got from us by this operation. `ended_at` is when the last attempt
    ended, on the ledger's clock, of which `now` is the present; `kept_at` is when the delivery was kept.
    `patch` is what a person corrected of the request: a JSON patch of the peer's tree, empty for none.
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
    kept_at: float = 0.0
    patch: bytes = b""


class Settle(msgspec.Struct, frozen=True, gc=False):
    """An outcome of an attempt, written only if the attempt is still the delivery's (rule 3).

    `wait` is seconds from now until it is due again. `part` 0 is the call itself, otherwise a look-up.
    `view` is (key, digest) of what the peer has got, `shown` likewise the status that it now shows. `says`
    are kept in the same transaction (rule 4).
    `moves_to` is another connector that a delivery which was not sent goes to from now on. `fault` is told to
    observers and not kept. `tie` is what later answers to its leg will name.
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
    shown: tuple[str, bytes] | None = None
    says: tuple[Keep, ...] = ()
    moves_to: str = ""
    fault: Fault = ""
    tie: str = ""


class Settled(msgspec.Struct, frozen=True, gc=False):
    """`applied` is False where another attempt owns the delivery now: only history was written.

    `contradicts`: a late "done" for a delivery that was settled otherwise since (rule 3).
    """

    applied: bool
    state: str
    ready: tuple[Ready, ...] = ()
    kept: tuple[Kept, ...] = ()
    contradicts: bool = False


class Way(msgspec.Struct, frozen=True, gc=False):
    """An operation of a connector, whether it appends, and whether a later message decides what it asks."""

    connector: str
    operation: str
    appends: bool
    is_decided: bool = False


class Rounds(msgspec.Struct, frozen=True, gc=False):
    """Supplement rounds of a leg; times are seconds since the epoch, lengths seconds.

    `clock`: from the pause until when the supplement is due. `left`: what is left of the leg's own time at a
    moment, given its due date. `again`: from going on until due, given what was left. `is_own`: whoever asks
    also tells the answer, perhaps at once.
    """

    clock: Callable[[float], float] | None = None
    left: Callable[[float, float], float] | None = None
    again: Callable[[float, float], float] | None = None
    send: Way | None = None
    is_own: bool = False


class PlannedDelivery(msgspec.Struct, frozen=True, gc=False):
    """A leg as the ledger needs it: what is sent, what is awaited and until when.

    `route` has the value of a leg with `per` in brackets. `clock` tells from when a leg opens until when its
    answer is due, both in seconds since the epoch; it is asked only where a leg opens; `until` is said by the
    message. `to` gives the connector by time, fold and message, where an agency decides. `after` are the
    routes after whose ends it starts. `tie` is what an answer names, where that is known at the start.
    """

    route: str
    connector: str
    operation: str
    appends: bool
    after_withdrawal: bool = False
    expects: bool = False
    clock: Callable[[float], float] | None = None
    sends: bool = True
    until: float | None = None
    to: Callable[[float, bytes, Message | None], str] | None = None
    after: tuple[str, ...] = ()
    even_if_refused: frozenset[str] = frozenset()
    tie: str | None = None
    ask_every: float | None = None
    rounds: Rounds | None = None
    undo: Literal["person", "none"] | Way = "none"
    undo_clock: Callable[[float], float] | None = None


class Told(msgspec.Struct, frozen=True, gc=False):
    """What a message is to a leg, named without a value. `ties` are what it names of those it is about.

    None: the leg is tied by the dossier's number alone. "agree" and "disagree" decide its undo.
    """

    route: str
    does: Literal["answer", "refuse", "pause", "resume", "agree", "disagree"]
    ties: tuple[str, ...] | None = None


class Plan(msgspec.Struct, frozen=True, gc=False):
    """What keeping a message means for its dossier: the new fold, the deliveries, what it is to legs.

    `named`: legs with a value of which the message tells the whole list, by the routes that it names.
    `refusal`: the step that a "no" among `told` becomes, kept if a leg takes it as one.
    """

    state: bytes
    deliveries: tuple[PlannedDelivery, ...]
    told: tuple[Told, ...] = ()
    withdraws: bool = False
    named: tuple[tuple[str, frozenset[str]], ...] = ()
    refusal: Keep | None = None


class Legs(msgspec.Struct, frozen=True, gc=False):
    """The legs of the routes in use by their route, and for each all that come after it, at any remove.

    `withdraws` are the kinds of message that withdraw a dossier, `unless_refused` the routes by whose refusal
    a peer says that it does not come to pass.
    """

    by_route: Mapping[str, PlannedDelivery] = msgspec.field(default_factory=dict)
    follow: Mapping[str, tuple[str, ...]] = msgspec.field(default_factory=dict)
    withdraws: frozenset[str] = frozenset()
    unless_refused: frozenset[str] = frozenset()


class LegEnd(msgspec.Struct, frozen=True, gc=False):
    """What the end of a delivery is to its leg; `message` started the delivery.

    "sent" and "dropped" (never done at the peer) matter to a leg that is to be undone alone; "given up" by
    a person it will never be sent.
    """

    dossier: int
    route: str
    end: Literal["done", "refused", "undone", "not undone", "sent", "dropped", "given up"]
    delivery: int
    message: int
    reason: str = ""


class Tie(msgspec.Struct, frozen=True, gc=False):
    """Note what an answer to a delivery will name, before it is sent."""

    delivery: int
    tie: str


class TakeEvents(msgspec.Struct, frozen=True, gc=False):
    """Ask for the oldest `most` events; on PostgreSQL they are nobody else's for `lease` seconds."""

    most: int
    lease: float


class Event(msgspec.Struct, frozen=True, gc=False):
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


class Notice(msgspec.Struct, frozen=True, gc=False):
    """What an agency is to be told of an event, by its identity: the same event again is the same notice."""

    agency: str
    event: str
    body: bytes


class DueNotice(msgspec.Struct, frozen=True, gc=False):
    """A notice whose time has come; `made_at` in seconds since the epoch."""

    notice: int
    agency: str
    event: str
    body: bytes
    made_at: float
    tries: int


class NoticeEnded(msgspec.Struct, frozen=True, gc=False):
    """How one call to an agency ended; `wait` is seconds until it is made again."""

    notice: int
    outcome: Literal["taken", "again", "given up"]
    reason: str = ""
    wait: float = 0.0


class EventsTold(msgspec.Struct, frozen=True, gc=False):
    """Events that the broker confirmed (`told`) or not (`back`), by number; `notices` tell what was told."""

    told: tuple[int, ...]
    back: tuple[int, ...] = ()
    notices: tuple[Notice, ...] = ()


class Hold(msgspec.Struct, frozen=True, gc=False):
    """A person stops (`hold` True) or lets go everything unsent of a dossier."""

    dossier: int
    hold: bool
    who: str
    reason: str


class Undone(msgspec.Struct, frozen=True, gc=False):
    """A person says that what a leg of a withdrawn dossier did is undone at its peer."""

    dossier: int
    route: str
    who: str
    reason: str


class Pause(msgspec.Struct, frozen=True, gc=False):
    """A person pauses (`pause` True) or resumes a connector."""

    connector: str
    pause: bool
    who: str
    reason: str
