"""The command line of `backup` and `restore`; their parts are imported only when they run."""

from pathlib import Path
from typing import Annotated

import typer

from commands.options import Json, Settings


def backup(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="Where backups lie; each is a folder there.")
    ],
    *,
    settings: Settings = None,
    json: Json = False,
) -> None:
    """Back up ledger and files (sao lưu).

    May run beside `serve`. The copy is read whole and has to account for everything. Exit 1 where a stored
    file is damaged.
    """
    from commands.backup import take_backup  # noqa: PLC0415  the start stays quick
    from commands.place import find_place  # noqa: PLC0415  as above

    raise typer.Exit(take_backup(find_place(settings), folder, as_json=json))


def restore(
    backup: Annotated[Path, typer.Argument(metavar="BACKUP", help="A folder that `backup` has made.")],
    *,
    settings: Annotated[
        Path,
        typer.Option("--settings", envvar="LIENTHONG_SETTINGS", help="The installation's settings file."),
    ],
    json: Json = False,
) -> None:
    """Put a backup back (phục hồi).

    The installation must be stopped and its old ledger moved aside. What was open is unknown afterwards: its
    peer is asked before anything is sent.
    """
    from commands.backup import restore as run  # noqa: PLC0415  the start stays quick

    raise typer.Exit(run(settings, backup, as_json=json))
