"""`failed`: what needs a person, grouped by its cause; each whole, with reason and history."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from rich.table import Table
from sqlalchemy import Connection, select

from bus.ledger import legs, read, schema
from bus.ledger.ledger import read_only
from commands.place import Place
from commands.tell import (
    FINE,
    NEEDS_YOU,
    WRONG_USE,
    covered,
    iso_time,
    local_time,
    out,
    put_json,
    say,
    veiled,
)
from monitoring.words import in_vietnamese

MOST = 10_000
"""How many are read; a list that is longer says so."""

_IDS_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Group:
    """What failed alike: one cause at one place. `ids` name deliveries ("12") and messages ("m7")."""

    state: str
    where: str
    cause: str
    reason: str
    ids: tuple[str, ...]


def list_failed(place: Place, *, as_json: bool) -> int:
    """Print what needs a person; `NEEDS_YOU` where anything does. Reads only; may be repeated."""
    troubles = read_only(place.ledger, read.troubles, MOST)
    waiting = read_only(place.ledger, legs.undoing, MOST)
    groups = [*grouped(troubles), *undoing(waiting)]
    total = len(troubles) + len(waiting)
    if as_json:
        rows = [_as_object(group) for group in groups]
        put_json({"total": total, "complete": total < MOST, "groups": rows})
    elif groups:
        out().print(_table(groups, total))
    else:
        say("nothing needs a person (không có việc nào cần người xử lý)")
    return NEEDS_YOU if groups else FINE


def grouped(troubles: Sequence[dict[str, Any]]) -> list[Group]:
    """Troubles by state, place and cause, the largest group first."""
    groups: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for row in troubles:
        is_delivery = row["what"] == "delivery"
        where = f"{row['connector']}.{row['operation']}" if is_delivery else f"{row['source']}: {row['kind']}"
        cause = row["cause"] or "?" if is_delivery else "intake"
        groups.setdefault((row["state"], where, cause), []).append(row)
    made = [
        Group(*key, covered(rows[0]["reason"]), tuple(_name(row) for row in rows))
        for key, rows in groups.items()
    ]
    return sorted(made, key=lambda group: -len(group.ids))


def undoing(waiting: Sequence[dict[str, Any]]) -> list[Group]:
    """Legs of withdrawn dossiers that only a person can undo; `ids` are the dossiers' numbers."""
    of: dict[str, list[dict[str, Any]]] = {}
    for row in waiting:
        of.setdefault(row["route"], []).append(row)
    return [
        Group(
            "undoing",
            route,
            "withdrawn",
            covered(rows[0]["reason"]),
            tuple(str(row["number"]) for row in rows),
        )
        for route, rows in of.items()
    ]


def show_failed(place: Place, name: str, *, as_json: bool) -> int:
    """Print one delivery ("12") or message ("m7") whole, values covered.

    `NEEDS_YOU` where there is none, `WRONG_USE` for what is no name of one.
    """
    number = name.removeprefix("m")
    if not number.isdecimal():
        say(f'"{name}" names nothing: a delivery is a number like 12, a message one like m7')
        return WRONG_USE
    found = read_only(place.ledger, _message if name.startswith("m") else _delivery, int(number))
    if found is None:
        say(f"there is no {name} in this ledger; `failed list` shows what there is")
        return NEEDS_YOU
    if as_json:
        put_json(found)
    else:
        _print(found)
    return FINE


def _name(row: dict[str, Any]) -> str:
    return str(row["id"]) if row["what"] == "delivery" else f"m{row['id']}"


def _as_object(group: Group) -> dict[str, Any]:
    return {
        "state": group.state,
        "where": group.where,
        "cause": group.cause,
        "reason": group.reason,
        "count": len(group.ids),
        "ids": group.ids,
    }


def _table(groups: Sequence[Group], total: int) -> Table:
    more = " (there are more)" if total >= MOST else ""
    table = Table(title=f"{total} need a person{more}", title_justify="left")
    for name in ("state", "trạng thái", "where", "cause", "count", "reason", "show"):
        table.add_column(name, overflow="fold", justify="right" if name == "count" else "left")
    for group in groups:
        shown = " ".join(group.ids[:_IDS_SHOWN]) + (" …" if len(group.ids) > _IDS_SHOWN else "")
        state = in_vietnamese(group.state)
        table.add_row(group.state, state, group.where, group.cause, str(len(group.ids)), group.reason, shown)
    return table


