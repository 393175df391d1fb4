"""Official documents in the dossier: kept by their id, statuses as steps, lists replaced by a later word."""

from datetime import date, datetime
from typing import get_args

import pytest

from mappings.dossier import Dossier, File
from mappings.fold import decode, encode, fold
from mappings.message import Agency
from mappings.official import (
    STATE_NAMES,
    Attachment,
    DocumentState,
    DocumentStatus,
    Hop,
    OfficialDocument,
)
from mappings.official_step import step_of
from mappings.sheet import SHIPPED as FOLDER
from mappings.sheet import functions_beside

NUMBER = "H12.06-261120-0001"
AT = datetime.fromisoformat("2026-11-20T09:00:00+07:00")
LATER = datetime.fromisoformat("2026-11-21T09:00:00+07:00")
STORED = File(hash="0" * 64, size=3, media_type="application/pdf", name="a.pdf")
CHECKS = functions_beside(FOLDER / "ioffice").checks


def document(**changes: object) -> OfficialDocument:
    """An invented document."""
    own = {
        "code": NUMBER,
        "document_id": "d-1",
        "sender": Agency(code="H12.06"),
        "recipients": (Agency(code="H12"), Agency(code="G22")),
        "issued_on": date(2026, 11, 20),
        "subject": "V/v cấp giấy phép",
        "files": (Attachment(id="1", name="a.pdf", file=STORED),),
    }
    return OfficialDocument(**(own | changes))  # type: ignore[arg-type]  # the values are of the right types


def status(state: DocumentState, at: datetime = AT) -> DocumentStatus:
    """What became of it."""
    return DocumentStatus(
        code=NUMBER,
        document_id="d-1",
        number="15",
        notation="SNNMT",
        sender=Agency(code="H12", name="UBND tỉnh"),
        about=Agency(code="H12.06"),
        status=state,
        at=at,
    )


def test_a_document_is_kept_by_its_id_and_a_later_word_replaces_its_lists() -> None:
    """An update that names one recipient leaves one; another document stands beside it."""
    state = fold(None, source="ioffice", kind="ioffice.document", message=document(), as_of=AT)
    updated = document(recipients=(Agency(code="H12"),), subject="V/v cấp lại")
    state = fold(state, source="ioffice", kind="ioffice.document", message=updated, as_of=LATER)
    other = document(document_id="d-2")
    state = fold(state, source="ioffice", kind="ioffice.document", message=other, as_of=AT)
    papers = {each.document_id: (len(each.recipients), each.subject) for each in state.whole.papers_out}
    assert papers == {"d-1": (1, "V/v cấp lại"), "d-2": (2, "V/v cấp giấy phép")}
    assert decode(encode(state)) == state


def test_a_status_is_a_step_and_changes_no_status_of_the_dossier() -> None:
    """05 at two times is two steps; the same told again is one."""
    record = Dossier(code=NUMBER, status="in_progress")
    state = fold(None, source="onestop", kind="onestop.dossier", message=record, as_of=AT)
    for told in (
        status("arrived"),
        status("in_progress"),
        status("in_progress", LATER),
        status("in_progress", LATER),
    ):
        state = fold(state, source="ioffice", kind="ioffice.document_status", message=told, as_of=LATER)
    assert [step.content for step in state.whole.steps] == [
        "Văn bản đã đến",
        "Đang xử lý văn bản",
        "Đang xử lý văn bản",
    ]
    assert state.whole.status == "in_progress"


@pytest.mark.parametrize("state", get_args(DocumentState))
def test_every_status_has_its_words(state: DocumentState) -> None:
    """A person of the province reads what happened, by whom and to which document."""
    step = step_of(status(state))
    assert (step.title, step.handler, step.content) == ("Văn bản 15/SNNMT", "UBND tỉnh", STATE_NAMES[state])


def test_checks_over_several_fields_find_what_hubs_refuse() -> None:
    """A recipient twice must not be sent; a day after the last trace is noted."""
    twice = document(recipients=(Agency(code="H12"), Agency(code="H12")))
    (found,) = CHECKS["recipients_differ"](twice)
    assert (found.ours, found.refuse) == ("recipients", True)
    late = document(issued_on=date(2026, 11, 22), trace=(Hop(agency="H12.06", at=LATER),))
    (found,) = CHECKS["issued_not_in_future"](late)
    assert (found.ours, found.refuse) == ("issued_on", False)
    assert CHECKS["issued_not_in_future"](document()) == CHECKS["recipients_differ"](document()) == ()
