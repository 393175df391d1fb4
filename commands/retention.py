"""`retention`: what of personal data is due to go, counted; and removed."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import msgspec
from rich.table import Table

from bus.errors import ConfigurationError, NotPossibleError
from bus.file_references import kept_bytes, tidy
from bus.ledger.ledger import reading
from bus.ledger.retention import Remove, Removed
from bus.ledger.store import Store
from bus.retention import carry_out
from bus.retention_settings import Rules
from commands.control import send
from commands.files import store_of
from commands.parts import read_settings
from commands.people import write
from commands.place import Place, who
from commands.tell import FINE, out, put_json, say

TITLES: dict[str, str] = {
    "words": "từ để tìm (words)",
    "raw": "bản gốc (raw messages)",
    "answers": "trả lời (answers)",
    "content": "nội dung (content)",
    "aside": "tin để riêng (set aside)",
    "files": "tệp (files)",
}


def retain(place: Place, *, dry_run: bool, as_json: bool) -> int:
    """Remove what is due by the installation's rules, or with `dry_run` only count it. May be repeated.

    Beside a running `serve` that one writes. Raises `ConfigurationError` where there are no rules.
    """
    rules = _rules(place)
    with reading(place.ledger) as ask:
        act = None if dry_run else _act(place)
        carried = asyncio.run(carry_out(rules, _awaited(ask), act, now=time.time(), who=who()))
    done: dict[str, Removed] = {str(kind): gone for kind, gone in carried.items()}
    if rules.files:
        done["files"] = _files(place, float(rules.files), dry_run=dry_run)
    if as_json:
        put_json({"dry_run": dry_run, "removed": msgspec.to_builtins(done)})
    else:
        out().print(_table(done, dry_run=dry_run))
    verb = "would be removed" if dry_run else "removed (đã xoá)"
    say(f"{verb}: {sum(each.rows for each in done.values())} rows. `account` is the same before and after")
    return FINE


def _rules(place: Place) -> Rules:
    if place.settings is None:
        raise ConfigurationError(["say which installation is meant with --settings FILE"])
    rules = read_settings(place.settings, secrets=False).retention
    if not rules.kinds and rules.files is None:
        raise ConfigurationError([f"{place.settings}: [retention] says nothing: everything stays for ever"])
    return rules


def _awaited(ask: Callable[..., Any]) -> Callable[..., Any]:
    async def awaited(question: Any, *arguments: Any) -> Any:
        return ask(question, *arguments)

    return awaited


def _act(place: Place) -> Callable[[Remove], Any]:
    async def act(remove: Remove) -> Removed:
        reply = send(place.control, {"do": "remove", "remove": msgspec.to_builtins(remove)})
        if reply is None:
            done: Removed = await write(place, remove)
            return done
        if error := reply.get("error"):
            raise NotPossibleError(f"not removed: {error}")
        return msgspec.convert(reply["removed"], Removed)

    return act


def _files(place: Place, lives: float, *, dry_run: bool) -> Removed:
    store, ledger = store_of(place), Store(place.ledger, serve=False)
    try:
        gone = tidy(store, kept_bytes(ledger), older_than=lives, dry_run=dry_run)
    finally:
        ledger.close()
    return Removed(0, len(gone.files), gone.bytes)


def _table(done: dict[str, Removed], *, dry_run: bool) -> Table:
    table = Table(title="would go (sẽ xoá)" if dry_run else "gone (đã xoá)", title_justify="left")
    for name in ("loại", "hồ sơ", "dòng", "byte"):
        table.add_column(name, justify="left" if name == "loại" else "right")
    for kind, gone in done.items():
        table.add_row(TITLES[kind], f"{gone.dossiers:,}", f"{gone.rows:,}", f"{gone.bytes:,}")
    return table
