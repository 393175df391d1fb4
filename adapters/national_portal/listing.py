"""What the portal has, to compare it with the ledger: submitted dossiers by its search, one by TraCuuHoSo."""

import datetime as dt
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

import msgspec

from adapters._kit import scan as scans
from adapters.national_portal.client import PortalClient
from adapters.national_portal.facts import STAMP, VIETNAM, moment, submission_of
from adapters.national_portal.pushed import data_of
from adapters.national_portal.settings import Search
from adapters.national_portal.spelling import restored
from adapters.national_portal.submitted import Submitted
from adapters.national_portal.writing import progress_key
from bus.errors import TransientError
from bus.ports import Deadline
from bus.views import Listed

_NEW = "1"
"""Mới đăng ký (reference 4): what every submission says, also where it has been withdrawn since."""


def listed(submitted: Submitted, since: dt.datetime) -> Iterator[Listed]:
    """Every row of the search that changed from `since` on; one that moves while pages are read comes again.

    Compared are those that are still the citizen's: of the others the row shows what we wrote. Raises
    `DeliveryError`s, also where a row has no number, for a list with holes proves nothing.
    """
    scan = scans.begin(scans.Scan(), since.astimezone(VIETNAM).strftime(STAMP))
    while scan.more:
        rows = submitted.rows(scan)
        read = [_row(row, submitted.search, submitted.names) for row in rows]
        yield from read
        times = [one.changed.strftime(STAMP) for one in read if one.changed]
        latest = dt.datetime.now(VIETNAM).strftime(STAMP)
        scan = scans.advance(scan, times, last=len(rows) < submitted.search.rows, latest=latest)


def read_listed(raw: bytes, names: Mapping[str, str]) -> Listed:
    """A kept submission, pushed or found, as its row would be; raises ValueError."""
    try:
        body = msgspec.json.decode(raw)
    except msgspec.DecodeError as error:
        raise ValueError(str(error)) from None
    record = restored(data_of(body), names) if isinstance(body, dict) else {}
    number = isinstance(record, dict) and (record.get("MaHoSo") or record.get("MaHoSoQG"))
    if not number:
        raise ValueError("no submission with a MaHoSo")
    return Listed(str(number), str(record.get("MaTTHC") or ""), _NEW)


def shown(
    client: PortalClient,
    search: Search,
    names: Mapping[str, str],
    number: str,
    deadline: Callable[[], Deadline],
) -> Listed | None:
    """A dossier as TraCuuHoSo shows it, None where the portal has none; raises `DeliveryError`s."""
    row = client.find(number, deadline())
    if row is None:
        return None
    record = restored(row, names)
    status, procedure = str(record.get("TrangThaiHoSo") or ""), str(record.get("MaTTHC") or "")
    return Listed(number, procedure, status, _changed(row, search))


def lost_steps(
    client: PortalClient,
    search: Search,
    names: Mapping[str, str],
    keys: Collection[str],
    deadline: Callable[[], Deadline],
) -> tuple[str, ...] | None:
    """Of rows of progress that were delivered, those that TraCuuHoSo does not show; raises `DeliveryError`s.

    Each is looked for under the number that it was sent under. None where the portal shows no progress, or
    does not have the dossier any more: then the record says so.
    """
    lost: list[str] = []
    for number in sorted({_number(key) for key in keys}):
        row = client.find(number, deadline())
        rows = None if row is None else restored(row, names).get(names.get(search.progress, search.progress))
        if not isinstance(rows, list):
            return None
        there = {progress_key({**step, "MaHoSo": number}) for step in rows if isinstance(step, dict)}
        lost += sorted(key for key in keys if _number(key) == number and key not in there)
    return tuple(lost)


def _number(key: str) -> str:
    return key.partition("|")[0]


def _row(row: Any, search: Search, names: Mapping[str, str]) -> Listed:
    record = restored(row, names) if isinstance(row, dict) else {}
    if not record.get("MaHoSo"):
        raise TransientError("A row of the portal's search has no MAHOSO.", code="search")
    theirs = submission_of(record) is not None
    status = _NEW if theirs else str(record.get("TrangThaiHoSo") or "")
    procedure = str(record.get("MaTTHC") or "")
    return Listed(str(record["MaHoSo"]), procedure, status, _changed(row, search), compared=theirs)


def _changed(row: Mapping[str, Any], search: Search) -> dt.datetime | None:
    return moment(row.get(search.changed))
