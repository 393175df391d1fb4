"""A sheet as a table for the domain expert: their field, our field in Vietnamese, the rule in words."""

from collections.abc import Iterator
from dataclasses import dataclass

from mappings.render_labels import label
from mappings.render_schema import schema
from mappings.rules import RULES
from mappings.sheet_check import goes_on
from mappings.sheet_values import CodeList, Line, Sheet

__all__ = ["CODE_HEADINGS", "HEADINGS", "Row", "code_rows", "markdown", "rows", "schema"]

HEADINGS = (
    "Nhóm",
    "Trường của hệ thống bạn",
    "Trường chuẩn",
    "Ý nghĩa",
    "Quy tắc",
    "Bắt buộc",
    "Tối đa",
    "Chiều",
    "Ghi chú",
)
"""The headings of `rows`, in their order."""

CODE_HEADINGS = ("Danh mục", "Mã của hệ thống bạn", "Giá trị chuẩn", "Ý nghĩa", "Hiệu lực", "Ghi chú")
"""The headings of `code_rows`."""

_WAYS = {"both": "hai chiều", "out": "chỉ gửi", "in": "chỉ nhận"}
_REQUIRED = {frozenset({"in", "out"}): "có", frozenset({"in"}): "khi nhận", frozenset({"out"}): "khi gửi"}
_UNMAPPED = {"fail": "báo lỗi", "park": "chờ người quyết định", "pass": "giữ nguyên mã"}


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the sheet in words; `part` is "" for the message itself. All are texts, in Vietnamese."""

    part: str
    their: str
    ours: str
    meaning: str
    rule: str
    required: str
    longest: str
    way: str
    note: str

    def cells(self) -> tuple[str, ...]:
        """Return the row under `HEADINGS`."""
        first = (self.part, self.their, self.ours, self.meaning, self.rule)
        return (*first, self.required, self.longest, self.way, self.note)


def rows(sheet: Sheet) -> tuple[Row, ...]:
    """Return the sheet as a table: the message's lines in order, then those of every part."""
    parts = [("", sheet.lines), *((part.name, part.lines) for part in sheet.parts.values())]
    return tuple(_row(sheet, name, line) for name, lines in parts for line in lines)


def code_rows(sheet: Sheet) -> tuple[tuple[str, ...], ...]:
    """Return the code lists as rows under `CODE_HEADINGS`; the first row of a list says its policy."""
    return tuple(row for codes in sheet.codes.values() for row in _codes(codes))


def markdown(sheet: Sheet) -> str:
    """Return both tables as Markdown, with the sheet's title."""
    tables = [(HEADINGS, [row.cells() for row in rows(sheet)]), (CODE_HEADINGS, list(code_rows(sheet)))]
    shown = ["\n".join(_markdown(heads, cells)) for heads, cells in tables if cells]
    return f"# {sheet.title}\n\n" + "\n\n".join(shown) + "\n"


def _row(sheet: Sheet, part: str, line: Line) -> Row:
    ours = ", ".join(str(path) for path in line.ours)
    meaning = ", ".join(filter(None, (label(path) for path in line.ours)))
    return Row(
        part=part,
        their=str(line) if line.their or line.rule == "python" else "(cùng hàng)",
        ours="(cùng chỗ)" if goes_on(line) else ours,
        meaning=meaning,
        rule=", ".join(_rule(sheet, line)),
        required=_REQUIRED.get(line.required, ""),
        longest=f"{line.max}{' (cắt bớt)' if line.cut else ''}" if line.max else "",
        way=_WAYS[line.way],
        note=line.note,
    )


def _rule(sheet: Sheet, line: Line) -> Iterator[str]:
    named = sheet.functions[line.argument].vi if line.rule == "python" else ""
    yield named or RULES[line.rule].vi.format(line.argument)
    if line.has_default:
        yield f"mặc định {_word(line.default)}"
    for path, values in line.when:
        yield f"chỉ khi {label(path) or path} là {' hoặc '.join(map(_word, values))}"


def _word(value: object) -> str:
    return {True: "có", False: "không"}[value] if isinstance(value, bool) else f'"{value}"'


def _codes(codes: CodeList) -> Iterator[tuple[str, ...]]:
    policy = f"mã lạ: nhận {_UNMAPPED[codes.unmapped_in]}, gửi {_UNMAPPED[codes.unmapped_out]}"
    yield codes.name, "", "", "", "", policy
    for row in codes.rows:
        since, until = row.since or "", row.until or ""
        dates = f"{since} – {until}" if since or until else ""
        note = "; ".join(filter(None, ("ưu tiên" if row.prefer else "", row.note)))
        yield codes.name, str(row.their), str(row.ours), row.vi, dates, note


def _markdown(heads: tuple[str, ...], cells: list[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(heads)} |"
    yield f"|{'---|' * len(heads)}"
    for row in cells:
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |"
