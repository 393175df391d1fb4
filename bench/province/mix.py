"""The province's published mix (to mid-2021): how many dossiers of each kind, of which groups."""

from itertools import accumulate
from random import Random

from bench.province.tables import Procedure, Tables

PUBLISHED = {
    "insurance": 32_000,
    "justice": 2_600,
    "business": 1_300,
    "environment": 458,
    "education": 26,
    "other": 616,
    "interlinked": 19_000,
    "elsewhere": 2_500,
}
"""Dossiers a kind. The first six are the 37,000 done on the spot; `other` is what the five leave of them."""

GUARANTEED_WITHIN = 300
"""In the first so many dossiers of any stream every kind appears at least once."""

_KINDS = tuple(PUBLISHED)
_WEIGHTS = tuple(accumulate(PUBLISHED.values()))
_GROUPS = {
    "interlinked": (
        *("interlinked",) * 9,
        *("birth_card",) * 5,
        *("land_tax",) * 4,
        *("household_business",) * 2,
    ),
    "elsewhere": (*("justice",) * 3, *("interlinked",) * 3, *("business",) * 2, "land_tax", "other"),
}


def reserved_kinds(seed: int) -> dict[int, str]:
    """Compute the places in the first 300 kept for one kind each, so that none is absent by chance."""
    offset = Random(f"{seed}:kinds").randrange(100)
    return {(offset + 37 * number) % 100 * 3 + 1: kind for number, kind in enumerate(_KINDS)}


def draw_kind(rng: Random) -> str:
    """Draw a kind, in proportion to the published figures."""
    return rng.choices(_KINDS, cum_weights=_WEIGHTS)[0]


def draw_procedure(rng: Random, kind: str, tables: Tables) -> Procedure:
    """Draw a procedure of that kind; early ones of a group are asked for more often, as in life."""
    group = rng.choice(_GROUPS[kind]) if kind in _GROUPS else kind
    choices = tables.by_group[group]
    return choices[int(len(choices) * rng.random() ** 1.6)]


def kind_of(procedure: Procedure, *, intake_elsewhere: bool) -> str:
    """Tell the kind that a dossier counts as: a fact may have changed its procedure or its intake."""
    if intake_elsewhere:
        return "elsewhere"
    return procedure.group if procedure.group in PUBLISHED else "interlinked"
