"""`describe`: what a connector needs and offers, and every setting of an installation."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.table import Table

from bus.agency_settings import AgencySettings
from bus.installation import Installation
from bus.peer_settings import ConnectorSettings
from bus.ports import Adapter, AdapterType, Operation
from bus.settings import Row, table
from commands.agencies import PREFIX as AGENCIES
from commands.parts import EXAMPLE, adapter_types, file_store, one_of, read_settings
from commands.tell import FINE, out, put_json

_CERTAINTY = {
    "repeatable": "a repeat is recognised by the peer",
    "askable": "the peer is asked before a resend",
    "person": "a person decides where an answer was lost",
}


def describe(name: str | None, settings: Path | None, *, as_json: bool) -> int:
    """Print all connectors, one of them, a type that none is of, or (name "settings") every setting.

    Opens nothing; may be repeated.

    Raises `ConfigurationError` for an unknown name or wrong settings.
    """
    if name == "settings":
        return _show_settings(as_json=as_json)
    installation = read_settings(settings or EXAMPLE, secrets=False)
    if name == "agency":
        return _show_agencies(installation, as_json=as_json)
    if name is None:
        return _show_all(installation, as_json=as_json)
    types = adapter_types()
    if name in types and name not in installation.connectors:
        return _show_type(types[name], as_json=as_json)
    one_of("connector", name, (*installation.connectors, *types, "agency", "settings"))
    return _show_one(name, installation, as_json=as_json)


def all_settings() -> list[Row]:
    """Every setting of a settings file, the connectors' own included."""
    rows = [row for row in table(Installation) if row.key not in ("connector", "agency")]
    rows += table(AgencySettings, "agency.")
    common = {row.key for row in table(ConnectorSettings)}
    rows += table(ConnectorSettings, "connector.NAME.")
    for kind in adapter_types().values():
        own = [row for row in table(kind.settings) if row.key not in common]
        rows += [_under(f"connector.{kind.name}.", row) for row in own]
    return rows


def _under(prefix: str, row: Row) -> Row:
    return Row(**(asdict(row) | {"key": prefix + row.key}))


def _show_settings(*, as_json: bool) -> int:
    if as_json:
        put_json({"settings": [asdict(row) for row in all_settings()]})
    else:
        out().print(settings_table(all_settings()))
    return FINE


def settings_table(rows: Iterable[Row]) -> Table:
    """Settings for a reader; a secret says so, "SET" is a default that everybody must give."""
    made = Table()
    for name in ("setting", "type", "default", "unit", "meaning"):
        made.add_column(name, overflow="fold", no_wrap=name == "setting")
    for row in rows:
        meaning = f"{row.meaning} ({row.meaning_vi})" if row.meaning_vi else row.meaning
        kind = f"{row.type}, never written here" if row.secret else row.type
        made.add_row(
            row.key, kind, row.default, row.unit, meaning, style="bold" if row.default == "SET" else ""
        )
    return made


def _show_all(installation: Installation, *, as_json: bool) -> int:
    types = adapter_types()
    rows = [
        {"name": name, "type": each.type, "title": types[each.type].title, "mode": each.mode}
        for name, each in installation.connectors.items()
    ]
    if as_json:
        put_json({"connectors": rows, "types": sorted(types)})
        return FINE
    made = Table(title="python3 run.py describe NAME tells more", title_justify="left")
    for column in ("name", "type", "title", "mode"):
        made.add_column(column)
    for row in rows:
        made.add_row(*row.values())
    out().print(made)
    others = sorted(types.keys() - {each.type for each in installation.connectors.values()})
    if others:
        out().print(f"types that no connector is of: {', '.join(others)}", soft_wrap=True)
    return FINE


def _show_agencies(installation: Installation, *, as_json: bool) -> int:
    """Who may hand dossiers in at the agencies' door, and what an `[[agency]]` may say."""
    agencies = [
        {"code": each.code, "name": each.name, "may": each.may, "procedures": each.procedures}
        for each in installation.agencies
    ]
    if as_json:
        rows = [asdict(row) for row in table(AgencySettings)]
        put_json({"agencies": agencies, "path": AGENCIES, "settings": rows})
        return FINE
    console = out()
    console.print("[[agency]]: the door for systems of other agencies (cửa của các cơ quan)", markup=False)
    console.print(
        f"below {AGENCIES} of the intake door; docs/agencies.md tells how to use it", soft_wrap=True
    )
    made = _titled("who may come in", ("code", "name", "may", "procedures"))
    for each in installation.agencies:
        rights, groups = (", ".join(said) or "nothing" for said in (each.may, each.procedures))
        made.add_row(each.code, each.name, rights, groups)
    console.print(made)
    console.print(settings_table(table(AgencySettings)))
    return FINE


