"""Whose word counts for which field of a dossier, by connector TYPE (thẩm quyền về dữ liệu).

Two connectors of one type have the same authority; between them the later `as_of` wins.
"""

from collections.abc import Mapping

Ranks = Mapping[str, int]
"""connector type -> rank, the lowest first; a type that is not named has the rank `OTHERS`."""

OTHERS = 5

_ONESTOP: Ranks = {"onestop": 0}
_PORTAL: Ranks = {"national_portal": 0}
_TAX: Ranks = {"tax": 0}
_IOFFICE: Ranks = {"ioffice": 0}
_TAX_THEN_PORTAL: Ranks = {"tax": 0, "national_portal": 1}

_SPEAKER: Ranks = {"onestop": OTHERS + 1, "national_portal": OTHERS + 2}
"""Who asked, issued or worked: a specialised system for what is its own; the one-stop before the portal,
for the portal only hands on what it was told."""

FIRST: Ranks = {}
"""The source that spoke first of this dossier; compared by identity."""

AUTHORITY: dict[str, Ranks] = {
    "procedure": _PORTAL,
    "procedure_suffix": _PORTAL,
    "submitted_through": FIRST,
    "supplements": _SPEAKER,
    "results": _SPEAKER,
    "steps": _SPEAKER,
    "obligation": _TAX,
    "payments": _TAX_THEN_PORTAL,
    "papers_out": _IOFFICE,
} | dict.fromkeys(
    (
        "receipt_no",
        "subject",
        "channel",
        "result_return",
        "owner",
        "submitter",
        "intake_agency",
        "handling_agency",
        "holder",
        "on_the_spot",
        "status",
        "status_reason",
        "submitted_at",
        "accepted_at",
        "due_at",
        "finished_at",
        "returned_at",
        "rejected_at",
        "return_info",
        "other_info",
        "note",
        "documents",
        "papers",
        "fees",
        "transfers",
        "databases",
        "online_payment",
        "digitised",
        "related",
        "birth",
        "land",
        "insurance",
        "form",
    ),
    _ONESTOP,
)
"""field of the dossier -> who ranks first. `code`, `codes`, `as_of` and `extras` are settled without rank."""
