"""What a replay leaves undone, and for whom: so that a number that is not zero can be looked into."""

from collections.abc import Mapping

from sqlalchemy import Connection, select

from bus.ledger import schema
from bus.ledger.ledger import read_only
from commands.demo_world import ONESTOP, PORTAL, Scene

MOST = 20
"""Things told of each place at most; how many there are stands in `open`."""


def left_open(ledger: str, scene: Scene) -> dict[str, list[str]]:
    """What each place still has open, in words, with the number of the dossier; nothing where all rest."""
    told = {
        name: [f"{one['dossier']}: {one['waits']}" for one in scene.peers[name].get("/_sim/open")]
        for name in (ONESTOP, PORTAL)
    }
    told["ledger"] = [*read_only(ledger, open_deliveries), *_unheard(ledger, scene)]
    return {name: things[:MOST] for name, things in told.items() if things}


def open_deliveries(tx: Connection) -> list[str]:
    """Every open delivery: dossier, what it asks of whom, its state and why."""
    d, numbers = schema.delivery.c, _numbers(tx)
    rows = tx.execute(select(d.id, d.dossier, d.route, d.connector, d.operation, d.state, d.reason).where(
        d.state.in_(schema.OPEN)).order_by(d.id).limit(MOST))  # fmt: skip
    return [
        f"{numbers.get(row.dossier, row.dossier)}: delivery {row.id} ({row.route}) to {row.connector}."
        f"{row.operation} is {row.state} {row.reason}".rstrip()
        for row in rows
    ]


def _numbers(tx: Connection) -> Mapping[int, str]:
    known = schema.identity.c
    return {row[0]: row[1] for row in tx.execute(select(known.dossier, known.code).order_by(known.source))}


def _unheard(ledger: str, scene: Scene) -> list[str]:
    """Dossiers that were submitted and that the bus has not heard of."""
    codes = read_only(ledger, lambda tx: set(tx.execute(select(schema.identity.c.code)).scalars()))
    handed_in = [one["MaHoSo"] for one in scene.portal.get("/_sim/dossiers")]
    return [f"{number}: never heard of" for number in handed_in if number not in codes]
