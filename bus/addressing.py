"""Whose system a delivery goes to (`to_agency`), by the dated table of agencies and what connectors serve.

Asked on the day of sending: an agency that has been merged or abolished since is found by its successors, and
an agency below another is served by whoever serves that. Pure.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

from msgspec.structs import replace

from mappings.message import Agency
from mappings.tables import Table


@dataclass(frozen=True, slots=True)
class Addressing:
    """`agencies`: the dated table; `types`: connector -> type; `serves`: connector -> agencies, () = all."""

    agencies: Table | None = None
    types: Mapping[str, str] = field(default_factory=dict)
    serves: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def agency_of(self, agency: Agency | None, day: date) -> Agency | None:
        """An agency by its code and name on a day, or who has taken its work over; None where nobody has."""
        named = agency and (agency.code or agency.old_code)
        if not agency or not named:
            return None
        if self.agencies is None:
            return Agency(code=named, name=agency.name)
        row = self.agencies.heir(named, day)
        if row is None:
            return None
        return Agency(
            code=row["code"], old_code=row.get("old_code") or None, name=row.get("name") or agency.name
        )

    def coded(self, agency: Agency | None, day: date) -> Agency | None:
        """An agency with its code in the old order (QCVN 102), where the table has it on a day."""
        if agency is None or agency.old_code or not agency.code or self.agencies is None:
            return agency
        row = self.agencies.find(agency.code, day)
        return replace(agency, old_code=row["old_code"]) if row and row.get("old_code") else agency

    def code_of(self, agency: Agency | None, day: date) -> str | None:
        """The code of `agency_of`."""
        found = self.agency_of(agency, day)
        return found.code if found else None

    def connector_of(self, named: str, code: str, day: date) -> str | None:
        """The connector of the same type as a named one that serves an agency; None where none does."""
        kind = self.types.get(named)
        peers = [name for name, type_ in self.types.items() if type_ == kind]
        for each in self._upwards(code, day):
            for name in peers:
                if each in self.serves.get(name, ()):
                    return name
        open_ones = [name for name in peers if not self.serves.get(name)]
        return named if named in open_ones else next(iter(open_ones), None)

    def _upwards(self, code: str, day: date) -> Iterator[str]:
        """An agency's code, then those above it: by the table, else by the code itself (H12.01 below H12)."""
        seen: set[str] = set()
        while code and code not in seen:
            yield code
            seen.add(code)
            row = self.agencies.find(code, day) if self.agencies else None
            code = (row.get("parent", "") if row else "") or code.rpartition(".")[0]
