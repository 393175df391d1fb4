"""What the tax office's sheets cannot say in a line: sums over notices, the number of a person."""

from random import Random

from mappings.dossier import FinancialObligation, Identity, InformationSlip
from mappings.rules import Check, Finding, PythonRule
from mappings.rules_text import digits


def total_is_sum_of_notices(message: FinancialObligation) -> tuple[Finding, ...]:
    """TT_NNT is the sum of SO_CON_PHAI_NOP, taxpayer by taxpayer (reference 1.2d); noted, never corrected."""
    wrong = [
        payer for payer in message.payers if payer.total != sum(each.remaining for each in payer.notices)
    ]
    what = "the total of a taxpayer is not the sum of the notices"
    vi = "tổng tiền của người nộp thuế khác tổng các thông báo"
    return (Finding("payers", what, vi, refuse=False),) if wrong else ()


def slip_names_a_user(message: InformationSlip) -> tuple[Finding, ...]:
    """A slip names whose land it is, and which: without them the tax office sends it back (TT 89/2026)."""
    land = message.land
    absent = [
        (field, vi)
        for field, vi, there in (
            ("land.users", "người sử dụng đất", land.users),
            ("land.parcels", "thửa đất", land.parcels),
        )
        if not there
    ]
    return tuple(Finding(field, "is missing", f"thiếu {vi}") for field, vi in absent)


def first_number(identities: tuple[Identity, ...]) -> str:
    """Write the number of the first identity: the query has room for one."""
    return identities[0].number


CHECKS: dict[str, Check] = {
    "total_is_sum_of_notices": total_is_sum_of_notices,
    "slip_names_a_user": slip_names_a_user,
}


def make_identities(random: Random) -> tuple[Identity, ...]:
    """Draw the identities of a person: a citizen's number."""
    return (Identity(kind="citizen_id", number=f"096{digits(random, 9)}"),)


RULES: dict[str, PythonRule] = {
    "first_number": PythonRule(
        None, first_number, make_identities, {"type": "string"}, "số của giấy tờ đầu tiên"
    ),
}
