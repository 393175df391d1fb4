"""The installation's dated tables as the generator needs them: frozen, and ready to draw from."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

SHIPPED = Path(__file__).parents[2] / "deploy" / "tables"


@dataclass(frozen=True)
class Procedure:
    """An administrative procedure (thủ tục hành chính); `fee` in whole đồng, `group` its own group."""

    code: str
    name: str
    sector: str
    sector_name: str
    agency: str
    level: str
    on_the_spot: bool
    group: str
    fee: int


@dataclass(frozen=True)
class Agency:
    """An agency (cơ quan); `ward` is its place's code where it is a commune's, `since` its first day."""

    code: str
    name: str
    level: str
    ward: str
    since: date


@dataclass(frozen=True)
class Ward:
    """A ward or commune (phường, xã); `district` is empty for those after 2025-07-01."""

    code: str
    name: str
    district: str
    district_name: str
    province: str


@dataclass(frozen=True)
class Tables:
    """What the generator draws from. Agencies and `wards` are those in force, what is `closed` is not.

    Of the closed communes' agencies there are those whose work another has taken over.
    """

    procedures: tuple[Procedure, ...]
    by_group: Mapping[str, tuple[Procedure, ...]]
    by_code: Mapping[str, Procedure]
    agencies: Mapping[str, Agency]
    communes: tuple[Agency, ...]
    closed_communes: tuple[Agency, ...]
    wards: tuple[Ward, ...]
    closed_wards: tuple[Ward, ...]


def load_tables(folder: Path = SHIPPED, on: date | None = None) -> Tables:
    """Read the tables of `folder` as they stand on the day `on` (by default: the lines without an end).

    Errors: `OSError` where a file is missing, `KeyError` where a column is.
    """
    procedures = tuple(_procedure(row) for row in _rows(folder / "procedures.csv") if _in_force(row, on))
    known = _rows(folder / "agencies.csv")
    agencies = tuple(_agency(row) for row in known if _in_force(row, on))
    closed = (_agency(row) for row in known if row["until"] and row["successor"] and not _in_force(row, on))
    places = _rows(folder / "places.csv")
    return Tables(
        procedures=procedures,
        by_group=_grouped(procedures),
        by_code={procedure.code: procedure for procedure in procedures},
        agencies={agency.code: agency for agency in agencies},
        communes=tuple(agency for agency in agencies if agency.level == "commune"),
        closed_communes=tuple(agency for agency in closed if agency.level == "commune"),
        wards=tuple(_new_ward(row) for row in places if row["kind"] == "ward" and not row["until"]),
        closed_wards=_closed_wards(places),
    )


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _in_force(row: Mapping[str, str], on: date | None) -> bool:
    if on is None:
        return not row["until"]
    return row["from"] <= on.isoformat() and (not row["until"] or on.isoformat() <= row["until"])


def _procedure(row: Mapping[str, str]) -> Procedure:
    plain = ("code", "name", "sector", "sector_name", "agency", "level", "group")
    return Procedure(
        **{name: row[name] for name in plain}, on_the_spot=row["on_the_spot"] == "true", fee=int(row["fee"])
    )


def _agency(row: Mapping[str, str]) -> Agency:
    plain = ("code", "name", "level", "ward")
    return Agency(**{name: row[name] for name in plain}, since=date.fromisoformat(row["from"]))


def _grouped(procedures: tuple[Procedure, ...]) -> dict[str, tuple[Procedure, ...]]:
    groups = dict.fromkeys(procedure.group for procedure in procedures)
    return {group: tuple(p for p in procedures if p.group == group) for group in groups}


def _new_ward(row: Mapping[str, str]) -> Ward:
    return Ward(row["code"], row["name"], "", "", row["parent"])


def _closed_wards(places: list[dict[str, str]]) -> tuple[Ward, ...]:
    districts = {row["code"]: row for row in places if row["kind"] == "district"}
    closed = (row for row in places if row["kind"] == "ward" and row["until"])
    return tuple(
        Ward(
            row["code"],
            row["name"],
            row["parent"],
            districts[row["parent"]]["name"],
            districts[row["parent"]]["parent"],
        )
        for row in closed
    )
