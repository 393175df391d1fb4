"""A message of one system in the struct that another's sheet takes (kể lại cho hệ thống khác).

A route may send what one peer told to an operation whose sheet is about something else: a card that was
issued goes to the one-stop as a result paper, a refusal as a step. Pure; the same message told again is the
same thing told again, so that a peer that has it by its key is told nothing twice.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from mappings.dossier import (
    CardResult,
    DocumentStatus,
    Dossier,
    Message,
    OfficialDocument,
    Result,
    Step,
    Supplement,
)
from mappings.official_step import step_of
from mappings.rules_time import ICT

CARD = "Thẻ bảo hiểm y tế"
_REVOKES = "revoke"


def retold(message: Message, wanted: type[Message], as_of: datetime) -> Message:
    """The message as a `wanted`; itself where it is one. `as_of`, aware, stands where it names no time.

    Raises TypeError where it cannot be told so.
    """
    if isinstance(message, wanted):
        return message
    tell = RETELLINGS.get((type(message), wanted))
    if tell is None:
        raise TypeError(f"a {type(message).__name__} cannot be told as a {wanted.__name__}")
    return tell(message if message.as_of else replace(message, as_of=as_of))


def can_be_told(told: type[Message], wanted: type[Message]) -> bool:
    """Whether `retold` can tell every message of the one struct as the other. Pure."""
    return issubclass(told, wanted) or (told, wanted) in RETELLINGS


def card_as_result(card: CardResult) -> Result:
    """A card that was issued (thẻ BHYT), known by its number and first day: a corrected one is new."""
    since = f"@{card.valid_from:%Y%m%d}" if card.valid_from else ""
    return Result(
        id=f"card-{card.card_no or card.insurance_no or ''}{since}",
        code=card.code,
        as_of=card.as_of,
        name=CARD,
        kind="insurance_card",
        number=card.card_no or card.insurance_no,
        issued_on=card.valid_from,
        file=card.file,
    )


def card_as_step(card: CardResult) -> Step:
    """What the insurance authority said of a card, as a step: mostly why there is none."""
    said = card.reason or (CARD if card.state == "issued" else "Không cấp thẻ bảo hiểm y tế")
    return _step(card, f"card-{card.state}-{card.card_no or ''}", said, refused=card.state == "refused")


def result_as_step(result: Result) -> Step:
    """A result as a step of the dossier; a refusal (từ chối) says so."""
    key = result.id or result.number or result.name
    return _step(result, f"{result.kind or 'result'}-{key}", result.name, refused=result.kind == "refusal")


def document_as_result(document: OfficialDocument) -> Result:
    """A document that decides a dossier, by its first file; one that revokes names what it takes back."""
    sign = "/".join(part for part in (document.number, document.notation) if part)
    business = document.business
    revokes = business is not None and business.kind == _REVOKES
    about = business.document_id if revokes and business else None
    return Result(
        id=about or document.document_id,
        code=document.code,
        as_of=document.as_of,
        name=document.subject,
        kind="decision",
        number=sign or None,
        issued_on=document.issued_on,
        file=document.files[0].file if document.files else None,
        revoked=True if revokes else None,
    )


def supplemented(dossier: Dossier) -> Dossier:
    """Show a dossier with the papers that were handed in later among its own; of one id the later counts."""
    later = [each for round_ in dossier.supplements for each in round_.documents]
    papers = {each.id: each for each in (*dossier.documents, *later)}
    return replace(dossier, documents=tuple(papers.values()))


def supplement_as_step(asked: Supplement) -> Step:
    """A request for more papers (yêu cầu bổ sung) as a step."""
    return _step(asked, f"supplement-{asked.id}", asked.content or asked.id, refused=False)


def _step(message: Message, key: str, content: str, *, refused: bool) -> Step:
    at = message.as_of
    assert at is not None  # noqa: S101  `retold` has seen to it
    return Step(
        id=key,
        code=message.code,
        as_of=at,
        status="stopped" if refused else "in_progress",
        at=at.astimezone(ICT).replace(microsecond=0),
        handler="Bảo hiểm xã hội" if isinstance(message, CardResult) else "Cơ quan liên thông",
        content=content,
    )


RETELLINGS: Mapping[tuple[type[Message], type[Message]], Callable[[Any], Message]] = {
    (CardResult, Result): card_as_result,
    (CardResult, Step): card_as_step,
    (Result, Step): result_as_step,
    (OfficialDocument, Result): document_as_result,
    (DocumentStatus, Step): step_of,
    (Supplement, Step): supplement_as_step,
}
"""(what was told, what the sheet takes) -> how it is told."""
