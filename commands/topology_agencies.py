"""`topology --agencies`: each agency that listens gets its own queue at the broker, and no more."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from rich.table import Table

from bus.installation import Installation
from bus.listeners import Listener, Listeners, without_secrets
from commands.broker_administration import Administration, AdministrationError, administration
from commands.parts import EXAMPLE, read_settings
from commands.tell import FINE, NEEDS_YOU, out, put_json, say


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done: `listeners` made as they shall be (`new`: not there yet), `gone` taken away."""

    listeners: Listeners
    new: tuple[str, ...]
    gone: tuple[str, ...]


def set_up_agencies(
    settings: Path | None, *, dry_run: bool, as_json: bool, broker: Administration | None = None
) -> int:
    """Have the broker let agencies listen, each to its own queue; take away those that may no longer.

    With `dry_run` it is only asked who is there, and if it does not answer that is said. Raises
    `ConfigurationError` where the settings are wrong and `AdministrationError` where the broker cannot be
    administered. May be repeated.
    """
    installation = read_settings(settings or EXAMPLE, secrets=not dry_run)
    listeners = listeners_of(installation)
    broker = broker or administration(installation.broker)
    if dry_run:
        _tell(planned(listeners, _there(broker, listeners)), (), done=False, as_json=as_json)
        return FINE
    plan = planned(listeners, broker.users(listeners.vhost))
    carry_out(plan, broker)
    missing = planned(listeners, broker.users(listeners.vhost)).new
    _tell(plan, missing, done=True, as_json=as_json)
    return NEEDS_YOU if missing else FINE


def _there(broker: Administration, listeners: Listeners) -> Sequence[str]:
    try:
        return broker.users(listeners.vhost)
    except AdministrationError as error:
        say(f"who is there already is not known, all are taken for new: {error}")
        return ()


def listeners_of(installation: Installation) -> Listeners:
    """The agencies that listen, by the settings."""
    found = tuple(
        Listener(each.code, each.events_password.reveal())
        for each in installation.agencies
        if each.events_password is not None
    )
    path = urlsplit(installation.broker.url).path
    return Listeners(installation.broker.prefix, unquote(path[1:]) or "/", found)


def planned(listeners: Listeners, there: Sequence[str]) -> Plan:
    """What is to be done where these users are there. Pure."""
    ours = {name for name in there if listeners.is_one(name)}
    wanted = listeners.names
    return Plan(listeners, tuple(sorted(wanted - ours)), tuple(sorted(ours - wanted)))


def carry_out(plan: Plan, broker: Administration) -> None:
    """Do it. Who may no longer listen goes first."""
    for name in plan.gone:
        broker.drop(name, plan.listeners.vhost)
    if plan.listeners.listeners:
        for definitions in plan.listeners.definitions():
            broker.take(definitions)


def _tell(plan: Plan, missing: Sequence[str], *, done: bool, as_json: bool) -> None:
    if as_json:
        put_json(_as_object(plan, missing, done=done))
    else:
        out().print(_table(plan))
    for name in missing:
        say(f"{name} is not at the broker after all: look at its log")
    made, gone = len(plan.listeners.listeners), len(plan.gone)
    if not (made or gone):
        say('no agency listens: set events_password = "file:PATH" for one, see docs/agencies.md')
    else:
        tense = "" if done else "would be "
        say(f"{made} {tense}set up, {len(plan.new)} of them new; {gone} {tense}taken away")


def _as_object(plan: Plan, missing: Sequence[str], *, done: bool) -> dict[str, Any]:
    return {
        "done": done,
        "vhost": plan.listeners.vhost,
        "definitions": without_secrets(plan.listeners.definitions()),
        "new": plan.new,
        "taken_away": plan.gone,
        "missing": missing,
    }


def _table(plan: Plan) -> Table:
    table = Table()
    for name in ("what", "name", "how"):
        table.add_column(name, overflow="fold")
    for row in plan.listeners.rows():
        table.add_row(*row)
    for name in plan.gone:
        table.add_row("taken away", name, "its user with its permissions and connections, and its queue")
    return table
