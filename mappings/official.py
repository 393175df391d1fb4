"""Official documents (văn bản) and what becomes of them, as the document systems exchange them.

The lists of a document are its own and are replaced as a whole by a later word about it: a recipient that an
update no longer names is no recipient.
"""

from datetime import date, datetime
from typing import Literal

from mappings.dossier_parts import File
from mappings.message import Agency, Message, Part


class Signer(Part, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Who signed (người ký): in whose stead (KT., TL.), as what, by name."""

    competence: str | None = None
    position: str | None = None
    name: str | None = None


class Answered(Part, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A document that is answered (văn bản được phúc đáp), by whatever the sender says of it."""

    agency: str | None = None
    number: str | None = None
    notation: str | None = None
    document_id: str | None = None
    issued_on: date | None = None


class RecipientChange(Part, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """An agency that an update adds to the recipients, or takes out."""

    agency: str
    added: bool


class Update(Part, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What an update (cập nhật) changes of the document."""

    content_changed: bool = False
    recipients_changed: bool = False
    recipients: tuple[RecipientChange, ...] = ()


class Replacement(Part, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A document that is replaced (thay thế), and the agencies it had gone to."""

    document_id: str
    agencies: tuple[str, ...] = ()


class Staff(Part, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Who did it (cán bộ xử lý)."""

    department: str | None = None
    department_id: str | None = None
    name: str | None = None
    id: str | None = None
    email: str | None = None
    mobile: str | None = None


class Business(Part, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What a package does with its document (nghiệp vụ); `paper`: a paper copy follows (0: none)."""

    kind: Literal["new", "revoke", "update", "replace"] = "new"
    document_id: str | None = None
    reason: str | None = None
    paper: int = 0
    update: Update | None = None
    replaces: tuple[Replacement, ...] = ()
    staff: Staff | None = None


class Hop(Part, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A system that the document passed, and when."""

    agency: str
    at: datetime


class Attachment(Part, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A file of a document; `name` is the sender's own, `file` what the file store has of it."""

    id: str
    name: str
    file: File
    description: str | None = None
    declared_type: str | None = None


class OfficialDocument(Message, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """An official document (văn bản). `document_id` is the business id, `axis_id` the transport's (docId).

    `dossier_code` is what the sender wrote as reference codes: in one-stop use the dossier's number.
    """

    document_id: str
    axis_id: str | None = None
    sender: Agency
    recipients: tuple[Agency, ...]
    number: str | None = None
    notation: str | None = None
    place: str | None = None
    issued_on: date
    type: int = 2
    type_detail: int = 0
    type_name: str | None = None
    subject: str
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
    responds_to: tuple[Answered, ...] = ()
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


DocumentState = Literal[
    "arrived",
    "rejected",
    "accepted",
    "assigned",
    "in_progress",
    "finished",
    "ask_back",
    "agreed",
    "not_agreed",
]
"""What became of a document at its recipient (01-06), and the asking back (13) with its answers (15, 16)."""

STATE_NAMES: dict[DocumentState, str] = {
    "arrived": "Văn bản đã đến",
    "rejected": "Từ chối tiếp nhận văn bản",
    "accepted": "Đã tiếp nhận, vào sổ văn bản đến",
    "assigned": "Phân công xử lý văn bản",
    "in_progress": "Đang xử lý văn bản",
    "finished": "Hoàn thành xử lý văn bản",
    "ask_back": "Yêu cầu lấy lại văn bản",
    "agreed": "Đồng ý cập nhật, lấy lại văn bản",
    "not_agreed": "Không đồng ý cập nhật, lấy lại văn bản",
}


class DocumentStatus(Message, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What became of a document (trạng thái văn bản). `about` is the other side: whom this goes to."""

    @property
    def responds_to(self) -> tuple[Answered, ...]:
        """The document that it is about, named as an answer names it: a leg ties both by one path."""
        return (Answered(document_id=self.document_id),)

    document_id: str
    axis_id: str | None = None
    number: str | None = None
    notation: str | None = None
    issued_on: date | None = None
    sender: Agency
    about: Agency
    staff: Staff | None = None
    status: DocumentState
    text: str | None = None
    at: datetime
