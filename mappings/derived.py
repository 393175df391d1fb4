"""What no peer says of a dossier and the installation's dated tables tell (trường suy ra từ bảng danh mục).

    procedure_group    the groups that its procedure is in: `procedure_groups.csv`
    on_the_spot        "4 tại chỗ": the peer's own word, else its procedure's: `procedures.csv`
    intake_elsewhere   taken in outside the handling agency's area (phi địa giới hành chính): `agencies.csv`

Pure. Tables are read as of the day on which the dossier was submitted, else accepted, else last heard of: so
a dossier stays in its flows when a table changes under it. What the tables do not tell is absent.
"""

from collections.abc import Iterator, Mapping
from datetime import date, datetime

from mappings.dossier import Agency, Dossier
from mappings.rules_time import ICT
from mappings.tables import Row, Stretch, Table, bare

Value = str | bool | tuple[str, ...]

NEEDS: Mapping[str, tuple[str, frozenset[str]]] = {
    "procedure_group": ("procedure_groups", frozenset({"group", "procedure"})),
    "on_the_spot": ("procedures", frozenset({"code", "on_the_spot"})),
    "intake_elsewhere": ("agencies", frozenset({"code", "province", "district", "ward"})),
}
"""field -> the table it is told by, and the columns which that must have."""

_AREAS = ("ward", "district", "province")


class Derivation:
    """Derives with one set of tables, as `mappings.tables.load` gives them."""

    def __init__(self, tables: Mapping[str, Table]) -> None:
        found = {name: _told_by(tables, *needs) for name, needs in NEEDS.items()}
        self._groups = _by_procedure(found["procedure_group"])
        self._procedures = found["on_the_spot"]
        self._agencies = found["intake_elsewhere"]

    @property
    def values(self) -> dict[str, frozenset[str | bool]]:
        """The values that each field can have; a field whose table is missing is left out."""
        both = frozenset({True, False})
        groups = {stretch.row["group"] for rows in self._groups.values() for stretch in rows}
        told: dict[str, frozenset[str | bool]] = {"on_the_spot": both}
        if groups:
            told["procedure_group"] = frozenset(groups)
        return told | ({"intake_elsewhere": both} if self._agencies else {})

    def __call__(self, dossier: Dossier) -> dict[str, Value]:
        """The derived fields of a dossier, without those that the tables do not tell."""
        days = tuple(_days(dossier))
        told = {
            "procedure_group": self._in_groups(dossier.procedure, days),
            "on_the_spot": self._is_on_the_spot(dossier, days),
            "intake_elsewhere": self._is_elsewhere(dossier.intake_agency, dossier.handling_agency, days),
        }
        return {name: value for name, value in told.items() if value is not None}

    def _in_groups(self, procedure: str | None, days: tuple[date, ...]) -> tuple[str, ...] | None:
        rows = self._groups.get(bare(procedure or ""), ())
        return tuple(stretch.row["group"] for stretch in rows if days and stretch.holds(days[0])) or None

    def _is_on_the_spot(self, dossier: Dossier, days: tuple[date, ...]) -> bool | None:
        if dossier.on_the_spot is not None or not (self._procedures and dossier.procedure and days):
            return dossier.on_the_spot
        row = self._procedures.find(dossier.procedure, days[0])
        return {"true": True, "false": False}.get(row["on_the_spot"]) if row else None

    def _is_elsewhere(
        self, intake: Agency | None, handling: Agency | None, days: tuple[date, ...]
    ) -> bool | None:
        """Compared as of one day, for areas change: the first on which both agencies, or heirs, are known."""
        where, whose = _code(intake), _code(handling)
        if self._agencies is None or not (where and whose):
            return None
        for day in days:
            taken, works = self._agencies.heir(where, day), self._agencies.heir(whose, day)
            if taken and works:
                return not _lies_in(taken, works)
        return None


def _told_by(tables: Mapping[str, Table], name: str, columns: frozenset[str]) -> Table | None:
    table = tables.get(name)
    return table if table and columns <= set(table.columns) else None


def _by_procedure(table: Table | None) -> dict[str, tuple[Stretch, ...]]:
    rows: dict[str, tuple[Stretch, ...]] = {}
    for stretch in table.stretches if table else ():
        key = bare(stretch.row["procedure"])
        rows[key] = (*rows.get(key, ()), stretch)
    return rows


def _days(dossier: Dossier) -> Iterator[date]:
    moments: tuple[datetime | None, ...] = (dossier.submitted_at, dossier.accepted_at, dossier.as_of)
    return (moment.astimezone(ICT).date() for moment in moments if moment)


def _code(agency: Agency | None) -> str | None:
    return (agency.code or agency.old_code) if agency else None


def _lies_in(one: Row, other: Row) -> bool:
    """Whether an agency's place is in the area of another: its ward, else district, else province."""
    finest = next((name for name in _AREAS if other[name]), None)
    return finest is None or one["code"] == other["code"] or one[finest] == other[finest]
