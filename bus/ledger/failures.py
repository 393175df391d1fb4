"""What needs a person, for whoever shows it: grouped by cause, one whole, retries, proposals. Reading only.

Texts here may hold what a citizen wrote: whoever shows them covers them (`bus.redaction`).
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, and_, func, select

from bus.ledger import read, schema, versions
from bus.ledger.schema_failures import patch, proposal, retry_item, retry_run

_d, _m, _a, _p = schema.delivery.c, schema.message.c, schema.attempt.c, schema.payload.c
_i, _r = retry_item.c, retry_run.c

_VARIES = (
    (re.compile(r"\b[0-9a-fA-F]{8,}(?:-[0-9a-fA-F]{4,})*\b"), "#"),
    (re.compile(r"\b[A-Z][\w.]*\d[\w./-]*"), "#"),
    (re.compile(r"\d+"), "#"),
    (re.compile(r"#(?:[ .,:/-]?#)+"), "#"),
    (re.compile(r"\s+"), " "),
)
"""What differs between like reasons: hashes, numbers of dossiers, counts and times."""


@dataclass(frozen=True, slots=True)
class Group:
    """What failed alike. `key` names the group as long as its cause is the same.

    `where` is "connector.operation", of messages "source: kind"; `code` is the peer's own; `reason` is the
    newest one, `pattern` what all have in common; `subjects` are "12" (delivery) or "m7" (message).
    """

    key: str
    state: str
    where: str
    cause: str
    code: str
    pattern: str
    reason: str
    subjects: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Run:
    """A retry and its account: `requested = delivered + failed + skipped + pending`."""

    run: int
    state: str
    who: str
    reason: str
    note: str
    stage: int
    stages: int
    rate: float | None
    at: float
    ended_at: float | None
    requested: int
    delivered: int
    failed: int
    skipped: int
    pending: int


def pattern_of(reason: str) -> str:
    """A reason without what differs from one to the next."""
    for varies, mark in _VARIES:
        reason = varies.sub(mark, reason)
    return reason.strip()[:200]


def groups(tx: Connection, limit: int = 10_000) -> list[Group]:
    """What needs a person by state, place, cause, code and pattern of the reason; the largest first."""
    found: dict[tuple[str, str, str, str, str], list[Mapping[str, Any]]] = {}
    for row in _with_codes(tx, read.troubles(tx, limit)):
        is_delivery = row["what"] == "delivery"
        where = f"{row['connector']}.{row['operation']}" if is_delivery else f"{row['source']}: {row['kind']}"
        cause = row["cause"] or "?" if is_delivery else "intake"
        found.setdefault((row["state"], where, cause, row["code"], pattern_of(row["reason"])), []).append(row)
    made = [
        Group(_key(cause), *cause, reason=rows[-1]["reason"], subjects=tuple(map(subject_of, rows)))
        for cause, rows in found.items()
    ]
    return sorted(made, key=lambda group: -len(group.subjects))


def subject_of(row: Mapping[str, Any]) -> str:
    """How a trouble is named: "12" a delivery, "m7" a message."""
    return str(row["id"]) if row["what"] == "delivery" else f"m{row['id']}"


def _key(cause: Sequence[str]) -> str:
    return hashlib.sha256("\0".join(cause).encode()).hexdigest()[:8]


def _with_codes(tx: Connection, troubles: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each trouble with the peer's own code for it, "" where it gave none."""
    codes: dict[int, str] = {}
    wanted = [row["id"] for row in troubles if row["what"] == "delivery"]
    for start in range(0, len(wanted), 500):
        part = wanted[start : start + 500]
        query = select(_a.delivery, _a.code).join(schema.delivery, _d.id == _a.delivery)
        query = query.where(_a.delivery.in_(part), _a.attempt == _d.attempt, _a.code != "")
        codes |= {row[0]: row[1] for row in tx.execute(query.order_by(_a.delivery, _a.part))}
    return [row | {"code": codes.get(row["id"], "") if row["what"] == "delivery" else ""} for row in troubles]


