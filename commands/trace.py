"""`trace`: one dossier's timeline over all systems. No personal data."""

import unicodedata
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from rich.table import Table
from sqlalchemy import Connection, and_, func, or_, select

from bus.ledger import legs, read, schema
from bus.ledger.ledger import read_only
from commands.place import Place
from commands.tell import FINE, NEEDS_YOU, VIETNAM, covered, local_time, out, put_json, say
from mappings.source import did_you_mean
from monitoring.words import in_vietnamese

_CANDIDATES = 500
_MARKS = {
    "delivered": "green",
    "kept": "",
    "refused": "yellow",
    "dead": "bold red",
    "conflict": "yellow",
    "late delivered": "bold red",
    "superseded": "dim",
    "late": "yellow",
}


def show_trace(place: Place, number: str, *, as_json: bool) -> int:
    """Print the timeline of the dossier with this number; `NEEDS_YOU` where there is none."""
    dossier = read_only(place.ledger, find, number)
    if dossier is None:
        say(_unknown(number, read_only(place.ledger, near, number)))
        return NEEDS_YOU
    codes, held, moments, awaited = read_only(place.ledger, _questions, dossier)
    if as_json:
        timeline = [_as_object(moment) for moment in moments]
        told = {"dossier": dossier, "codes": codes, "held": held, "timeline": timeline}
        put_json(told | {"legs": [asdict(leg) | {"reason": covered(leg.reason)} for leg in awaited]})
    else:
        _print(codes, held, moments)
        if awaited:
            out().print(_legs(awaited))
    return FINE


def find(tx: Connection, number: str) -> int | None:
    """The dossier known by this number, however it was typed: spaces around it and small letters."""
    typed = unicodedata.normalize("NFC", number).strip()
    for spelling in dict.fromkeys((typed, typed.upper())):
        dossier = read.find_dossier(tx, spelling)
        if dossier is not None:
            return dossier
    return None


def near(tx: Connection, number: str) -> str | None:
    """The known number that looks most like a mistyped one, or None."""
    typed = number.strip().upper()
    code = schema.identity.c.code
    begins, ends = code.startswith(typed[:-4], autoescape=True), code.endswith(typed[-4:], autoescape=True)
    alike = or_(begins, and_(ends, code.startswith(typed[:4], autoescape=True)))
    query = select(code).where(func.length(code) < 2 * len(typed), alike).limit(_CANDIDATES)
    return did_you_mean(typed, tx.execute(query).scalars().all())


def refuse_unknown(place: Place, number: str) -> None:
    """Say that no dossier has this number, and which is near."""
    say(_unknown(number, read_only(place.ledger, near, number)))


def _unknown(number: str, known: str | None) -> str:
    what = f"no dossier (hồ sơ) is known by the number {covered(number)}"
    if known:
        return f"{what}. Did you mean {known}?"
    return f"{what}. Give any number that one of the systems knows it by, or ask whether it was handed in"


_Told = tuple[dict[str, str], str, list[read.Moment], list[legs.LegOfDossier]]


def _questions(tx: Connection, dossier: int) -> _Told:
    table = schema.dossier
    row = tx.execute(select(table.c.held_by, table.c.held_reason).where(table.c.id == dossier)).one()
    held = f"held by {row.held_by}: {covered(row.held_reason or '')}" if row.held_by else ""
    return read.codes(tx, dossier), held, read.timeline(tx, dossier), legs.of_dossier(tx, dossier)


def _as_object(moment: read.Moment) -> dict[str, Any]:
    return asdict(moment) | {
        "time": datetime.fromtimestamp(moment.at, VIETNAM).isoformat(timespec="milliseconds"),
        "detail": covered(moment.detail),
    }


def _print(codes: dict[str, str], held: str, moments: Sequence[read.Moment]) -> None:
    console = out()
    console.print("  ".join(f"{source}: {code}" for source, code in codes.items()), style="bold")
    if held:
        console.print(f"{held} (đang giữ lại)", style="yellow")
    console.print(_table(moments))


def _legs(awaited: Sequence[legs.LegOfDossier]) -> Table:
    table = Table(title="legs (chặng)", title_justify="left")
    for name in ("leg", "state", "trạng thái", "opened", "due (hạn)", "ended", "note"):
        table.add_column(name, overflow="fold")
    for leg in awaited:
        times = [local_time(at) for at in (leg.opened_at, leg.due_at, leg.ended_at)]
        state = f"{leg.state}, late" if leg.late else leg.state
        told = ", ".join(filter(None, (in_vietnamese(leg.state), "trễ hạn" if leg.late else "")))
        style = "yellow" if leg.late or leg.state == "undoing" else ""
        table.add_row(leg.route, state, told, *times, covered(_note(leg)), style=style)
    return table


def _note(leg: legs.LegOfDossier) -> str:
    """Supplement rounds, when its peer is asked next, and why it stands as it does."""
    rounds = f"{leg.rounds} supplement rounds (lần bổ sung)" if leg.rounds else ""
    asks = f"asked again (hỏi lại) {local_time(leg.ask_at)}" if leg.ask_at else ""
    return "; ".join(filter(None, (rounds, asks, leg.reason)))


def _table(moments: Sequence[read.Moment]) -> Table:
    table = Table()
    for name in ("time (UTC+7)", "system", "what", "state", "trạng thái", "detail"):
        table.add_column(name, overflow="fold")
    day = ""
    for moment in moments:
        at = datetime.fromtimestamp(moment.at, VIETNAM)
        shown = at.strftime("%H:%M:%S.%f")[:-3]
        if (new := at.strftime("%d/%m/%Y")) != day:
            day, shown = new, f"{new} {shown}"
        table.add_row(
            shown.rjust(23),
            moment.system,
            moment.what,
            moment.state,
            in_vietnamese(moment.state),
            covered(moment.detail),
            style=_MARKS.get(moment.state, ""),
        )
    return table
