"""Which agencies are told of a change, by call or in a queue: whoever may follow the dossier, no others."""

from typing import Any

import pytest

from adapters.agency.notices import Notifier
from adapters.agency.province import Province
from bus.agency_settings import AgencySettings
from commands.parts import TABLES
from mappings.dossier import Agency, Dossier
from mappings.tables import load

EDUCATION = "9.100083"
"""A procedure of the group `education`."""


@pytest.fixture(scope="module")
def province() -> Province:
    """The shipped tables."""
    return Province(load([TABLES]))


def told(province: Province, whole: Dossier, numbers: dict[str, str], **more: Any) -> bool:
    """Whether H12.09 is told of a dossier."""
    given: dict[str, Any] = {"may": ("dossier.follow",), "procedures": ("education",)} | more
    agency = AgencySettings(name="Sở", code="H12.09", **given)
    return bool(Notifier([agency], province).concerned(whole, numbers))


@pytest.mark.parametrize(
    ("whole", "numbers"),
    [
        (Dossier(procedure=EDUCATION, intake_agency=Agency(code="H12.09")), {}),
        (Dossier(procedure=EDUCATION, handling_agency=Agency(code="H12.09")), {}),
        (Dossier(procedure=EDUCATION, holder=Agency(code="H12.09")), {}),
        (Dossier(procedure=EDUCATION), {"agency.H12.09": "H12.09-261125-0001"}),
    ],
    ids=["took in", "handles", "holds", "handed in"],
)
def test_whoever_took_in_handles_holds_or_handed_in_is_told(
    province: Province, whole: Dossier, numbers: dict[str, str]
) -> None:
    """And only with the right to follow, in the groups that it was given."""
    assert told(province, whole, numbers)
    assert not told(province, whole, numbers, may=("dossier.hand_in",))
    assert not told(province, whole, numbers, procedures=("land_tax",))


def test_a_dossier_of_others_or_of_no_known_procedure_is_not_told(province: Province) -> None:
    """A subordinate's is another's too; without a procedure nobody could say whose group it is in."""
    assert not told(province, Dossier(procedure=EDUCATION, holder=Agency(code="H12.09.01")), {})
    assert not told(province, Dossier(holder=Agency(code="H12.09")), {})
