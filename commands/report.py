"""`report`: the province's figures over a period, on the terminal, as HTML, as a workbook, for programs."""

import sys
import time
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from rich.progress import Progress
from rich.table import Table

from bus.errors import ConfigurationError
from bus.ledger.ledger import reading
from commands.parts import TABLES, folders, read_settings
from commands.place import Place
from commands.tell import FINE, local_time, out, put_json, say
from mappings.source import ProblemsError
from mappings.tables import load
from monitoring.report.gather import gather
from monitoring.report.page import page
from monitoring.report.period import Period
from monitoring.report.tables import Figures, shown, tables
from monitoring.report.tally import Reporter, Tally
from monitoring.report.workbook import workbook


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which days, and the files to write."""

    first: date
    last: date
    html: Path | None = None
    xlsx: Path | None = None
    as_json: bool = False


def report(place: Place, wanted: Wanted) -> int:
    """Count, print and write; reads only, may be repeated. Raises `ConfigurationError` for no period."""
    try:
        period = Period(wanted.first, wanted.last)
    except ValueError as error:
        raise ConfigurationError([str(error)]) from None
    reporter, title = _installation(place)
    figures = tables(_counted(place, reporter.begin(period)))
    if wanted.html:
        wanted.html.write_text(page(period, figures, title, local_time(time.time())), encoding="utf-8")
    if wanted.xlsx:
        wanted.xlsx.write_bytes(workbook(period, figures, title))
    for file in filter(None, (wanted.html, wanted.xlsx)):
        say(f"đã ghi (written): {file}")
    if wanted.as_json:
        put_json(as_object(period, figures))
    elif not (wanted.html or wanted.xlsx):
        for table in figures:
            out().print(_table(table))
    return FINE


def as_object(period: Period, figures: tuple[Figures, ...]) -> dict[str, Any]:
    """The tables as a program reads them: each a list of objects, by the columns' keys, without totals."""
    told = {
        table.key: [dict(zip([one.key for one in table.columns], row, strict=True)) for row in table.rows]
        for table in figures
    }
    return {"from": period.first.isoformat(), "to": period.last.isoformat(), **told}


def _installation(place: Place) -> tuple[Reporter, str]:
    """The tables and the calendar of the installation, or the shipped ones, and its title."""
    installation = read_settings(place.settings, secrets=False) if place.settings else None
    try:
        dated = load(folders(TABLES, installation.tables.folder if installation else None))
    except ProblemsError as error:
        raise ConfigurationError(error.problems) from None
    if installation is None:
        return Reporter(dated), "Liên Thông"
    return Reporter(dated, installation.calendar.working), installation.installation.title


def _counted(place: Place, tally: Tally) -> Tally:
    with reading(place.ledger) as ask, Progress(disable=not sys.stderr.isatty(), transient=True) as bar:
        task = bar.add_task("đọc sổ (reading)", total=None)
        return gather(ask, tally, lambda done, of: bar.update(task, completed=done, total=of))


def _table(figures: Figures) -> Table:
    table = Table(title=" · ".join(figures.title), title_justify="left", show_footer=bool(figures.total))
    totals = figures.total or ("",) * len(figures.columns)
    for column, total in zip(figures.columns, totals, strict=True):
        name = "\n".join(column.title)
        table.add_column(name, footer=shown(total), justify="right" if column.is_count else "left")
    for row in figures.rows:
        table.add_row(*map(shown, row))
    return table
