"""Finding a dossier, and its pages: the timeline over all systems, a message whole, a delivery whole."""

from dataclasses import dataclass
from itertools import groupby
from typing import Any

import msgspec
from litestar import Response, get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from sqlalchemy import Connection, func, select, text

from bus.errors import NotPossibleError
from bus.failures import Draft
from bus.ledger import legs, overview, read, schema
from bus.ledger.finding import MOST, find
from bus.ledger.people import Note
from mappings.dossier import Dossier
from mappings.fold import State
from monitoring.console import show
from monitoring.console.desk import Desk
from monitoring.console.given import Act, Look, Visit

_decode = msgspec.json.Decoder(State).decode
_LONG = 60.0
"""Seconds from which a wait between two moments is worth telling."""


@dataclass(frozen=True, slots=True)
class Summary:
    """A dossier in a line, without anything of the citizen's."""

    number: int
    codes: dict[str, str]
    status: str
    procedure: str
    agency: str
    due_at: float | None
    withdrawn: bool
    open: dict[str, int]


@dataclass(frozen=True, slots=True)
class Seen:
    """A moment of the timeline with how long after the one before it came."""

    moment: read.Moment
    wait: str


@get("/find")
async def found(look: Look) -> Response[str]:
    """Dossiers by a number, a name or an identifier; what was typed is not repeated in a log."""
    typed = look.request.query_params.get("q", "").strip()[:100]
    numbers = await look.desk.ledger.ask(find, typed) if typed else []
    summaries = await look.desk.ledger.ask(_summaries, numbers)
    return look.page("find.html", typed=typed, found=summaries, most=MOST)


@get("/dossier/{number:int}")
async def dossier(look: Look, number: FromPath[int]) -> Response[str]:
    """One dossier over all systems."""
    told = await look.desk.ledger.ask(_dossier, row_number(number))
    if told is None:
        raise NotFoundException
    summary, row, moments, awaited = told
    seen = _seen(moments, look.visitor.language)
    return look.page(
        "dossier.html",
        number=number,
        name=next(iter(summary.codes.values()), f"#{number}"),
        codes=summary.codes,
        summary=summary,
        row=row,
        legs=awaited,
        days=[
            (day, list(each)) for day, each in groupby(seen, key=lambda one: show.moment(one.moment.at)[:10])
        ],
    )


@get("/message/{number:int}")
async def message(look: Look, number: FromPath[int]) -> Response[str]:
    """One message as it came and as we understand it, covered."""
    return await _message(look, number, revealed=False)


@post("/message/{number:int}/reveal", status_code=200)
async def reveal(act: Act, number: FromPath[int]) -> Response[str]:
    """The same with what the citizen wrote, for who has the right; the looking is recorded before."""
    act.visitor.need("reveal")
    await act.desk.ledger.act(Note(act.login, "reveal", f"message {number}", act.reason))
    return await _message(act, number, revealed=True)


async def _message(visit: Visit, number: int, *, revealed: bool) -> Response[str]:
    row = await visit.desk.ledger.ask(overview.message, row_number(number))
    if row is None:
        raise NotFoundException
    shown = show.tree if revealed else show.hidden
    return visit.page(
        "message.html",
        row=row,
        revealed=revealed,
        raw=shown(row["raw"]),
        canonical=shown(row["canonical"]),
        trace=row["traceparent"].split("-")[1] if "-" in row["traceparent"] else "",
    )


@get("/delivery/{number:int}")
async def delivery(look: Look, number: FromPath[int]) -> Response[str]:
    """One delivery with its attempts and the peer's answers, covered."""
    row = await look.desk.ledger.ask(overview.delivery, row_number(number))
    if row is None:
        raise NotFoundException
    tries = await look.desk.ledger.ask(overview.attempts, number)
    draft = await _draft(look.desk, row)
    shown = show.hidden(msgspec.json.encode(draft.request)) if draft and draft.request is not None else ""
    return look.page("delivery.html", row=row, attempts=tries, draft=draft, shown=shown)


async def _draft(desk: Desk, row: Any) -> Draft | None:
    """The request of a dead or unknown delivery as it would go now; None where nobody can tell."""
    if desk.failures is None or row["state"] not in ("dead", "unknown"):
        return None
    try:
        return await desk.failures.draft(row["id"])
    except NotPossibleError:
        return None


def row_number(number: int) -> int:
    """The number of a row; raises `NotFoundException` for one that no row can have."""
    if not 0 < number < 2**63:
        raise NotFoundException
    return number


def _summaries(tx: Connection, numbers: list[int]) -> list[Summary]:
    """Dossiers in a line each, in the order given; those that are gone are left out."""
    dossiers, states, deliveries = schema.dossier.c, schema.dossier_state.c, schema.delivery.c
    there = select(dossiers.id, dossiers.withdrawn).where(dossiers.id.in_(numbers))
    withdrawn = {row.id: row.withdrawn for row in tx.execute(there.where(dossiers.merged_into.is_(None)))}
    bodies = tx.execute(select(states.dossier, states.body).where(states.dossier.in_(numbers)))
    wholes = {row.dossier: _decode(row.body).whole for row in bodies}
    counted = select(deliveries.dossier, deliveries.state, func.count())
    counted = counted.where(deliveries.dossier.in_(numbers), text(schema.IN_LANE))
    under: dict[int, dict[str, int]] = {}
    for row in tx.execute(counted.group_by(deliveries.dossier, deliveries.state)):
        under.setdefault(row[0], {})[row[1]] = row[2]
    codes = read.codes_of(tx, numbers)
    return [
        _summary(one, wholes.get(one), codes.get(one, {}), under.get(one, {}), withdrawn=withdrawn[one])
        for one in numbers
        if one in withdrawn
    ]


def _summary(
    number: int, whole: Dossier | None, codes: dict[str, str], under: dict[str, int], *, withdrawn: bool
) -> Summary:
    whole = whole or Dossier()
    agency = whole.handling_agency
    return Summary(
        number=number,
        codes=codes,
        status=whole.status or "",
        procedure=whole.procedure or "",
        agency=(agency.name or agency.code or "") if agency else "",
        due_at=whole.due_at.timestamp() if whole.due_at else None,
        withdrawn=withdrawn,
        open=under,
    )


def _dossier(
    tx: Connection, number: int
) -> tuple[Summary, Any, list[read.Moment], list[legs.LegOfDossier]] | None:
    row = tx.execute(select(schema.dossier).where(schema.dossier.c.id == number)).first()
    summaries = _summaries(tx, [number])
    if row is None or not summaries:
        return None
    return summaries[0], row, read.timeline(tx, number), legs.of_dossier(tx, number)


def _seen(moments: list[read.Moment], language: str) -> list[Seen]:
    before = [moments[0].at if moments else 0.0, *(one.at for one in moments)]
    gaps = [one.at - at for one, at in zip(moments, before, strict=False)]
    return [
        Seen(one, show.span(gap, language) if gap >= _LONG else "")
        for one, gap in zip(moments, gaps, strict=True)
    ]


HANDLERS = (found, dossier, message, reveal, delivery)
