"""What people ask of the ledger about what failed, and what it answers; all frozen.

A `subject` names one thing that failed: "12" a delivery, "m7" a message.
"""

from typing import Literal

import msgspec

from bus.ledger.records import Keep, Ready

ALL_STAGES = (1, 10, 100)
"""The sizes of a staged retry's stages; the rest is the last."""


class Retry(msgspec.Struct, frozen=True, gc=False):
    """Begin a retry of some subjects, in stages of these sizes (the rest last; none: all at once).

    `rate` is how many are sent off in a second, None for no limit. Answered with the number of the run.
    """

    subjects: tuple[str, ...]
    who: str
    reason: str
    stages: tuple[int, ...] = ()
    rate: float | None = None


class Cancel(msgspec.Struct, frozen=True, gc=False):
    """End a retry: what it has not sent off yet is skipped."""

    run: int
    who: str
    reason: str


class Advance(msgspec.Struct, frozen=True, gc=False):
    """Look after all retries: note what became of what went, send off what may go now."""


class Reading(msgspec.Struct, frozen=True, gc=False):
    """A message of a retry that is to be read again: the item's run and place, and the message's number."""

    run: int
    place: int
    message: int


class Advanced(msgspec.Struct, frozen=True, gc=False):
    """What is to be published now, and the messages that are to be read again."""

    ready: tuple[Ready, ...] = ()
    readings: tuple[Reading, ...] = ()


class Discard(msgspec.Struct, frozen=True, gc=False):
    """Give a dead delivery or a message that was set aside up."""

    subject: str
    who: str
    reason: str


class Told(msgspec.Struct, frozen=True, gc=False):
    """A person has looked at the peer: it has done an unknown delivery, or it has not.

    "It has not" counts only `absent_after` seconds after the attempt ended (rule 6).
    """

    delivery: int
    done: bool
    absent_after: float
    who: str
    reason: str


class Reread(msgspec.Struct, frozen=True, gc=False):
    """A message that was set aside has been read again: `keep` is what it says now, None for `problem`.

    `reading` is the retry that asked for it, None where a person gave it its dossier.
    """

    message: int
    keep: Keep | None
    problem: str
    who: str
    reason: str
    reading: Reading | None = None


class Patch(msgspec.Struct, frozen=True, gc=False):
    """Correct the request of a dead delivery: `body` is a JSON patch of the peer's tree."""

    delivery: int
    body: bytes
    who: str
    reason: str


class Again(msgspec.Struct, frozen=True, gc=False):
    """Send what a delivered delivery showed its peer again, as a new delivery: the peer has it not.

    `shown` is the status that the peer shows instead, None where it has no such dossier.
    """

    delivery: int
    shown: str | None
    who: str
    reason: str


class Propose(msgspec.Struct, frozen=True, gc=False):
    """Ask a second person for an edit (`body` is its JSON patch) or a discard. Answered with its number."""

    what: Literal["edit", "discard"]
    subject: str
    body: bytes
    who: str
    reason: str


class Decide(msgspec.Struct, frozen=True, gc=False):
    """A second person agrees to a proposal, which is then done, or refuses it."""

    proposal: int
    agree: bool
    who: str
    reason: str
