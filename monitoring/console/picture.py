"""A flow as a picture: a row a leg, from what starts it to what it sends and awaits. Pure; SVG by hand.

Words first, in the reader's language; the names of the settings stand small below them.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from textwrap import wrap
from xml.sax.saxutils import escape

from markupsafe import Markup

from bus.flow_values import Flow, Leg, leg_of
from bus.ledger.overview import Today

_TOP, _GAP, _EDGE, _LINE = 10, 22, 12, 18
_X = (10, 330, 690)
_WIDE = (250, 280, 280)
_LETTERS = {"": (32, 36, 36), "dim-t": (38, 43, 43)}
"""How many letters of a size a box of each column holds in a line."""
_BAD = ("dead", "held", "unknown")

Lines = Sequence[tuple[str, str]]
"""What stands in a box: text and class, longer ones over several lines."""


@dataclass(frozen=True, slots=True)
class Words:
    """How a page calls things in its reader's language.

    `kind` of message, by its `source` (the first word of its name); `system` a connector by its name, with
    its `operation`; `t` the page's own texts.
    """

    t: Callable[..., str]
    kind: Callable[[str], str]
    source: Callable[[str], str]
    system: Callable[[str], str]
    operation: Callable[[str, str], str]


@dataclass(frozen=True, slots=True)
class _Row:
    leg: Leg
    y: float
    high: float
    boxes: tuple[Lines, Lines, Lines]

    @property
    def middle(self) -> float:
        return self.y + self.high / 2


def picture(flow: Flow, today: Sequence[Today], words: Words) -> Markup:
    """The flow's legs, one below the other, with today's counts on what they send."""
    rows = _rows(flow, words)
    places = {row.leg.name: row for row in rows}
    body = [*_links(flow, places), *(part for row in rows for part in _leg(row, today))]
    height = rows[-1].y + rows[-1].high + _TOP if rows else _TOP
    title = escape(flow.title, {'"': "&quot;"})
    return Markup(  # noqa: S704  every text in it is escaped below
        f'<svg viewBox="0 0 980 {height}" role="img" aria-label="{title}" xmlns="http://www.w3.org/2000/svg">'
        f"{''.join(body)}</svg>"
    )


def _rows(flow: Flow, words: Words) -> list[_Row]:
    titles = {leg.name: leg.title for leg in flow.legs}
    boxes = [tuple(map(_folded, range(3), _said(leg, titles, words))) for leg in flow.legs]
    heights = [max(map(len, each)) * _LINE + _EDGE for each in boxes]
    tops = accumulate(heights, lambda y, high: y + high + _GAP, initial=_TOP)
    return [_Row(*row) for row in zip(flow.legs, tops, heights, boxes, strict=False)]  # type: ignore[arg-type]


def _said(leg: Leg, titles: Mapping[str, str], words: Words) -> tuple[Lines, Lines, Lines]:
    """What starts a leg, what it is, what it sends and awaits."""
    return _starts(leg, titles, words), ((leg.title, ""), (leg.name, "dim-t")), _sends(leg, words)


def _starts(leg: Leg, titles: Mapping[str, str], words: Words) -> Lines:
    if not leg.on:
        before = ", ".join(titles.get(name, name) for name in leg.after)
        return (f"{words.t('flows.after')}: {before}", ""), (", ".join(leg.after), "dim-t")
    return _kinds(leg.on, words), (", ".join(leg.on), "dim-t")


def _sends(leg: Leg, words: Words) -> Lines:
    lines: list[tuple[str, str]] = [(words.t("flows.nothing"), "")]
    if leg.connector and leg.operation:
        said = f"{words.system(leg.connector)}: {words.operation(leg.connector, leg.operation)}"
        lines = [(said, ""), (f"{leg.connector}.{leg.operation}", "dim-t")]
    if leg.expects:
        said, kind = _kinds(leg.expects, words)
        lines += [(f"{words.t('flows.awaits')}: {said}", kind), (", ".join(leg.expects), "dim-t")]
    return lines


def _kinds(kinds: Sequence[str], words: Words) -> tuple[str, str]:
    """What systems say, each system named once."""
    by_system: dict[str, list[str]] = {}
    for kind in kinds:
        by_system.setdefault(words.source(kind.partition(".")[0]), []).append(words.kind(kind))
    said = (f"{system}: {', '.join(dict.fromkeys(each))}" for system, each in by_system.items())
    return "; ".join(said), ""


def _folded(column: int, lines: Lines) -> Lines:
    return [
        (part, size)
        for text, size in lines
        for part in wrap(text, _LETTERS[size][column], break_on_hyphens=False) or [""]
    ]


def _leg(row: _Row, today: Sequence[Today]) -> Iterator[str]:
    for column, lines in enumerate(row.boxes):
        yield _box(column, row, lines)
    yield _arrow(_X[0] + _WIDE[0], _X[1], row.middle)
    yield _arrow(_X[1] + _WIDE[1], _X[2], row.middle)
    yield from _counts(row, today)


def _counts(row: _Row, today: Sequence[Today]) -> Iterator[str]:
    mine = [one for one in today if leg_of(one.route) == row.leg.route]
    done = sum(one.count for one in mine if one.state not in _BAD)
    stuck = sum(one.count for one in mine if one.state in _BAD)
    x = (_X[1] + _WIDE[1] + _X[2]) / 2
    if done:
        yield f'<text class="count" x="{x}" y="{row.middle - 6}" text-anchor="middle">{done}</text>'
    if stuck:
        yield f'<text class="stuck" x="{x}" y="{row.middle + 18}" text-anchor="middle">{stuck} !</text>'


def _box(column: int, row: _Row, lines: Lines) -> str:
    x, first = _X[column], row.middle - len(lines) * _LINE / 2 + 13
    box = f'<rect x="{x}" y="{row.y}" width="{_WIDE[column]}" height="{row.high}" rx="8"/>'
    texts = (
        f'<text class="{size}" x="{x + _EDGE}" y="{first + place * _LINE}">{escape(text)}</text>'
        for place, (text, size) in enumerate(lines)
    )
    return f'<g class="{"mid" if column == 1 else ""}">{box}{"".join(texts)}</g>'


def _arrow(x: float, to: float, y: float) -> str:
    tip = f'<path class="tip" d="M{to} {y}l-9 -5v10z"/>'
    return f'<path d="M{x} {y}H{to - 8}"/>{tip}'


def _links(flow: Flow, places: Mapping[str, _Row]) -> Iterator[str]:
    """Which legs wait for which: curves at the side."""
    for leg in flow.legs:
        for name in leg.after:
            if name in places:
                y, to, x = places[name].middle, places[leg.name].middle, _X[1] + _WIDE[1] / 8
                yield f'<path class="await" d="M{x} {y}C{x - 130} {y} {x - 130} {to} {_X[1]} {to}"/>'
