"""Compares what we believe with what a peer says it has (đối soát), dossier by dossier, for a day."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import partial
from typing import Literal

import msgspec

from bus.ledger.beliefs import Shown
from bus.status_order import StatusOrder
from bus.views import Listed

What = Literal[
    "unknown here",
    "not told",
    "other status",
    "not there",
    "lost there",
    "behind",
    "ahead",
    "step lost there",
]


class Difference(msgspec.Struct, frozen=True, gc=False):
    """A dossier on which the two do not agree; `ours` and `theirs` are statuses in the peer's words.

    "unknown here": no dossier has the number; "not told": known, but the peer never told it whole;
    "not there": the peer told it, and does not list it. Of what we delivered (`delivery` is the last):
    "lost there": the peer has no such dossier, "not there" where it had given the number itself; "behind":
    ours may follow the status that it shows; "ahead": its status may follow ours; "other status": both, or
    neither, so nobody can tell which is the later; "step lost there": the peer shows the dossier without a
    step, whose key is `ours`.
    """

    what: What
    number: str
    procedure: str
    ours: str = ""
    theirs: str = ""
    delivery: int = 0


class Count(msgspec.Struct, frozen=True, gc=False):
    """Dossiers of a procedure and status: how many we believe there are, and how many the peer lists."""

    procedure: str
    status: str
    ours: int
    theirs: int


class Comparison(msgspec.Struct, frozen=True, gc=False):
    """Counts by procedure and status, sorted, and every difference by number; `compared` dossiers in all."""

    compared: int
    counts: tuple[Count, ...]
    differences: tuple[Difference, ...]


Known = Callable[[str], tuple[bool, Listed | None]]
"""Whether a number is known here, and what its peer last told of it."""


def compare(
    listed: Iterable[Listed], told: Iterable[Listed], known: Known, since: datetime, until: datetime
) -> Comparison:
    """Compare what the peer lists since the day began with what it told us on that day.

    Of what is listed, the dossiers that last changed on the day are compared; one that changed later is
    only seen to be there. `told`'s later entries win.
    """
    there = {one.number: one for one in listed}
    theirs = {number: one for number, one in there.items() if _within(one, since, until)}
    absent = [one for number, one in {one.number: one for one in told}.items() if number not in there]
    ours = {number: known(number) for number in theirs}
    theirs = {number: _with_procedure(one, ours[number][1]) for number, one in theirs.items()}
    differences = [found for number, one in theirs.items() if (found := _differs(one, *ours[number]))]
    differences += [Difference("not there", one.number, one.procedure, ours=one.status) for one in absent]
    believed = [*(one for _, one in ours.values() if one), *absent]
    ordered = tuple(sorted(differences, key=lambda one: (one.number, one.what)))
    return Comparison(len(theirs) + len(absent), _counts(believed, theirs.values()), ordered)


def compare_shown(ours: Iterable[Shown], theirs: Mapping[str, Listed], order: StatusOrder) -> Comparison:
    """Compare what we showed a peer with what it shows now, by number; what is not there is absent."""
    ours = tuple(ours)
    differences = [found for one in ours if (found := _fallen_apart(one, theirs.get(one.number), order))]
    believed = [Listed(one.number, one.procedure, one.status) for one in ours]
    there = [
        Listed(one.number, one.procedure, theirs[one.number].status) for one in ours if one.number in theirs
    ]
    ordered = tuple(sorted(differences, key=lambda one: (one.number, one.what)))
    return Comparison(len(ours), _counts(believed, there), ordered)


def compare_steps(ours: Iterable[Shown], lost: Mapping[int, tuple[str, ...]]) -> Comparison:
    """Name each step that a peer does not show; `lost` are their keys by dossier, of all that were asked."""
    asked = [one for one in ours if one.dossier in lost]
    differences = tuple(
        Difference("step lost there", one.number, one.procedure, ours=key, delivery=one.delivery)
        for one in sorted(asked, key=lambda one: one.number)
        for key in lost[one.dossier]
    )
    return Comparison(len(asked), (), differences)


def _fallen_apart(ours: Shown, theirs: Listed | None, order: StatusOrder) -> Difference | None:
    made = partial(Difference, number=ours.number, procedure=ours.procedure, ours=ours.status)
    if theirs is None:
        return made("not there" if ours.is_theirs else "lost there", delivery=ours.delivery)
    if theirs.status == ours.status:
        return None
    behind, ahead = order.allows(theirs.status, ours.status), order.allows(ours.status, theirs.status)
    if ahead and ours.is_withdrawn:
        return None
    what: What = "other status" if behind == ahead else "behind" if behind else "ahead"
    return made(what, theirs=theirs.status, delivery=ours.delivery)


def _within(one: Listed, since: datetime, until: datetime) -> bool:
    return one.compared and (one.changed is None or since <= one.changed < until)


def _differs(theirs: Listed, is_known: bool, ours: Listed | None) -> Difference | None:  # noqa: FBT001
    if not is_known:
        return Difference("unknown here", theirs.number, theirs.procedure, theirs=theirs.status)
    if ours is None:
        return Difference("not told", theirs.number, theirs.procedure, theirs=theirs.status)
    if ours.status == theirs.status or _later(ours, theirs):
        return None
    return Difference("other status", theirs.number, theirs.procedure, ours.status, theirs.status)


def _with_procedure(theirs: Listed, ours: Listed | None) -> Listed:
    """Under our procedure where the list tells none (reference 7b: a row has its name alone)."""
    return (
        msgspec.structs.replace(theirs, procedure=ours.procedure) if ours and not theirs.procedure else theirs
    )


def _later(ours: Listed, theirs: Listed) -> bool:
    """Whether we heard of it after it was listed."""
    return ours.changed is not None and theirs.changed is not None and ours.changed > theirs.changed


def _counts(ours: Iterable[Listed], theirs: Iterable[Listed]) -> tuple[Count, ...]:
    here, there = (Counter((one.procedure, one.status) for one in side) for side in (ours, theirs))
    return tuple(Count(*key, here[key], there[key]) for key in sorted(here.keys() | there.keys()))
