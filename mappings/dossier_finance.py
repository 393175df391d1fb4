"""What is owed for land (nghĩa vụ tài chính về đất đai), as the tax office tells it. Money is whole đồng."""

from datetime import date
from typing import Literal

from mappings.dossier_land import Parcel
from mappings.dossier_parts import Party
from mappings.message import Message, Part

NoticeKind = Literal["registration_fee", "land_use_levy", "income_tax", "land_rent", "water_rent"]
"""Lệ phí trước bạ, tiền sử dụng đất, thuế TNCN, tiền thuê mặt đất, tiền thuê mặt nước."""


class TaxNotice(Part, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One tax notice (thông báo thuế); `remaining` is what is still to be paid.

    `obligation_id` is the identifier of the amount payable (mã định danh khoản phải nộp), where tax gave one.
    """

    number: str
    issued_on: date | None = None
    due_on: date | None = None
    kind: NoticeKind | None = None
    chapter: str | None = None
    subsection: str | None = None
    subsection_name: str | None = None
    budget_account: str | None = None
    collector: str | None = None
    treasury: str | None = None
    area_code: str | None = None
    certificate_no: str | None = None
    parcel: Parcel | None = None
    payer: Party | None = None
    due: int | None = None
    exempt: int | None = None
    paid: int | None = None
    remaining: int
    obligation_id: str | None = None


class Payer(Part, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One taxpayer (người nộp thuế) with all notices; `total` is the sum of what remains."""

    tax_code: str | None = None
    total: int
    notices: tuple[TaxNotice, ...] = ()


class FinancialObligation(Message, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Several taxpayers of one dossier, several notices each."""

    state: Literal["owing", "paid", "exempt", "none"]
    state_text: str | None = None
    payers: tuple[Payer, ...] = ()
