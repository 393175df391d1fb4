"""The command line of `failed`; its parts are imported only when a command runs."""

from pathlib import Path
from typing import Annotated

import typer

from commands.options import Json, LedgerAddress, Reason, Settings

failed = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

Delivery = Annotated[int, typer.Argument(metavar="ID", min=1, help="A delivery, like 12.")]
Ids = Annotated[
    list[str] | None, typer.Argument(metavar="[ID...]", help="Deliveries like 12, messages like m7.")
]


@failed.command("list")
def failed_list(*, settings: Settings = None, ledger: LedgerAddress = None, json: Json = False) -> None:
    """List what needs a person, grouped by cause.

    These are dead, held and unknown deliveries, and messages that were set aside. Exit 1 where anything does.
    """
    from commands.failed import list_failed  # noqa: PLC0415  the start stays quick
    from commands.place import find_place  # noqa: PLC0415  as above

    raise typer.Exit(list_failed(find_place(settings, ledger), as_json=json))


@failed.command("show")
def failed_show(
    name: Annotated[str, typer.Argument(metavar="ID", help="A delivery like 12, or a message like m7.")],
    *,
    settings: Settings = None,
    ledger: LedgerAddress = None,
    json: Json = False,
) -> None:
    """Show one delivery or message whole.

    With its reason, history, the peer's answers and versions; every value of the citizen's is covered.
    """
    from commands.failed import show_failed  # noqa: PLC0415  the start stays quick
    from commands.place import find_place  # noqa: PLC0415  as above

    raise typer.Exit(show_failed(find_place(settings, ledger), name, as_json=json))


@failed.command("retry")
def failed_retry(  # noqa: PLR0913  each is an option of the command
    ids: Ids = None,
    *,
    reason: Annotated[str, typer.Option("--reason", help="Why: it is recorded.")] = "",
    group: Annotated[str, typer.Option("--group", metavar="KEY", help="A group of `failed list`.")] = "",
    everything: Annotated[bool, typer.Option("--all", help="Everything that needs a person.")] = False,
    staged: Annotated[
        bool, typer.Option("--staged", help="1, 10, 100, the rest; it stops itself where a stage fails.")
    ] = False,
    rate: Annotated[float | None, typer.Option("--rate", min=0.01, help="So many a second at most.")] = None,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Follow it to its end.")] = True,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would go; send nothing.")] = False,
    sheet: Annotated[
        Path | None, typer.Option("--sheet", help="With --dry-run: compare with this sheet.")
    ] = None,
    version: Annotated[
        str,
        typer.Option("--sheet-version", metavar="DIGEST", help="With --dry-run: with one that was used."),
    ] = "",
    settings: Settings = None,
    ledger: LedgerAddress = None,
    json: Json = False,
) -> None:
    """Send what failed again (gửi lại), one, a group or all.

    A parked message is read again; of an unknown outcome the peer is asked; an overtaken one lets the newest
    go. The account at the end is exact: requested = delivered + failed + skipped. Exit 1 where not all went.
    """
    from commands.failed_acts import How, Which, rehearse, retry  # noqa: PLC0415  the start stays quick
    from commands.place import find_place  # noqa: PLC0415  as above

    place, which = find_place(settings, ledger), Which(tuple(ids or ()), group, everything)
    if (sheet or version) and not dry_run:
        raise typer.BadParameter("--sheet and --sheet-version go with --dry-run")
    if dry_run:
        raise typer.Exit(rehearse(place, which, sheet=sheet, version=version, as_json=json))
    if not reason.strip():
        raise typer.BadParameter("say why with --reason: it is recorded and shown to everybody")
    stages = (1, 10, 100) if staged else ()
    raise typer.Exit(retry(place, which, reason, How(stages, rate, wait), as_json=json))


@failed.command("runs")
def failed_runs(
    run: Annotated[int | None, typer.Argument(metavar="[RUN]", help="One retry, with what failed.")] = None,
    *,
    settings: Settings = None,
    ledger: LedgerAddress = None,
    json: Json = False,
) -> None:
    """Show retries and their accounts (các đợt gửi lại)."""
    from commands.failed_acts import show_runs  # noqa: PLC0415  the start stays quick
    from commands.place import find_place  # noqa: PLC0415  as above

    raise typer.Exit(show_runs(find_place(settings, ledger), run, as_json=json))


