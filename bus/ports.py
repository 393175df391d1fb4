"""What the bus asks of adapters: declared operations and sources, all frozen values and plain functions.

Adapters are blocking Python, called in a bounded thread pool of their connector. Trees are the PEER's
shape: dicts, lists and scalars for JSON, an lxml element for XML. Adapters know nothing of dossiers;
sheets translate before and after them.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, BinaryIO, Literal, Protocol

import msgspec

from bus.settings import Section
from bus.status_order import StatusOrder
from mappings.dossier import File, Status

Tree = Any
"""A message in a peer's shape."""


class Deadline(msgspec.Struct, frozen=True, gc=False):
    """The end of a call, `at` on `time.monotonic()`'s clock: over connecting, every byte, quick tries."""

    at: float


class Call(msgspec.Struct, frozen=True, gc=False):
    """One attempt to have an effect at a peer, or one question about it.

    `request_id` is a UUID that stays the same for every resend of the delivery; `attempt` counts from 1.
    `codes` are the dossier's known numbers, connector -> number. `to_agency` is the code of the agency that
    it is for, as of today, where the route names one; "" otherwise. `tie` is the name under which the peer
    has what the call is about, where the leg has sent it before.
    """

    request: Tree
    request_id: str
    attempt: int
    deadline: Deadline
    codes: Mapping[str, str] = msgspec.field(default_factory=dict)
    traceparent: str = ""
    to_agency: str = ""
    tie: str = ""


class Files(Protocol):
    """The file store as an adapter that moves large files itself sees it; blocking, from any thread."""

    def keep(self, content: BinaryIO, *, name: str, media_type: str = "", limit: int | None = None) -> File:
        """Store what `content` gives, to its end; on disk when this returns. May be repeated.

        The type is told by the bytes; by `media_type` only where they tell none and no browser runs it.
        `limit` in bytes is for what is no file of a dossier but holds some, which are looked into one by one;
        by itself the installation's, and the file goes through the scanner.
        Raises `RejectedMessageError` over the limit, `UnavailableError` where the disk does not take it.
        """
        ...

    def open(self, file: str) -> BinaryIO:
        """Open a stored file by its hash; raises FileNotFoundError. The caller closes it."""
        ...


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that came with a message: `hash` is SHA-256 in hex, `path` where it stood in the message.

    `open` gives its bytes from the beginning, as often as it is asked. They are in the file store before the
    message is kept; a store that gets other bytes than `hash` says refuses the message.
    """

    hash: str
    path: str
    open: Callable[[], BinaryIO]


class Incoming(msgspec.Struct, frozen=True, gc=False):
    """A message as a source hands it in, in the peer's shape.

    `kind` is "TYPE.message" of `mappings.dossier.MESSAGES`. `raw` are the bytes as they came, kept whole;
    the content of a file may stand there as "sha256:HASH" where `files` has it.
    `key` identifies the message at its source (the same message twice is recognised by it); without one,
    hash and `place` in the feed do. `as_of` is when the peer knew it, if the tree itself does not say.
    `fingerprint` is what counts as its content, where a source tells one message in several forms: field ->
    normalised value. The same key with another value of a field that both tell is a conflict.
    """

    kind: str
    tree: Tree
    raw: bytes
    key: str | None = None
    place: str | None = None
    as_of: datetime | None = None
    media_type: str = "application/json"
    fingerprint: Mapping[str, str] | None = None
    files: tuple[Attachment, ...] = ()


class Answer(msgspec.Struct, frozen=True, gc=False):
    """The peer did it. `raw` is its answer; `says` are messages that follow from the answer.

    `tie` is the peer's own number of what it did, where later answers name that and not the request's key;
    it takes the key's place for the leg (`matched_by`) once the outcome is on disk.
    """

    raw: bytes = b""
    says: tuple[Incoming, ...] = ()
    note: str = ""
    tie: str = ""


class Sighting(msgspec.Struct, frozen=True, gc=False):
    """The answer to "was it done?". `answer` comes with "done" where the peer can give it again."""

    outcome: Literal["done", "not there", "still working", "cannot say"]
    answer: Answer | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """The message by which a peer says later whether it does what an operation asked of it.

    `kind` is "TYPE.message"; `agreed` and `not_agreed` are its fields and what they equal there. A message
    that fits neither decides nothing.
    """

    kind: str
    agreed: Mapping[str, str | int | bool]
    not_agreed: Mapping[str, str | int | bool]


@dataclass(frozen=True, slots=True)
class Operation:
    """Something that a connector of this type can do at its peer.

    `sheet` writes the request ("national_portal/record"). `effect`: a newer one *replaces* an older one,
    or each *appends*. `repeatable`: the peer keeps our request id with its answer, refusals too.
    `lookup` asks whether a call took effect; with neither, an unknown outcome waits for a person.
    `call` and `lookup` raise only `bus.errors.DeliveryError`s. `key` names what an appended request adds
    at the peer, so that nothing is added twice or echoed. `seconds` bounds a call as a whole.
    `refusal_status` is the status of the step that a refusal becomes. `order` is the order in which the
    peer may be shown statuses: what would go back is not sent. `decided_by`: delivered, it is only asked for,
    and this message decides; a leg that it undoes is undone then, or waits for a person.
    """

    name: str
    title: str
    sheet: str
    effect: Literal["replaces", "appends"]
    call: Callable[[Call], Answer]
    lookup: Callable[[Call], Sighting] | None = None
    repeatable: bool = False
    key: Callable[[Tree], str] | None = None
    schema: Mapping[str, Any] | None = None
    seconds: float = 30.0
    refusal_status: Status = "stopped"
    order: StatusOrder | None = None
    decided_by: Decision | None = None

    @property
    def certainty(self) -> Literal["repeatable", "askable", "person"]:
        """How an unknown outcome is settled."""
        if self.repeatable:
            return "repeatable"
        return "askable" if self.lookup else "person"


@dataclass(frozen=True, slots=True)
class Page:
    """What one poll brought. The messages, the new `cursor` and `remember` commit together.

    `remember` replaces what the source remembers per subject (for a peer that gives states and no events).
    `more`: poll again at once. A record that cannot be read goes in `broken` as (raw bytes, problem) and
    is stored as dead intake; the cursor goes on.
    """

    items: tuple[Incoming, ...]
    cursor: str
    remember: Mapping[str, bytes] = field(default_factory=dict)
    broken: tuple[tuple[bytes, str], ...] = ()
    more: bool = False


@dataclass(frozen=True, slots=True)
class Poll:
    """A source that is asked every `every` seconds.

    `fetch(cursor, recall)`: the cursor is "" at first; `recall` reads what is remembered for subjects
    (absent ones are left out). Blocking; raises `DeliveryError`s.
    """

    name: str
    title: str
    every: float
    fetch: Callable[[str, Callable[[list[str]], Mapping[str, bytes]]], Page]


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """An inbound call as the intake door got it; header names in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    client: str


