"""The portal's register of dossiers: kept on a shelf, found by number, listed by the time of change."""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime

import msgspec

from adapters._kit.simulator import Workshop
from adapters._kit.simulator_journal import HANOI
from adapters.national_portal.simulator_dossier import Dossier


def now_stamp() -> str:
    """Return the local time, yyyyMMddHHmmss (reference 0)."""
    return datetime.now(HANOI).strftime("%Y%m%d%H%M%S")


class Register:
    """Dossiers by MaHoSo.

    `listed_on`: whose changes the search tells, `citizen` (submission and what citizens do later) or `any`
    (the province's own writing too). `clock` gives the stamp of now and never goes back.
    """

    def __init__(self, workshop: Workshop, listed_on: str, clock: Callable[[], str] = now_stamp) -> None:
        self.now = clock
        self._listed_on = listed_on
        self._shelf = workshop.shelf("dossiers")
        self._dossiers = {k: msgspec.convert(v, Dossier) for k, v in self._shelf.items()}
        # a dict keeps the order in which its keys came: with every change at the end, the order of change
        by_change = sorted(self._dossiers.items(), key=lambda item: item[1].changed)
        self._changes = dict.fromkeys(key for key, dossier in by_change if dossier.submitted)
        self._issued = len(self._dossiers)

    def __len__(self) -> int:
        return len(self._dossiers)

    def get(self, number: str) -> Dossier | None:
        """Return the dossier with this MaHoSo, or None."""
        return self._dossiers.get(number)

    def numbers(self) -> list[str]:
        """Return every MaHoSo, in the order in which they came."""
        return list(self._dossiers)

    def items(self) -> list[tuple[str, Dossier]]:
        """Return all dossiers, in the order in which they came."""
        return list(self._dossiers.items())

    def put(self, number: str, dossier: Dossier, *, by_province: bool = False) -> None:
        """Keep a dossier; a change by the province is listed in the search only if the register says so."""
        before = self._dossiers.get(number)
        if by_province and before is not None and self._listed_on == "citizen":
            dossier = msgspec.structs.replace(dossier, changed=before.changed)
        if dossier.submitted and (before is None or before.changed != dossier.changed):
            self._changes.pop(number, None)
            self._changes[number] = None
        self._dossiers[number] = dossier
        self._shelf.put(number, dossier)

    def issue_number(self) -> str:
        """Issue a dossier number `G22.99-yymmdd-NNNNNN` (reference 5)."""
        while True:
            self._issued += 1
            number = f"G22.99-{self.now()[2:8]}-{self._issued:06d}"
            if number not in self._dossiers:
                return number

    def changed(self, since: str, until: str) -> list[tuple[str, Dossier]]:
        """Return submitted dossiers for the search, changed within [since, until], oldest change first."""
        return list(self._newest_until(since, until))[::-1]

    def statuses(self) -> dict[str, int]:
        """Count the dossiers by the status they show."""
        return dict(sorted(Counter(dossier.status for dossier in self._dossiers.values()).items()))

    def _newest_until(self, since: str, until: str) -> Iterator[tuple[str, Dossier]]:
        for number in reversed(self._changes):
            dossier = self._dossiers[number]
            if dossier.changed < since:
                return
            if dossier.changed <= until and dossier.via != "push":
                yield number, dossier
