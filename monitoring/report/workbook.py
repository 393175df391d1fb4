"""The tables as a workbook (.xlsx), a sheet each."""

from io import BytesIO
from typing import Any

from xlsxwriter import Workbook
from xlsxwriter.worksheet import Worksheet

from monitoring.report.period import Period
from monitoring.report.tables import Figures

_WIDTHS = {"what": 52, "levels": 46, "agency": 56, "sector": 56, "code": 18}


def workbook(period: Period, tables: tuple[Figures, ...], title: str) -> bytes:
    """The bytes of a workbook; texts are written as texts, whatever they begin with."""
    into = BytesIO()
    with Workbook(into, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}) as book:
        book.set_properties({"title": title})
        styles = {
            "title": book.add_format({"bold": True, "font_size": 14}),
            "head": book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 1}),
            "total": book.add_format({"bold": True, "top": 1}),
        }
        for table in tables:
            _fill(book.add_worksheet(table.title[0][:31]), period, table, styles)
    return into.getvalue()


def _fill(sheet: Worksheet, period: Period, table: Figures, styles: dict[str, Any]) -> None:
    sheet.write_string(0, 0, " · ".join(table.title), styles["title"])
    sheet.write_string(1, 0, f"{period.first:%d/%m/%Y} – {period.last:%d/%m/%Y}")
    for at, column in enumerate(table.columns):
        sheet.write_string(3, at, "\n".join(column.title), styles["head"])
        sheet.set_column(at, at, _WIDTHS.get(column.key, 14))
    for down, row in enumerate(table.rows, start=4):
        sheet.write_row(down, 0, row)
    if table.total:
        sheet.write_row(4 + len(table.rows), 0, table.total, styles["total"])
    sheet.freeze_panes(4, 0)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
