"""The command line of `audit`; its parts are imported only when a command runs."""

from typing import Annotated

import typer

from commands.options import Json, LedgerAddress, Settings

audit = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


@audit.command("verify")
def audit_verify(
    *,
    head: Annotated[
        str,
        typer.Option(
            "--head", metavar="HEAD", help="A head kept elsewhere: NUMBER:DIGEST, or a backup's folder."
        ),
    ] = "",
    settings: Settings = None,
    ledger: LedgerAddress = None,
    json: Json = False,
) -> None:
    """Prove that the log of actions is whole (kiểm chứng nhật ký).

    Every row has the digest of the one before it: names the first that was changed, removed or put in. With
    a head kept elsewhere also whether the end was cut off. Exit 1 where it is broken.
    """
    from commands.audit import verify  # noqa: PLC0415  the start stays quick
    from commands.place import find_place  # noqa: PLC0415  as above

    raise typer.Exit(verify(find_place(settings, ledger), head, as_json=json))


@audit.command("head")
def audit_head(*, settings: Settings = None, ledger: LedgerAddress = None, json: Json = False) -> None:
    """Print the head of the log of actions, NUMBER:DIGEST, to be kept elsewhere.

    It stands for every row up to it: `audit verify --head` finds by it whatever was cut off or rewritten.
    """
    from commands.audit import show_head  # noqa: PLC0415  the start stays quick
    from commands.place import find_place  # noqa: PLC0415  as above

    raise typer.Exit(show_head(find_place(settings, ledger), as_json=json))
