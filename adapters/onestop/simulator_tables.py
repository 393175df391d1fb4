"""The one-stop's own catalogue: procedures (thủ tục) and agencies (cơ quan) from CSV files, dated.

Without files nothing is known and only formats are checked. Columns read: `code,name,from,until` of both;
`old_code,successor,parent` and places of agencies; of procedures
`agency,on_the_spot,result,days,fee,sector,group`.
"""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

Row = dict[str, str]
FILES: Final = ("procedures.csv", "agencies.csv")


@dataclass(frozen=True)
class Catalogue:
    """Dated rows by code, and by name for agencies. Empty: `known` is false and every code passes."""

    procedures: dict[str, list[Row]] = field(default_factory=dict)
    agencies: dict[str, list[Row]] = field(default_factory=dict)
    agency_names: dict[str, list[Row]] = field(default_factory=dict)

    @property
    def known(self) -> bool:
        """Whether there are tables at all."""
        return bool(self.procedures)

    def procedure(self, code: str, day: dt.date) -> Row | None:
        """Find a procedure in force that day; a province's suffix is ignored (reference section 5)."""
        return _in_force(self.procedures.get(stem(code), ()), day)

    def agency(self, code: str, day: dt.date) -> Row | None:
        """Find an agency in force that day by its code in either order (reference section 5)."""
        return _in_force(self.agencies.get(code, ()), day)

    def agency_named(self, name: str, day: dt.date) -> Row | None:
        """Find an agency in force that day by its name as the table writes it."""
        return _in_force(self.agency_names.get(name.casefold(), ()), day)

    def heir(self, code: str, day: dt.date) -> Row | None:
        """Return who has an agency's work that day: itself, else by `successor`; None where nobody has it."""
        asked: set[str] = set()
        while code and code not in asked:
            if row := self.agency(code, day):
                return row
            asked.add(code)
            code = (self.closed_agency(code) or {}).get("successor", "")
        return None

    def above(self, code: str, day: dt.date) -> list[Row]:
        """Return the agencies above one, the nearest first, as the tree stood that day."""
        found: list[Row] = []
        row = self.agency(code, day)
        while row and row.get("parent") and (row := self.agency(row["parent"], day)) and row not in found:
            found.append(row)
        return found

    def closed_agency(self, code: str) -> Row | None:
        """Return the last row of a code, whether in force or not."""
        rows = self.agencies.get(code)
        return rows[-1] if rows else None


def load(folder: Path | None) -> Catalogue:
    """Read `procedures.csv` and `agencies.csv` of a folder, or nothing. Raise OSError where one is absent."""
    if folder is None:
        return Catalogue()
    procedures, agencies = (_rows(folder / name) for name in FILES)
    return Catalogue(
        _index((stem(row["code"]), row) for row in procedures),
        _index((code, row) for row in agencies for code in (row["code"], row.get("old_code", "")) if code),
        _index((row["name"].casefold(), row) for row in agencies),
    )


def stem(code: str) -> str:
    """Return a procedure's code without the province's suffix: `1.001193.000.00.00.H12` is `1.001193`."""
    return ".".join(code.split(".")[:2])


def _rows(path: Path) -> list[Row]:
    with path.open(encoding="utf-8-sig", newline="") as lines:
        return list(csv.DictReader(lines))


def _index(pairs: Iterable[tuple[str, Row]]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for key, row in pairs:
        found.setdefault(key, []).append(row)
    return found


def _in_force(rows: Iterable[Row], day: dt.date) -> Row | None:
    today = day.isoformat()
    for row in rows:
        if row.get("from", "") <= today <= (row.get("until") or "9999-12-31"):
            return row
    return None
