"""What the officials will do with a dossier, drawn from its own number and nothing else.

Two runs that hand in the same dossiers in another order, or one dossier twice, get the same decisions:
a test that compares runs compares the bus and not the dice.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, fields, replace

from adapters.onestop.simulator_words import (
    ACCEPTED,
    FINISHED,
    IN_PROGRESS,
    NOT_ACCEPTED,
    PAYMENT_DUE,
    RETURNED,
    STOPPED,
    SUPPLEMENT_REQUESTED,
)


@dataclass(frozen=True)
class Shares:
    """How many of all dossiers (0 to 1) meet each turn of fate."""

    refuse: float = 0.04
    """not accepted (không được tiếp nhận)"""
    supplement: float = 0.12
    """asked for a supplement (yêu cầu bổ sung) once"""
    again: float = 0.15
    """of those, asked a second time"""
    payment: float = 0.10
    """asked to pay (nghĩa vụ tài chính) while in progress"""
    stop: float = 0.03
    """stopped (dừng xử lý)"""


def shares(text: str) -> Shares:
    """Read `"refuse=0.1,stop=0"` over the defaults. Raise ValueError naming the word that is not one."""
    names = {field.name for field in fields(Shares)}
    given: dict[str, float] = {}
    for part in filter(None, text.split(",")):
        name, _, value = part.partition("=")
        if name not in names:
            raise ValueError(f"no share is called {name!r}; there are {', '.join(sorted(names))}")
        given[name] = _share(name, value)
    return replace(Shares(), **given)


def _share(name: str, value: str) -> float:
    try:
        share = float(value)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise ValueError(f"the share {name} is a number from 0 to 1, not {value!r}")
    return share


def dice(seed: int, number: str, purpose: str) -> random.Random:
    """Return a generator that depends on the seed, the dossier's number and the purpose alone."""
    return random.Random(f"{seed}|{number}|{purpose}")


def course(seed: int, number: str, share: Shares, *, on_the_spot: bool) -> tuple[int, ...]:
    """Return the statuses after *registered*, in order, up to an end (reference section 4, order there [I]).

    An on-the-spot dossier (4 tại chỗ: receive, appraise, approve, return) has exactly these four steps,
    or is refused.
    """
    rng = dice(seed, number, "course")
    refused, asked, again, pays, stopped = (rng.random() for _ in range(5))
    if refused < share.refuse:
        return (NOT_ACCEPTED,)
    way = [ACCEPTED, IN_PROGRESS]
    if on_the_spot:
        return (*way, FINISHED, RETURNED)
    if asked < share.supplement:
        way += [SUPPLEMENT_REQUESTED, IN_PROGRESS] * (2 if again < share.again else 1)
    if pays < share.payment:
        way += [PAYMENT_DUE, IN_PROGRESS]
    return (*way, STOPPED) if stopped < share.stop else (*way, FINISHED, RETURNED)
