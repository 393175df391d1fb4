"""What became of a document, as a step of the dossier that it belongs to."""

from mappings.dossier import Status, Step
from mappings.official import STATE_NAMES, DocumentState, DocumentStatus

_STATUS: dict[DocumentState, Status] = {"rejected": "not_accepted", "accepted": "accepted"}
"""Our word for the step; what is not named here is work in progress."""


def step_of(told: DocumentStatus) -> Step:
    """Make the step; the same status told again is the same step, and told at another time another one."""
    sign = "/".join(part for part in (told.number, told.notation) if part) or told.document_id
    return Step(
        id=f"{told.document_id}@{told.status}@{told.at:%Y%m%d%H%M%S}",
        code=told.code,
        as_of=told.as_of,
        status=_STATUS.get(told.status, "in_progress"),
        at=told.at,
        handler=(told.staff.name if told.staff else None) or told.sender.name or told.sender.code or "",
        department=told.staff.department if told.staff else None,
        title=f"Văn bản {sign}",
        content=told.text or STATE_NAMES[told.status],
    )
