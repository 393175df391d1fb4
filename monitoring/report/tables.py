"""A tally as tables: one form for the terminal, the page, HTML, the workbook and programs."""

from collections import Counter
from dataclasses import dataclass

from monitoring.report.tally import NOBODY, Named, Tally

Text = tuple[str, str]
"""Vietnamese and English."""

Cell = str | int | float | None

VIETNAMESE, ENGLISH = 0, 1


@dataclass(frozen=True, slots=True)
class Column:
    """A column; `key` names it to programs."""

    key: str
    title: Text

    @property
    def is_count(self) -> bool:
        """Whether it holds numbers."""
        return self.key not in _WORDED


_WORDED = frozenset({"code", "agency", "sector", "levels", "what"})


@dataclass(frozen=True, slots=True)
class Figures:
    """A table. Its rows are in order, `total` last where sums mean something; a share is in per cent."""

    key: str
    title: Text
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    total: tuple[Cell, ...] = ()
    note: Text = ("", "")


def tables(tally: Tally) -> tuple[Figures, ...]:
    """All tables of a tally, Vietnamese in their rows."""
    return (_summary(tally), _levels(tally), _on_the_spot(tally), _elsewhere(tally), _agencies(tally))


_COUNT = Column("dossiers", ("Số hồ sơ", "Dossiers"))
_CODE, _NAME = Column("code", ("Mã", "Code")), Column("agency", ("Cơ quan giải quyết", "Handling agency"))
_UNLISTED = "Chưa có trong danh mục (not in the tables)"


def _summary(tally: Tally) -> Figures:
    of = _sums(tally)
    ended = of["early"] + of["on_time"] + of["late"]
    rows = (
        ("Hồ sơ tiếp nhận (received)", tally.received),
        ("Liên thông từ hai cơ quan trở lên (interlinked)", _interlinked(tally)),
        ("4 tại chỗ (four steps on the spot)", tally.sectors.total()),
        ("Tiếp nhận phi địa giới hành chính (taken in elsewhere)", tally.elsewhere.total()),
        ("Đã giải quyết (finished)", ended + of["unpromised"]),
        ("Trước và đúng hạn, % (early and on time, %)", _share(of)),
        ("Chưa xong, đã quá hẹn khi hết kỳ (open, past their promise at the end)", of["open"]),
        ("Hồ sơ phải bổ sung (asked for more papers)", of["supplemented"]),
        ("Không tiếp nhận (not accepted)", of["refused"]),
    )
    columns = (Column("what", ("Chỉ tiêu", "Figure")), Column("value", ("Giá trị", "Value")))
    return Figures("summary", ("Tổng hợp", "Summary"), columns, rows)


_WORDS = {"commune": "xã", "district": "huyện", "province": "tỉnh"}


def _levels(tally: Tally) -> Figures:
    counts: Counter[str] = Counter()
    for (levels, several), count in tally.levels.items():
        counts[_level_words(levels, several=several)] += count
    rows = tuple(sorted(counts.items(), key=lambda row: (-row[1], row[0])))
    columns = (Column("levels", ("Cấp", "Levels")), _COUNT)
    title = ("Liên thông theo cấp", "Interlinked by level")
    note = (
        "Theo cấp của các cơ quan tiếp nhận, giải quyết, đang giữ và đã chuyển hồ sơ.",
        "By the level of the agencies that took in, handle, hold or handed on the dossier.",
    )
    return Figures("interlinked", title, columns, rows, ("Tổng cộng", counts.total()), note)


def _level_words(levels: tuple[str, ...], *, several: bool) -> str:
    if not levels:
        return _UNLISTED
    named = "–".join(_WORDS[level] for level in levels)
    if not several:
        return f"Một cơ quan cấp {named}"
    return f"Liên thông {len(levels)} cấp: {named}" if len(levels) > 1 else f"Liên thông cùng cấp {named}"


def _on_the_spot(tally: Tally) -> Figures:
    columns = (_CODE, Column("sector", ("Lĩnh vực", "Sector")), _COUNT)
    return _by_name(
        "on_the_spot", ("4 tại chỗ theo lĩnh vực", "On the spot by sector"), columns, tally.sectors
    )


def _elsewhere(tally: Tally) -> Figures:
    title = ("Tiếp nhận phi địa giới hành chính", "Taken in elsewhere")
    return _by_name("elsewhere", title, (_CODE, _NAME, _COUNT), tally.elsewhere)


def _by_name(key: str, title: Text, columns: tuple[Column, ...], counts: Counter[Named]) -> Figures:
    rows = [(*_shown(name), count) for name, count in counts.items()]
    ordered = tuple(sorted(rows, key=lambda row: (-row[2], row[0])))
    return Figures(key, title, columns, ordered, ("", "Tổng cộng", counts.total()))


_BY_AGENCY = (
    Column("received", ("Tiếp nhận", "Received")),
    Column("early", ("Trước hạn", "Early")),
    Column("on_time", ("Đúng hạn", "On time")),
    Column("late", ("Quá hạn", "Late")),
    Column("unpromised", ("Xong, không có hẹn", "Done, no promise")),
    Column("open", ("Chưa xong, đã quá hẹn", "Open, past its promise")),
    Column("share", ("Trước và đúng hạn, %", "In time, %")),
    Column("supplements", ("Lượt bổ sung", "Rounds of supplements")),
    Column("supplemented", ("Hồ sơ bổ sung", "Dossiers supplemented")),
    Column("refused", ("Không tiếp nhận", "Not accepted")),
)


def _agencies(tally: Tally) -> Figures:
    of: dict[Named, Counter[str]] = {}
    for (name, what), count in tally.agencies.items():
        of.setdefault(name, Counter())[what] += count
    ordered = sorted(of.items(), key=lambda each: (-each[1]["received"], each[0]))
    rows = tuple((*_shown(name), *_line(counts)) for name, counts in ordered)
    total = ("", "Tổng cộng", *_line(_sums(tally)))
    note = (
        "So với ngày hẹn trả, theo lịch làm việc; hồ sơ xong trong kỳ.",
        "Against the promised date, by the working calendar; those finished in the period.",
    )
    title = ("Tiến độ theo cơ quan", "Progress by agency")
    return Figures("agencies", title, (_CODE, _NAME, *_BY_AGENCY), rows, total, note)


def _line(counts: Counter[str]) -> tuple[Cell, ...]:
    return tuple(_share(counts) if each.key == "share" else counts[each.key] for each in _BY_AGENCY)


def _share(counts: Counter[str]) -> float | None:
    """Early and on time of those that had a promise, in per cent; None where there were none."""
    ended = counts["early"] + counts["on_time"] + counts["late"]
    return round(100 * (ended - counts["late"]) / ended, 1) if ended else None


def _sums(tally: Tally) -> Counter[str]:
    sums: Counter[str] = Counter()
    for (_, what), count in tally.agencies.items():
        sums[what] += count
    return sums


def _interlinked(tally: Tally) -> int:
    return sum(count for (_, several), count in tally.levels.items() if several)


def _shown(name: Named) -> Named:
    return name if name != NOBODY else ("", _UNLISTED)


def shown(cell: Cell) -> str:
    """A cell as people read it: 58.500, 99,2; a dash for nothing."""
    if cell is None:
        return "–"
    if isinstance(cell, str):
        return cell
    return f"{cell:,}".translate(str.maketrans(",.", ".,"))
