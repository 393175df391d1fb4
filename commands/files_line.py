"""The command line of `files`; like the whole of it, its parts are imported only when a command runs."""

from pathlib import Path
from typing import Annotated

import typer

from commands.options import Json, Reason, Settings

files = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

StoredFile = Annotated[
    str, typer.Argument(metavar="LINK|HASH", help="A link, or a file's SHA-256 for all links to it.")
]


@files.command("withdraw")
def files_withdraw(
    file: StoredFile, *, reason: Reason, settings: Settings = None, json: Json = False
) -> None:
    """Withdraw a link (thu hồi liên kết).

    From now on no link to that file under that name opens anything; with a hash, no link to it at all.
    Exit 1 where none is stored.
    """
    from commands.files import decide  # noqa: PLC0415  the start stays quick
    from commands.place import find_place  # noqa: PLC0415  as above

    raise typer.Exit(decide(find_place(settings), file, reason, what="withdrawn", as_json=json))


@files.command("restore")
def files_restore(file: StoredFile, *, reason: Reason, settings: Settings = None, json: Json = False) -> None:
    """Take a withdrawal back.

    What was withdrawn as a link is restored as that link, what as a hash as that hash.
    """
    from commands.files import decide  # noqa: PLC0415  the start stays quick
    from commands.place import find_place  # noqa: PLC0415  as above

    raise typer.Exit(decide(find_place(settings), file, reason, what="restored", as_json=json))


@files.command("tidy")
def files_tidy(
    *,
    days: Annotated[
        float, typer.Option(min=1, help="Only files put longer ago than so many days; at least one.")
    ] = 7,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Tell, and take nothing away.")] = False,
    settings: Settings = None,
    json: Json = False,
) -> None:
    """Take away stored files that no kept message names (dọn tệp không còn dùng).

    They are left by a crash between storing a file and keeping its message. May run beside a serve.
    """
    from commands.files import tidy  # noqa: PLC0415  the start stays quick
    from commands.place import find_place  # noqa: PLC0415  as above

    raise typer.Exit(tidy(find_place(settings), days=days, dry_run=dry_run, as_json=json))


@files.command("verify")
def files_verify(*, settings: Settings = None, json: Json = False) -> None:
    """Read every stored file.

    Each is compared with the hash it is named by. Exit 1 where one is damaged; it is named.
    """
    from commands.files import verify  # noqa: PLC0415  the start stays quick
    from commands.place import find_place  # noqa: PLC0415  as above

    raise typer.Exit(verify(find_place(settings), as_json=json))


@files.command("package")
def files_package(
    package: Annotated[
        str, typer.Argument(metavar="HASH", help="SHA-256 of the package as it came, as a day's list has it.")
    ],
    into: Annotated[Path, typer.Argument(metavar="FILE", help="A new file.")],
    *,
    reason: Reason,
    settings: Settings = None,
    json: Json = False,
) -> None:
    """Write an edXML package as it came (lấy lại gói tin gốc).

    Of the axis or the agencies' door, the same to the byte. Exit 1 where it is not there any more.
    """
    from commands.packages import write_package  # noqa: PLC0415  the start stays quick
    from commands.place import find_place  # noqa: PLC0415  as above

    raise typer.Exit(write_package(find_place(settings), package, into, reason, as_json=json))
