"""What needs a person, grouped by what failed alike. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

_STEPS = frozenset({"dead", "held", "unknown", "parked", "unmatched", "conflict"})


@dataclass(frozen=True, slots=True)
class Group:
    """What failed alike at one place. `ids` name deliveries ("12") and messages ("m7"); `step` what to do."""

    state: str
    where: str
    cause: str
    reason: str
    ids: tuple[str, ...]
    step: str


def grouped(troubles: Sequence[dict[str, Any]]) -> list[Group]:
    """Troubles by state, place and cause, the largest group first."""
    groups: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for row in troubles:
        groups.setdefault((row["state"], _where(row), row.get("cause") or ""), []).append(row)
    made = [
        Group(
            *key,
            rows[0]["reason"],
            tuple(_name(row) for row in rows),
            key[0] if key[0] in _STEPS else "other",
        )
        for key, rows in groups.items()
    ]
    return sorted(made, key=lambda group: -len(group.ids))


def _where(row: dict[str, Any]) -> str:
    if row["what"] == "delivery":
        return f"{row['connector']}.{row['operation']}"
    return f"{row['source']}: {row['kind']}"


def _name(row: dict[str, Any]) -> str:
    return str(row["id"]) if row["what"] == "delivery" else f"m{row['id']}"
