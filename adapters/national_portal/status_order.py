"""The portal's statuses in their order (reference 4): 1→2|3; 2→4; 4↔5; 4↔6; 4|5|6→7|8; 4→9→10.

Not published, the sensible order [I]: an installation adds moves that its portal allows (`also_follows`).
"""

from collections.abc import Sequence

from bus.ports import Tree
from bus.status_order import StatusOrder, reachable

STEPS = {
    "1": ("2", "3"),
    "2": ("4",),
    "4": ("5", "6", "7", "8", "9"),
    "5": ("4", "7", "8"),
    "6": ("4", "7", "8"),
    "9": ("10",),
    "3": (),
    "7": (),
    "8": (),
    "10": (),
}


def order(field: str, also: Sequence[str] = ()) -> StatusOrder:
    """The order of a request whose status stands in `field`; `also` are further moves like "9>4"."""
    steps = {status: list(followers) for status, followers in STEPS.items()}
    for move in also:
        before, _, after = move.partition(">")
        steps.setdefault(before, []).append(after)

    def of(tree: Tree) -> tuple[str, str]:
        return "", str(tree.get(field, ""))

    return StatusOrder(of, reachable(steps))
