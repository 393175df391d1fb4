"""The line of `report`."""

from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer

from commands.options import Json, LedgerAddress, Settings


def read_day(text: str) -> date:
    """Read a day of the command line; raises `typer.BadParameter`."""
    from monitoring.report import period  # noqa: PLC0415  the start stays quick

    try:
        return period.read_day(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def report(
    *,
    first: Annotated[
        str, typer.Option("--from", metavar="DAY", help="First day; default: the first of this month.")
    ] = "",
    last: Annotated[
        str, typer.Option("--to", metavar="DAY", help="Last day, included; default: today.")
    ] = "",
    html: Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Write a page.")] = None,
    xlsx: Annotated[Path | None, typer.Option("--xlsx", metavar="FILE", help="Write a workbook.")] = None,
    settings: Settings = None,
    ledger: LedgerAddress = None,
    json: Json = False,
) -> None:
    """Count the province's figures over some days (số liệu của tỉnh).

    Interlinked by level, four on the spot by sector, taken in elsewhere, early / on time / late by agency,
    supplements, refusals. Nothing of a citizen's is in it.
    """
    from commands.place import find_place  # noqa: PLC0415  the start stays quick
    from commands.report import Wanted  # noqa: PLC0415  as above
    from commands.report import report as count  # noqa: PLC0415  as above
    from commands.tell import VIETNAM  # noqa: PLC0415  as above

    until = read_day(last) if last else datetime.now(VIETNAM).date()
    since = read_day(first) if first else until.replace(day=1)
    wanted = Wanted(since, until, html, xlsx, as_json=json)
    raise typer.Exit(count(find_place(settings, ledger), wanted))
