"""Polls changed dossiers: a search by time of change, then each one whole, then what is new in it.

Announcements (the webhook) name dossiers; those are read first, without waiting for the search to show them.
"""

import datetime as dt
import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Any

import msgspec

from adapters._kit import scan as scans
from adapters.onestop.client import OneStopClient
from adapters.onestop.settings import OneStopSettings
from adapters.onestop.states import Event, Seen, news
from bus.errors import DeliveryError
from bus.ports import Deadline, Incoming, Page

Recall = Callable[[list[str]], Mapping[str, bytes]]
VIETNAM = dt.timezone(dt.timedelta(hours=7))
_MOST_ANNOUNCED = 10_000


@dataclass(frozen=True, slots=True)
class Announced:
    """Ids of dossiers that changed, in memory alone: what is lost here the search still finds."""

    ids: dict[str, None] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, ids: Iterable[str]) -> None:
        """Note ids; too many are dropped."""
        with self.lock:
            for known in ids:
                if len(self.ids) < _MOST_ANNOUNCED:
                    self.ids[known] = None

    def take(self, most: int) -> list[str]:
        """Take the oldest out."""
        with self.lock:
            taken = list(self.ids)[:most]
            for known in taken:
                del self.ids[known]
            return taken


@dataclass(frozen=True, slots=True)
class Changes:
    """The poll. `readers` read dossiers side by side; `deadline` makes one for each call."""

    client: OneStopClient
    settings: OneStopSettings
    announced: Announced
    readers: Executor
    deadline: Callable[[], Deadline]

    def fetch(self, cursor: str, recall: Recall) -> Page:
        """Read one page and hand in what is new; raises `DeliveryError`s and may be repeated."""
        scan = scans.read(cursor)
        scan = scans.begin(scan, self._earlier(scan.high))
        announced = self.announced.take(self.settings.page)
        try:
            return self._page(scan, announced, recall)
        except DeliveryError:
            self.announced.add(announced)
            raise

    def reread(self, number: str) -> tuple[Incoming, ...]:
        """All that a dossier tells, as if nothing of it had been seen; raises `DeliveryError`s.

        Nothing is remembered: the poll goes on as it stood, and keys tell what is known.
        """
        rows, _ = self.client.search(self.deadline(), page="0", size="2", code=number)
        known = next((str(row["id"]) for row in rows if row.get("code") == number and row.get("id")), None)
        record = self._whole(known) if known else None
        if record is None:
            return ()
        return tuple(incoming(event, record) for event in news(record, Seen())[0])

    def _page(self, scan: scans.Scan, announced: list[str], recall: Recall) -> Page:
        rows, last = self._search(scan)
        good = [row for row in rows if row.get("id")]
        times = [_utc(row.get("updatedDate")) for row in good]
        now = dt.datetime.now(VIETNAM) + dt.timedelta(seconds=self.settings.overlap)
        after = scans.advance(scan, times, last=last, latest=now.isoformat(timespec="milliseconds"))
        ids = list(dict.fromkeys([*announced, *(str(row["id"]) for row in good)]))
        seen = {known: msgspec.json.decode(memory, type=Seen) for known, memory in recall(ids).items()}
        changed = {str(row["id"]) for row in good if _newer(row, seen.get(str(row["id"])))}
        wanted = [known for known in ids if known in changed or known in announced]
        records = dict(zip(wanted, self.readers.map(self._whole, wanted), strict=True))
        items, remember = _told({known: record for known, record in records.items() if record}, seen)
        lost = [row for row in rows if row not in good or records.get(str(row["id"]), row) is None]
        broken = tuple((msgspec.json.encode(row), "a row of the search without a dossier") for row in lost)
        return Page(items, scans.write(after), remember, broken, more=after.more)

    def _search(self, scan: scans.Scan) -> tuple[list[dict[str, Any]], bool]:
        return self.client.search(
            self.deadline(),
            page=str(scan.page),
            size=str(self.settings.page),
            sort="updatedDate,asc",
            updated_from=scan.at,
        )

    def _whole(self, known: str) -> dict[str, Any] | None:
        """A dossier whole; None where the one-stop does not have it (any more)."""
        record = self.client.online(known, self.deadline())
        return record if record and record.get("id") == known else None

    def _earlier(self, high: str) -> str:
        """From when to read: the overlap before the latest change seen."""
        latest = moment(high)
        if latest is None:
            return self.settings.since
        return (latest - dt.timedelta(seconds=self.settings.overlap)).isoformat(timespec="milliseconds")


def _told(
    records: Mapping[str, dict[str, Any]], seen: Mapping[str, Seen]
) -> tuple[tuple[Incoming, ...], dict[str, bytes]]:
    """What the records tell beyond what was seen, and what to remember."""
    items: list[Incoming] = []
    remember: dict[str, bytes] = {}
    for known, record in records.items():
        events, now = news(record, seen.get(known, Seen()))
        items += [incoming(event, record) for event in events]
        remember[known] = msgspec.json.encode(now)
    return tuple(items), remember


def moment(text: Any) -> dt.datetime | None:
    """Read a time with offset (reference 7b: ISO-8601), on Vietnam's clock; None where it is none."""
    try:
        read = dt.datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return read.astimezone(VIETNAM) if read and read.tzinfo else None


def _utc(text: Any) -> str:
    """A time in one form that sorts as text, and that the search takes; "" where it is none."""
    read = moment(text)
    return read.isoformat(timespec="milliseconds") if read else ""


def _newer(row: Mapping[str, Any], seen: Seen | None) -> bool:
    if seen is None:
        return True
    then, now = moment(seen.updated), moment(row.get("updatedDate"))
    return then is None or now is None or now > then


def incoming(event: Event, record: Mapping[str, Any]) -> Incoming:
    """An event of a record as a message of the source."""
    raw = msgspec.json.encode(event.tree)
    return Incoming(event.kind, event.tree, raw, key=event.key, as_of=moment(record.get("updatedDate")))
