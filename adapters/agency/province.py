"""What the installation's dated tables tell the agencies' door: procedures, groups, agencies and heirs."""

from collections.abc import Mapping
from datetime import date

from mappings.dossier import Agency
from mappings.tables import Table, bare


class Province:
    """One set of tables, as `mappings.tables.load` gives them."""

    def __init__(self, tables: Mapping[str, Table]) -> None:
        self._agencies = tables["agencies"]
        self._procedures = tables["procedures"]
        self._groups = tables["procedure_groups"]
        self._lines: tuple[date, dict[str, str]] | None = None

    def knows_procedure(self, code: str, day: date) -> bool:
        """Whether a procedure is in force on a day; with or without the province's suffix."""
        return self._procedures.find(code, day) is not None

    def groups(self, procedure: str, day: date) -> frozenset[str]:
        """The groups that a procedure is in on a day (nhóm thủ tục)."""
        rows = self._groups.rows(day)
        return frozenset(row["group"] for row in rows if bare(row["procedure"]) == bare(procedure))

    def every_group(self) -> frozenset[str]:
        """The groups that there are on some day."""
        return frozenset(stretch.row["group"] for stretch in self._groups.stretches)

    def knows_agency(self, code: str, day: date) -> bool:
        """Whether an agency of this code is there on a day."""
        return self._agencies.find(code, day) is not None

    def name(self, code: str, day: date) -> str | None:
        """The name of an agency on a day."""
        row = self._agencies.find(code, day)
        return row["name"] if row else None

    def codes(self, code: str, day: date) -> frozenset[str]:
        """All codes that mean an agency today, in both orders: its own, and those whose work it took over."""
        heirs = self._heirs(day)
        return frozenset(old for old, heir in heirs.items() if heir == code) | {code}

    def is_of(self, agency: Agency | None, codes: frozenset[str]) -> bool:
        """Whether an agency that a dossier names is one of these codes."""
        return agency is not None and bool({agency.code, agency.old_code} & codes)

    def _heirs(self, day: date) -> dict[str, str]:
        """Every code of the table -> the code of who has its work on a day."""
        if self._lines is None or self._lines[0] != day:
            codes = {
                stretch.row[name] for stretch in self._agencies.stretches for name in ("code", "old_code")
            }
            found = {code: self._agencies.heir(code, day) for code in codes if code}
            self._lines = day, {code: row["code"] for code, row in found.items() if row}
        return self._lines[1]
