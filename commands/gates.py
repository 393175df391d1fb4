"""What keeps deliveries from going: breakers, pauses, windows, a full disk; for a person and a program."""

import time
from collections.abc import Iterator, Sequence
from typing import Any

from rich.table import Table
from sqlalchemy import Connection

from bus.errors import ConfigurationError
from bus.floor import free_bytes
from bus.installation import Installation
from bus.ledger.gate_records import GateRow, Outage
from bus.ledger.gates import read_gates, read_outages
from bus.ledger.ledger import read_only
from commands.parts import one_of, read_settings
from commands.place import Place
from commands.tell import FINE, NEEDS_YOU, covered, local_time, out, put_json
from monitoring.words import BREAKERS

DAY = 86_400.0
_SHOWN = 5
_CAUSES = {
    "breaker": "its breaker was open (cầu dao đã ngắt)",
    "pause": "a person paused it (tạm dừng)",
    "rest": "it had asked to be left alone (hệ thống kia yêu cầu chờ)",
}


def closings(rows: Sequence[GateRow], installation: Installation | None) -> list[dict[str, Any]]:
    """Everything that stops deliveries now, each with its reason and since when (seconds since the epoch)."""
    found = [_of_row(row) for row in rows if row.paused_by or row.state != "closed"]
    found += [_closing(row.connector, _resting(row)) for row in rows if row.rest_in]
    if installation is not None:
        found += _of_windows(installation)
        found += _of_disk(installation)
    return found


def settings_of(place: Place) -> Installation | None:
    """The installation that a place belongs to; None where its settings are not known or wrong."""
    if place.settings is None:
        return None
    try:
        return read_settings(place.settings, secrets=False)
    except ConfigurationError:
        return None


def _of_row(row: GateRow) -> dict[str, Any]:
    return {
        "connector": row.connector,
        "operation": row.operation,
        "breaker": row.state,
        "paused_by": row.paused_by,
        "reason": covered(row.paused_reason or row.reason or ""),
        "since": row.paused_at or row.opened_at,
    }


def _resting(row: GateRow) -> str:
    return f"the peer asked to be left alone for {row.rest_in:.0f} s more (hệ thống kia yêu cầu chờ)"


def _of_windows(installation: Installation) -> Iterator[dict[str, Any]]:
    now = time.time()
    for name, peer in installation.connectors.items():
        if peer.window is not None and peer.window.is_shut(now, installation.calendar.working):
            yield _closing(name, f"maintenance window (khung giờ bảo trì) {peer.window}")


def _of_disk(installation: Installation) -> Iterator[dict[str, Any]]:
    data, least = installation.installation.data, installation.installation.free_disk
    if data.exists() and (free := free_bytes(data)) < least:
        yield _closing(
            "", f"the disk is nearly full (đĩa gần đầy): {free:_} bytes free, the floor is {least.written}"
        )


def _closing(connector: str, reason: str) -> dict[str, Any]:
    return {
        "connector": connector,
        "operation": "",
        "breaker": "closed",
        "paused_by": None,
        "reason": reason,
        "since": None,
    }


def line(closing: dict[str, Any]) -> str:
    """A closing as a sentence."""
    name = ".".join(filter(None, (closing["connector"] or "everything", closing["operation"])))
    what = ""
    if closing["paused_by"]:
        what = f"paused by {closing['paused_by']}"
    elif closing["breaker"] != "closed":
        what = f"breaker {closing['breaker']} ({BREAKERS[closing['breaker']]})"
    since = f"since {local_time(closing['since'])}" if closing["since"] else ""
    return f"{name}: {': '.join(filter(None, (' '.join(filter(None, (what, since))), closing['reason'])))}"


def list_connectors(place: Place, name: str | None, *, as_json: bool) -> int:
    """Print every connector's gate and when its peer was away; `NEEDS_YOU` where anything is shut.

    Reads only; may be repeated. Raises `ConfigurationError` for a name that is not there.
    """
    rows, outages = read_only(place.ledger, _questions)
    installation = settings_of(place)
    known = sorted({row.connector for row in rows} | set(installation.connectors if installation else ()))
    if name is not None:
        one_of("connector", name, known)
        known = [name]
    shut = closings(rows, installation)
    told = [_connector(one, rows, shut, outages, installation) for one in known]
    if as_json:
        put_json({"connectors": told})
    else:
        _print(told)
    return NEEDS_YOU if any(one["shut"] for one in told) else FINE


def _questions(tx: Connection) -> tuple[tuple[GateRow, ...], tuple[Outage, ...]]:
    return read_gates(tx), read_outages(tx)


def _connector(
    name: str,
    rows: Sequence[GateRow],
    shut: Sequence[dict[str, Any]],
    outages: Sequence[Outage],
    installation: Installation | None,
) -> dict[str, Any]:
    """One connector as a program reads it; a breaker that was never needed has no row and is closed."""
    peer = installation.connectors.get(name) if installation else None
    return {
        "connector": name,
        "mode": peer.mode if peer else None,
        "window": str(peer.window) if peer and peer.window else None,
        "shut": [one for one in shut if one["connector"] in ("", name) and one["breaker"] != "half-open"],
        "breakers": [_breaker(row) for row in rows if row.connector == name],
        "away": [_away(one) for one in outages if one.connector == name and _is_recent(one)],
    }


def _breaker(row: GateRow) -> dict[str, Any]:
    return {
        "operation": row.operation,
        "state": row.state,
        "reason": covered(row.reason),
        "since": row.opened_at,
        "probe_in": round(max(0.0, row.probe_in), 1) if row.state == "open" else None,
    }


def _away(one: Outage) -> dict[str, Any]:
    return {
        "operation": one.operation,
        "cause": one.cause,
        "began_at": one.began_at,
        "ended_at": one.ended_at,
    }


def _away_line(name: str, away: dict[str, Any]) -> str:
    """When nothing was sent to a peer, and why, as a sentence."""
    where = ".".join(filter(None, (name, away["operation"])))
    began, ended = local_time(away["began_at"]), local_time(away["ended_at"])
    until = f"to {ended}" if ended else "and still is"
    why = _CAUSES.get(away["cause"], away["cause"])
    return f"nothing was sent to {where} from {began} {until}: {why}"


def _times(number: int) -> str:
    return {0: "", 1: "once"}.get(number, f"{number} times")


def _is_recent(one: Outage) -> bool:
    return one.ended_at is None or one.ended_at > time.time() - DAY


def _print(told: Sequence[dict[str, Any]]) -> None:
    console = out()
    table = Table()
    for column in ("connector", "mode", "window (UTC+7)", "now", "trạng thái", "away in 24 h"):
        table.add_column(column, overflow="fold")
    for one in told:
        trial = any(each["state"] == "half-open" for each in one["breakers"])
        state = "shut" if one["shut"] else "tried again" if trial else "goes"
        vietnamese = "Đang dừng" if one["shut"] else BREAKERS["half-open" if trial else "closed"]
        away = _times(len(one["away"]))
        row = (one["connector"], one["mode"] or "", one["window"] or "", state, vietnamese, away)
        table.add_row(*row, style="yellow" if one["shut"] else "")
    console.print(table)
    for closing in [closing for one in told for closing in one["shut"]]:
        console.print(line(closing), style="yellow", soft_wrap=True)
    for one in told:
        for away in one["away"][-_SHOWN:]:
            console.print(_away_line(one["connector"], away), soft_wrap=True)
