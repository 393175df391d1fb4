"""Makes events of the states that the one-stop shows: what is new in a dossier, record before steps.

Keys depend on what the one-stop says alone, so that search, overlap, announcement and the answer of a create
recognise each other.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

Record = Mapping[str, Any]
_WITHDRAWN = "7"
_NUMBERS = ("code", "nationCode")
_LISTED = (
    ("supplements", "onestop.supplement"),
    ("results", "onestop.result"),
    ("slips", "onestop.slip"),
    ("transfers", "onestop.transfer"),
)
"""Lists of a dossier whose items are messages of their own."""
_sorted = msgspec.json.Encoder(order="sorted").encode


@dataclass(frozen=True, slots=True)
class Event:
    """A message in the one-stop's shape and its key."""

    kind: str
    tree: dict[str, Any]
    key: str


class Seen(msgspec.Struct, frozen=True, omit_defaults=True):
    """What was handed in of a dossier: as of when, digests of its record and parts, ids of its tasks."""

    updated: str = ""
    record: str = ""
    tasks: tuple[str, ...] = ()
    parts: dict[str, str] = {}


def whole(record: Record) -> Event:
    """The record as a message; the same record at the same time has the same key."""
    key = f"{record['id']}/{record.get('updatedDate', '')}/{digest(record)}"
    return Event("onestop.dossier", dict(record), key)


def news(record: Record, seen: Seen) -> tuple[tuple[Event, ...], Seen]:
    """What a dossier tells beyond what was seen, in order, and what is seen then."""
    events = tuple(_events(record, seen))
    tasks = tuple(_identity(task) for task in _items(record, "tasks"))
    parts = {name: mark for name, _, _, mark in _parts(record)}
    return events, Seen(str(record.get("updatedDate", "")), _record_digest(record), tasks, parts)


def digest(value: Any) -> str:
    """Short digest of a JSON value; the order of keys does not count."""
    return hashlib.sha256(_sorted(value)).hexdigest()[:16]


def _events(record: Record, seen: Seen) -> Iterator[Event]:
    if _record_digest(record) != seen.record:
        yield whole(record)
    for task in _items(record, "tasks"):
        if _identity(task) not in seen.tasks:
            yield _part(record, "onestop.step", task, f"task/{_identity(task)}")
    for name, kind, tree, mark in _parts(record):
        if seen.parts.get(name) != mark:
            whole_record = kind == "onestop.decision_request"
            yield _part(record, kind, record if whole_record else tree, f"{name}/{mark}")


def _parts(record: Record) -> Iterator[tuple[str, str, Record, str]]:
    """What is listed in a dossier, each item by itself, and the withdrawal: (name, kind, tree, digest)."""
    for field, kind in _LISTED:
        for item in _items(record, field):
            told = "onestop.result_revoked" if field == "results" and item.get("revoked") is True else kind
            yield f"{field}/{_identity(item)}", told, item, digest(item)
    for item in _items(record, "decisionRequests"):
        yield f"decisionRequests/{_identity(item)}", "onestop.decision_request", item, _identity(item)
    withdrawal = _withdrawal(record)
    if withdrawal:
        yield "withdrawal", "onestop.withdrawn", withdrawal, str(withdrawal["id"])


def _withdrawal(record: Record) -> Record | None:
    """The withdrawal, as asked for; where a status alone tells it, its task does."""
    given = record.get("withdrawal")
    if isinstance(given, Mapping) and given.get("id"):
        return given
    task = next((task for task in _items(record, "tasks") if _status(task) == _WITHDRAWN), None)
    return task and {
        "id": _identity(task),
        "askedDate": task.get("completedDate"),
        "reason": record.get("reason") or task.get("content"),
    }


def _part(record: Record, kind: str, tree: Record, key: str) -> Event:
    numbers = {name: record.get(name) for name in _NUMBERS}
    return Event(kind, {**tree, **numbers}, f"{record['id']}/{key}")


def _record_digest(record: Record) -> str:
    return digest({name: value for name, value in record.items() if name != "updatedDate"})


def _items(record: Record, field: str) -> list[Record]:
    listed = record.get(field)
    return [item for item in listed if isinstance(item, Mapping)] if isinstance(listed, list) else []


def _identity(item: Record) -> str:
    return str(item.get("id") or digest(item))


def _status(task: Record) -> str:
    status = task.get("status")
    return str(status.get("id", "") if isinstance(status, Mapping) else status)
