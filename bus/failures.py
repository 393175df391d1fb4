"""What people may do about what failed: the functions that the command line and the console call.

Each raises `NotPossibleError` with a sentence where it cannot be done, and then nothing was written; each is
in the log of what people did, with who, what and why. `bus.ledger.failures` reads what there is to do.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import msgspec

from bus.connector import Connector
from bus.errors import NotPossibleError
from bus.ledger import failures, read
from bus.ledger.claim import peek
from bus.ledger.handling_records import Cancel, Decide, Discard, Patch, Propose, Reread, Retry, Told
from bus.ledger.ledger import Ledger
from bus.ledger.records import Claimed, Keep, Kept, Ready
from bus.ledger.store import now_of
from bus.ledger.versions import text_of
from bus.pipeline import Pipeline
from bus.ports import Operation
from mappings.corrections import CorrectionError, corrected, patch_of, stated
from mappings.dossier import MESSAGES
from mappings.engine import Compiled, MappingError

STATED = (
    "{}: this is what the sender stated, and not ours to change. Ask the sender for a supplement "
    "(yêu cầu bổ sung), which is kept and delivered as a message of its own"
)

Recompile = Callable[[str, str], Compiled]
"""(name of a sheet, another text of it) -> that sheet compiled with the installation's tables.

Raises `ConfigurationError` with every problem.
"""


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a wish: `done` at once, or `proposed` under this number, for a second person."""

    outcome: Literal["done", "proposed"]
    number: int = 0


