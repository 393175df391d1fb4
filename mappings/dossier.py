"""The canonical dossier (hồ sơ chuẩn): what all peers' facts are mapped to, as frozen values.

A field that is `None`, or a list that is `()`, is absent: it says *nothing* and never says *empty*.
Types: text is NFC · money is whole đồng · times are aware and in whole seconds · a day is a `date` ·
a partial day is text, "2026", "2026-11" or "2026-11-23" · words are closed lists (`Literal`).
Every struct that can be a list's item has an `id` or a natural key (`LIST_KEYS`), so that lists merge.
Names are ours; the peers' spelling stands only in the sheets.
"""

from datetime import date, datetime
from typing import Any, Literal

from msgspec import field

from mappings.dossier_finance import (
    BookEntry,
    FinancialObligation,
    Payer,
    Subsection,
    Subsections,
    TaxNotice,
    Taxpayer,
)
from mappings.dossier_insurance import Birth, BirthCertificate, CardResult, Insurance, InsuredUnit
from mappings.dossier_land import Certificate, House, InformationSlip, Land, LandTransfer, Parcel
from mappings.dossier_parts import Document, File, Identity, Party, PartyKind, Place
from mappings.message import Agency, Extras, Message, Part
from mappings.official import DocumentStatus, OfficialDocument

__all__ = [
    "CANONICAL", "END_STATUSES", "LIST_KEYS", "MESSAGES", "REPLACEMENTS", "Agency", "Birth",
    "BirthCertificate", "BookEntry", "CardResult", "Certificate", "Document", "DocumentStatus", "Dossier",
    "Extras", "Fee", "File", "FinancialObligation", "House", "Identity", "InformationSlip", "Insurance",
    "InsuredUnit", "Land", "LandTransfer", "Message", "OfficialDocument", "Paper", "Parcel", "Part", "Party",
    "PartyKind", "Payer",
    "Payment", "Place", "Procedure", "Result", "Status", "Step", "Subsection", "Subsections", "Supplement",
    "TaxNotice", "Taxpayer", "Transfer", "Withdrawal",
]  # fmt: skip

Status = Literal[
    "registered",
    "accepted",
    "not_accepted",
    "in_progress",
    "supplement_requested",
    "payment_due",
    "withdrawn",
    "stopped",
    "finished",
    "returned",
]
"""Trạng thái hồ sơ. The end states are `END_STATUSES`."""

END_STATUSES = frozenset({"not_accepted", "withdrawn", "stopped", "returned"})


