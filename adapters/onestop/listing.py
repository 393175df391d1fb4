"""Lists the dossiers of the search (reference 7b), to compare them with what the ledger holds."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

import msgspec

from adapters._kit import scan as scans
from adapters.onestop.changes import VIETNAM, moment
from adapters.onestop.client import OneStopClient
from bus.errors import TransientError
from bus.ports import Deadline
from bus.views import Listed


def listed(
    client: OneStopClient, size: int, since: datetime, deadline: Callable[[], Deadline]
) -> Iterator[Listed]:
    """Every row that changed from `since` on; a row that moves while pages are read comes again.

    Raises `DeliveryError`s: also where a row has no number, for a list with holes proves nothing.
    """
    scan = scans.begin(scans.Scan(), _text(since))
    while scan.more:
        rows, last = client.search(
            deadline(), page=str(scan.page), size=str(size), sort="updatedDate,asc", updated_from=scan.at
        )
        read = [_row(row) for row in rows]
        yield from read
        times = [_text(one.changed) for one in read if one.changed]
        scan = scans.advance(scan, times, last=last, latest=_text(datetime.now(VIETNAM)))


def read_listed(raw: bytes) -> Listed:
    """A kept record as its row would be; raises ValueError."""
    try:
        record = msgspec.json.decode(raw)
    except msgspec.DecodeError as error:
        raise ValueError(str(error)) from None
    return _listed(record)


def _row(row: Mapping[str, Any]) -> Listed:
    try:
        return _listed(row)
    except ValueError as error:
        raise TransientError(
            f"A row of the one-stop's search cannot be read: {error}", code="search"
        ) from None


def _listed(record: Any) -> Listed:
    if not isinstance(record, dict) or not record.get("code"):
        raise ValueError("no dossier with a `code`")
    status, procedure = (record.get(name) for name in ("statusCurrentTask", "procedure"))
    return Listed(
        str(record["code"]),
        str(procedure.get("code", "")) if isinstance(procedure, dict) else "",
        str(status.get("id", "")) if isinstance(status, dict) else "",
        moment(record.get("updatedDate")),
    )


def _text(at: datetime) -> str:
    return at.astimezone(VIETNAM).isoformat(timespec="milliseconds")
