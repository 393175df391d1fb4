"""Tells an agency what became of a dossier, in plain words. Pure."""

from collections.abc import Callable, Iterator
from datetime import datetime

from adapters.agency.answers import (
    Awaited,
    Followed,
    Holder,
    OnTheWay,
    PastStep,
    ResultFile,
    ResultPaper,
)
from adapters.agency.receipt import receipt_of
from adapters.agency.words import DELIVERIES, STATUSES
from bus.desk import HandedIn, Standing
from mappings.dossier import Agency, Dossier, Result
from mappings.rules_time import ICT

CITIZEN = "Công dân, doanh nghiệp"


def followed(
    reference: str,
    handed: HandedIn | None,
    standing: Standing,
    file_of: Callable[[Result], ResultFile | None],
) -> Followed:
    """How a dossier stands, for the agency that asks by a receipt, or by a number that it is known by.

    `file_of` tells where the file of a result is to be had.
    """
    whole = standing.whole
    steps = sorted(whole.steps, key=lambda step: step.at)
    status = "withdrawn" if standing.withdrawn and whole.status in (None, "registered") else whole.status
    return Followed(
        receipt=receipt_of(handed.message) if handed else None,
        number=handed.number if handed else reference,
        numbers=standing.numbers,
        procedure=whole.procedure,
        subject=whole.subject,
        status=status,
        status_text=STATUSES.get(status or "", "Đã nhận, chưa có hệ thống nào xử lý"),
        reason=reason(whole),
        holder=holder(whole),
        awaited=tuple(awaited(standing)),
        on_the_way=tuple(
            OnTheWay(
                what=one.title,
                whom=one.whom,
                state=one.state,
                state_text=DELIVERIES.get(one.state, one.state),
                since=one.since,
            )
            for one in standing.errands
        ),
        accepted_at=_local(whole.accepted_at),
        due_at=_local(whole.due_at),
        finished_at=_local(whole.finished_at),
        handed_in_at=standing.began,
        heard_at=standing.heard,
        steps=tuple(
            PastStep(
                at=step.at.astimezone(ICT),
                status=step.status,
                status_text=STATUSES.get(step.status, step.status),
                handler=step.handler,
                content=step.content,
                department=step.department,
                due_at=_local(step.due_at),
            )
            for step in steps
        ),
        results=tuple(
            ResultPaper(
                name=one.name,
                number=one.number,
                issued_on=one.issued_on.isoformat() if one.issued_on else None,
                file=file_of(one),
            )
            for one in whole.results
            if not one.revoked
        ),
    )


def reason(whole: Dossier) -> str | None:
    """Why it stands so, in the words the citizen is told: the record's, else those of its last open round."""
    if whole.status_reason:
        return whole.status_reason
    if whole.status == "supplement_requested":
        asked = [each for each in whole.supplements if not each.answered and each.content]
        if asked:
            return asked[-1].content
    told = [step for step in whole.steps if step.status == whole.status]
    last = max(told, key=lambda step: step.at, default=None)
    return last.content if last else None


def holder(whole: Dossier) -> Holder:
    """Who has it: whoever holds it, else whose competence it is, else where it was taken in."""
    agency = whole.holder or whole.handling_agency or whole.intake_agency or Agency()
    moved = [
        each.accepted_at or each.at
        for each in whole.transfers
        if each.to_agency.code is not None and each.to_agency.code == agency.code
    ]
    since = max(moved, default=None) or whole.accepted_at or whole.submitted_at
    return Holder(code=agency.code, name=agency.name, since=_local(since))


def awaited(standing: Standing) -> Iterator[Awaited]:
    """What is awaited: the legs that expect an answer, and what the citizen owes."""
    for leg in standing.legs:
        yield Awaited(what=leg.title, whom=leg.whom, since=leg.since, until=leg.until, late=leg.late)
    whole = standing.whole
    if whole.status == "supplement_requested":
        for each in whole.supplements:
            if not each.answered:
                yield _of_citizen(each.content or "Bổ sung hồ sơ", each.asked_at, each.answer_until, standing)
    if whole.status == "payment_due":
        yield _of_citizen("Nộp nghĩa vụ tài chính", None, None, standing)


def _of_citizen(what: str, since: datetime | None, until: datetime | None, standing: Standing) -> Awaited:
    late = until is not None and until < standing.asked
    return Awaited(what=what, whom=CITIZEN, since=_local(since), until=_local(until), late=late)


def _local(time: datetime | None) -> datetime | None:
    return time.astimezone(ICT) if time else None
