"""Polls dossiers submitted on the portal: a search by time of change, ours [I], that shows states.

What is new since the last look is remembered per MaHoSo; the facts and their keys are made in `facts`.
"""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from adapters._kit import scan as scans
from adapters.national_portal import attachments
from adapters.national_portal.attachments import FILE_LIMIT
from adapters.national_portal.client import PortalClient
from adapters.national_portal.content import shared
from adapters.national_portal.facts import STAMP, VIETNAM, Fact, Seen, moment, news
from adapters.national_portal.settings import Search
from adapters.national_portal.spelling import restored
from bus.ports import Deadline, Incoming, Page

Recall = Callable[[list[str]], Mapping[str, bytes]]


@dataclass(frozen=True, slots=True)
class Submitted:
    """The poll. `deadline` makes one for each page; `names` spell upper-case keys back.

    `told_differently` are fields in which push and search differ without being another content.
    """

    client: PortalClient
    search: Search
    names: Mapping[str, str]
    deadline: Callable[[], Deadline]
    told_differently: frozenset[str] = frozenset()

    def fetch(self, cursor: str, recall: Recall) -> Page:
        """Read one page and hand in what is new; raises `DeliveryError`s and may be repeated."""
        scan = scans.read(cursor)
        scan = scans.begin(scan, self._earlier(scan.high))
        rows = self.rows(scan)
        good = [row for row in rows if isinstance(row, dict) and isinstance(row.get("MAHOSO"), str)]
        times = [_stamp(row.get(self.search.changed)) for row in good]
        latest = (dt.datetime.now(VIETNAM) + dt.timedelta(seconds=self.search.overlap)).strftime(STAMP)
        after = scans.advance(scan, times, last=len(rows) < self.search.rows, latest=latest)
        known = recall([row["MAHOSO"] for row in good])
        items: list[Incoming] = []
        remember: dict[str, bytes] = {}
        for row in good:
            new, memory = self._news(row, remember.get(row["MAHOSO"]) or known.get(row["MAHOSO"]))
            items += new
            remember |= {row["MAHOSO"]: memory} if memory != known.get(row["MAHOSO"]) else {}
        broken = tuple((_raw(row), "a row of the search has no MAHOSO") for row in rows if row not in good)
        return Page(tuple(items), scans.write(after), remember, broken, more=after.more)

    def rows(self, scan: scans.Scan) -> list[Any]:
        """One page of the search; raises `DeliveryError`s."""
        listed = self.client.read(self.search.service, self._params(scan), self.deadline()).result
        return listed if isinstance(listed, list) else []

    def reread(self, number: str) -> tuple[Incoming, ...]:
        """What a dossier tells that its citizen did, as if nothing of it had been seen.

        Nothing is remembered: the poll goes on as it stood, and keys tell what is known.
        """
        row = self.client.find(number, self.deadline())
        return () if row is None else tuple(self._news(row, None)[0])

    def _params(self, scan: scans.Scan) -> dict[str, str]:
        search = self.search
        # open at the end: a row that changes while pages are read must not leave the range
        tomorrow = dt.datetime.now(VIETNAM) + dt.timedelta(days=1)
        return {
            search.begins: scan.at,
            search.ends: tomorrow.strftime(STAMP),
            search.page: str(scan.page + 1),
            search.size: str(search.rows),
        }

    def _earlier(self, high: str) -> str:
        """From when to read: the overlap before the latest change seen."""
        latest = moment(high)
        if latest is None:
            return self.search.since
        return max(self.search.since, (latest - dt.timedelta(seconds=self.search.overlap)).strftime(STAMP))

    def _news(self, row: dict[str, Any], memory: bytes | None) -> tuple[list[Incoming], bytes]:
        seen = msgspec.json.decode(memory, type=Seen) if memory else Seen()
        told = restored(row, self.names)
        field = self.names.get(self.search.progress, self.search.progress)
        progress = told.pop(field, None) if field else None
        as_of = moment(told.pop(self.search.changed, ""))
        rows = progress if isinstance(progress, list) else None
        facts, now = news(told, rows, seen, self.search.citizen)
        return [self._incoming(fact, row, as_of) for fact in facts], msgspec.json.encode(now)

    def _incoming(self, fact: Fact, row: Mapping[str, Any], as_of: dt.datetime | None) -> Incoming:
        """A fact with its files; one that cannot be read goes on as it came, and the sheet notes it."""
        opened = attachments.opened(fact.tree, _raw(row), FILE_LIMIT)
        return Incoming(
            fact.kind,
            opened.tree,
            opened.raw,
            key=fact.key,
            as_of=as_of,
            fingerprint=shared(fact.content, self.told_differently),
            files=opened.files,
        )


def _stamp(value: Any) -> str:
    return str(value) if moment(value) else ""


def _raw(row: Any) -> bytes:
    return msgspec.json.encode(row)
