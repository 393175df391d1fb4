"""Whose system serves an agency, as of a day: merged agencies, agencies below others, two one-stops."""

from datetime import date
from pathlib import Path

import pytest

from bus.addressing import Addressing
from mappings.dossier import Agency
from mappings.tables import load

TABLE = load([Path(__file__).parents[2] / "deploy" / "tables"])["agencies"]
BEFORE, AFTER = date(2025, 6, 30), date(2025, 7, 1)
TWO = Addressing(
    TABLE,
    {"onestop": "onestop", "onestop_east": "onestop", "ioffice": "ioffice"},
    {"onestop": ("H12",), "onestop_east": ("H04",), "ioffice": ()},
)


def test_a_province_that_was_merged_is_found_by_its_successor_on_the_day_of_sending() -> None:
    """The day before it has its own system; from then on whoever took its work over is served."""
    old = Agency(code="H04")
    assert [TWO.code_of(old, day) for day in (BEFORE, AFTER)] == ["H04", "H12"]
    assert TWO.connector_of("onestop", "H04", BEFORE) == "onestop_east"
    assert TWO.connector_of("onestop", "H12", AFTER) == "onestop"


@pytest.mark.parametrize(
    ("code", "day", "whose"), [("H04.26.01", BEFORE, "onestop_east"), ("H12.01", AFTER, "onestop")]
)
def test_an_agency_below_another_is_served_by_whoever_serves_that(code: str, day: date, whose: str) -> None:
    """Up the tree of that day."""
    assert TWO.connector_of("onestop", code, day) == whose


def test_a_system_that_serves_everybody_takes_whoever_no_other_serves() -> None:
    """The axis has one connector; an agency that nobody serves has none."""
    assert TWO.connector_of("ioffice", "G09.01", AFTER) == "ioffice"
    assert TWO.connector_of("onestop", "G09.01", AFTER) is None


def test_an_agency_that_nobody_knows_today_has_no_code() -> None:
    """Nor has one that is not named; without a table the code that was named stands."""
    assert TWO.code_of(Agency(code="X99"), AFTER) is None
    assert TWO.code_of(None, AFTER) is None
    assert TWO.code_of(Agency(name="UBND"), AFTER) is None
    assert Addressing().code_of(Agency(code="X99"), AFTER) == "X99"
