"""`trace`: one dossier's timeline over all systems. No personal data."""

from dataclasses import asdict
from datetime import datetime, timedelta, timezone

from rich.table import Table

from bus.ledger import read
from bus.ledger.ledger import read_only
from commands.tell import ledger_url, out, put_json, say

VIETNAM = timezone(timedelta(hours=7))


def show_trace(given: str | None, number: str, *, as_json: bool) -> int:
    """Print the timeline of the dossier with this number; 1 where there is none."""
    url = ledger_url(given)
    dossier = read_only(url, read.find_dossier, number)
    if dossier is None:
        say(
            f"no dossier is known by the number {number}: check it, or ask whether its system has handed it in"
        )
        return 1
    codes = read_only(url, read.codes, dossier)
    moments = read_only(url, read.timeline, dossier)
    if as_json:
        put_json({"dossier": dossier, "codes": codes, "timeline": [asdict(moment) for moment in moments]})
    else:
        out().print(_table(codes, moments))
    return 0


def local_time(at: float) -> str:
    """A moment as the person on duty reads it."""
    return datetime.fromtimestamp(at, VIETNAM).strftime("%d/%m %H:%M:%S.%f")[:-3]


def _table(codes: dict[str, str], moments: list[read.Moment]) -> Table:
    title = "  ".join(f"{source}: {code}" for source, code in codes.items())
    table = Table(title=title)
    for name in ("time", "system", "what", "state", "detail"):
        table.add_column(name, overflow="fold")
    for moment in moments:
        table.add_row(local_time(moment.at), moment.system, moment.what, moment.state, moment.detail)
    return table
