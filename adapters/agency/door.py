"""What the agencies' door does: judge, keep, follow, compare. Knows the bus's desk and no more of it."""

import asyncio
import hashlib
import weakref
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Any

import msgspec

from adapters.agency import reading
from adapters.agency.answers import Checked, Followed, HeldItem, HeldPage, Receipt, StoredFile
from adapters.agency.asked import Asked, Body, Judged
from adapters.agency.bodies import patient
from adapters.agency.following import followed
from adapters.agency.gatekeeper import MOST_AT_ONCE, Gatekeeper
from adapters.agency.packages import Packages
from adapters.agency.problems import DoorError, Wrong, again_later, not_found, wrong_content
from adapters.agency.province import Province
from adapters.agency.receipt import message_of, receipt_of
from adapters.agency.result_files import ResultFiles
from adapters.agency.taking_in import Seen, TakingIn
from adapters.agency.words import KINDS
from bus.agency_settings import AgencySettings
from bus.desk import Desk, HandedIn, Standing, Taken
from bus.errors import RejectedMessageError
from bus.file_limit import files_of
from bus.file_names import safe_name
from bus.files import FileStore
from bus.links import Links
from bus.ports import Incoming
from mappings.dossier import END_STATUSES, Dossier, File, Message, Withdrawal
from mappings.rules_time import ICT

MOST_LISTED = 200
MOST_UPLOADS = 8
MOST_RELATED = 20
"""Related dossiers whose files a dossier may name again."""