def _show_one(name: str, installation: Installation, *, as_json: bool) -> int:
    settings = installation.connectors[name]
    kind = adapter_types()[settings.type]
    adapter = kind.connect(name, settings, file_store(installation))
    try:
        if as_json:
            put_json(as_object(name, kind, adapter) | {"gate": gate_of(settings)})
        else:
            _print(name, kind, adapter)
            out().print(_gate(settings))
    finally:
        adapter.close()
    return FINE


def _show_type(kind: AdapterType, *, as_json: bool) -> int:
    """A type that no connector is of yet: what it offers, and what its section must say."""
    if as_json:
        told = {"name": None, "type": kind.name, "title": kind.title, "operations": kind.operations}
        rows = [asdict(row) for row in table(kind.settings)]
        put_json({**told, "messages": dict(kind.messages), "settings": rows})
        return FINE
    console = out()
    console.print(f"{kind.name}: {kind.title}", style="bold")
    console.print(
        f'No connector is of this type yet: write [connector.NAME] with type = "{kind.name}" into the '
        f"settings file. adapters/{kind.name}/README.md tells what it does.",
        soft_wrap=True,
    )
    console.print(f"what it can do: {', '.join(kind.operations)}", soft_wrap=True)
    console.print(_messages(kind.messages))
    console.print(settings_table(table(kind.settings)))
    return FINE


def as_object(name: str, kind: AdapterType, adapter: Adapter) -> dict[str, Any]:
    """A connector as a program reads it."""
    return {
        "name": name,
        "type": kind.name,
        "title": kind.title,
        "operations": [_operation(name, one) for name, one in adapter.operations.items()],
        "messages": dict(kind.messages),
        "polls": [{"name": one.name, "title": one.title, "every": float(one.every)} for one in adapter.polls],
        "webhooks": [
            {"name": one.name, "title": one.title, "path": f"/in/{name}/{one.path.strip('/')}"}
            for one in adapter.webhooks
        ],
        "settings": [asdict(row) for row in table(kind.settings)],
    }


def gate_of(settings: ConnectorSettings) -> dict[str, Any]:
    """When nothing is sent to the peer: its breaker and its window."""
    return {
        "failures": settings.breaker.failures,
        "open_for": float(settings.breaker.open_for),
        "give_up_after": float(settings.retry.give_up_after),
        "window": str(settings.window) if settings.window else None,
    }


def _gate(settings: ConnectorSettings) -> Table:
    made = _titled("when nothing is sent to it (`connector list` says how it stands)", ("what", "when"))
    breaker = settings.breaker
    made.add_row("breaker", f"{breaker.failures} failures in a row; asked every {breaker.open_for.written}")
    made.add_row("window", str(settings.window or "none"))
    made.add_row("given up", f"after {settings.retry.give_up_after.written} in which the peer was up")
    return made


def _operation(name: str, one: Operation) -> dict[str, Any]:
    return {
        "name": name,
        "title": one.title,
        "effect": one.effect,
        "certainty": one.certainty,
        "sheet": one.sheet,
        "seconds": float(one.seconds),
    }


def _print(name: str, kind: AdapterType, adapter: Adapter) -> None:
    console = out()
    console.print(f"{name}: {kind.title}", style="bold")
    console.print(_operations(adapter.operations))
    console.print(_sources(name, adapter))
    console.print(_messages(kind.messages))
    console.print(settings_table(table(kind.settings)))


def _titled(title: str, columns: Sequence[str]) -> Table:
    made = Table(title=title, title_justify="left")
    for column in columns:
        made.add_column(column, overflow="fold")
    return made


def _operations(operations: Mapping[str, Operation]) -> Table:
    made = _titled(
        "what it can do", ("operation", "title", "effect", "if an answer is lost", "sheet", "at most")
    )
    for name, one in operations.items():
        lost = f"{one.certainty}: {_CERTAINTY[one.certainty]}"
        made.add_row(name, one.title, one.effect, lost, one.sheet, f"{one.seconds:g} s")
    return made


def _sources(name: str, adapter: Adapter) -> Table:
    made = _titled("where messages come from", ("source", "title", "how"))
    for poll in adapter.polls:
        made.add_row(poll.name, poll.title, f"asked every {poll.every:g} s")
    for hook in adapter.webhooks:
        made.add_row(hook.name, hook.title, f"calls us at /in/{name}/{hook.path.strip('/')}")
    return made


def _messages(messages: Mapping[str, str]) -> Table:
    made = _titled("what it hands in", ("message", "read by the sheet"))
    for message, sheet in messages.items():
        made.add_row(message, sheet)
    return made
