"""What is owed for land (nghĩa vụ tài chính về đất đai), as the tax office tells it. Money is whole đồng."""

from datetime import date
from decimal import Decimal
from typing import Literal

from mappings.dossier_land import Parcel
from mappings.dossier_parts import Party, Place
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
    exemption_no: str | None = None
    exemption_on: date | None = None


class Payer(Part, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One taxpayer (người nộp thuế) with all notices; `total` is the sum of what remains."""

    tax_code: str | None = None
    party: Party | None = None
    recorded_on: date | None = None
    due: int | None = None
    exempt: int | None = None
    paid: int | None = None
    total: int
    notices: tuple[TaxNotice, ...] = ()


class FinancialObligation(Message, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Several taxpayers of one dossier, several notices each; `office` is the tax office that answers."""

    state: Literal["owing", "paid", "exempt", "none"]
    state_text: str | None = None
    slip_number: str | None = None
    certificate_no: str | None = None
    office: str | None = None
    answered_on: date | None = None
    answered_by: str | None = None
    payers: tuple[Payer, ...] = ()


class BookEntry(Part, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One line of a taxpayer's book (sổ thuế): what remains of one decision, of whatever dossier.

    `remaining` is whole đồng, for `currency` is nothing else; `period` is "03/2026" as the office writes it.
    """

    number: str | None = None
    issued_on: date | None = None
    tax_code: str | None = None
    tax_kind: str | None = None
    period: str | None = None
    chapter: str | None = None
    subsection: str | None = None
    budget_account: str | None = None
    collector: str | None = None
    treasury: str | None = None
    area_code: str | None = None
    remaining: int
    currency: Literal["VND"] | None = None
    exchange_rate: Decimal | None = None
    property_address: str | None = None
    frame_number: str | None = None
    engine_number: str | None = None
    vehicle: str | None = None


class Taxpayer(Message, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A taxpayer (người nộp thuế) as the tax office has them, and what their books say.

    It answers a question and changes nothing of the dossier: the books hold other dossiers' amounts too.
    `state` and `kind` are the office's own codes, whose lists are not public.
    """

    tax_code: str
    name: str | None = None
    identity: str | None = None
    state: str | None = None
    kind: str | None = None
    office: str | None = None
    chapter_level: str | None = None
    chapter: str | None = None
    registered: str | None = None
    closed: str | None = None
    place: Place | None = None
    entries: tuple[BookEntry, ...] = ()


class Subsection(Part, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What a payment to the budget is for (tiểu mục of the state budget's index), such as 2801."""

    subsection: str
    name: str | None = None
    chapter: str | None = None


class Subsections(Message, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The tax office's list of subsections (danh mục tiểu mục).

    It answers a question and changes nothing of the dossier that asked.
    """

    subsections: tuple[Subsection, ...] = ()
