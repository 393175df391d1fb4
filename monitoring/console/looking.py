"""Pages that show how things stand: the overview, connectors, legs, flows, what people did."""

from functools import partial
from typing import Any

from litestar import Response, get
from litestar.exceptions import NotFoundException

from bus.ledger import overview as ask
from bus.ledger import read
from bus.ledger.people import actions as did
from bus.ledger.schema import STATES
from monitoring.console.desk import Desk
from monitoring.console.glance import Line, connector_line, tiles, verdict
from monitoring.console.page import Pages
from monitoring.console.picture import picture
from monitoring.console.trouble import grouped
from monitoring.console.visit import Asked, Visitor

LEGS, ACTIONS = 300, 100
"""How many a page shows."""


def lines(desk: Desk, pages: Pages, visitor: Visitor) -> list[Line]:
    """Every connector in a line."""
    t = partial(pages.say, visitor)
    return [connector_line(one, desk.snapshot, t) for one in desk.connectors.values()]


@get("/", sync_to_thread=False)
def overview(request: Asked, desk: Desk, pages: Pages, visitor: Visitor) -> Response[str]:
    """The state at a glance."""
    t = partial(pages.say, visitor)
    connectors, snapshot = lines(desk, pages, visitor), desk.snapshot
    account = snapshot.account
    return pages.page(
        request,
        visitor,
        "overview.html",
        verdict=verdict(desk, connectors, t),
        tiles=tiles(snapshot, t, visitor.language),
        connectors=connectors,
        account=account,
        total=sum(account.states.values()) if account else 0,
        states=[word for word in STATES if account and account.states.get(word)],
    )


@get("/failed", sync_to_thread=False)
def failed(request: Asked, desk: Desk, pages: Pages, visitor: Visitor) -> Response[str]:
    """What needs a person, grouped by cause; `?connector=` those of one."""
    only = request.query_params.get("connector", "")
    rows = [row for row in desk.snapshot.troubles if not only or row.get("connector") == only]
    return pages.page(request, visitor, "failed.html", groups=grouped(rows))


@get("/connectors", sync_to_thread=False)
def connectors(request: Asked, desk: Desk, pages: Pages, visitor: Visitor) -> Response[str]:
    """Every connector."""
    return pages.page(request, visitor, "connectors.html", connectors=lines(desk, pages, visitor))


@get("/connectors/{name:str}", sync_to_thread=False)
def connector(request: Asked, name: str, desk: Desk, pages: Pages, visitor: Visitor) -> Response[str]:
    """One connector."""
    return connector_page(request, name, desk, pages, visitor)


def connector_page(
    request: Asked, name: str, desk: Desk, pages: Pages, visitor: Visitor, layers: Any = None
) -> Response[str]:
    """One connector, with what a probe of it found; raises `NotFoundException`."""
    if name not in desk.connectors:
        raise NotFoundException
    one = desk.connectors[name]
    return pages.page(
        request,
        visitor,
        "connector.html",
        connector=one,
        one=connector_line(one, desk.snapshot, partial(pages.say, visitor)),
        operations=sorted(one.adapter.operations.items()),
        breakers={row.operation: row.state for row in desk.snapshot.gates if row.connector == name},
        away=[out for out in reversed(desk.snapshot.outages) if out.connector == name][:20],
        layers=layers,
    )


@get("/legs")
async def legs(request: Asked, desk: Desk, pages: Pages, visitor: Visitor) -> Response[str]:
    """Legs that await an answer, those that are late first."""
    now = desk.snapshot.at
    found = await desk.ledger.ask(ask.open_legs, LEGS)
    known = await desk.ledger.ask(_names, [row["dossier"] for row in found])
    shown = [
        {**row, "code": known.get(row["dossier"]), "late": (row["due_at"] or now) < now} for row in found
    ]
    return pages.page(request, visitor, "legs.html", legs=shown)


def _names(tx: Any, dossiers: list[int]) -> dict[int, str]:
    return {one: next(iter(read.codes(tx, one).values()), "") for one in dossiers}


@get("/flows", sync_to_thread=False)
def flows(request: Asked, desk: Desk, pages: Pages, visitor: Visitor) -> Response[str]:
    """The routes as pictures with today's counts."""
    t = partial(pages.say, visitor)
    drawn = [
        {"name": flow.name, "title": flow.title, "svg": picture(flow, desk.snapshot.today, t)}
        for flow in desk.routes.flows
    ]
    return pages.page(request, visitor, "flows.html", pictures=drawn)


@get("/actions")
async def actions(request: Asked, desk: Desk, pages: Pages, visitor: Visitor) -> Response[str]:
    """What people did, the latest first."""
    before = request.query_params.get("before", "")
    below = int(before) if before.isdecimal() and len(before) < 16 else None
    rows = await desk.ledger.ask(partial(did, before=below, most=ACTIONS))
    older = rows[-1]["id"] if len(rows) == ACTIONS else None
    return pages.page(request, visitor, "actions.html", rows=rows, older=older)


HANDLERS = (overview, failed, connectors, connector, legs, flows, actions)