@failed.command("cancel")
def failed_cancel(
    run: Annotated[int, typer.Argument(metavar="RUN")],
    *,
    reason: Reason,
    settings: Settings = None,
    ledger: LedgerAddress = None,
    json: Json = False,
) -> None:
    """End a retry; what it has not sent off is skipped."""
    from commands.failed_acts import cancel  # noqa: PLC0415  the start stays quick
    from commands.place import find_place  # noqa: PLC0415  as above

    raise typer.Exit(cancel(find_place(settings, ledger), run, reason, as_json=json))


@failed.command("edit")
def failed_edit(  # noqa: PLR0913  as above
    delivery: Delivery,
    *,
    reason: Reason,
    sets: Annotated[
        list[str] | None, typer.Option("--set", metavar="PATH=VALUE", help="In the peer's spelling.")
    ] = None,
    patch: Annotated[Path | None, typer.Option("--patch", help="A JSON patch (RFC 6902).")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check it; record nothing.")] = False,
    settings: Settings = None,
    ledger: LedgerAddress = None,
    json: Json = False,
) -> None:
    """Correct what mapping made of a dead delivery (sửa mã, địa chỉ, định dạng).

    What its sender stated goes back to the sender as a supplement. It is sent by `failed retry`.
    """
    from commands.failed_acts import edit, patch_of  # noqa: PLC0415  the start stays quick
    from commands.place import find_place  # noqa: PLC0415  as above

    place, steps = find_place(settings, ledger), patch_of(patch, sets or ())
    raise typer.Exit(edit(place, delivery, steps, reason, dry=dry_run, as_json=json))


@failed.command("discard")
def failed_discard(
    ids: Annotated[list[str], typer.Argument(metavar="ID...", help="Deliveries like 12, messages like m7.")],
    *,
    reason: Reason,
    settings: Settings = None,
    ledger: LedgerAddress = None,
    json: Json = False,
) -> None:
    """Give up what is dead or was set aside (bỏ).

    Never what is in doubt. Where two must agree it is proposed.
    """
    from commands.failed_acts import discard  # noqa: PLC0415  the start stays quick
    from commands.place import find_place  # noqa: PLC0415  as above

    raise typer.Exit(discard(find_place(settings, ledger), ids, reason, as_json=json))


@failed.command("told")
def failed_told(
    delivery: Delivery,
    *,
    has_it: Annotated[bool, typer.Option("--has-it/--has-it-not", help="What you saw at the peer.")],
    reason: Reason,
    settings: Settings = None,
    ledger: LedgerAddress = None,
    json: Json = False,
) -> None:
    """Say what you saw at a peer that cannot be asked, of an unknown outcome (chưa rõ kết quả)."""
    from commands.failed_acts import tell  # noqa: PLC0415  the start stays quick
    from commands.place import find_place  # noqa: PLC0415  as above

    raise typer.Exit(tell(find_place(settings, ledger), delivery, reason, has_it=has_it, as_json=json))


@failed.command("assign")
def failed_assign(
    name: Annotated[str, typer.Argument(metavar="ID", help="A message that matched nothing, like m7.")],
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="Any number of its dossier.")],
    *,
    reason: Reason,
    settings: Settings = None,
    ledger: LedgerAddress = None,
    json: Json = False,
) -> None:
    """Give a message that matched no dossier its dossier (gắn hồ sơ)."""
    from commands.failed_acts import assign  # noqa: PLC0415  the start stays quick
    from commands.place import find_place  # noqa: PLC0415  as above

    raise typer.Exit(assign(find_place(settings, ledger), name, number, reason, as_json=json))


@failed.command("agree")
def failed_agree(
    proposal: Annotated[int, typer.Argument(metavar="PROPOSAL")],
    *,
    reason: Reason,
    settings: Settings = None,
    ledger: LedgerAddress = None,
    json: Json = False,
) -> None:
    """Agree, as the second person, to an edit or a discard (duyệt); it is then done."""
    from commands.failed_acts import decide  # noqa: PLC0415  the start stays quick
    from commands.place import find_place  # noqa: PLC0415  as above

    raise typer.Exit(decide(find_place(settings, ledger), proposal, reason, agree=True, as_json=json))


@failed.command("refuse")
def failed_refuse(
    proposal: Annotated[int, typer.Argument(metavar="PROPOSAL")],
    *,
    reason: Reason,
    settings: Settings = None,
    ledger: LedgerAddress = None,
    json: Json = False,
) -> None:
    """Refuse, as the second person, an edit or a discard (không duyệt)."""
    from commands.failed_acts import decide  # noqa: PLC0415  the start stays quick
    from commands.place import find_place  # noqa: PLC0415  as above

    raise typer.Exit(decide(find_place(settings, ledger), proposal, reason, agree=False, as_json=json))
