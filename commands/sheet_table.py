"""`map --table`: a sheet as a Vietnamese table, for the expert of the peer who has to agree to it."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from rich.table import Table

from commands.mapping import find_sheet
from commands.tell import FINE, out, put_json, say
from mappings.render import CODE_HEADINGS, HEADINGS, code_rows, markdown, rows
from mappings.sheet import Sheet


def show_sheet(name: str, settings: Path | None, to: Path | None, *, as_json: bool) -> int:
    """Print a sheet and its code lists; as Markdown into `to` where it is given. May be repeated.

    Raises `ConfigurationError` where there is no such sheet or it is wrong.
    """
    sheet = find_sheet(name, settings).sheet
    if to:
        to.write_text(markdown(sheet), encoding="utf-8")
        say(f"{to}: {sheet.title}")
    if as_json:
        put_json(_as_object(sheet))
    elif not to:
        out().print(_table(sheet.title, HEADINGS, (row.cells() for row in rows(sheet))))
        out().print(_table("Danh mục mã", CODE_HEADINGS, code_rows(sheet)))
    return FINE


def _as_object(sheet: Sheet) -> dict[str, object]:
    return {
        "sheet": sheet.name,
        "title": sheet.title,
        "headings": HEADINGS,
        "rows": [row.cells() for row in rows(sheet)],
        "code_headings": CODE_HEADINGS,
        "code_rows": code_rows(sheet),
    }


def _table(title: str, headings: Sequence[str], cells: Iterable[Sequence[str]]) -> Table:
    """A table without the columns in which nothing stands."""
    lines = list(cells)
    used = [place for place in range(len(headings)) if any(line[place] for line in lines)]
    made = Table(title=title, title_justify="left")
    for place in used:
        made.add_column(headings[place], overflow="fold")
    for line in lines:
        made.add_row(*(line[place] for place in used))
    return made
