"""The command line. Every command's parts are imported only when it runs, so that the start is quick."""

import sys
from pathlib import Path
from typing import Annotated

import typer

WELCOME = """\
Liên Thông carries citizens' dossiers between public systems and loses none.
Liên Thông chuyển hồ sơ giữa các hệ thống công và không để thất lạc hồ sơ nào.

  python3 run.py test           run every test, on private servers made for it
  python3 run.py account        the proof that everything is accounted for
  python3 run.py trace NUMBER   one dossier over all systems
  python3 run.py --help         every command
"""

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, no_args_is_help=False)

Json = Annotated[bool, typer.Option("--json", help="One JSON object alone on standard output.")]
LedgerOption = Annotated[
    str | None, typer.Option("--ledger", help="The ledger's address; default: the one of the last demo.")
]


@app.callback(invoke_without_command=True)
def welcome(context: typer.Context) -> None:
    """Liên Thông: dossiers between public systems, none lost, none doubled, in order."""
    if context.invoked_subcommand is None:
        typer.echo(WELCOME)


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def test(context: typer.Context) -> None:
    """Run every test on a private broker and database. Arguments after `--` go to pytest."""
    from deploy.local.testing import run_tests  # noqa: PLC0415  the start stays quick

    raise typer.Exit(run_tests(list(context.args)))


@app.command()
def account(*, ledger: LedgerOption = None, json: Json = False) -> None:
    """Prove that everything is accounted for: each delivery in one state, the states sum to what was kept.

    Exit 1 where something is not.
    """
    from commands.account import show_account  # noqa: PLC0415  the start stays quick

    raise typer.Exit(show_account(ledger, as_json=json))


@app.command()
def trace(number: str, *, ledger: LedgerOption = None, json: Json = False) -> None:
    """Show one dossier (hồ sơ) over all systems, by any of its numbers.

    Exit 1 where no dossier has the number.
    """
    from commands.trace import show_trace  # noqa: PLC0415  the start stays quick

    raise typer.Exit(show_trace(ledger, number, as_json=json))


def main() -> None:
    """Run the command of this process's arguments; what went wrong is told in sentences."""
    from commands.tell import told  # noqa: PLC0415  the start stays quick

    with told(Path.cwd()):
        sys.exit(app(standalone_mode=True))
