"""`topology`: what is declared on the broker."""

from pathlib import Path
from typing import Any

from rich.table import Table

from bus.topology import Topology
from commands.parts import EXAMPLE, read_settings
from commands.tell import FINE, out, put_json


def show_topology(settings: Path | None, *, as_json: bool) -> int:
    """Print exchanges, queues and bindings. Asks no broker; may be repeated.

    Raises `ConfigurationError` where the settings are wrong.
    """
    installation = read_settings(settings or EXAMPLE, secrets=False)
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
