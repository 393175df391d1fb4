"""Counting dossiers one by one; what is held grows with the tables' agencies and sectors alone.

A dossier counts as received on the day of its acceptance, else its submission, else when we first heard of
it. Early, on time and late are told by the day on which it was finished, in working time: *early* (trước hạn)
where working time of a day before the promised one was left, *late* (quá hạn) where working time passed after
the promise, *on time* (đúng hạn) between. A promise at midnight is a promise of that whole day. *Open* past
its promise (quá hẹn chưa xong) counts at the period's end, by the promise as it is known today.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from bus.calendar import ZONE, WorkingCalendar, promised_day
from mappings.derived import Derivation
from mappings.message import Agency
from mappings.reported import Reported, is_open, received_at, reported, whose
from mappings.tables import Row, Table
from monitoring.report.period import Period
from monitoring.working_time import WorkingTime

LEVELS = ("commune", "district", "province")
_LEVEL = {"department": "province", "division": "district"} | {level: level for level in LEVELS}
_ENDED = frozenset({"finished", "returned"})

Named = tuple[str, str]
"""Code and name, as the installation's tables have them; ("", "") for what they do not know."""

NOBODY: Named = ("", "")


@dataclass(frozen=True, slots=True)
class Reporter:
    """What counting needs of an installation: its dated tables and its working calendar."""

    tables: Mapping[str, Table] = field(default_factory=dict)
    calendar: WorkingCalendar = field(default_factory=WorkingCalendar)

    def begin(self, period: Period) -> "Tally":
        """A tally of nothing yet."""
        return Tally(period, self.tables, WorkingTime(self.calendar))


class Tally:
    """Counts over a period.

    `levels`: the levels of the agencies that worked on a dossier, and whether they were several; `sectors`:
    received and done on the spot; `elsewhere`: taken in outside the handling agency's area; `agencies`: (the
    handling agency, what) with what of `WHAT`.
    """

    def __init__(self, period: Period, tables: Mapping[str, Table], working: WorkingTime) -> None:
        self.period = period
        self.received = 0
        self.levels: Counter[tuple[tuple[str, ...], bool]] = Counter()
        self.sectors: Counter[Named] = Counter()
        self.elsewhere: Counter[Named] = Counter()
        self.agencies: Counter[tuple[Named, str]] = Counter()
        self._derive = Derivation(tables)
        self._agencies = tables.get("agencies")
        self._procedures = tables.get("procedures")
        self._working = working

    def add(self, made_at: float, fold: bytes) -> None:
        """Count one dossier, made in the ledger at `made_at` (seconds since the epoch), by its fold."""
        one = reported(fold)
        received = received_at(one, made_at)
        day = received.astimezone(ZONE).date()
        agency = self._named(whose(one), day)
        if self.period.holds(received):
            self._receive(one, agency, day)
        ended = one.finished_at or one.returned_at
        if one.status in _ENDED and ended and self.period.holds(ended):
            self.agencies[agency, self._in_time(one.due_at, ended)] += 1
        if self.period.holds(one.refused_at):
            self.agencies[agency, "refused"] += 1
        if self._is_owed(one, received):
            self.agencies[agency, "open"] += 1
        if rounds := sum(self.period.holds(each.asked_at) for each in one.supplements):
            self.agencies[agency, "supplements"] += rounds
            self.agencies[agency, "supplemented"] += 1

    def owe(self, agency: str, day: date, count: int) -> None:
        """Count dossiers of an agency (code), received on a day, that are past their promise."""
        row = self._found(agency, day)
        self.agencies[(row["code"], row["name"]) if row else NOBODY, "open"] += count

    def _is_owed(self, one: Reported, received: datetime) -> bool:
        """Whether its promise was over at the period's end, and its result still owed."""
        end = self.period.ends
        if one.due_at is None or received >= end or promised_day(one.due_at)[1] > end:
            return False
        return is_open(one.status) or (one.ended_at is not None and one.ended_at >= end)

    def _receive(self, one: Reported, agency: Named, day: date) -> None:
        derived = self._derive(one.as_dossier)
        self.received += 1
        self.agencies[agency, "received"] += 1
        self.levels[self._levels(one, day)] += 1
        if derived.get("on_the_spot"):
            self.sectors[self._sector(one.procedure, day)] += 1
        if derived.get("intake_elsewhere"):
            self.elsewhere[agency] += 1

    def _levels(self, one: Reported, day: date) -> tuple[tuple[str, ...], bool]:
        hands = [agency for hand in one.transfers for agency in (hand.from_agency, hand.to_agency)]
        several = [one.intake_agency, one.handling_agency, one.holder, *hands]
        rows = [row for agency in several if (row := self._row(agency, day))]
        found = {_LEVEL.get(row["level"], "") for row in rows}
        return tuple(level for level in LEVELS if level in found), len({row["code"] for row in rows}) > 1

    def _sector(self, procedure: str | None, day: date) -> Named:
        row = self._procedures.find(procedure, day) if self._procedures and procedure else None
        return (row["sector"], row["sector_name"]) if row else NOBODY

    def _named(self, agency: Agency | None, day: date) -> Named:
        row = self._row(agency, day)
        return (row["code"], row["name"]) if row else NOBODY

    def _row(self, agency: Agency | None, day: date) -> Row | None:
        return self._found((agency.code or agency.old_code) if agency else None, day)

    def _found(self, code: str | None, day: date) -> Row | None:
        if not code or self._agencies is None:
            return None
        return self._agencies.find(code, day) or self._agencies.find(code, None)

    def _in_time(self, due: datetime | None, ended: datetime) -> str:
        if due is None:
            return "unpromised"
        begins, ends = promised_day(due)
        if self._working.between(ended, begins) > 0:
            return "early"
        return "late" if self._working.between(ends, ended) > 0 else "on_time"


WHAT = (
    "received",
    "early",
    "on_time",
    "late",
    "unpromised",
    "open",
    "supplements",
    "supplemented",
    "refused",
)
