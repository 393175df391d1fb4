"""The line of `drill`."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from commands.options import Configured, Json


class LedgerKind(StrEnum):
    """What the drill keeps its ledger in."""

    postgresql = "postgresql"
    sqlite = "sqlite"


def drill(  # noqa: PLR0913  the options of one command
    *,
    seed: Annotated[int, typer.Option("--seed", help="Of everything that is drawn.")] = 42,
    dossiers: Annotated[int, typer.Option("--dossiers", min=1, help="How many are submitted.")] = 2000,
    kills: Annotated[int, typer.Option("--kills", min=0, help="How many processes are killed.")] = 200,
    ledger: Annotated[
        LedgerKind, typer.Option("--ledger", help="sqlite: one process; postgresql: several.")
    ] = LedgerKind.postgresql,
    nodes: Annotated[int, typer.Option("--nodes", min=1, max=5, help="Nodes of the broker.")] = 1,
    workers: Annotated[int, typer.Option("--workers", min=0, max=16, help="Beside `serve`.")] = 2,
    faults: Annotated[int | None, typer.Option("--faults", min=0, help="Other faults, about.")] = None,
    report: Annotated[
        Path | None, typer.Option("--report", help="Add the result to this page, like docs/reliability.md.")
    ] = None,
    settings: Configured = None,
    json: Json = False,
) -> None:
    """Break things on purpose (diễn tập sự cố), and prove the promises.

    Several processes on private servers; from the seed it draws kills, stops, outages and bad answers while
    dossiers flow. It ends by itself and accounts by the peers' own logs. Exit 1 where a promise is broken;
    then it prints the seed, the dossier's timeline and the fault before it.
    """
    from commands.drill import drill as run  # noqa: PLC0415  the start stays quick
    from commands.drill_plan import Wish  # noqa: PLC0415  as above
    from commands.preflight import refuse_production  # noqa: PLC0415  as above

    refuse_production("drill", settings)
    wish = Wish(seed, dossiers, kills, ledger.value, nodes, workers, faults, report=report, as_json=json)
    raise typer.Exit(run(wish))
