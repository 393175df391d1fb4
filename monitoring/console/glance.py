"""The state at a glance: the overview's figures and sentences, and each connector in a line. Pure."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bus.connector import Connector
from bus.ledger.gate_records import GateRow
from bus.ledger.overview import Under
from monitoring.console import show
from monitoring.console.desk import Desk, Snapshot

Say = Callable[..., str]

_GOOD_ENDS = ("delivered", "superseded", "refused")


@dataclass(frozen=True, slots=True)
class Tile:
    """One figure with what it counts, how grave it is, and where it leads."""

    name: str
    number: int
    level: str
    href: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A connector in a line."""

    name: str
    title: str
    mode: str
    level: str
    now: str
    why: str
    paused_by: str
    today: int
    open: int
    oldest: float
    trouble: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the person on duty needs to know first."""

    level: str
    title: str
    text: str


def connector_line(connector: Connector, snapshot: Snapshot, t: Say) -> Line:
    """How a connector stands."""
    name = connector.name
    level, now, why = _gate(connector, [row for row in snapshot.gates if row.connector == name], t)
    under = [one for one in snapshot.under_way if one.connector == name]
    paused = next((row.paused_by for row in snapshot.gates if row.connector == name and row.paused_by), "")
    return Line(
        name=name,
        title=connector.type.title,
        mode=connector.mode,
        level=level,
        now=now,
        why=why,
        paused_by=paused or "",
        today=sum(one.count for one in snapshot.today if one.connector == name and one.state in _GOOD_ENDS),
        open=sum(one.count for one in under),
        oldest=min((one.since for one in under), default=0.0),
        trouble=sum(1 for one in snapshot.troubles if one.get("connector") == name),
    )


def _gate(connector: Connector, rows: Sequence[GateRow], t: Say) -> tuple[str, str, str]:
    """How grave it is, what it does now, and why."""
    if row := next((row for row in rows if row.paused_by), None):
        return "warn", t("connector.paused", who=row.paused_by), row.paused_reason or ""
    if row := next((row for row in rows if row.state == "open"), None):
        return "bad", t("connector.open_breaker", at=show.moment(row.opened_at)), row.reason
    if rest := max((row.rest_in for row in rows), default=0.0):
        return "warn", t("connector.rests", seconds=f"{rest:.0f}"), ""
    if any(row.state == "half-open" for row in rows):
        return "warn", t("connector.trying"), ""
    return _unhindered(connector, t)


def _unhindered(connector: Connector, t: Say) -> tuple[str, str, str]:
    """The same where nothing that the ledger knows of is in the way."""
    if connector.window is not None and connector.window.is_shut(time.time(), connector.calendar):
        return "warn", t("connector.window"), str(connector.window)
    if connector.mode != "live":
        return "calm", t(f"mode.{connector.mode}"), ""
    return "good", t("connector.goes"), ""


def tiles(snapshot: Snapshot, t: Say, language: str) -> tuple[Tile, ...]:
    """The figures of the overview."""
    trouble = len(snapshot.troubles)
    unknown = [one for one in snapshot.under_way if one.state == "unknown"]
    count = sum(one.count for one in snapshot.under_way)
    delivered = sum(one.count for one in snapshot.today if one.state == "delivered")
    return (
        Tile(t("overview.trouble"), trouble, "bad" if trouble else "good", "/failed"),
        Tile(t("overview.under_way"), count, "", "/connectors", _oldest(snapshot.under_way, t, language)),
        Tile(
            t("overview.unknown"),
            sum(one.count for one in unknown),
            "warn" if unknown else "good",
            "/failed",
            _oldest(unknown, t, language),
        ),
        Tile(
            t("overview.late"),
            snapshot.late_legs,
            "warn" if snapshot.late_legs else "good",
            "/legs",
            t("overview.of_open", open=show.count(snapshot.open_legs)),
        ),
        Tile(t("overview.today"), delivered, "", "/flows"),
    )


def _oldest(under: Sequence[Under], t: Say, language: str) -> str:
    since = min((one.since for one in under), default=0.0)
    return t("overview.oldest", age=show.age(since, language)) if since else ""


def verdict(desk: Desk, lines: Sequence[Line], t: Say) -> Verdict:
    """What to know first, in one sentence."""
    snapshot = desk.snapshot
    if not snapshot.at:
        return Verdict("calm", t("overview.starting_title"), t("overview.starting"))
    if snapshot.account and snapshot.account.unaccounted:
        text = t("overview.unaccounted", count=snapshot.account.unaccounted)
        return Verdict("bad", t("overview.bad_title"), text)
    trouble, late = len(snapshot.troubles), snapshot.late_legs
    shut = sum(1 for line in lines if line.level in ("bad", "warn"))
    if trouble or shut or late:
        text = t("overview.look", trouble=trouble, shut=shut, late=late)
        return Verdict("warn", t("overview.look_title"), text)
    return Verdict("good", t("overview.fine_title"), t("overview.fine"))
