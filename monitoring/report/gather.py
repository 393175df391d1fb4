"""Reading the ledger into a tally, window by window, each in a short transaction of its own.

What happened in the period was heard in it or later: dossiers are taken that were heard of since it began, as
they are known today; and those that were due before its end and are not over. A day is added for peers whose
clock is before ours. A dossier that becomes one with another while it is read may count by both numbers.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection

from bus.ledger import heard
from bus.ledger.heard import Window
from bus.ledger.ledger import Ledger
from monitoring.report.tally import Tally

_BEFORE = timedelta(days=1)


def gather(
    ask: Callable[..., Any], tally: Tally, progress: Callable[[int, int], None] = lambda _done, _of: None
) -> Tally:
    """Count everything; `ask` is `Ledger.look` or like it, `progress` is told (windows done, of how many)."""
    pieces = ask(_windows, tally)
    ask(_count_overdue, tally, pieces)
    for done, window in enumerate(pieces):
        progress(done, len(pieces))
        ask(_count, tally, window)
    return tally


async def gather_behind(
    ledger: Ledger, tally: Tally, progress: Callable[[int, int], None] = lambda _done, _of: None
) -> Tally:
    """The same without holding up the loop; raises `LedgerUnavailableError` where the ledger is away."""
    pieces = await ledger.ask(_windows, tally)
    await ledger.ask(_count_overdue, tally, pieces)
    for done, window in enumerate(pieces):
        progress(done, len(pieces))
        await ledger.ask(_count, tally, window)
    return tally


def _windows(tx: Connection, tally: Tally) -> list[Window]:
    since = (tally.period.begins - _BEFORE).timestamp()
    return list(heard.windows(tx, since, heard.followed(tx)))


def _count_overdue(tx: Connection, tally: Tally, pieces: list[Window]) -> None:
    """What was due and is not over, however long nobody has said anything of it."""
    first = pieces[0] if pieces else heard.NONE
    for agency, day, count in heard.overdue(tx, first, tally.period.ends):
        tally.owe(agency, day, count)


def _count(tx: Connection, tally: Tally, window: Window) -> None:
    for made_at, fold in heard.folds(tx, window):
        tally.add(made_at, fold)
