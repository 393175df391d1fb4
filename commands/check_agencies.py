"""What `check` says of `[[agency]]` that the settings alone cannot: the dated tables know it today."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from bus.calendar import ZONE
from bus.installation import Installation
from mappings.source import Keys, Problem, Source, did_you_mean
from mappings.tables import Table


def agency_problems(
    source: Source, installation: Installation, tables: Mapping[str, Table]
) -> Iterator[Problem]:
    """Agencies whose code no table has, and groups of procedures that there are not; with their place."""
    today = datetime.now(ZONE).date()
    agencies, groups = tables.get("agencies"), tables.get("procedure_groups")
    known = {row["group"] for row in groups.rows(today)} if groups and "group" in groups.columns else None
    for number, each in enumerate(installation.agencies):
        where: Keys = ("agency", number)
        if agencies is not None and agencies.find(each.code, today) is None:
            hint = _hint(each.code, agencies.keys(today), "Add it to agencies.csv")
            what = f'no agency has the code "{each.code}" today'
            yield source.problem((*where, "code"), what, hint)
        for at, group in enumerate(each.procedures):
            if known is not None and group not in known:
                hint = _hint(group, known, f"Known: {', '.join(sorted(known))}")
                yield source.problem(
                    (*where, "procedures", at), f'no procedure is in the group "{group}"', hint
                )
        if not (each.may and each.procedures):
            lacks = "procedures" if each.may else "may"
            yield source.problem(
                where, f'"{each.name}" may do nothing: it has no "{lacks}"', f"Set {lacks} = […]"
            )


def _hint(word: str, known: Iterable[str], otherwise: str) -> str:
    near = did_you_mean(word, known)
    return f'Did you mean "{near}"?' if near else otherwise
