"""The line of `reconcile`."""

from typing import Annotated

import typer

from commands.options import Json, Settings
from commands.report_line import read_day


def reconcile(
    *,
    day: Annotated[str, typer.Option("--day", metavar="DAY", help="The day, in Vietnam.")],
    repair: Annotated[
        bool,
        typer.Option("--repair", help="Have the running serve read anew, or send again, what differs."),
    ] = False,
    reason: Annotated[str, typer.Option("--reason", help="Why, for the log of actions.")] = "reconciled",
    grace: Annotated[
        float,
        typer.Option(
            "--grace",
            metavar="SECONDS",
            min=0,
            help="What changed so shortly before is still on its way, and is not compared.",
        ),
    ] = 60.0,
    settings: Settings = None,
    json: Json = False,
) -> None:
    """Compare what we believe with what the peers say they have (đối soát).

    By procedure and status, every difference by its number. Alone it changes nothing. Exit 1 where anything
    differs, with --repair where anything is left for a person.
    """
    from commands.reconcile import How  # noqa: PLC0415  the start stays quick
    from commands.reconcile import reconcile as compare  # noqa: PLC0415  as above

    how = How(repair, reason, grace)
    raise typer.Exit(compare(read_day(day), settings, how, as_json=json))