@dataclass(frozen=True, slots=True)
class HttpReply:
    """What the intake door answers."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    media_type: str = "application/json"


@dataclass(frozen=True, slots=True)
class Received:
    """What a webhook understood: `items` to keep, or an immediate `reply`.

    For items `accepted`, `repeated` or `rejected` answers the peer after the commit. `poll` names a poll
    to wake.
    """

    items: tuple[Incoming, ...] = ()
    reply: HttpReply | None = None
    poll: str | None = None


@dataclass(frozen=True, slots=True)
class Webhook:
    """A source that calls us at `path` below the connector's own prefix `/in/CONNECTOR`.

    `receive` authenticates and understands (pure but for checking secrets); it may be called from any
    thread. The other functions make the peer's own form of answer: kept, kept before, refused with every
    problem, not now.
    """

    name: str
    title: str
    path: str
    receive: Callable[[HttpRequest], Received]
    accepted: Callable[[], HttpReply]
    repeated: Callable[[], HttpReply]
    rejected: Callable[[tuple[str, ...]], HttpReply]
    unavailable: Callable[[float], HttpReply]


@dataclass(frozen=True, slots=True)
class Probe:
    """One layer of a probe: DNS, TCP, TLS, login, schema, echo. `text` says what was found or what to do."""

    layer: str
    ok: bool
    text: str
    seconds: float


class Adapter(Protocol):
    """A connector at work: one configured instance of an adapter type."""

    operations: Mapping[str, Operation]
    polls: tuple[Poll, ...]
    webhooks: tuple[Webhook, ...]

    def probe(self) -> Iterator[Probe]:
        """Ask the peer layer by layer, without effect; stops at the first layer that fails."""
        ...

    def ping(self) -> None:
        """The cheapest call that shows the peer is up again (a breaker's probe); raises `DeliveryError`s."""
        ...

    def share(self, part: float) -> None:
        """Keep to this part (0 to 1) of the connector's rate: other processes have the rest. Repeatable."""
        ...

    def close(self) -> None:
        """Give back connections; may be repeated."""
        ...


@dataclass(frozen=True, slots=True)
class AdapterType:
    """A kind of system, found by its folder `adapters/NAME/adapter.py` as `TYPE`.

    `messages` maps each message kind that its sources hand in to the sheet that reads it. `operations`
    are the names it offers, known without building an adapter (`check` and the routes need them). `build`
    makes a connector of its name and settings, and of the file store where the type `uses_files`.
    `unpack` takes a file as its peer makes it apart into the tree that its sheets read, where that is more
    than parsing (`map` needs it); raises ValueError with every problem as a line.
    """

    name: str
    title: str
    settings: type[Section]
    messages: Mapping[str, str]
    operations: tuple[str, ...]
    build: Callable[..., Adapter]
    unpack: Callable[[bytes], Tree] | None = None
    uses_files: bool = False

    def connect(self, name: str, settings: Any, files: "Files") -> Adapter:
        """Build a connector with what its type needs."""
        return self.build(name, settings, files) if self.uses_files else self.build(name, settings)
