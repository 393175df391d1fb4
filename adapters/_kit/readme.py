"""The parts of a connector's README that are made from its declarations, between `<!-- NAME -->` marks.

A test holds them current; `refreshed` makes them so.
"""

import re
from collections.abc import Iterable, Mapping, Sequence

from bus.peer_settings import ConnectorSettings
from bus.ports import Adapter, AdapterType
from bus.settings import Section, table


def refreshed(text: str, blocks: Mapping[str, str]) -> str:
    """Return a README with the blocks between `<!-- NAME -->` and `<!-- /NAME -->` written afresh.

    Raises ValueError where a mark is missing.
    """
    for name, block in blocks.items():
        found = re.search(rf"(?<=<!-- {name} -->\n).*?(?=<!-- /{name} -->)", text, re.DOTALL)
        if not found:
            raise ValueError(f"the README has no <!-- {name} --> … <!-- /{name} -->")
        text = text[: found.start()] + block + text[found.end() :]
    return text


def blocks(kind: AdapterType, adapter: Adapter) -> dict[str, str]:
    """Make the blocks of one adapter type; `adapter` is any instance of it, connected to nothing."""
    return {
        "settings": settings_block(kind.settings),
        "operations": _operations_block(adapter),
        "messages": _markdown(("message", "sheet"), kind.messages.items()),
    }


def settings_block(kind: type[Section]) -> str:
    """Make the table of a type's own settings: what must be SET first, then in the order of declaration.

    What every connector has (mode, timeout, retry, …) stands in the documents of the installation.
    """
    common = {row.key for row in table(ConnectorSettings)}
    rows = [
        (
            f"`{row.key}`",
            row.type,
            "**SET**" if row.default == "SET" else f"`{row.default}`",
            f"{row.meaning} ({row.meaning_vi})" if row.meaning_vi else row.meaning,
        )
        for row in table(kind)
        if row.key not in common
    ]
    rows.sort(key=lambda row: row[2] != "**SET**")
    return _markdown(("setting", "type", "default", "meaning"), rows)


def _operations_block(adapter: Adapter) -> str:
    rows = [
        (f"`{each.name}`", each.title, f"`{each.sheet}`", each.effect, each.certainty)
        for each in adapter.operations.values()
    ]
    return _markdown(("operation", "title", "sheet", "effect", "an unknown outcome"), rows)


def _markdown(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', '∣') for cell in line)} |\n" for line in lines)
