"""What the dated tables tell of a dossier: its groups, four on the spot, taken in elsewhere."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from mappings.derived import Derivation
from mappings.dossier import Agency, Dossier
from mappings.tables import load, parse

SHIPPED = load([Path(__file__).parents[3] / "deploy" / "tables"])
SPRING = datetime(2025, 4, 1, 8, tzinfo=UTC)
AUTUMN = datetime(2025, 10, 1, 8, tzinfo=UTC)
BIRTH, CARD, FUND = "1.001193", "2.000986", "9.100001"
WARD, OTHER_WARD, PROVINCE, DEPARTMENT = "H12.36", "H12.37", "H12", "H12.09"
CLOSED = "H04.26.05"
"""A ward that ended on 30 June 2025; H12.36 took its work over."""


def derived(**fields: Any) -> dict[str, Any]:
    """What the shipped tables tell of a dossier that was submitted in autumn 2025."""
    return Derivation(SHIPPED)(Dossier(**{"submitted_at": AUTUMN, **fields}))


def elsewhere(intake: str | None, handling: str | None, at: datetime = AUTUMN, **more: Any) -> Any:
    """Whether a dossier was taken in elsewhere; None where the tables do not tell."""
    agencies = {"intake_agency": Agency(code=intake), "handling_agency": Agency(code=handling)}
    return derived(submitted_at=at, **agencies, **more).get("intake_elsewhere")


def test_a_procedure_is_in_all_its_groups_with_and_without_its_suffix() -> None:
    """The groups of the day; a procedure that the table does not name is in none."""
    for procedure in (CARD, f"{CARD}.000.00.00.H12"):
        assert derived(procedure=procedure)["procedure_group"] == ("birth_card", "interlinked")
    rows = "group,procedure,from,until\nland,1.1,,2025-06-30\nland_tax,1.1,2025-07-01,\nlevels,1.1,,\n"
    derive = Derivation({"procedure_groups": parse("procedure_groups", rows.encode(), "g.csv")})
    told = [derive(Dossier(procedure="1.1", submitted_at=at)) for at in (SPRING, AUTUMN)]
    assert told == [{"procedure_group": ("land", "levels")}, {"procedure_group": ("land_tax", "levels")}]
    assert derive(Dossier(procedure="1.2", submitted_at=AUTUMN)) == {}


def test_the_day_of_submission_counts_so_that_a_dossier_stays_in_its_flows() -> None:
    """What is heard of it later, after a table changed, does not move it."""
    rows = "group,procedure,from,until\nold,1.1,,2025-06-30\nnew,1.1,2025-07-01,\n"
    derive = Derivation({"procedure_groups": parse("procedure_groups", rows.encode(), "g.csv")})
    later = Dossier(procedure="1.1", submitted_at=SPRING, accepted_at=AUTUMN, as_of=AUTUMN)
    assert derive(later) == {"procedure_group": ("old",)}
    assert derive(Dossier(procedure="1.1", as_of=AUTUMN)) == {"procedure_group": ("new",)}
    assert derive(Dossier(procedure="1.1")) == {}


def test_on_the_spot_is_the_peers_word_before_the_tables() -> None:
    """The procedure's, unless the peer says it of this very dossier."""
    assert derived(procedure=FUND)["on_the_spot"] is True
    assert derived(procedure=BIRTH)["on_the_spot"] is False
    assert derived(procedure=FUND, on_the_spot=False)["on_the_spot"] is False
    assert derived(procedure="9.999999") == {}
    assert derived(on_the_spot=True) == {"on_the_spot": True}


@pytest.mark.parametrize(
    ("intake", "handling", "told"),
    [
        (WARD, WARD, False),
        (WARD, OTHER_WARD, True),
        (PROVINCE, WARD, True),
        (WARD, DEPARTMENT, False),
        (WARD, PROVINCE, False),
        ("H99", WARD, None),
        (None, WARD, None),
        (WARD, None, None),
    ],
)
def test_taken_in_elsewhere_is_outside_the_handling_agencys_area(
    intake: str | None, handling: str | None, told: object
) -> None:
    """A ward's own desk is inside, another ward's and the province's are not; the province contains all."""
    assert elsewhere(intake, handling) is told


def test_an_agency_that_was_closed_is_seen_as_its_successor() -> None:
    """The merger of July 2025: a ward's dossier is at home with the ward that took its work over."""
    assert elsewhere(CLOSED, WARD) is False
    assert elsewhere(CLOSED, OTHER_WARD) is True
    assert elsewhere(CLOSED, CLOSED, SPRING) is False
    assert elsewhere(CLOSED, WARD, SPRING, as_of=AUTUMN) is False
    assert elsewhere(CLOSED, WARD, SPRING) is None


def test_an_agency_may_be_named_by_its_old_code() -> None:
    """QCVN 102's order is looked up as well."""
    one = derived(intake_agency=Agency(old_code="000.00.36.H12"), handling_agency=Agency(code=WARD))
    assert one["intake_elsewhere"] is False


def test_an_heir_is_followed_through_many_and_never_for_ever() -> None:
    """Successors of successors; a circle and a successor from before the end lead nowhere."""
    rows = ("a,,2020-12-31,b", "b,,2022-12-31,c", "c,2021-01-01,,", "x,,2020-12-31,y", "y,,2020-12-31,x")
    text = "\n".join(("code,from,until,successor", *rows))
    table = parse("agencies", text.encode(), "a.csv")
    assert (table.heir("a", AUTUMN.date()) or {})["code"] == "c"
    assert (table.heir("a", datetime(2021, 6, 1, tzinfo=UTC).date()) or {})["code"] == "b"
    assert table.heir("x", AUTUMN.date()) is None
    assert table.heir("c", datetime(2020, 6, 1, tzinfo=UTC).date()) is None


def test_values_are_what_the_tables_can_ever_tell() -> None:
    """A table that is missing or lacks a column tells nothing; the peer's own word needs none."""
    assert Derivation({}).values == {"on_the_spot": {True, False}}
    lacking = {"agencies": parse("agencies", b"code,from,until\n1,,\n", "a.csv")}
    assert "intake_elsewhere" not in Derivation(lacking).values
    whole = Derivation(SHIPPED).values
    assert whole["intake_elsewhere"] == {True, False}
    assert {"birth_card", "land_tax", "interlinked", "insurance"} <= whole["procedure_group"]
