"""The order in which a peer may be shown statuses: a late or regressive one is never sent.

A peer's public status is what a citizen reads. It may pass over steps that came and went meanwhile, and never
goes back: what would is superseded, with its reason in the dossier's history.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class StatusOrder:
    """What an operation shows: `of` reads (subject, status) from a request, "" is the dossier itself.

    `follow` tells for a status which may be shown after it; a status that is not in it bars nothing. The same
    status may always be shown again.
    """

    of: Callable[[Any], tuple[str, str]]
    follow: Mapping[str, frozenset[str]]

    def allows(self, before: str, after: str) -> bool:
        """Whether a status may be shown where another one was."""
        return before == after or before not in self.follow or after in self.follow[before]


def reachable(steps: Mapping[str, Iterable[str]]) -> dict[str, frozenset[str]]:
    """For each status all that can come after it, step by step: a peer may be told the last one alone."""
    found: dict[str, frozenset[str]] = {}
    for begin in {*steps, *(after for followers in steps.values() for after in followers)}:
        seen: set[str] = set()
        todo = list(steps.get(begin, ()))
        while todo:
            status = todo.pop()
            if status not in seen:
                seen.add(status)
                todo.extend(steps.get(status, ()))
        found[begin] = frozenset(seen)
    return found
