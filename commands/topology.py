"""`topology`: what is declared on the broker, and the schedules by which deliveries are tried again."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.table import Table

from bus.installation import Installation
from bus.peer_settings import Retry
from bus.retry import Schedule
from bus.retry import describe as times_of
from bus.topology import Topology
from commands.parts import EXAMPLE, read_settings
from commands.tell import FINE, out, put_json


def show_topology(settings: Path | None, *, schedules: bool, as_json: bool) -> int:
    """Print exchanges, queues and bindings, or the schedules of tries. Asks no broker; may be repeated.

    Raises `ConfigurationError` where the settings are wrong.
    """
    installation = read_settings(settings or EXAMPLE, secrets=False)
    if schedules:
        return _show_schedules(installation, as_json=as_json)
    topology = Topology(tuple(installation.connectors), installation.broker.prefix)
    if as_json:
        put_json(_as_object(topology))
    else:
        out().print(_table(topology))
    return FINE


def _as_object(topology: Topology) -> dict[str, Any]:
    return {
        "exchanges": [{"name": one.name, "type": one.kind} for one in topology.exchanges],
        "queues": [{"name": one.name, "arguments": dict(one.arguments)} for one in topology.queues],
        "bindings": [
            {"exchange": one.exchange, "queue": one.queue, "routing_key": one.routing_key}
            for one in topology.bindings
        ],
    }


def _table(topology: Topology) -> Table:
    table = Table()
    for name in ("what", "name", "how"):
        table.add_column(name, overflow="fold")
    for row in topology.rows():
        table.add_row(*row)
    return table


def _show_schedules(installation: Installation, *, as_json: bool) -> int:
    """Each connector's schedule as the times it makes; a try comes at random within its wait."""
    schedules = {"[retry]": installation.retry}
    schedules |= {name: peer.retry for name, peer in installation.connectors.items()}
    if as_json:
        put_json({name: [asdict(row) for row in times_of(_schedule(one))] for name, one in schedules.items()})
        return FINE
    for name, one in schedules.items():
        out().print(_times(name, one))
    return FINE


def _schedule(retry: Retry) -> Schedule:
    return Schedule(retry.first, retry.factor, retry.ceiling, retry.give_up_after)


def _times(name: str, retry: Retry) -> Table:
    title = f"{name}: given up after {retry.give_up_after.written}, counted while the peer is up"
    table = Table(title=title, title_justify="left")
    for column in ("try", "at most after the one before", "at the latest after the first"):
        table.add_column(column, justify="right")
    for row in times_of(_schedule(retry)):
        several = row.last_try > row.first_try
        tries = f"{row.first_try} to {row.last_try}" if several else str(row.first_try)
        table.add_row(tries, _span(row.longest), _span(row.latest))
    return table


def _span(seconds: float) -> str:
    """A length of time in words, in its two largest units."""
    rest, said = round(seconds), []
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)):
        amount, rest = divmod(rest, size)
        if amount:
            said.append(f"{amount} {unit}")
    return " ".join(said[:2]) or "0 s"