class Paper(Part, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A paper handed in (giấy tờ)."""

    name: str
    copies: int | None = None
    kind: int | None = None


class Fee(Part, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A charge or fee (phí, lệ phí); `amount` in đồng."""

    name: str
    amount: int
    code: str | None = None
    kind: str | None = None
    collected: str | None = None
    paid: bool | None = None


class Supplement(Message, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One round of a request for more papers (yêu cầu bổ sung) and its answer."""

    id: str
    content: str | None = None
    asked_by: str | None = None
    asked_at: datetime | None = None
    answer_until: datetime | None = None
    received_by: str | None = None
    received_info: str | None = None
    received_at: datetime | None = None
    answered: bool | None = None
    documents: tuple[Document, ...] = ()
    fees: tuple[Fee, ...] = ()
    due_before: datetime | None = None
    due_after: datetime | None = None


class Result(Message, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A paper that the procedure results in (giấy tờ kết quả)."""

    id: str | None = None
    name: str
    kind: str | None = None
    component: str | None = None
    result_code: str | None = None
    number: str | None = None
    issued_on: date | None = None
    file: File | None = None
    url: str | None = None
    revoked: bool | None = None


class Step(Message, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One step of the work on a dossier (quá trình xử lý); appended, never changed."""

    id: str
    status: Status
    at: datetime
    handler: str
    content: str
    title: str | None = None
    department: str | None = None
    started_at: datetime | None = None
    due_at: datetime | None = None


class Transfer(Message, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A dossier handed from one agency to another (chuyển hồ sơ)."""

    id: str
    from_agency: Agency
    to_agency: Agency
    at: datetime
    reason: str | None = None
    accepted_at: datetime | None = None


class Withdrawal(Message, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The applicant's request to withdraw (yêu cầu rút hồ sơ)."""

    id: str
    asked_at: datetime
    reason: str | None = None


class Payment(Message, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Money paid for a dossier; `amount` in đồng."""

    id: str
    amount: int
    paid_at: datetime
    payer: Party | None = None
    state: Literal["paid", "failed", "reversed"]
    notice_number: str | None = None
    obligation_id: str | None = None
    reference: str | None = None
    content: str | None = None
    bank: str | None = None
    voucher: File | None = None


class Procedure(Message, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """An administrative procedure of the national catalogue (thủ tục hành chính)."""

    procedure: str
    name: str
    sector: str | None = None
    sector_name: str | None = None
    published_by: str | None = None
    kind: str | None = None
    state: str | None = None
    agencies: tuple[Agency, ...] = ()
    required_documents: tuple[Document, ...] = ()
    results: tuple[Result, ...] = ()


class Dossier(Message, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The dossier (hồ sơ): one peer's word about it as a message, or all their messages folded.

    `codes` maps a connector to the number it knows the dossier by; in a message, the numbers that the
    peer mentions beside its own (for instance the national number that the one-stop keeps).
    """

    codes: dict[str, str] = field(default_factory=dict)
    receipt_no: str | None = None
    procedure: str | None = None
    procedure_suffix: str | None = None
    subject: str | None = None
    channel: Literal["counter", "online", "post"] | None = None
    result_return: Literal["counter", "post"] | None = None
    submitted_through: str | None = None
    owner: Party | None = None
    submitter: Party | None = None
    intake_agency: Agency | None = None
    handling_agency: Agency | None = None
    holder: Agency | None = None
    on_the_spot: bool | None = None
    status: Status | None = None
    status_reason: str | None = None
    submitted_at: datetime | None = None
    accepted_at: datetime | None = None
    due_at: datetime | None = None
    finished_at: datetime | None = None
    returned_at: datetime | None = None
    rejected_at: datetime | None = None
    return_info: str | None = None
    other_info: str | None = None
    note: str | None = None
    documents: tuple[Document, ...] = ()
    papers: tuple[Paper, ...] = ()
    fees: tuple[Fee, ...] = ()
    supplements: tuple[Supplement, ...] = ()
    results: tuple[Result, ...] = ()
    steps: tuple[Step, ...] = ()
    transfers: tuple[Transfer, ...] = ()
    obligation: FinancialObligation | None = None
    payments: tuple[Payment, ...] = ()
    papers_out: tuple[OfficialDocument, ...] = ()
    databases: tuple[str, ...] = ()
    online_payment: str | None = None
    digitised: bool | None = None
    related: tuple[str, ...] = ()
    birth: Birth | None = None
    land: Land | None = None
    insurance: Insurance | None = None
    form: dict[str, Any] | None = None


CANONICAL: dict[str, type[Message]] = {
    kind.__name__: kind
    for kind in (
        Dossier,
        Step,
        Supplement,
        Result,
        Transfer,
        Withdrawal,
        Payment,
        Procedure,
        FinancialObligation,
        OfficialDocument,
        DocumentStatus,
        InformationSlip,
        Insurance,
        CardResult,
        Taxpayer,
        Subsections,
    )
}
"""What a sheet may name as its `canonical`."""

MESSAGES: dict[str, type[Message]] = {
    "national_portal.dossier": Dossier,
    "national_portal.supplement": Supplement,
    "national_portal.withdrawn": Withdrawal,
    "national_portal.payment": Payment,
    "national_portal.procedure": Procedure,
    "onestop.dossier": Dossier,
    "onestop.step": Step,
    "onestop.supplement": Supplement,
    "onestop.transfer": Transfer,
    "onestop.withdrawn": Withdrawal,
    "onestop.result": Result,
    "onestop.result_revoked": Result,
    "ioffice.document": OfficialDocument,
    "ioffice.document_status": DocumentStatus,
    "onestop.slip": InformationSlip,
    "onestop.decision_request": Dossier,
    "tax.obligation": FinancialObligation,
    "tax.notices": FinancialObligation,
    "tax.taxpayer": Taxpayer,
    "tax.book": Taxpayer,
    "tax.subsections": Subsections,
    "tax.slip_papers": InformationSlip,
    "tax.supplement_request": Supplement,
    "tax.payment_confirmed": Payment,
    "insurance.card_result": CardResult,
    "insurance.card_check": CardResult,
    "insurance.participant": Insurance,
    "insurance.file_result": Result,
    "insurance.supplement_request": Supplement,
    "insurance.refusal": Step,
    "agency.dossier": Dossier,
    "agency.replaced": Dossier,
    "agency.withdrawn": Withdrawal,
    "onestop.refusal": Step,
    "ioffice.refusal": Step,
    "national_portal.refusal": Step,
    "tax.refusal": Step,
}
"""message -> the struct it carries. A message is named by the TYPE of its connector, not by its name.

`TYPE.refusal` is made by the bus: the business "no" of a peer, as a step of the dossier. `agency.…` come in
at the agencies' door, canonical already: no connector and no sheet is theirs.
"""

REPLACEMENTS = frozenset({"agency.replaced"})
"""Messages that replace content at who has authority over it: written as their source's own word.

The whole would put back what that authority said before.
"""

LIST_KEYS: dict[str, tuple[str, ...]] = {
    "identities": ("kind", "number"),
    "documents": ("id",),
    "papers": ("name", "kind"),
    "fees": ("code", "name"),
    "supplements": ("id",),
    "results": ("id", "name"),
    "steps": ("id",),
    "transfers": ("id",),
    "payments": ("id",),
    "papers_out": ("document_id",),
    "payers": ("tax_code",),
    "notices": ("number", "subsection"),
    "entries": ("number", "subsection"),
    "subsections": ("subsection",),
    "form_files": ("id",),
    "users": ("name", "identity"),
    "parcels": ("number", "map_sheet"),
    "houses": ("place",),
    "agencies": ("code", "name"),
    "required_documents": ("id",),
}
"""list field -> the fields that make two items the same; lists of plain text merge by value."""

GENERAL = frozenset(kind for kind, body in MESSAGES.items() if body is Procedure)
"""Kinds of messages that belong to no dossier (không thuộc hồ sơ nào): a catalogue's entries."""
