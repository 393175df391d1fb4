"""A flow as a picture: a row a leg, from what starts it to what it sends and awaits. Pure; SVG by hand."""

from collections.abc import Callable, Iterator, Sequence
from textwrap import shorten
from xml.sax.saxutils import escape

from markupsafe import Markup

from bus.flow_values import Flow, Leg, leg_of
from bus.ledger.overview import Today

_ROW, _TOP, _HIGH = 74, 10, 52
_X = (10, 330, 690)
_WIDE = (250, 280, 270)
_LETTERS = (36, 38, 38)
_BAD = ("dead", "held", "unknown")


def picture(flow: Flow, today: Sequence[Today], t: Callable[..., str]) -> Markup:
    """The flow's legs, one below the other, with today's counts on what they send."""
    places = {leg.name: place for place, leg in enumerate(flow.legs)}
    body = [
        *_links(flow, places),
        *(part for leg in flow.legs for part in _leg(leg, places[leg.name], today, t)),
    ]
    height = _TOP + _ROW * max(1, len(flow.legs))
    title = escape(flow.title)
    return Markup(  # noqa: S704  every text in it is escaped below
        f'<svg viewBox="0 0 980 {height}" role="img" aria-label="{title}" xmlns="http://www.w3.org/2000/svg">'
        f"{''.join(body)}</svg>"
    )


def _leg(leg: Leg, row: int, today: Sequence[Today], t: Callable[..., str]) -> Iterator[str]:
    y = _TOP + row * _ROW
    starts = list(leg.on) or [f"{t('flows.after')} {', '.join(leg.after)}"]
    sends = f"{leg.connector}.{leg.operation}" if leg.operation else t("flows.nothing")
    awaits = f"{t('flows.awaits')} {', '.join(leg.expects)}" if leg.expects else ""
    yield _box(0, y, starts[0], " · ".join(starts[1:]))
    yield _box(1, y, leg.title, leg.name, "mid")
    yield _box(2, y, sends, awaits)
    yield _arrow(_X[0] + _WIDE[0], _X[1], y + _HIGH / 2)
    yield _arrow(_X[1] + _WIDE[1], _X[2], y + _HIGH / 2)
    yield from _counts(leg, y, today)


def _counts(leg: Leg, y: float, today: Sequence[Today]) -> Iterator[str]:
    mine = [one for one in today if leg_of(one.route) == leg.route]
    done = sum(one.count for one in mine if one.state not in _BAD)
    stuck = sum(one.count for one in mine if one.state in _BAD)
    middle = (_X[1] + _WIDE[1] + _X[2]) / 2
    if done:
        yield f'<text class="count" x="{middle}" y="{y + 20}" text-anchor="middle">{done}</text>'
    if stuck:
        yield f'<text class="stuck" x="{middle}" y="{y + 44}" text-anchor="middle">{stuck} !</text>'


def _box(column: int, y: float, first: str, second: str, kind: str = "") -> str:
    x, letters = _X[column], _LETTERS[column]
    box = f'<rect x="{x}" y="{y}" width="{_WIDE[column]}" height="{_HIGH}" rx="8"/>'
    lines = f'<text x="{x + 12}" y="{y + (22 if second else 31)}">{_short(first, letters)}</text>'
    if second:
        lines += f'<text class="dim-t" x="{x + 12}" y="{y + 40}">{_short(second, letters + 4)}</text>'
    whole = escape(" · ".join(filter(None, (first, second))))
    return f'<g class="{kind}"><title>{whole}</title>{box}{lines}</g>'


def _short(text: str, letters: int) -> str:
    kept = text if len(text) <= letters else shorten(text, letters, placeholder="…")
    return escape(kept if len(kept) > 1 else text[: letters - 1] + "…")


def _arrow(x: float, to: float, y: float) -> str:
    tip = f'<path class="tip" d="M{to} {y}l-9 -5v10z"/>'
    return f'<path d="M{x} {y}H{to - 8}"/>{tip}'


def _links(flow: Flow, places: dict[str, int]) -> Iterator[str]:
    """Which legs wait for which: curves at the side."""
    for leg in flow.legs:
        for name in leg.after:
            if name in places:
                y, to = (_TOP + places[each] * _ROW + _HIGH / 2 for each in (name, leg.name))
                x = _X[1] + _WIDE[1] / 8
                yield f'<path class="await" d="M{x} {y}C{x - 130} {y} {x - 130} {to} {_X[1]} {to}"/>'