def delivery(tx: Connection, number: int) -> dict[str, Any] | None:
    """One delivery whole: row, numbers of its dossier, every attempt with the peer's answer, versions, edits.

    `content` are the bytes that its message was kept from; `sheets` the digests in use when it was kept.
    """
    row = tx.execute(select(schema.delivery).where(_d.id == number)).mappings().one_or_none()
    if row is None:
        return None
    tries = select(schema.attempt).where(_a.delivery == number).order_by(_a.attempt, _a.part)
    edits = select(patch).where(patch.c.delivery == number).order_by(patch.c.id)
    return dict(row) | {
        "codes": read.codes(tx, row["dossier"]),
        "attempts": [dict(one) for one in tx.execute(tries).mappings()],
        "edits": [dict(one) for one in tx.execute(edits).mappings()],
        "set": dict(versions.set_of(tx, row["config"])),
        "actions": actions(tx, f"delivery {number}"),
        "content": tx.execute(select(_p.raw).where(_p.message == row["message"])).scalar(),
    }


def message(tx: Connection, number: int) -> dict[str, Any] | None:
    """One message whole, as `delivery`; `stored` is the peer's tree where it was set aside."""
    row = tx.execute(select(schema.message).where(_m.id == number)).mappings().one_or_none()
    if row is None:
        return None
    payload = tx.execute(select(_p.raw, _p.canonical).where(_p.message == number)).one()
    return dict(row) | {
        "codes": read.codes(tx, row["dossier"]) if row["dossier"] else {},
        "set": dict(versions.set_of(tx, row["config"])),
        "actions": actions(tx, f"message {number}"),
        "content": payload.raw,
        "stored": payload.canonical,
    }


def actions(tx: Connection, subject: str) -> list[dict[str, Any]]:
    """What people did to one thing, in order."""
    table = schema.action
    query = select(table).where(table.c.subject == subject).order_by(table.c.id)
    return [dict(row) for row in tx.execute(query).mappings()]


def proposals(tx: Connection) -> list[dict[str, Any]]:
    """What waits for a second person, the oldest first; without the patch itself."""
    table = proposal
    columns = [column for column in table.c if column.name != "body"]
    query = select(*columns).where(table.c.outcome == "").order_by(table.c.id)
    return [dict(row) for row in tx.execute(query).mappings()]


def run(tx: Connection, number: int) -> Run | None:
    """A retry with its account; None where there is none."""
    found = runs(tx, _r.id == number)
    return found[0] if found else None


def runs(tx: Connection, *where: Any, limit: int = 50) -> list[Run]:
    """The newest retries, each with its account."""
    rows = tx.execute(select(retry_run).where(*where).order_by(_r.id.desc()).limit(limit)).all()
    counted = select(_i.run, _i.state, func.count()).where(_i.run.in_([row.id for row in rows]))
    counts: dict[int, dict[str, int]] = {row.id: {} for row in rows}
    for of_run, state, count in tx.execute(counted.group_by(_i.run, _i.state)):
        counts[of_run][state] = count
    return [_run(row, counts[row.id]) for row in rows]


def _run(row: Any, counts: Mapping[str, int]) -> Run:
    ended = {state: counts.get(state, 0) for state in ("delivered", "failed", "skipped")}
    pending = counts.get("waiting", 0) + counts.get("asked", 0)
    return Run(
        run=row.id,
        state=row.state,
        who=row.who,
        reason=row.reason,
        note=row.note,
        stage=row.stage,
        stages=row.stages,
        rate=row.rate,
        at=row.at,
        ended_at=row.ended_at,
        requested=row.requested,
        pending=pending,
        **ended,
    )


def items(tx: Connection, number: int, *states: str, limit: int = 1000) -> list[dict[str, Any]]:
    """The items of a retry in some states (all, without one), with why, in order."""
    query = select(retry_item).where(_i.run == number).order_by(_i.place).limit(limit)
    query = query.where(_i.state.in_(states)) if states else query
    return [dict(row) for row in tx.execute(query).mappings()]


def overtaken_by(tx: Connection, row: Mapping[str, Any]) -> int | None:
    """The newer delivery that would go instead of a dead replacing one; None where it would go itself."""
    if row["appends"]:
        return None
    same = and_(
        _d.dossier == row["dossier"], _d.connector == row["connector"], _d.operation == row["operation"]
    )
    later = select(_d.id).where(same, _d.id > row["id"], _d.state.not_in(("superseded", "discarded")))
    return tx.execute(later.order_by(_d.id.desc()).limit(1)).scalar()
