"""The options that several commands share, each said once."""

from pathlib import Path
from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="One JSON object alone on standard output.")]
Settings = Annotated[
    Path | None,
    typer.Option(
        "--settings",
        envvar="LIENTHONG_SETTINGS",
        show_envvar=False,
        help="The installation's settings file (or LIENTHONG_SETTINGS); default: the last demo.",
    ),
]
Configured = Annotated[
    Path | None,
    typer.Option(
        "--settings",
        envvar="LIENTHONG_SETTINGS",
        show_envvar=False,
        help="The installation's settings file (or LIENTHONG_SETTINGS); default: settings.toml.",
    ),
]
LedgerAddress = Annotated[
    str | None, typer.Option("--ledger", help="A ledger's address instead, like sqlite:///ledger.db")
]
Number = Annotated[
    str, typer.Argument(metavar="NUMBER", help="Any number that one of the systems knows the dossier by.")
]
Name = Annotated[str, typer.Argument(metavar="NAME", help="The connector, as in [connector.NAME].")]


def _said(parameter: typer.CallbackParam, reason: str) -> str:
    """A reason that must be given says something."""
    if parameter.required and not reason.strip():
        raise typer.BadParameter("say why: it is recorded and shown to everybody")
    return reason


Reason = Annotated[
    str, typer.Option("--reason", callback=_said, help="Why: it is recorded and shown to everybody.")
]
