"""The command line of `connector`; its parts are imported only when a command runs."""

from typing import Annotated

import typer

from commands.options import Configured, Json, LedgerAddress, Name, Reason, Settings

connector = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


@connector.command("list")
def connector_list(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="One connector alone.")] = None,
    *,
    settings: Settings = None,
    ledger: LedgerAddress = None,
    json: Json = False,
) -> None:
    """Show what may go and what may not (tình trạng kết nối).

    Breakers, pauses, maintenance windows, a full disk, and when peers were away. Exit 1 where any is shut.
    """
    from commands.gates import list_connectors  # noqa: PLC0415  the start stays quick
    from commands.place import find_place  # noqa: PLC0415  as above

    raise typer.Exit(list_connectors(find_place(settings, ledger), name, as_json=json))


@connector.command("pause")
def connector_pause(
    name: Name,
    *,
    reason: Reason,
    settings: Settings = None,
    ledger: LedgerAddress = None,
    json: Json = False,
) -> None:
    """Stop sending to a connector.

    What is for it waits, and no attempt is spent.
    """
    from commands.people import pause_connector  # noqa: PLC0415  the start stays quick
    from commands.place import find_place  # noqa: PLC0415  as above

    place = find_place(settings, ledger)
    raise typer.Exit(pause_connector(place, name, reason, pause=True, as_json=json))


@connector.command("resume")
def connector_resume(
    name: Name,
    *,
    reason: Reason = "",
    settings: Settings = None,
    ledger: LedgerAddress = None,
    json: Json = False,
) -> None:
    """Send to a paused connector again.

    What waited goes on, in order; a peer whose breaker is open is asked at once.
    """
    from commands.people import pause_connector  # noqa: PLC0415  the start stays quick
    from commands.place import find_place  # noqa: PLC0415  as above

    place = find_place(settings, ledger)
    raise typer.Exit(pause_connector(place, name, reason, pause=False, as_json=json))


@connector.command("probe")
def connector_probe(name: Name, *, settings: Configured = None, json: Json = False) -> None:
    """Ask a peer layer by layer, without effect.

    The layers are DNS, TCP, TLS, login, schema, echo. Exit 1 where one fails; it is named.
    """
    from commands.probe import probe_connector  # noqa: PLC0415  the start stays quick

    raise typer.Exit(probe_connector(name, settings, as_json=json))


@connector.command("agencies")
def connector_agencies(name: Name, *, settings: Configured = None, json: Json = False) -> None:
    """Name the agencies of our table that a peer does not know (cơ quan chưa có trên trục).

    For a peer that lists agencies, as the document axis does. Without effect. Exit 1 where any is not known.
    """
    from commands.connector_agencies import compare_agencies  # noqa: PLC0415  the start stays quick

    raise typer.Exit(compare_agencies(name, settings, as_json=json))
