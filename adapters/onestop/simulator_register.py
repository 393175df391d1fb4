"""The one-stop's register: every dossier, kept on its shelf, and the index that its search reads.

A dossier read by its id is always the newest. The search reads an index that some changes reach late, by up
to `late` seconds (drawn from the seed and the dossier's number), while `updatedDate` says when they happened:
so a row may turn up behind a cursor, and a reader has to look back. [I], as slow commits do anywhere.
"""

from __future__ import annotations

import heapq
import time
from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Iterator

import msgspec

from adapters._kit.simulator_shelf import Shelf
from adapters.onestop import simulator_dossier, simulator_times
from adapters.onestop.simulator_dossier import Dossier, Facts
from adapters.onestop.simulator_plan import dice

SHARE_LATE = 0.3


class Register:
    """All dossiers by id; what an earlier process put on the same shelf is there again."""

    def __init__(self, shelf: Shelf, seed: int, late: float) -> None:
        self.by_id: dict[str, Dossier] = {}
        self.by_nation_code: dict[str, list[str]] = {}
        self._shelf, self._seed, self._late = shelf, seed, late
        self._serials: Counter[str] = Counter()
        self._rows: dict[str, Facts] = {}
        self._order: list[tuple[str, str]] = []
        self._ids: dict[str, list[str]] = {}
        self._pending: list[tuple[float, int, str, Facts]] = []
        self._visible_from: dict[str, float] = {}
        self._changes = 0
        self._open: dict[str, None] = {}
        for known, value in shelf.items():
            dossier = msgspec.convert(value, Dossier)
            self._enter(dossier)
            self._show(known, simulator_dossier.row(dossier))

    def next_code(self, agency: str) -> str:
        """Return the next local number `H12.06-261123-0001`: agency, day, serial of the day (reference 5)."""
        day = f"{agency}-{simulator_times.now():%y%m%d}"
        return f"{day}-{self._serials[day] + 1:04d}"

    def add(self, dossier: Dossier) -> None:
        """Enter a new dossier; `publish` makes it known."""
        self._enter(dossier)

    def publish(self, dossier: Dossier) -> None:
        """Keep a dossier as it now is and hand its row to the search, at once or late, never out of order."""
        known, self._changes = dossier.facts["id"], self._changes + 1
        self._count(dossier)
        self._shelf.put(known, msgspec.to_builtins(dossier))
        rng = dice(self._seed, dossier.number, f"late {dossier.version}")
        delay = rng.uniform(0, self._late) if rng.random() < SHARE_LATE else 0.0
        due = max(time.monotonic() + delay, self._visible_from.get(known, 0.0))
        self._visible_from[known] = due
        heapq.heappush(self._pending, (due, self._changes, known, simulator_dossier.row(dossier)))

    def visible(self, since: str = "", *, newest_first: bool = False) -> Iterator[Facts]:
        """Yield the rows that the search sees now by (updatedDate, id), from the time `since` on.

        `since` is written as `updatedDate` is. A province has tens of thousands of rows and is polled every
        second, so they stand in order instead of being sorted at every call.
        """
        self._let_appear()
        start = bisect_left(self._order, (since, ""))
        places = range(start, len(self._order))
        for place in reversed(places) if newest_first else places:
            yield self._rows[self._order[place][1]]

    def numbered(self, number: str) -> list[Facts]:
        """Return the rows with this local or national number that the search sees now."""
        self._let_appear()
        return [self._rows[known] for known in self._ids.get(number, ())]

    def _let_appear(self) -> None:
        while self._pending and self._pending[0][0] <= time.monotonic():
            _, _, known, row = heapq.heappop(self._pending)
            self._show(known, row)

    def _show(self, known: str, row: Facts) -> None:
        before = self._rows.get(known)
        if before is None:
            # numbers never change (`simulator_checks.FIXED`), so the first row tells them
            for number in filter(None, (row["code"], row["nationCode"])):
                self._ids.setdefault(number, []).append(known)
        else:
            del self._order[bisect_left(self._order, _place(before))]
        self._rows[known] = row
        insort(self._order, _place(row))

    def open(self) -> int:
        """Count the dossiers not yet at an end status."""
        return len(self._open)

    def unfinished(self) -> Iterator[Dossier]:
        """Yield the dossiers not yet at an end status."""
        return (self.by_id[known] for known in self._open)

    def _enter(self, dossier: Dossier) -> None:
        facts = dossier.facts
        self._count(dossier)
        self.by_id[facts["id"]] = dossier
        day, _, serial = facts["code"].rpartition("-")
        self._serials[day] = max(self._serials[day], int(serial))
        if facts.get("nationCode"):
            self.by_nation_code.setdefault(facts["nationCode"], []).append(facts["id"])

    def _count(self, dossier: Dossier) -> None:
        """Keep in mind which dossiers are at work: of tens of thousands most are at an end."""
        if dossier.ended:
            self._open.pop(dossier.facts["id"], None)
        else:
            self._open[dossier.facts["id"]] = None


def _place(row: Facts) -> tuple[str, str]:
    """Where a row stands: `updatedDate` is written by this system alone, in one form that sorts as text."""
    return row["updatedDate"] or "", row["id"]
