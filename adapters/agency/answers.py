"""What the agencies' door answers: receipts, how a dossier stands, what is held of a day. All JSON."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Literal

from msgspec import Struct

What = Literal["hand_in", "replace", "withdraw"]


class Receipt(Struct, frozen=True, kw_only=True):
    """The receipt (mã tiếp nhận): from now on it is kept, whatever breaks. `repeated`: it was already."""

    receipt: str
    number: str
    repeated: bool


class Checked(Struct, frozen=True, kw_only=True):
    """What was only checked is fine; nothing was kept.

    `receipt` is that of the dossier which has this number already: it may be replaced, not handed in anew.
    """

    number: str
    fine: Literal[True] = True
    receipt: str | None = None


class Holder(Struct, frozen=True, kw_only=True):
    """Who has the dossier (cơ quan đang giữ hồ sơ), since when."""

    code: str | None
    name: str | None
    since: datetime | None


class Awaited(Struct, frozen=True, kw_only=True):
    """What is awaited from whom (đang chờ): since when, until when, and whether that time has run out."""

    what: str
    whom: str
    since: datetime | None
    until: datetime | None
    late: bool


class OnTheWay(Struct, frozen=True, kw_only=True):
    """A message that has not reached a system yet, or needs a person."""

    what: str
    whom: str
    state: str
    state_text: str
    since: datetime


class PastStep(Struct, frozen=True, kw_only=True):
    """A step of the work so far (quá trình xử lý)."""

    at: datetime
    status: str
    status_text: str
    handler: str
    content: str
    department: str | None
    due_at: datetime | None


class ResultFile(Struct, frozen=True, kw_only=True):
    """Where a result's file is to be had: by a signed link of ours to the end of a day (UTC), or elsewhere.

    What lies at the one-stop has no address for others: `text` says where the paper is to be had, and no more
    is known.
    """

    lies_at: Literal["lienthong", "onestop"]
    text: str | None = None
    url: str | None = None
    until: date | None = None
    sha256: str | None = None
    size: int | None = None
    media_type: str | None = None
    name: str | None = None


class ResultPaper(Struct, frozen=True, kw_only=True):
    """A paper that came of it (giấy tờ kết quả), with its file where there is one to be had."""

    name: str
    number: str | None
    issued_on: str | None
    file: ResultFile | None


class Followed(Struct, frozen=True, kw_only=True):
    """What became of a dossier. `reason` is why it stands so, in the words the citizen is told.

    `numbers` are its numbers by system; without `receipt` it came in by another door. Times are of UTC+7.
    """

    receipt: str | None
    number: str
    numbers: Mapping[str, str]
    procedure: str | None
    subject: str | None
    status: str | None
    status_text: str
    reason: str | None
    holder: Holder
    awaited: tuple[Awaited, ...]
    on_the_way: tuple[OnTheWay, ...]
    accepted_at: datetime | None
    due_at: datetime | None
    finished_at: datetime | None
    handed_in_at: datetime
    heard_at: datetime
    steps: tuple[PastStep, ...]
    results: tuple[ResultPaper, ...]


class HeldItem(Struct, frozen=True, kw_only=True):
    """One message that we hold from an agency; `sha256` is of the bytes as they came, in hex."""

    receipt: str
    number: str
    what: What
    state: str
    kept_at: datetime
    sha256: str


class HeldPage(Struct, frozen=True, kw_only=True):
    """What we hold from an agency of a day, in order; ask again with `next` as `after` where there is one."""

    day: str
    items: tuple[HeldItem, ...]
    next: str | None


class StoredFile(Struct, frozen=True, kw_only=True):
    """A file in the store: give all of this as `file` of a document."""

    hash: str
    size: int
    media_type: str
    name: str