_PLACE = ("dossier", "message", "route", "connector", "operation")
_DELIVERY = (*_PLACE, "state", "cause", "reason", "tries", "given_up")


def _delivery(tx: Connection, number: int) -> dict[str, Any] | None:
    table, tries = schema.delivery, schema.attempt
    row = tx.execute(select(table).where(table.c.id == number)).mappings().one_or_none()
    if row is None:
        return None
    history = tx.execute(
        select(tries).where(tries.c.delivery == number).order_by(tries.c.attempt, tries.c.part)
    )
    return {
        "delivery": number,
        **{key: row[key] for key in _DELIVERY},
        "reason": covered(row["reason"]),
        "kept": iso_time(row["kept_at"]),
        "changed": iso_time(row["changed_at"]),
        "codes": read.codes(tx, row["dossier"]),
        "history": [_attempt(one) for one in history],
        "content": _content(tx, row["message"]),
    }


def _attempt(row: Any) -> dict[str, Any]:
    return {
        "at": iso_time(row.ended_at),
        "attempt": row.attempt,
        "asked": bool(row.part),
        "outcome": row.outcome,
        "code": row.code,
        "text": covered(row.text),
    }


def _message(tx: Connection, number: int) -> dict[str, Any] | None:
    table = schema.message
    row = tx.execute(select(table).where(table.c.id == number)).mappings().one_or_none()
    if row is None:
        return None
    return {
        "message": number,
        **{key: row[key] for key in ("dossier", "source", "kind", "key", "state")},
        "key": covered(row["key"]),
        "reason": covered(row["reason"]),
        "kept": iso_time(row["kept_at"]),
        "codes": read.codes(tx, row["dossier"]) if row["dossier"] else {},
        "content": _content(tx, number),
    }


def _content(tx: Connection, message: int) -> Any:
    """What the source handed in: what a citizen wrote covered, or its size where it is no JSON."""
    table = schema.payload.c
    raw = tx.execute(select(table.raw).where(table.message == message)).scalar_one_or_none()
    if raw is None:
        return None
    try:
        return veiled(msgspec.json.decode(raw))
    except msgspec.DecodeError:
        return f"{len(raw)} bytes, no JSON"


_LABELS = {
    "delivery": "lần chuyển",
    "message": "thông điệp",
    "dossier": "hồ sơ",
    "codes": "mã hồ sơ",
    "source": "nguồn",
    "kind": "loại",
    "key": "khoá",
    "route": "tuyến",
    "connector": "bộ nối",
    "operation": "thao tác",
    "state": "trạng thái",
    "cause": "nguyên nhân",
    "reason": "lý do",
    "tries": "số lần thử",
    "given_up": "RabbitMQ thôi giao",
    "kept": "lúc lưu",
    "changed": "thay đổi lần cuối",
}


def _shown(key: str, value: Any) -> str:
    """A value of `failed show` as the person on duty reads it; what is not there stays blank."""
    if isinstance(value, dict):
        return "  ".join(f"{name}: {one}" for name, one in value.items())
    if key in ("kept", "changed"):
        return _clock(value)
    if key == "state" and (vietnamese := in_vietnamese(value)):
        return f"{value} ({vietnamese})"
    if key == "given_up":
        return "the broker gave up on its work message" if value else ""
    return "" if value is None else str(value)


def _clock(iso: str | None) -> str:
    return local_time(datetime.fromisoformat(iso).timestamp()) if iso else ""


def _print(found: dict[str, Any]) -> None:
    console = out()
    table = Table(show_header=False)
    for key, name in _LABELS.items():
        if key in found:
            table.add_row(key.replace("_", " "), name, _shown(key, found[key]))
    console.print(table)
    if found.get("history"):
        console.print(_history(found["history"]))
    console.print("what was handed in (nội dung đã nhận), values covered:")
    console.print(msgspec.json.format(msgspec.json.encode(found["content"])).decode())


def _history(tries: Sequence[dict[str, Any]]) -> Table:
    table = Table(title="history (lịch sử)", title_justify="left")
    for name in ("time (UTC+7)", "attempt", "outcome", "kết quả", "code", "text"):
        table.add_column(name, overflow="fold")
    for one in tries:
        number = f"{one['attempt']}{' (asked)' if one['asked'] else ''}"
        table.add_row(
            _clock(one["at"]), number, one["outcome"], in_vietnamese(one["outcome"]), one["code"], one["text"]
        )
    return table
