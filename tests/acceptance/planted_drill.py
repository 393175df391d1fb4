"""A short drill over a bus with a known bug: `python -m tests.acceptance.planted_drill BUG`, in a folder."""

import sys
from collections.abc import Mapping

from commands.drill import drill
from commands.drill_plan import Fault, Wish

_SLOW = tuple(Fault(place / 24, "peer", "peer slow", place, 0.9) for place in range(24))
"""Calls that last, so that there is always one to be struck in the middle."""
PLANS: Mapping[str, tuple[Wish, tuple[Fault, ...]]] = {
    "no_fencing": (
        Wish(5, 16, 0, workers=1, patience=20.0, as_json=True),
        _SLOW,
    ),
    "ack_before_settle": (
        Wish(6, 16, 0, ledger="sqlite", patience=5.0, as_json=True),
        (*_SLOW, *(Fault(at, "process", "whole bus killed", 0, 0.5) for at in (0.4, 0.8))),
    ),
}

if __name__ == "__main__":
    BUG = sys.argv[1]
    WISH, PLAN = PLANS[BUG]
    sys.exit(drill(WISH, entry=("-m", "tests.acceptance.planted", BUG), plan=PLAN))
