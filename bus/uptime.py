"""How long a peer was up: what remains of a time without the spans in which it was away. Pure; seconds."""

from collections.abc import Iterable

Away = tuple[float, float]
"""Begin and end of a time in which a peer was away."""


def up_seconds(since: float, until: float, away: Iterable[Away]) -> float:
    """The seconds from `since` to `until` that lie in none of the spans, however these overlap."""
    up, at = 0.0, since
    for begin, end in sorted(away):
        if begin > at:
            up += max(0.0, min(begin, until) - at)
        at = max(at, min(end, until))
    return up + max(0.0, until - at)
