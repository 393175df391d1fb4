"""The line of `reconcile`."""

from typing import Annotated

import typer

from commands.options import Configured, Json
from commands.report_line import read_day


def reconcile(
    *,
    day: Annotated[str, typer.Option("--day", metavar="DAY", help="The day, in Vietnam.")],
    settings: Configured = None,
    json: Json = False,
) -> None:
    """Compare what we believe with what the peers say they have (đối soát).

    By procedure and status, every difference by its number; changes nothing. Exit 1 where anything differs.
    """
    from commands.reconcile import reconcile as compare  # noqa: PLC0415  the start stays quick

    raise typer.Exit(compare(read_day(day), settings, as_json=json))
