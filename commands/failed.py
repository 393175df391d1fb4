"""`failed`: what needs a person, grouped by its cause; each whole, with reason and history."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from rich.table import Table
from sqlalchemy import Connection

from bus.ledger import failures, legs
from bus.ledger.failures import Group
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


def list_failed(place: Place, *, as_json: bool) -> int:
    """Print what needs a person; `NEEDS_YOU` where anything does. Reads only; may be repeated."""
    made, waiting, asked = read_only(place.ledger, _questions)
    groups = [*made, *undoing(waiting)]
    total = sum(len(group.subjects) for group in groups)
    if as_json:
        rows = [_as_object(group) for group in groups]
        told = {"total": total, "complete": total < MOST, "groups": rows}
        put_json(told | {"proposals": [_proposal(one) for one in asked]})
    elif groups:
        out().print(_table(groups, total))
    else:
        say("nothing needs a person (không có việc nào cần người xử lý)")
    if asked and not as_json:
        out().print(_proposals(asked))
    return NEEDS_YOU if groups or asked else FINE


def _questions(tx: Connection) -> tuple[list[Group], list[dict[str, Any]], list[dict[str, Any]]]:
    return failures.groups(tx, MOST), legs.undoing(tx, MOST), failures.proposals(tx)


def undoing(waiting: Sequence[dict[str, Any]]) -> list[Group]:
    """Legs of withdrawn dossiers that only a person can undo; `subjects` are the dossiers' numbers."""
    of: dict[str, list[dict[str, Any]]] = {}
    for row in waiting:
        of.setdefault(row["route"], []).append(row)
    return [
        Group(
            key="",
            state="undoing",
            where=route,
            cause="withdrawn",
            code="",
            pattern=failures.pattern_of(rows[0]["reason"]),
            reason=rows[0]["reason"],
            subjects=tuple(str(row["number"]) for row in rows),
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


def _as_object(group: Group) -> dict[str, Any]:
    return {
        "group": group.key,
        "state": group.state,
        "where": group.where,
        "cause": group.cause,
        "code": covered(group.code),
        "pattern": covered(group.pattern),
        "reason": covered(group.reason),
        "count": len(group.subjects),
        "ids": group.subjects,
    }


def _proposal(one: dict[str, Any]) -> dict[str, Any]:
    shown = {key: one[key] for key in ("id", "who", "what", "subject")}
    return shown | {"at": iso_time(one["at"]), "reason": covered(one["reason"])}


def _table(groups: Sequence[Group], total: int) -> Table:
    more = " (there are more)" if total >= MOST else ""
    table = Table(title=f"{total} need a person{more}", title_justify="left")
    for name in ("group", "state", "trạng thái", "where", "cause", "count", "reason", "show"):
        table.add_column(name, overflow="fold", justify="right" if name == "count" else "left")
    for group in groups:
        shown = " ".join(group.subjects[:_IDS_SHOWN]) + (" …" if len(group.subjects) > _IDS_SHOWN else "")
        cause = " ".join(filter(None, (group.cause, covered(group.code))))
        counted = (cause, str(len(group.subjects)), covered(group.reason), shown)
        table.add_row(group.key, group.state, in_vietnamese(group.state), group.where, *counted)
    return table


def _proposals(asked: Sequence[dict[str, Any]]) -> Table:
    title = "wait for a second person (chờ người thứ hai duyệt): failed agree, failed refuse"
    table = Table(title=title, title_justify="left")
    for name in ("proposal", "time (UTC+7)", "who", "what", "of", "reason"):
        table.add_column(name, overflow="fold")
    for one in asked:
        row = (local_time(one["at"]), one["who"], one["what"], one["subject"], covered(one["reason"]))
        table.add_row(str(one["id"]), *row)
    return table


_PLACE = ("dossier", "message", "route", "connector", "operation")
_DELIVERY = (*_PLACE, "state", "cause", "tries", "given_up")
_MESSAGE = ("dossier", "source", "kind", "state")


def _delivery(tx: Connection, number: int) -> dict[str, Any] | None:
    row = failures.delivery(tx, number)
    if row is None:
        return None
    told = {"delivery": number, **{key: row[key] for key in _DELIVERY}, **_common(row)}
    told |= {"changed": iso_time(row["changed_at"]), "overtaken_by": failures.overtaken_by(tx, row)}
    return told | {
        "history": [_attempt(one) for one in row["attempts"]],
        "edits": [_edit(one) for one in row["edits"]],
        "content": _open(row["content"]),
    }


def _message(tx: Connection, number: int) -> dict[str, Any] | None:
    row = failures.message(tx, number)
    if row is None:
        return None
    told = {"message": number, **{key: row[key] for key in _MESSAGE}, **_common(row)}
    return told | {"key": covered(row["key"]), "content": _open(row["content"])}


def _common(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "reason": covered(row["reason"]),
        "kept": iso_time(row["kept_at"]),
        "config": row["config"],
        "set": row["set"],
        "codes": row["codes"],
        "actions": [_action(one) for one in row["actions"]],
    }


def _attempt(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "at": iso_time(row["ended_at"]),
        "attempt": row["attempt"],
        "asked": bool(row["part"]),
        "outcome": row["outcome"],
        "code": covered(row["code"]),
        "text": covered(row["text"]),
        "answer": _open(row["answer"] or None),
    }


def _edit(row: dict[str, Any]) -> dict[str, Any]:
    patch = _open(row["body"])
    return {
        "at": iso_time(row["made_at"]),
        "who": row["who"],
        "reason": covered(row["reason"]),
        "patch": patch,
    }


def _action(row: dict[str, Any]) -> dict[str, Any]:
    shown = {"at": iso_time(row["at"]), "who": row["who"], "what": row["what"]}
    return shown | {"reason": covered(row["reason"])}


def _open(raw: bytes | None) -> Any:
    """What a source or a peer said: what a citizen wrote covered, or its size where it is no JSON."""
    if raw is None:
        return None
    try:
        return veiled(msgspec.json.decode(raw))
    except (msgspec.DecodeError, RecursionError):
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
    "overtaken_by": "lần mới hơn thay thế",
    "config": "bộ cấu hình",
    "set": "phiên bản",
}


def _shown(key: str, value: Any) -> str:
    """A value of `failed show` as the person on duty reads it; what is not there stays blank."""
    if key == "set":
        return f"{len(value)} sheets and routes; --json names each" if value else "not recorded"
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
        _print_answer(found["history"])
    if found["actions"]:
        console.print(_actions(found["actions"]))
    for edit in found.get("edits", ()):
        console.print(f"edited by {edit['who']} at {_clock(edit['at'])} (đã sửa): {edit['reason']}")
        console.print(msgspec.json.format(msgspec.json.encode(edit["patch"])).decode())
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


def _print_answer(tries: Sequence[dict[str, Any]]) -> None:
    last = next((one for one in reversed(tries) if one["answer"] is not None), None)
    if last is not None:
        out().print(
            f"what the peer answered to attempt {last['attempt']} (nơi nhận trả lời), values covered:"
        )
        out().print(msgspec.json.format(msgspec.json.encode(last["answer"])).decode())


def _actions(done: Sequence[dict[str, Any]]) -> Table:
    table = Table(title="what people did (đã xử lý)", title_justify="left")
    for name in ("time (UTC+7)", "who", "what", "reason"):
        table.add_column(name, overflow="fold")
    for one in done:
        table.add_row(_clock(one["at"]), one["who"], one["what"], one["reason"])
    return table
