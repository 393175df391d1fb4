"""The command line of `person`; its parts are imported only when a command runs."""

from typing import Annotated

import typer

from commands.options import Json, LedgerAddress, Settings

person = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

Login = Annotated[str, typer.Argument(metavar="LOGIN", help="The name to sign in with.")]


@person.command("add")
def person_add(
    login: Login,
    *,
    name: Annotated[str, typer.Option("--name", help="The name for people, like 'Trần Thị Bình'.")] = "",
    role: Annotated[
        str, typer.Option("--role", help="viewer, operator, approver or integrator.")
    ] = "operator",
    settings: Settings = None,
    ledger: LedgerAddress = None,
    json: Json = False,
) -> None:
    """Let a person sign in to the console (cho đăng nhập).

    The password is asked for, or read as one line from standard input. Whoever is there already gets the
    new role, name and password, and has to sign in again.
    """
    from commands.person import add_person  # noqa: PLC0415  the start stays quick
    from commands.place import find_place  # noqa: PLC0415  as above

    raise typer.Exit(add_person(find_place(settings, ledger), login, name, role, as_json=json))


@person.command("out")
def person_out(
    login: Login, *, settings: Settings = None, ledger: LedgerAddress = None, json: Json = False
) -> None:
    """Let a person no longer sign in.

    Their sessions end at once; what they did stays in the log. Exit 1 where there is no such person.
    """
    from commands.person import take_out  # noqa: PLC0415  the start stays quick
    from commands.place import find_place  # noqa: PLC0415  as above

    raise typer.Exit(take_out(find_place(settings, ledger), login, as_json=json))


@person.command("list")
def person_list(*, settings: Settings = None, ledger: LedgerAddress = None, json: Json = False) -> None:
    """List who may sign in, with role and rights."""
    from commands.person import list_people  # noqa: PLC0415  the start stays quick
    from commands.place import find_place  # noqa: PLC0415  as above

    raise typer.Exit(list_people(find_place(settings, ledger), as_json=json))
