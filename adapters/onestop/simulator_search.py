"""`GET /pa/dossier/search` (reference 7b): paged rows of the index, `spec=slice`.

`nation-code`, `updated-from` and the order `updatedDate` are ours [I]. A page is cut from what the index
shows at that moment: a dossier that changes between two pages moves to the end, and a reader that counts
pages misses its neighbour. `updated-from` and the `accepted-` bounds are inclusive, ISO 8601 with an offset.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, Final

from adapters.onestop import simulator_times as times
from adapters.onestop.simulator_checks import Problem, at
from adapters.onestop.simulator_dossier import Dossier, Facts
from adapters.onestop.simulator_register import Register
from adapters.onestop.simulator_words import STATUS_NAMES

SORTS: Final = ("updatedDate", "appliedDate", "acceptedDate", "appointmentDate", "code")
PARAMETERS: Final = frozenset(
    {
        "page",
        "size",
        "spec",
        "code",
        "nation-code",
        "dossier-status",
        "sort",
        "updated-from",
        "accepted-from",
        "accepted-to",
        "identity-number",
    }
)
LARGEST_PAGE: Final = 200
Query = Mapping[str, str]
Keep = Callable[[Facts], bool]


def problems(query: Query) -> list[Problem]:
    """Return all that is wrong with the parameters; an empty one counts as absent."""
    unknown = (Problem(name, "is no parameter of this search") for name in sorted(query.keys() - PARAMETERS))
    return [*unknown, *_numbers(query), *_words(query), *_bounds(query)]


def search(register: Register, query: Query) -> dict[str, Any]:
    """Return one slice; the query has no problems."""
    page, size = int(query.get("page") or 0), int(query.get("size") or 20)
    keeps = list(_filters(query, register.by_id))
    rows = (row for row in _candidates(register, query) if all(keep(row) for keep in keeps))
    # one more than the page tells whether it is the last
    cut = list(islice(rows, page * size, (page + 1) * size + 1))
    content, last = cut[:size], len(cut) <= size
    return {
        "content": content,
        "number": page,
        "size": size,
        "numberOfElements": len(content),
        "first": page == 0,
        "last": last,
        "empty": not content,
    }


def _candidates(register: Register, query: Query) -> Iterable[Facts]:
    """Return rows in the order asked for, as few as the index can tell; the filters have the last word."""
    name, _, way = (query.get("sort") or "updatedDate,asc").partition(",")
    number = query.get("code") or query.get("nation-code")
    if name == "updatedDate" and not number:
        changed = times.read(query.get("updated-from"))
        return register.visible(times.millis(changed) if changed else "", newest_first=way == "desc")
    rows = register.numbered(number) if number else register.visible()
    return sorted(rows, key=lambda row: (_order(row[name]), row["id"]), reverse=way == "desc")


def _numbers(query: Query) -> Iterator[Problem]:
    for name, least, most in (("page", 0, 1_000_000), ("size", 1, LARGEST_PAGE)):
        text = query.get(name)
        if text and not (text.isascii() and text.isdigit() and least <= int(text) <= most):
            yield Problem(name, f"must be a whole number from {least} to {most}")


def _words(query: Query) -> Iterator[Problem]:
    if query.get("spec", "slice") != "slice":
        yield Problem("spec", "must be slice")
    codes = {str(status) for status in STATUS_NAMES}
    if query.get("dossier-status") and not set(query["dossier-status"].split(",")) <= codes:
        yield Problem("dossier-status", "must be codes from 1 to 10, with commas between")
    name, _, way = (query.get("sort") or "updatedDate,asc").partition(",")
    if name not in SORTS or way not in ("", "asc", "desc"):
        yield Problem("sort", f"must be one of {', '.join(SORTS)}, then ,asc or ,desc")


def _bounds(query: Query) -> Iterator[Problem]:
    for name in ("updated-from", "accepted-from", "accepted-to"):
        if query.get(name) and times.read(query[name]) is None:
            yield Problem(name, "must be ISO 8601 with an offset, its plus sign written %2B")


def _filters(query: Query, dossiers: Mapping[str, Dossier]) -> Iterator[Keep]:
    for name, key in (("code", "code"), ("nation-code", "nationCode")):
        if query.get(name):
            yield _equal(key, query[name])
    if query.get("dossier-status"):
        statuses = {int(code) for code in query["dossier-status"].split(",")}
        yield lambda row: row["statusCurrentTask"]["id"] in statuses
    if query.get("identity-number"):
        wanted = query["identity-number"]
        yield lambda row: at(dossiers[row["id"]].facts, "applicant.data.identityNumber") == wanted
    yield from _between(query)


def _equal(key: str, wanted: str) -> Keep:
    return lambda row: row[key] == wanted


def _between(query: Query) -> Iterator[Keep]:
    from_, until = times.read(query.get("accepted-from")), times.read(query.get("accepted-to"))
    if from_:
        yield _not_before("acceptedDate", from_)
    if until:
        yield lambda row: bool(row["acceptedDate"]) and _moment(row["acceptedDate"]) <= until
    changed = times.read(query.get("updated-from"))
    if changed:
        yield _not_before("updatedDate", changed)


def _not_before(key: str, moment: dt.datetime) -> Keep:
    return lambda row: bool(row[key]) and _moment(row[key]) >= moment


def _order(value: str | None) -> str:
    """Return what sorts: a time in Vietnam's clock, as senders write other offsets too; a code as it is."""
    moment = times.read(value)
    return times.millis(moment) if moment else value or ""


def _moment(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)
