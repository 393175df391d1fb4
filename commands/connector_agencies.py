"""`connector agencies`: agencies of our table that a peer does not know: nothing reaches them through it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from bus.calendar import ZONE
from bus.errors import ConfigurationError, DeliveryError
from bus.installation import Installation
from bus.views import ListedAgency, ListsAgencies
from commands.parts import EXAMPLE, TABLES, adapter_types, file_store, folders, one_of, read_settings
from commands.tell import FINE, NEEDS_YOU, out, put_json, say
from mappings.source import ProblemsError
from mappings.tables import Table, load


@dataclass(frozen=True, slots=True)
class Compared:
    """Agencies of the table, code -> name: those a peer lacks, and those it has by their old code alone."""

    listed: int
    ours: int
    lacking: Mapping[str, str]
    by_old_code: Mapping[str, str]


def compare_agencies(name: str, settings: Path | None, *, as_json: bool) -> int:
    """Ask a peer for its agencies and print whom of ours it lacks today; `NEEDS_YOU` where any.

    No effect; may be repeated. Raises `ConfigurationError` for an unknown name, wrong settings, and a
    connector whose peer lists no agencies.
    """
    installation = read_settings(settings or EXAMPLE)
    table = _table(installation)
    try:
        found = compared(table, _listed(name, installation), datetime.now(ZONE).date())
    except DeliveryError as error:
        if as_json:
            put_json({"connector": name, "ok": False, "error": error.text})
        say(f"not done: {error.text}")
        return NEEDS_YOU
    _tell(name, found, as_json=as_json)
    return NEEDS_YOU if found.lacking else FINE


def compared(table: Table, listed: list[ListedAgency], day: date) -> Compared:
    """Hold the agencies of a table that are there on a day against a peer's list. Pure."""
    known = {code for each in listed for code in (each.code, each.old_code) if code}
    ours = {row["code"]: row for row in table.rows(day)}
    rest = {code: row for code, row in ours.items() if code not in known}
    old = {code: row["name"] for code, row in rest.items() if row.get("old_code") in known}
    lacking = {code: row["name"] for code, row in rest.items() if code not in old}
    return Compared(len(listed), len(ours), lacking, old)


def _table(installation: Installation) -> Table:
    try:
        return load(folders(TABLES, installation.tables.folder))["agencies"]
    except ProblemsError as error:
        raise ConfigurationError(error.problems) from None


def _listed(name: str, installation: Installation) -> list[ListedAgency]:
    one_of("connector", name, tuple(installation.connectors))
    own = installation.connectors[name]
    adapter = adapter_types()[own.type].connect(name, own, file_store(installation))
    try:
        if not isinstance(adapter, ListsAgencies):
            raise ConfigurationError([f'"{name}" is of the type {own.type}, whose peer lists no agencies'])
        return adapter.agencies()
    finally:
        adapter.close()


def _tell(name: str, found: Compared, *, as_json: bool) -> None:
    if as_json:
        told = {"listed": found.listed, "ours": found.ours}
        named = {"lacking": dict(found.lacking), "by_old_code": dict(found.by_old_code)}
        put_json({"connector": name, "ok": not found.lacking, **told, **named})
        return
    for line in _lines(found):
        out().print(line, soft_wrap=True, markup=False)


def _lines(found: Compared) -> Iterator[str]:
    known = found.ours - len(found.lacking)
    yield f"{found.listed} agencies are listed there; {known} of our {found.ours} of today are among them"
    for code, name in found.by_old_code.items():
        yield f"by its old code alone  {code}  {name}"
    for code, name in found.lacking.items():
        yield f"not known there        {code}  {name}"