class Withdraw(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The body of a withdrawal (yêu cầu rút hồ sơ): why, in the applicant's words; when it was asked for."""

    reason: str | None = None
    asked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Door:
    """The door of one installation. `store` takes files, `body_limit` is the largest message in bytes.

    Without `packages` no edXML is taken, without `links` no result has an address. The files of one dossier
    are `together` bytes at the most; 0: as many as come.
    """

    desk: Desk
    gatekeeper: Gatekeeper
    province: Province
    store: FileStore
    body_limit: int
    packages: Packages | None = None
    links: Links | None = None
    together: int = 0
    uploads: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(MOST_UPLOADS, thread_name_prefix="uploads")
    )
    _under_way: Counter[tuple[str, bool]] = field(default_factory=Counter, init=False)
    _turns: "weakref.WeakValueDictionary[tuple[str, str], asyncio.Lock]" = field(
        default_factory=weakref.WeakValueDictionary, init=False
    )

    @property
    def taking_in(self) -> TakingIn:
        """Who reads and judges what is handed in."""
        return TakingIn(self.desk, self.province, self.store, self.packages, self.together)

    def asked(self, agency: AgencySettings) -> Asked:
        """A call of an agency, now."""
        day = datetime.now(ICT).date()
        return Asked(agency, day, self.province.codes(agency.code, day))

    @asynccontextmanager
    async def room(self, agency: str, *, upload: bool = False) -> AsyncIterator[None]:
        """A place among the calls under way; raises `DoorError` 429 where there is none.

        No agency has more than half of the places: who sends slowly holds up itself.
        """
        most = MOST_UPLOADS if upload else MOST_AT_ONCE
        everybody, one = ("", upload), (agency, upload)
        if self._under_way[everybody] >= most or self._under_way[one] >= most // 2:
            raise again_later(2, "Hệ thống đang bận. Chờ rồi gửi lại, với cùng Idempotency-Key.", status=429)
        self._under_way.update((everybody, one))
        try:
            yield
        finally:
            self._under_way.subtract((everybody, one))

    # ---- hand in, check, replace, withdraw ----

    async def hand_in(self, asked: Asked, body: Body, key: str | None) -> Receipt:
        """Take a dossier in. On disk when this returns; the same again is answered with the same receipt."""
        judged = await self._new(asked, body)
        number = judged.message.code or ""
        key = f"hand_in:{key or number}"
        async with self._turn(asked.source, number):
            await self._refuse_another(asked, number, key)
            with_its = partial(self._files_before, asked)
            return await self._keep_weighed(asked, "agency.dossier", judged, key, with_its)

    async def _new(self, asked: Asked, body: Body, *, keep: bool = True) -> Judged[Dossier]:
        seen, held = partial(self._files, asked), partial(self._files_before, asked)
        return await self.taking_in.read(asked, body, "agency.dossier", seen=seen, held=held, keep=keep)

    async def _refuse_another(self, asked: Asked, number: str, key: str) -> None:
        """Raise `DoorError` 409 where the number is taken, unless by this very call, made before."""
        before = await self.desk.first_of((asked.source,), number)
        if before is not None:
            if await self.desk.by_key(asked.source, key) is not None:
                return
            receipt = receipt_of(before.message)
            detail = (
                f"Hồ sơ {number} đã được tiếp nhận, mã {receipt}. Thay nội dung: PUT /dossiers/{receipt}."
            )
            raise DoorError(409, "number-taken", "Số hồ sơ đã có", detail)
        if await self.desk.dossier_of(number) is not None:
            detail = f"Số {number} đã là của một hồ sơ do hệ thống khác gửi. Kiểm tra lại cách cấp số."
            raise DoorError(409, "number-taken", "Số hồ sơ đã có", detail)

    async def replace(self, asked: Asked, reference: str, body: Body, key: str) -> Receipt:
        """Put new content in the place of a dossier's; fields that it does not name stay as they are."""
        handed, standing = await self._own(asked, reference)
        is_over = standing.withdrawn or standing.whole.status in END_STATUSES
        if is_over and await self.desk.by_key(handed.source, f"replace:{key}") is None:
            raise _over(standing)

        async def held(_: Dossier) -> Iterable[File]:
            now = await self.desk.standing(handed.dossier)
            return files_of(now.whole) if now else ()

        seen = partial(self._files, asked, before=tuple(files_of(standing.whole)))
        judged = await self.taking_in.read(asked, body, "agency.replaced", seen=seen, held=held)
        if (number := judged.message.code) != handed.number:
            fix = f'Ghi "{handed.number}", số của hồ sơ đang thay thế'
            what = "khác số của hồ sơ đang thay thế"
            where = "MessageHeader/OtherInfo/ReferenceCodes" if body.package else "code"
            raise wrong_content([Wrong(path=where, what=what, fix=fix, rule="same number", value=number)])
        async with self._turn(handed.source, handed.number):
            return await self._keep_weighed(
                asked, "agency.replaced", judged, f"replace:{key}", held, of=handed
            )

    async def _files(self, asked: Asked, dossier: Dossier, before: Iterable[File] = ()) -> list[File]:
        """The files of dossiers that the agency sees and this one relates to, and `before` its own."""
        found = list(before)
        for number in dossier.related[:MOST_RELATED]:
            with suppress(DoorError):
                _, standing = await self._seen(asked, number)
                found += files_of(standing.whole)
        return found

    async def _files_before(self, asked: Asked, dossier: Dossier) -> Iterable[File]:
        """The files of the dossier that is handed in once more: of a repeat all are there."""
        before = await self.desk.first_of((asked.source,), dossier.code) if dossier.code else None
        standing = await self.desk.standing(before.dossier) if before else None
        return files_of(standing.whole) if standing else ()

    async def withdraw(self, asked: Asked, reference: str, raw: bytes, key: str | None) -> Receipt:
        """Withdraw a dossier: what has not been sent is not, and the one-stop is told."""
        handed, standing = await self._own(asked, reference)
        raw = raw or b"{}"
        try:
            body = reading.read(Withdraw, raw)
        except reading.WrongError as error:
            raise wrong_content(error.problems) from None
        key = f"withdraw:{key or handed.number}"
        async with self._turn(handed.source, handed.number):
            if standing.whole.status in END_STATUSES and await self.desk.by_key(handed.source, key) is None:
                raise _over(standing)
            asked_at = body.asked_at or datetime.now(ICT).replace(microsecond=0)
            message = Withdrawal(
                code=handed.number, id=f"{handed.number}/rut", asked_at=asked_at, reason=body.reason
            )
            content = msgspec.json.encode(msgspec.json.decode(raw), order="deterministic")
            told = Judged(message, content, raw)
            return await self._keep(asked, "agency.withdrawn", told, key, of=handed)

    async def _keep_weighed(
        self,
        asked: Asked,
        kind: str,
        judged: Judged[Dossier],
        key: str,
        held: Seen,
        *,
        of: HandedIn | None = None,
    ) -> Receipt:
        """Keep a dossier. One that became too heavy since it was judged is told file by file, as before."""
        try:
            return await self._keep(asked, kind, judged, key, of=of)
        except RejectedMessageError:
            await self.taking_in.weigh(judged, held)
            raise

    async def _keep(
        self,
        asked: Asked,
        kind: str,
        judged: Judged[Any],
        key: str,
        *,
        of: HandedIn | None = None,
    ) -> Receipt:
        message: Message = judged.message
        content = hashlib.sha256(judged.content)
        told = {"content": content.hexdigest(), "number": message.code or ""}
        incoming = Incoming(kind, None, judged.raw, key=key, media_type=judged.media_type, fingerprint=told)
        taken: Taken = await self.desk.keep(of.source if of else asked.source, incoming, message)
        if taken.outcome == "conflict":
            detail = (
                "Khóa Idempotency-Key (hoặc số hồ sơ) này đã dùng cho nội dung khác, nội dung đó giữ nguyên. "
                "Với nội dung mới, dùng khóa mới."
            )
            raise DoorError(409, "key-reused", "Khóa đã dùng cho nội dung khác", detail)
        repeated = taken.outcome == "repeated"
        return Receipt(receipt=receipt_of(taken.message), number=message.code or "", repeated=repeated)

    @asynccontextmanager
    async def _turn(self, name: str, number: str) -> AsyncIterator[None]:
        """One call at a time for one number of an agency."""
        lock = self._turns.get((name, number))
        if lock is None:
            lock = asyncio.Lock()
            self._turns[name, number] = lock
        async with lock:
            yield

    # ---- follow, compare ----

    async def follow(self, asked: Asked, reference: str) -> Followed:
        """What became of a dossier that the agency took in, handles or holds."""
        handed, standing = await self._seen(asked, reference)
        return followed(reference, handed, standing, ResultFiles(self.store, self.links, standing).of)

    async def _seen(self, asked: Asked, reference: str) -> tuple[HandedIn | None, Standing]:
        """The dossier of a reference, and the message that it names; none where others handed it in."""
        handed = await self._named(asked, reference)
        dossier = handed.dossier if handed else await self.desk.dossier_of(reference)
        standing = await self.desk.standing(dossier) if dossier is not None else None
        if standing is None or not self.may_see(asked, standing):
            raise not_found()
        return handed, standing

    async def _named(self, asked: Asked, reference: str) -> HandedIn | None:
        message = message_of(reference)
        if message is not None:
            return await self.desk.handed_in(message)
        return await self.desk.first_of(asked.sources, reference)

    def may_see(self, asked: Asked, standing: Standing) -> bool:
        """Whether an agency took a dossier in, handles or holds it; and its procedure is one of its own."""
        whole = standing.whole
        near = (whole.intake_agency, whole.handling_agency, whole.holder)
        is_near = any(self.province.is_of(each, asked.codes) for each in near)
        if not is_near and not set(standing.numbers) & set(asked.sources):
            return False
        return self.taking_in.judge.may_touch(asked.agency, whole.procedure, asked.day)

    async def _own(self, asked: Asked, reference: str) -> tuple[HandedIn, Standing]:
        """A dossier that this agency handed in; raises `DoorError` 404 or 403."""
        handed, standing = await self._seen(asked, reference)
        if handed is None or handed.source not in asked.sources:
            detail = "Chỉ cơ quan đã nộp hồ sơ mới được thay thế hoặc rút."
            raise DoorError(403, "forbidden", "Không có quyền", detail)
        return handed, standing

    async def held(self, asked: Asked, day: date, after: str | None) -> HeldPage:
        """What we hold from the agency of a day (UTC+7), with hashes, `MOST_LISTED` at a time."""
        since = datetime.combine(day, time(), ICT)
        past = message_of(after) if after else 0
        if past is None:
            fix = "Dùng giá trị next của trang trước"
            raise wrong_content(
                [Wrong(path="after", what="không phải mã tiếp nhận", fix=fix, rule="receipt")]
            )
        until = since + timedelta(days=1) if day < date.max else datetime.max.replace(tzinfo=ICT)
        found = await self.desk.kept_between(asked.sources, since, until, after=past, most=MOST_LISTED + 1)
        items = tuple(_item(one) for one in found[:MOST_LISTED])
        more = items[-1].receipt if len(found) > MOST_LISTED else None
        return HeldPage(day=day.isoformat(), items=items, next=more)

    # ---- files ----

    async def upload(self, asked: Asked, digest: str, name: str, pieces: AsyncIterator[bytes]) -> StoredFile:
        """Take a file in as it comes; on disk when this returns. Raises as `FileStore.put` and `patient`."""
        self.desk.check_room()
        loop, coming = asyncio.get_running_loop(), patient(pieces)

        def blocking() -> Iterator[bytes]:
            while piece := asyncio.run_coroutine_threadsafe(anext(coming, b""), loop).result():
                yield piece

        stored = await loop.run_in_executor(self.uploads, lambda: self.store.put(blocking(), expect=digest))
        await self.desk.uploaded(asked.source, stored.hash)
        return StoredFile(
            hash=stored.hash, size=stored.size, media_type=stored.media_type, name=safe_name(name or digest)
        )

    async def check(self, asked: Asked, body: Body) -> Checked:
        """Judge a dossier as if it were handed in, and keep nothing, no file either."""
        judged = await self._new(asked, body, keep=False)
        number = judged.message.code or ""
        before = await self.desk.first_of((asked.source,), number)
        return Checked(number=number, receipt=receipt_of(before.message) if before else None)


def _item(one: HandedIn) -> HeldItem:
    return HeldItem(
        receipt=receipt_of(one.message),
        number=one.number,
        what=KINDS[one.kind],  # type: ignore[arg-type]  # the words of this table are those of the API
        state=one.state,
        kept_at=one.kept_at,
        sha256=one.hash,
    )


def _over(standing: Standing) -> DoorError:
    what = "đã rút" if standing.withdrawn else "đã kết thúc"
    return DoorError(409, "over", "Hồ sơ đã kết thúc", f"Hồ sơ {what}, không thay đổi được nữa.")
