"""Canonical structs of systems that come later, small: so that XML sheets can be tried now."""

from datetime import date, datetime
from typing import Any, Literal

from mappings.dossier import Message, Part, Party, Place
from mappings.rules import Finding
from mappings.sheet import Functions


class Parcel(Part, frozen=True, kw_only=True, omit_defaults=True):
    """A parcel of land."""

    number: str | None = None
    map_sheet: str | None = None
    place: Place | None = None


class TaxNotice(Part, frozen=True, kw_only=True, omit_defaults=True):
    """A tax notice."""

    number: str
    issued_on: date
    subsection: str
    remaining: int
    due_on: date | None = None
    certificate_no: str | None = None
    chapter: str | None = None
    subsection_name: str | None = None
    budget_account: str | None = None
    collector: str | None = None
    treasury: str | None = None
    area_code: str | None = None
    parcel: Parcel | None = None
    payer: Party | None = None


class Payer(Part, frozen=True, kw_only=True, omit_defaults=True):
    """Who pays."""

    tax_code: str
    total: int
    notices: tuple[TaxNotice, ...] = ()


class FinancialObligation(Message, frozen=True, kw_only=True, omit_defaults=True):
    """What is owed."""

    state: Literal["owing", "paid", "exempt", "none"]
    state_text: str | None = None
    payers: tuple[Payer, ...] = ()


class Organization(Part, frozen=True, kw_only=True, omit_defaults=True):
    """A sender or recipient."""

    code: str
    parent_name: str | None = None
    name: str | None = None
    address: str | None = None
    email: str | None = None
    phone: str | None = None
    fax: str | None = None
    website: str | None = None


class Signer(Part, frozen=True, kw_only=True, omit_defaults=True):
    """Who signed."""

    competence: str | None = None
    position: str | None = None
    name: str | None = None


class Responds(Part, frozen=True, kw_only=True, omit_defaults=True):
    """What it answers."""

    agency: str | None = None
    number: str | None = None
    notation: str | None = None
    document_id: str | None = None
    issued_on: date | None = None


class Receiver(Part, frozen=True, kw_only=True, omit_defaults=True):
    """A changed recipient."""

    agency: str
    added: bool


class Update(Part, frozen=True, kw_only=True, omit_defaults=True):
    """What an update changes."""

    content_changed: bool = False
    recipients_changed: bool = False
    recipients: tuple[Receiver, ...] = ()


class Replacement(Part, frozen=True, kw_only=True, omit_defaults=True):
    """A replaced document."""

    document_id: str
    agencies: tuple[str, ...] = ()


class Staff(Part, frozen=True, kw_only=True, omit_defaults=True):
    """Who did it."""

    department: str | None = None
    department_id: str | None = None
    name: str | None = None
    id: str | None = None
    email: str | None = None
    mobile: str | None = None


class Business(Part, frozen=True, kw_only=True, omit_defaults=True):
    """The business of a package."""

    kind: Literal["new", "revoke", "update", "replace"] = "new"
    document_id: str | None = None
    reason: str | None = None
    paper: int = 0
    update: Update | None = None
    replaces: tuple[Replacement, ...] = ()
    staff: Staff | None = None


class Hop(Part, frozen=True, kw_only=True, omit_defaults=True):
    """Where it passed."""

    agency: str
    at: datetime


class Attachment(Part, frozen=True, kw_only=True, omit_defaults=True):
    """A file of it."""

    id: str
    name: str
    file: str
    description: str | None = None
    declared_type: str | None = None


class OfficialDocument(Message, frozen=True, kw_only=True, omit_defaults=True):
    """An official document."""

    document_id: str
    sender: Organization
    recipients: tuple[Organization, ...]
    issued_on: date
    subject: str
    number: str | None = None
    notation: str | None = None
    place: str | None = None
    type: int = 2
    type_detail: int = 0
    type_name: str | None = None
    content: str | None = None
    signer: Signer | None = None
    due_on: date | None = None
    priority: str | None = None
    sphere: str | None = None
    typist: str | None = None
    copies: int | None = None
    pages: int | None = None
    reply_fors: str | None = None
    direction: bool = False
    dossier_code: str | None = None
    appendixes: tuple[str, ...] = ()
    responds_to: tuple[Responds, ...] = ()
    steering: int = 0
    tasks: tuple[str, ...] = ()
    application: str | None = None
    places: tuple[str, ...] = ()
    trace_id: str | None = None
    trace_version: str | None = None
    paper: int | None = None
    business: Business | None = None
    trace: tuple[Hop, ...] = ()
    files: tuple[Attachment, ...] = ()


REGISTRY: dict[str, type] = {
    "FinancialObligation": FinancialObligation,
    "OfficialDocument": OfficialDocument,
}


def total_is_sum_of_notices(message: FinancialObligation) -> tuple[Finding, ...]:
    """The total of a payer is the sum of the notices; a difference is noted, not refused."""
    off = [p for p in message.payers if p.total != sum(notice.remaining for notice in p.notices)]
    return (Finding("payers", "total is not the sum", "tổng không khớp", refuse=False),) if off else ()


def no_finding(_message: Any) -> tuple[Finding, ...]:
    """Find nothing: the functions themselves belong to a later sheet."""
    return ()


FUNCTIONS = Functions(
    checks={
        "total_is_sum_of_notices": total_is_sum_of_notices,
        "issued_not_in_future": no_finding,
        "recipients_differ": no_finding,
    }
)
