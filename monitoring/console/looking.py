"""Pages that show how things stand: the overview, connectors, legs, flows, what people did."""

from dataclasses import replace
from functools import partial
from typing import Any

from litestar import Response, get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from bus.ledger import overview as ask
from bus.ledger import read
from bus.ledger.gates import read_gates
from bus.ledger.people import actions as did
from bus.ledger.schema import STATES
from monitoring.console.about import Titles, about, because, named
from monitoring.console.given import Look, Visit
from monitoring.console.glance import Line, connector_line, tiles, verdict
from monitoring.console.page import kind_title
from monitoring.console.picture import Words, picture

STEPS = frozenset({"dead", "held", "unknown", "parked", "unmatched", "conflict"})
"""States of which a page says what to do first."""

LEGS, ACTIONS = 300, 100
"""How many a page shows."""


def _lines(visit: Visit) -> list[Line]:
    """Every connector in a line."""
    return [connector_line(one, visit.desk.snapshot, visit.t) for one in visit.desk.connectors.values()]


@get("/")
async def overview(look: Look) -> Response[str]:
    """The state at a glance."""
    connectors, snapshot = _lines(look), look.desk.snapshot
    account = snapshot.account
    return look.page(
        "overview.html",
        verdict=verdict(look.desk, connectors, look.t),
        tiles=tiles(snapshot, look.t, look.visitor.language),
        connectors=connectors,
        account=account,
        total=sum(account.states.values()) if account else 0,
        states=[word for word in STATES if account and account.states.get(word)],
    )


@get("/failed")
async def failed(look: Look) -> Response[str]:
    """What needs a person, grouped by cause; `?connector=` those of one."""
    only = look.request.query_params.get("connector", "")
    at = (f"{only}.", f"{only}:")
    shown = [one for one in look.desk.snapshot.groups if not only or one.where.startswith(at)]
    return look.page("failed.html", groups=shown, steps=STEPS)


@get("/connectors")
async def connectors(look: Look) -> Response[str]:
    """Every connector."""
    return look.page("connectors.html", connectors=_lines(look))


@get("/connectors/{name:str}")
async def connector(look: Look, name: FromPath[str]) -> Response[str]:
    """One connector."""
    return await connector_page(look, name)


async def connector_page(visit: Visit, name: str, layers: Any = None) -> Response[str]:
    """One connector, with what a probe of it found; raises `NotFoundException`.

    Its gates are read now: who has just paused it must not be told that it goes.
    """
    desk = visit.desk
    if name not in desk.connectors:
        raise NotFoundException
    one = desk.connectors[name]
    snapshot = replace(desk.snapshot, gates=await desk.ledger.ask(read_gates))
    return visit.page(
        "connector.html",
        connector=one,
        one=connector_line(one, snapshot, visit.t),
        operations=sorted(one.adapter.operations.items()),
        breakers={row.operation: row.state for row in snapshot.gates if row.connector == name},
        away=[out for out in reversed(desk.snapshot.outages) if out.connector == name][:20],
        layers=layers,
    )


@get("/legs")
async def legs(look: Look) -> Response[str]:
    """Legs that await an answer or are asked back, those that are late first."""
    now = look.desk.snapshot.at
    found = await look.desk.ledger.ask(ask.open_legs, LEGS)
    known = await look.desk.ledger.ask(_names, [row["dossier"] for row in found])
    shown = [{**row, "code": known.get(row["dossier"]), "late": _is_late(row, now)} for row in found]
    return look.page("legs.html", legs=shown)


def _is_late(leg: Any, now: float) -> bool:
    """Nobody owes an answer to a dossier that is withdrawn, but to give back what was asked back."""
    owed = not leg["withdrawn"] or leg["state"] == "undoing"
    return leg["due_at"] is not None and leg["due_at"] < now and owed


def _names(tx: Any, dossiers: list[int]) -> dict[int, str]:
    known = read.codes_of(tx, dossiers)
    return {one: next(iter(codes.values()), "") for one, codes in known.items()}


@get("/flows")
async def flows(look: Look) -> Response[str]:
    """The routes as pictures with today's counts."""
    words = _words(look)
    drawn = [
        {"name": flow.name, "title": flow.title, "svg": picture(flow, look.desk.snapshot.today, words)}
        for flow in look.desk.routes.flows
    ]
    return look.page("flows.html", pictures=drawn)


def _words(visit: Visit) -> Words:
    """How the picture calls things; a kind of message is of a type of system, or of the agencies."""

    def source(name: str) -> str:
        types = (each.type for each in visit.desk.connectors.values())
        own = visit.t("flows.agencies") if name == "agency" else visit.pages.system(name)
        return next((each.title for each in types if each.name == name), own)

    return Words(visit.t, partial(kind_title, visit.t), source, visit.pages.system, visit.pages.operation)


@get("/actions")
async def actions(look: Look) -> Response[str]:
    """What people did, the latest first."""
    before = look.request.query_params.get("before", "")
    below = int(before) if before.isdecimal() and len(before) < 16 else None
    rows = await look.desk.ledger.ask(partial(did, before=below, most=ACTIONS))
    older = rows[-1]["id"] if len(rows) == ACTIONS else None
    log = look.desk.log
    names = await look.desk.ledger.ask(partial(named, rows=rows))
    titles = Titles(look.pages.leg, partial(kind_title, look.t), look.pages.system)
    return look.page(
        "actions.html",
        rows=rows,
        older=older,
        log=log.seen,
        log_at=log.at,
        about=lambda one: about(one["what"], one["subject"], names, titles, look.t),
        because=lambda one: because(one["what"], one["reason"], look.t),
    )


HANDLERS = (overview, failed, connectors, connector, legs, flows, actions)
