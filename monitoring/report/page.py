"""The tables as one HTML file that stands alone: no script, nothing from outside, fit for printing."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from monitoring.report.period import Period
from monitoring.report.tables import Figures, shown


def page(period: Period, tables: tuple[Figures, ...], title: str, made: str) -> str:
    """The text of the file; `made` tells when it was counted."""
    folder = FileSystemLoader(Path(__file__).parent)
    templates = Environment(loader=folder, autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    templates.filters["shown"] = shown
    return templates.get_template("report.html").render(period=period, tables=tables, title=title, made=made)
