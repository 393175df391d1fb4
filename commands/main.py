"""The command line. Every command's parts are imported only when it runs, so that the start is quick."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from commands.agencies_line import agencies
from commands.audit_line import audit
from commands.backup_line import backup, restore
from commands.connector_line import connector
from commands.drill_line import drill
from commands.failed_line import failed
from commands.files_line import files
from commands.options import Configured, Json, LedgerAddress, Number, Reason, Settings
from commands.person_line import person
from commands.reconcile_line import reconcile
from commands.report_line import report
from commands.retention_line import retention
from commands.welcome import WELCOME

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
app.add_typer(
    failed, name="failed", help="What needs a person (cần người xử lý): list, show, retry, edit, discard."
)
app.command()(backup)
app.command()(restore)
app.add_typer(connector, name="connector", help="List connectors; pause, resume or probe one.")
app.add_typer(person, name="person", help="Who may sign in to the console (người dùng).")
app.add_typer(audit, name="audit", help="The log of actions: prove it whole, print its head (nhật ký).")
app.command()(drill)
app.command()(report)
app.command()(retention)
app.command()(reconcile)
app.add_typer(agencies, name="agencies", help="The agencies' door: call agencies again (gọi lại).")
app.add_typer(files, name="files", help="Stored files (tệp): withdraw their links, prove them sound.")

_PASSED_ON = {"allow_extra_args": True, "ignore_unknown_options": True}


@app.callback(invoke_without_command=True)
def welcome(context: typer.Context) -> None:
    """Liên Thông: dossiers between public systems, none lost, none doubled, each in order.

    Exit codes: 0 fine, 1 something needs you, 2 wrong use or configuration, 3 the broker stayed away.
    """
    if context.invoked_subcommand is None:
        typer.echo(WELCOME)


@app.command()
def demo(
    *,
    dossiers: Annotated[int, typer.Option("--dossiers", min=1, help="How many are submitted.")] = 120,
    seed: Annotated[int, typer.Option("--seed", help="Of everything that is drawn.")] = 7,
    broken: Annotated[str, typer.Option("--break", metavar="NAME", help="A peer to take away 20 s.")] = "",
    routes: Annotated[Path | None, typer.Option("--routes", help="Own route files; they win.")] = None,
    leave: Annotated[bool, typer.Option("--exit", help="End when all is done, also on a terminal.")] = False,
    json: Json = False,
) -> None:
    """Show it at work on this machine.

    The systems simulated, a real broker, a stream of dossiers, the account at the end. On a
    terminal it stays up until Ctrl-C. Exit 1 where a promise does not hold.
    """
    from commands.demo import Wish  # noqa: PLC0415  the start stays quick
    from commands.demo import demo as run  # noqa: PLC0415  as above

    stay = not leave and not json and sys.stdout.isatty()
    raise typer.Exit(run(Wish(dossiers, seed, broken, routes, stay=stay, as_json=json)))


@app.command(context_settings=_PASSED_ON)
def test(context: typer.Context) -> None:
    """Run every test on private servers.

    A private RabbitMQ and a private PostgreSQL are started for it. Arguments after `--` go to pytest.
    """
    from deploy.local.testing import run_tests  # noqa: PLC0415  the start stays quick

    raise typer.Exit(run_tests(list(context.args)))


@app.command()
def check(*, settings: Configured = None, json: Json = False) -> None:
    """Check everything that is configured.

    Settings, routes, sheets, schemas, tables, topology: every fault with file:line:column and a hint.
    Exit 2 where anything is wrong.
    """
    from commands.check import check as look  # noqa: PLC0415  the start stays quick

    raise typer.Exit(look(settings, as_json=json))


@app.command()
def describe(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME]", help='A connector or a type of one, or "settings" for every setting.'
        ),
    ] = None,
    *,
    settings: Configured = None,
    json: Json = False,
) -> None:
    """Say what a connector needs and offers.

    Its operations and what happens to a lost answer, its sources, messages and settings.
    """
    from commands.describe import describe as tell  # noqa: PLC0415  the start stays quick

    raise typer.Exit(tell(name, settings, as_json=json))


@app.command()
def topology(
    *,
    schedules: Annotated[
        bool, typer.Option("--schedules", help="When deliveries are tried again, as times.")
    ] = False,
    agencies: Annotated[
        bool, typer.Option("--agencies", help="Set up the queues of the agencies that listen to events.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="With --agencies: only say what would be done.")
    ] = False,
    settings: Configured = None,
    json: Json = False,
) -> None:
    """Print exchanges, queues, bindings, schedules; set up the agencies' queues.

    As they are declared on the broker at the start; with --schedules, when deliveries are tried again. With
    --agencies the broker gets a user, queue and topic permissions for each agency that has an
    `events_password`, and loses those of agencies that have none any more.
    """
    if agencies:
        from commands.topology_agencies import set_up_agencies  # noqa: PLC0415  the start stays quick

        raise typer.Exit(set_up_agencies(settings, dry_run=dry_run, as_json=json))
    from commands.topology import show_topology  # noqa: PLC0415  as above

    raise typer.Exit(show_topology(settings, schedules=schedules, as_json=json))


@app.command("map")
def map_(
    sheet: Annotated[str, typer.Argument(metavar="SHEET", help="Like national_portal/record.")],
    file: Annotated[
        Path | None,
        typer.Argument(
            metavar="[FILE]", help="A message: the peer's, or with --out ours; none with --table."
        ),
    ] = None,
    *,
    table: Annotated[bool, typer.Option("--table", help="Show the sheet itself, in Vietnamese.")] = False,
    outward: Annotated[
        bool, typer.Option("--out/--in", help="Ours to theirs, or theirs to ours (the default).")
    ] = False,
    to: Annotated[
        Path | None, typer.Option("--to", help="Write the whole result here, readable by you alone.")
    ] = None,
    settings: Configured = None,
    json: Json = False,
) -> None:
    """Try a sheet on a message, or show the sheet.

    Prints what comes out, personal values covered, or every problem. Exit 1 where it cannot be mapped.
    """
    if table == (file is not None):
        raise typer.BadParameter("give a FILE to try the sheet on, or --table to see the sheet")
    if file is None:
        from commands.sheet_table import show_sheet  # noqa: PLC0415  the start stays quick

        raise typer.Exit(show_sheet(sheet, settings, to, as_json=json))
    from commands.mapping import Try, map_file  # noqa: PLC0415  as above

    raise typer.Exit(map_file(sheet, settings, Try(file, outward, to), as_json=json))


@app.command()
def serve(*, settings: Configured = None) -> None:
    """Run the installation.

    Until Ctrl-C or SIGTERM; then it finishes what is under way and ends with 0.
    """
    from commands.parts import EXAMPLE  # noqa: PLC0415  the start stays quick
    from commands.serve import serve as run  # noqa: PLC0415  as above

    raise typer.Exit(run(settings or EXAMPLE))


@app.command()
def worker(
    names: Annotated[list[str], typer.Argument(metavar="NAME...", help="Connectors of the installation.")],
    *,
    metrics: Annotated[
        str,
        typer.Option(metavar="HOST:PORT", help="For Prometheus; else the next free port after `serve`'s."),
    ] = "",
    settings: Configured = None,
) -> None:
    """Run some connectors of the installation, beside its `serve`.

    It has no door and answers no commands. Several processes need a ledger on PostgreSQL.
    """
    from commands.parts import EXAMPLE, known_connectors  # noqa: PLC0415  the start stays quick
    from commands.serve import serve as run  # noqa: PLC0415  as above

    file = settings or EXAMPLE
    raise typer.Exit(run(file, known_connectors(file, names), metrics))


@app.command()
def simulate(
    names: Annotated[
        list[str], typer.Argument(metavar="NAME...", help="insurance, ioffice, national_portal, onestop, tax")
    ],
    *,
    data: Annotated[Path, typer.Option("--data", help="What they did.")] = Path(".lienthong/simulate"),
    seed: Annotated[int, typer.Option("--seed", help="Of everything that is drawn.")] = 0,
    json: Json = False,
) -> None:
    """Run simulated peers alone until Ctrl-C.

    Each is a real server, strict against the reference, and counts what it was asked to do. `.venv/bin/python
    -m adapters.NAME.simulator --help` names the accounts that may log in.
    """
    from commands.simulate import simulate as run  # noqa: PLC0415  the start stays quick

    raise typer.Exit(run(names, data, seed, as_json=json))


@app.command()
def bench(  # noqa: PLR0913  an option a figure
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            help="hop, workers, neighbours, map, soap, soak, edxml, files, kills, console or province",
        ),
    ],
    *,
    seconds: Annotated[float | None, typer.Option(min=0.5, help="of each measurement")] = None,
    rounds: Annotated[int | None, typer.Option(min=1, help="hop, workers, neighbours: how often")] = None,
    prefilled: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="hop: also with N messages kept before")
    ] = None,
    times: Annotated[int | None, typer.Option(min=1, help="kills: at each of the two peers")] = None,
    minutes: Annotated[float | None, typer.Option(min=0.1, help="soak: how long")] = None,
    scale: Annotated[
        float | None,
        typer.Option(min=0.0001, max=1, help="province: the share of its 58,500 dossiers, 0.02 for a look"),
    ] = None,
    json: Json = False,
) -> None:
    """Measure beside the limit and beside peers.

    In one run on this machine: the whole hop over the broker, the mapping alone, SOAP calls,
    edXML packages; or `kill -9` between the effect at a peer and its answer, and one effect each; or the
    province's published load from end to end. Exit code 1 where an account does not hold.
    """
    from commands.testing import bench as measure  # noqa: PLC0415  the start stays quick

    raise typer.Exit(
        measure(
            name,
            as_json=json,
            seconds=seconds,
            rounds=rounds,
            prefilled=prefilled,
            times=times,
            minutes=minutes,
            scale=scale,
        )
    )


@app.command()
def account(*, settings: Settings = None, ledger: LedgerAddress = None, json: Json = False) -> None:
    """Prove that everything is accounted for.

    Each delivery is in exactly one state, and the states sum to what was planned. Exit 1 where they do not.
    """
    from commands.account import show_account  # noqa: PLC0415  the start stays quick
    from commands.place import find_place  # noqa: PLC0415  as above

    raise typer.Exit(show_account(find_place(settings, ledger), as_json=json))


@app.command()
def trace(
    number: Number, *, settings: Settings = None, ledger: LedgerAddress = None, json: Json = False
) -> None:
    """Show one dossier (hồ sơ) over all systems.

    It is found by any of its numbers. Exit 1 where no dossier has the number.
    """
    from commands.place import find_place  # noqa: PLC0415  the start stays quick
    from commands.trace import show_trace  # noqa: PLC0415  as above

    raise typer.Exit(show_trace(find_place(settings, ledger), number, as_json=json))


@app.command()
def hold(
    number: Number,
    *,
    reason: Reason,
    settings: Settings = None,
    ledger: LedgerAddress = None,
    json: Json = False,
) -> None:
    """Hold a dossier (tạm giữ).

    Nothing of it that is not yet sent is sent until it is released.
    """
    from commands.people import hold_dossier  # noqa: PLC0415  the start stays quick
    from commands.place import find_place  # noqa: PLC0415  as above

    place = find_place(settings, ledger)
    raise typer.Exit(hold_dossier(place, number, reason, hold=True, as_json=json))


@app.command()
def release(
    number: Number,
    *,
    reason: Reason = "",
    settings: Settings = None,
    ledger: LedgerAddress = None,
    json: Json = False,
) -> None:
    """Release a dossier that was held.

    What waited goes on, in order.
    """
    from commands.people import hold_dossier  # noqa: PLC0415  the start stays quick
    from commands.place import find_place  # noqa: PLC0415  as above

    place = find_place(settings, ledger)
    raise typer.Exit(hold_dossier(place, number, reason, hold=False, as_json=json))


@app.command()
def undone(
    number: Number,
    leg: Annotated[str, typer.Argument(help="The leg (chặng), as trace shows it.")],
    *,
    reason: Reason,
    settings: Settings = None,
    ledger: LedgerAddress = None,
    json: Json = False,
) -> None:
    """Say that a leg of a withdrawn dossier is undone at its peer (đã thu hồi).

    `failed list` shows the legs that only a person can undo.
    """
    from commands.people import leg_undone  # noqa: PLC0415  the start stays quick
    from commands.place import find_place  # noqa: PLC0415  as above

    place = find_place(settings, ledger)
    raise typer.Exit(leg_undone(place, number, leg, reason, as_json=json))


def main() -> None:
    """Run the command of this process's arguments; what went wrong is told in sentences."""
    from commands.tell import told  # noqa: PLC0415  the start stays quick

    with told():
        sys.exit(app(standalone_mode=True))