@dataclass(frozen=True, slots=True)
class Draft:
    """A request as it would go now. `other` is the same by another version of the sheet, with its digest.

    Trees are plain values in the peer's spelling and hold what citizens wrote. `problems` are those of the
    mapping, of the present sheet and of the other one; a tree is None where there are any.
    """

    delivery: int
    connector: str
    operation: str
    sheet: str
    digest: str
    request: Any
    problems: tuple[str, ...] = ()
    other_digest: str = ""
    other: Any = None
    other_problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Failures:
    """What people do, over a running bus. `second_person` are "edit" and "discard" where two must agree.

    `checker` makes of an operation's schema a function that gives the problems of a tree.
    """

    ledger: Ledger
    pipeline: Pipeline
    connectors: Mapping[str, Connector]
    publish: Callable[[Sequence[Ready]], None]
    recompile: Recompile
    checker: Callable[[Mapping[str, Any]], Callable[[Any], Sequence[str]]]
    second_person: frozenset[str] = frozenset()
    decoders: Mapping[str, Any] = field(
        default_factory=lambda: {kind: msgspec.json.Decoder(body) for kind, body in MESSAGES.items()}
    )

    async def retry(
        self,
        subjects: Sequence[str],
        who: str,
        reason: str,
        *,
        stages: Sequence[int] = (),
        rate: float | None = None,
    ) -> int:
        """Begin a retry of deliveries ("12") and messages ("m7"); answers its number.

        In stages of the given sizes and then the rest, the next only after the one before went well; at most
        `rate` a second. `bus.ledger.failures.run` has its account at any moment.
        """
        run: int = await self.ledger.act(Retry(tuple(subjects), who, reason, tuple(stages), rate))
        return run

    async def cancel(self, run: int, who: str, reason: str) -> None:
        """End a retry: what it has not sent off is skipped."""
        await self.ledger.act(Cancel(run, who, reason))

    async def discard(self, subject: str, who: str, reason: str) -> Done:
        """Give a dead delivery or a message set aside up; never what is in doubt (rule 7)."""
        if "discard" in self.second_person:
            number = await self.ledger.act(Propose("discard", subject, b"", who, reason))
            return Done("proposed", number)
        self.publish(await self.ledger.act(Discard(subject, who, reason)))
        return Done("done")

    async def decide(self, proposal: int, who: str, reason: str, *, agree: bool) -> None:
        """Agree to what somebody else proposed, which is then done, or refuse it."""
        self.publish(await self.ledger.act(Decide(proposal, agree, who, reason)))

    async def tell(self, delivery: int, who: str, reason: str, *, done: bool) -> None:
        """Say what a person saw at the peer of an unknown delivery: that it has it, or has it not."""
        claimed = await self._peeked(delivery)
        rhythm = self._connector(claimed).rhythm
        settled = await self.ledger.act(Told(delivery, done, rhythm.absent_after, who, reason))
        self.publish(settled.ready)

    async def assign(self, message: int, number: str, who: str, reason: str) -> Kept:
        """Give a message that matched nothing its dossier, by any of its numbers; it goes on from there."""
        found = await self.ledger.ask(failures.message, message)
        if found is None or found["state"] != "unmatched":
            is_now = found["state"] if found else "not in this ledger"
            raise NotPossibleError(
                f"message m{message} is {is_now}: only what is unmatched is given a dossier"
            )
        dossier = await self.ledger.ask(read.find_dossier, number)
        if dossier is None:
            raise NotPossibleError(f"no dossier (hồ sơ) is known by the number {number}")
        keep = Keep(
            source=found["source"],
            kind=found["kind"],
            key=found["key"],
            digest=found["digest"],
            raw=found["content"],
            body=self.decoders[found["kind"]].decode(found["stored"]),
            codes={},
            as_of=found["as_of"],
            traceparent=found["traceparent"],
            config=found["config"],
            dossier=dossier,
            answer_to=found["answer_to"],
        )
        kept: Kept = await self.ledger.act(Reread(message, keep, "", who, reason))
        self.pipeline.spread(keep, kept)
        return kept

    async def draft(self, delivery: int, *, sheet: str = "", version: str = "") -> Draft:
        """The request as it would go now; beside it by another `sheet` (its text) or `version` (a digest).

        Nothing is sent or written.
        """
        claimed = await self._peeked(delivery)
        operation = self._operation(claimed)
        present = self.pipeline.writing.sheets[operation.sheet]
        text = sheet
        if version:
            found: str | None = await self.ledger.ask(text_of, operation.sheet, version)
            text = found or ""
            if not text:
                raise NotPossibleError(
                    f"no version of {operation.sheet} that was ever used begins with {version}"
                )
        request, problems = self._drafted(claimed, present)
        made = Draft(
            delivery, claimed.connector, operation.name, operation.sheet, present.digest, request, problems
        )
        if not text:
            return made
        other = self.recompile(operation.sheet, text)
        tree, others = self._drafted(claimed, other)
        return replace(made, other_digest=other.digest, other=tree, other_problems=others)

    async def edit(
        self,
        delivery: int,
        after: Any = None,
        *,
        patch: bytes = b"",
        who: str,
        reason: str,
        dry: bool = False,
    ) -> tuple[Done, bytes]:
        """Correct the request of a dead delivery: to `after`, a whole tree, or by a JSON `patch`.

        Only what mapping made may be corrected, and the peer's schema must hold. Answers what was done and
        the patch that is recorded; the delivery stays dead until it is retried. `dry` checks alone.
        """
        claimed = await self._peeked(delivery)
        operation = self._operation(claimed)
        sheet = self.pipeline.writing.sheets[operation.sheet]
        before, problems = self._drafted(msgspec.structs.replace(claimed, patch=b""), sheet)
        if problems:
            what = "; ".join(problems)
            raise NotPossibleError(
                f"the request cannot be written at all, mend the sheet or table first: {what}"
            )
        after = _corrected(before, patch) if patch else after
        self._judge(sheet, operation, claimed.connector, before, after)
        made = patch_of(before, after)
        if dry:
            return Done("done"), made
        if "edit" in self.second_person:
            number = await self.ledger.act(Propose("edit", str(delivery), made, who, reason))
            return Done("proposed", number), made
        return Done("done", await self.ledger.act(Patch(delivery, made, who, reason))), made

    def _judge(self, sheet: Compiled, operation: Operation, connector: str, before: Any, after: Any) -> None:
        """Raise `NotPossibleError` where a correction touches a stated fact or breaks the peer's schema."""
        if before == after:
            raise NotPossibleError("nothing is changed by this correction")
        if theirs := stated(sheet, before, after, source=connector):
            raise NotPossibleError(STATED.format(", ".join(theirs)))
        wrong = self.checker(operation.schema)(after) if operation.schema else ()
        if wrong:
            raise NotPossibleError(f"the peer's schema does not take it: {'; '.join(wrong)}")

    def _drafted(self, claimed: Claimed, sheet: Compiled) -> tuple[Any, tuple[str, ...]]:
        try:
            tree: Any = self.pipeline.writing.drafted(claimed, claimed.connector, sheet)
            return (_corrected(tree, claimed.patch) if claimed.patch else tree), ()
        except MappingError as error:
            return None, tuple(str(problem) for problem in error.problems)

    async def _peeked(self, delivery: int) -> Claimed:
        claimed = await self.ledger.ask(_peek, delivery)
        if claimed is None:
            raise NotPossibleError(f"there is no delivery {delivery} in this ledger")
        return claimed

    def _connector(self, claimed: Claimed) -> Connector:
        if claimed.connector not in self.connectors:
            raise NotPossibleError(f'the installation has no connector "{claimed.connector}" any more')
        return self.connectors[claimed.connector]

    def _operation(self, claimed: Claimed) -> Operation:
        operation = self._connector(claimed).adapter.operations.get(claimed.operation)
        if operation is None:
            raise NotPossibleError(f"{claimed.connector} has no operation {claimed.operation} any more")
        return operation


def _peek(tx: Any, delivery: int) -> Claimed | None:
    return peek(tx, delivery, now_of(tx))


def _corrected(tree: Any, patch: bytes) -> Any:
    try:
        return corrected(tree, patch)
    except CorrectionError as error:
        raise NotPossibleError(f"the correction does not fit: {error}") from None
