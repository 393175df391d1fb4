"""The command line of `agencies`; its parts are imported only when a command runs."""

from typing import Annotated

import typer

from commands.options import Json, LedgerAddress, Reason, Settings

agencies = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


@agencies.callback()
def _group() -> None:
    """The agencies' door (cửa của các cơ quan)."""


@agencies.command("call-again")
def agencies_call_again(
    code: Annotated[
        str | None, typer.Argument(metavar="[CODE]", help="One agency alone, by its code like H12.09.")
    ] = None,
    *,
    reason: Reason,
    settings: Settings = None,
    ledger: LedgerAddress = None,
    json: Json = False,
) -> None:
    """Call agencies once more with what was given up (gọi lại).

    `account` shows how many calls were given up; what an agency does not take now is given up again.
    """
    from commands.agency_calls import call_agencies  # noqa: PLC0415  the start stays quick
    from commands.place import find_place  # noqa: PLC0415  as above

    raise typer.Exit(call_agencies(find_place(settings, ledger), code, reason, as_json=json))
