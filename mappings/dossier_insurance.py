"""Births and social insurance (khai sinh, BHXH, BHYT): what a procedure is about, and what comes of it."""

from datetime import date
from typing import Literal

from mappings.dossier_parts import Document, File, Party, Place
from mappings.message import Message, Part


class BirthCertificate(Part, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What the registration gave: number and book, and the child's personal number (số định danh)."""

    number: str | None = None
    book: str | None = None
    page: str | None = None
    registered_on: date | None = None
    personal_id: str | None = None


class Birth(Part, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A birth (khai sinh); `facility` is where the child will first be treated (nơi đăng ký KCB ban đầu)."""

    child: Party
    mother: Party | None = None
    father: Party | None = None
    requester: Party | None = None
    birth_place: Place | None = None
    hometown: Place | None = None
    certificate: BirthCertificate | None = None
    copies: int | None = None
    facility: str | None = None


class InsuredUnit(Part, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The unit that pays (đơn vị tham gia): 7 characters; `office`: the insurance office, 5 digits."""

    name: str
    code: str
    tax_code: str | None = None
    office: str | None = None


class Insurance(Message, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A participant (người tham gia) as a dossier or the authority knows them."""

    participant: Party
    insurance_no: str | None = None
    card_no: str | None = None
    household_no: str | None = None
    unit: InsuredUnit | None = None
    period: str | None = None
    form_files: tuple[Document, ...] = ()


class CardResult(Message, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A health-insurance card (thẻ BHYT), or why there is none; `reason_code` is the authority's own."""

    state: Literal["issued", "refused"]
    insurance_no: str | None = None
    card_no: str | None = None
    valid_from: date | None = None
    valid_to: date | None = None
    facility: str | None = None
    office: str | None = None
    reason: str | None = None
    reason_code: str | None = None
    file: File | None = None
