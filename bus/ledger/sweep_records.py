"""What the sweeper is asked, and what the broker gave up on; all frozen."""

from collections.abc import Mapping

import msgspec


class Sweep(msgspec.Struct, frozen=True, gc=False):
    """Ask for everything that is due: the sweeper answers for every open state (rule 12).

    `look_up_after` is per "connector.operation", in seconds, with "" for all others. `shut` are connectors
    ("name") and operations ("name.operation") to which nothing may go: nothing of theirs is published.
    `hurry` are those that have just come back: what waits for a date is due at once. `first` is a process's
    first, or the first since its broker is back: what is ready is due, for its hints may have died with the
    process before, or with what the broker had. `hungry` are connectors that get no hints though they could
    work: what is ready for them is due. At most `window` is published. `under_way` are the calls of this
    process, delivery and attempt, None where it does not say: a lease of its own that ran out and stands for
    none of them is a call that has ended.
    """

    look_up_after: Mapping[str, float]
    shut: frozenset[str] = frozenset()
    hurry: frozenset[str] = frozenset()
    window: int = 2000
    first: bool = False
    hungry: frozenset[str] = frozenset()
    under_way: frozenset[tuple[int, int]] | None = None


class GivenUp(msgspec.Struct, frozen=True, gc=False):
    """Deliveries whose work message the broker gave up on, each as often as it did."""

    deliveries: tuple[int, ...]
