"""What the tax office's sheets cannot say in a line: sums over notices, the number of a person."""

import re
from collections.abc import Mapping
from random import Random
from typing import Any

from mappings.dossier import FinancialObligation, Identity, InformationSlip, Party, Payer, TaxNotice
from mappings.rules import Check, Finding, PythonRule
from mappings.rules_text import digits

_CITIZEN = re.compile(r"\d{12}")


def total_is_sum_of_notices(message: FinancialObligation) -> tuple[Finding, ...]:
    """TT_NNT is the sum of SO_CON_PHAI_NOP, taxpayer by taxpayer (reference 1.2d); noted, never corrected."""
    wrong = [
        payer for payer in message.payers if payer.total != sum(each.remaining for each in payer.notices)
    ]
    what = "the total of a taxpayer is not the sum of the notices"
    vi = "tổng tiền của người nộp thuế khác tổng các thông báo"
    return (Finding("payers", what, vi, refuse=False),) if wrong else ()


def amounts_add_up(message: FinancialObligation) -> tuple[Finding, ...]:
    """What remains is what is due less what is exempt and paid (reference 2.8); noted, never corrected.

    The known sample of the land gateway breaks it once, so it is no reason to refuse.
    """
    notices = [notice for payer in message.payers for notice in payer.notices]
    amounts: list[Payer | TaxNotice] = [*message.payers, *notices]
    what = "what remains is not what is due less what is exempt and paid"
    vi = "số còn phải nộp khác số phải nộp trừ miễn giảm, trừ đã nộp"
    wrong = any(_remains(each) is not None and _remains(each) != _said(each) for each in amounts)
    return (Finding("payers", what, vi, refuse=False),) if wrong else ()


def _remains(one: Payer | TaxNotice) -> int | None:
    return None if one.due is None else one.due - (one.exempt or 0) - (one.paid or 0)


def _said(one: Payer | TaxNotice) -> int:
    return one.total if isinstance(one, Payer) else one.remaining


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


def taxpayer_number(party: Party) -> str | None:
    """Write a taxpayer's code: the tax code, else the citizen's number, which has replaced it (ref. 1.2e)."""
    numbers = (each.number for each in party.identities if _CITIZEN.fullmatch(each.number))
    return party.tax_code or next(numbers, None)


def _written(key: str) -> PythonRule:
    """What a person wrote into the electronic form under a name; its names are the form's own [I]."""

    def write(form: Mapping[str, Any]) -> str | None:
        said = form.get(key)
        return said.strip() or None if isinstance(said, str) else None

    return PythonRule(
        None, write, lambda random: {key: digits(random, 7)}, {"type": "string"}, f"tờ khai: {key}"
    )


CHECKS: dict[str, Check] = {
    "total_is_sum_of_notices": total_is_sum_of_notices,
    "amounts_add_up": amounts_add_up,
    "slip_names_a_user": slip_names_a_user,
}


def make_identities(random: Random) -> tuple[Identity, ...]:
    """Draw the identities of a person: a citizen's number."""
    return (Identity(kind="citizen_id", number=f"096{digits(random, 9)}"),)


def make_party(random: Random) -> Party:
    """Draw a person with a citizen's number alone."""
    return Party(identities=make_identities(random))


RULES: dict[str, PythonRule] = {
    "first_number": PythonRule(
        None, first_number, make_identities, {"type": "string"}, "số của giấy tờ đầu tiên"
    ),
    "taxpayer_number": PythonRule(
        None, taxpayer_number, make_party, {"type": "string"}, "mã số thuế, hoặc số định danh cá nhân"
    ),
    "form_declaration": _written("SO_TKHAI"),
    "form_collector": _written("MA_CQ_THU"),
    "form_tax_kind": _written("LOAITHUE"),
}
