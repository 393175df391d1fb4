"""`reconcile`: what we believe beside what the peers say they have, for a day. Reads only."""

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
from rich.table import Table
from sqlalchemy import Connection

from bus.errors import DeliveryError
from bus.ledger import beliefs
from bus.ledger.ledger import read_only
from bus.ports import Listed, Lists
from bus.reconciling import Comparison, compare
from commands.parts import EXAMPLE, adapter_types, file_store, read_settings
from commands.place import find_place
from commands.tell import FINE, NEEDS_YOU, VIETNAM, covered, out, put_json, say


def reconcile(day: date, settings: Path | None, *, as_json: bool) -> int:
    """Compare with every peer that can list; `NEEDS_YOU` where one differs or does not answer.

    Raises `ConfigurationError` where the settings are wrong. May be repeated.
    """
    found: dict[str, Any] = {}
    place = find_place(settings or EXAMPLE)
    installation = read_settings(settings or EXAMPLE)
    for name, own in installation.connectors.items():
        adapter = adapter_types()[own.type].connect(name, own, file_store(installation))
        try:
            if isinstance(adapter, Lists):
                found[name] = _asked(place.ledger, name, adapter, day)
        finally:
            adapter.close()
    if as_json:
        put_json({"day": day.isoformat(), "connectors": {name: _object(one) for name, one in found.items()}})
    else:
        _tell(found)
    bad = [one for one in found.values() if isinstance(one, str) or one.differences]
    return NEEDS_YOU if bad else FINE


def _asked(ledger: str, name: str, peer: Lists, day: date) -> Comparison | str:
    since = datetime(day.year, day.month, day.day, tzinfo=VIETNAM)
    asked_at = datetime.now(VIETNAM)
    try:
        listed = list(peer.listed(since))
    except DeliveryError as error:
        return covered(str(error))
    return read_only(ledger, _compare, (name, peer, listed, since, asked_at))


def _compare(tx: Connection, asked: tuple[str, Lists, list[Listed], datetime, datetime]) -> Comparison:
    name, peer, listed, since, asked_at = asked
    until = since + timedelta(days=1)

    def known(number: str) -> tuple[bool, Listed | None]:
        is_known, raw = beliefs.last_told(tx, name, peer.listed_kind, number)
        return is_known, None if raw is None else peer.read_listed(raw)

    # what it told us while it listed is no difference
    last = min(until, asked_at).timestamp()
    told = beliefs.told_between(tx, name, peer.listed_kind, since.timestamp(), last)
    return compare(listed, map(peer.read_listed, told), known, since, until)


def _object(one: Comparison | str) -> dict[str, Any]:
    return {"problem": one} if isinstance(one, str) else msgspec.to_builtins(one)


def _tell(found: dict[str, Any]) -> None:
    if not found:
        say("no connector of this installation has a peer that can list its dossiers")
    for name, one in found.items():
        if isinstance(one, str):
            say(f"{name}: not compared: {one}")
            continue
        say(f"{name}: {one.compared} dossiers (hồ sơ) compared, {len(one.differences)} differ (sai lệch)")
        if one.differences:
            out().print(_table(one))


def _table(one: Comparison) -> Table:
    table = Table()
    for column in ("number (mã hồ sơ)", "procedure (thủ tục)", "difference", "ours (ta)", "theirs (bên kia)"):
        table.add_column(column, overflow="fold")
    for each in one.differences:
        table.add_row(each.number, each.procedure, each.what, each.ours, each.theirs)
    return table
