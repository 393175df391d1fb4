"""The line of `retention`."""

from typing import Annotated

import typer

from commands.options import Json, Settings


def retention(
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count, and remove nothing.")] = False,
    settings: Settings = None,
    json: Json = False,
) -> None:
    """Remove personal data whose time is over (xoá dữ liệu cá nhân hết hạn lưu).

    By [retention] of the settings, of dossiers that are over alone: nothing open, nothing held. Sums, figures
    and the knowledge of what came already stay. `serve` does the same each hour.
    """
    from commands.place import find_place  # noqa: PLC0415  the start stays quick
    from commands.retention import retain  # noqa: PLC0415  as above

    raise typer.Exit(retain(find_place(settings), dry_run=dry_run, as_json=json))
