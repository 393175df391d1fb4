"""Keep and deliver: the two halves of a message's life, over the ledger, the sheets and the connectors."""

import time
from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from bus import fingerprint, settlement
from bus.aside import buried, set_aside, unreadable
from bus.connector import Connector
from bus.envelope import new_traceparent
from bus.errors import (
    DeliveryError,
    LedgerUnavailableError,
    PermanentError,
    RejectedMessageError,
    TransientError,
    UnavailableError,
    UnsettledError,
)
from bus.file_limit import check_together, files_of
from bus.ledger import read
from bus.ledger.records import Claim, Claimed, Keep, Kept, Page, Settle, Settled, Tie
from bus.pipeline_parts import Parts
from bus.planning import Question
from bus.ports import Answer, Incoming
from bus.ports import Page as PolledPage
from bus.sending import Sent, digest_of, make
from bus.stopping import Stopping
from bus.turns import Turns
from bus.tying import sent_before
from bus.writing import Writing
from mappings.dossier import MESSAGES, Dossier, Message, OfficialDocument
from mappings.engine import Compiled, MappingError, ParkError
from mappings.rules_time import ICT

__all__ = ["Parts", "Pipeline"]


class Pipeline:
    """The one object that `serve`, the demo and the benchmark run."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self.observer = parts.observer
        self.stopping = Stopping()
        self.under_way: set[tuple[int, int]] = set()
        self._ledger = parts.ledger
        self._holder = parts.ledger.store.holder
        self._filing = parts.filing
        self.turns = Turns(parts.connectors.values())
        types = {name: one.type.name for name, one in parts.connectors.items()}
        self.writing = Writing(parts.planner, parts.sheets, types, parts.filing)
        self._home = {
            connector.type.name: name for name, connector in reversed(list(parts.connectors.items()))
        }

    async def keep(self, source: str, incoming: Incoming) -> Kept:
        """Read a message by its sheet and keep it; on disk when this returns.

        Raises `RejectedMessageError` with every problem: then nothing was kept. May be repeated.
        """
        try:
            keep = self.read(source, incoming)
            await self._weigh(keep, incoming)
            await self._filing.take(incoming)
        except RejectedMessageError:
            self.observer.rejected(source, incoming.kind)
            raise
        kept = await self._ledger.keep(keep)
        self.spread(keep, kept)
        return kept

    async def keep_canonical(self, source: str, incoming: Incoming, message: Message) -> Kept:
        """Keep a message in our own form, judged by its door, as `keep`; weighed as it is folded in."""
        keep = self.canonical(source, incoming, message)
        keep = msgspec.structs.replace(keep, together=self._filing.together)
        await self._filing.take(incoming)
        kept = await self._ledger.keep(keep)
        self.spread(keep, kept)
        return kept

    def canonical(self, source: str, incoming: Incoming, message: Message) -> Keep:
        """A message in our own form as a message to keep. Pure but for the clock."""
        return self._keep(source, incoming, self._filing.read(message), dossier=None, answer_to=None)

    async def keep_page(self, source: str, name: str, before: str, page: PolledPage) -> tuple[Kept, ...]:
        """Keep a polled page and its cursor together; what cannot be read is kept whole, as dead intake."""
        keeps = tuple([await self._read_or_bury(source, item) for item in page.items])
        broken = tuple(buried(source, raw, why) for raw, why in page.broken)
        write = Page(source, name, before, page.cursor, (*keeps, *broken), page.remember)
        kept = await self._ledger.keep_page(write)
        for keep, result in zip(write.keeps, kept, strict=True):
            self.spread(keep, result)
        return kept

    async def keep_told(self, source: str, items: Sequence[Incoming]) -> tuple[Kept, ...]:
        """Keep what a source tells again, in its order, as a page of its poll is kept; may be repeated."""
        keeps = [await self._read_or_bury(source, item) for item in items]
        kept = tuple([await self._ledger.keep(keep) for keep in keeps])
        for keep, result in zip(keeps, kept, strict=True):
            self.spread(keep, result)
        return kept

    def read(
        self, source: str, incoming: Incoming, *, dossier: int | None = None, answer_to: int | None = None
    ) -> Keep:
        """The peer's tree as a message to keep; a code that a list parks waits whole for a person."""
        sheet = self.sheet_of(source, incoming.kind)
        try:
            message = sheet.read(incoming.tree, source=source, as_of=incoming.as_of).message
        except ParkError as error:
            self.observer.wrong(source, "in", error.problems)
            return set_aside(source, incoming, "parked", str(error), answer_to=answer_to)
        except MappingError as error:
            self.observer.wrong(source, "in", error.problems)
            raise RejectedMessageError(error.problems) from None
        message = self._filing.read(message)
        return self._keep(source, incoming, message, dossier=dossier, answer_to=answer_to)

    def sheet_of(self, source: str, kind: str) -> Compiled:
        """The sheet that reads a kind of message of a connector; raises KeyError where there is none."""
        return self._parts.sheets[self._parts.connectors[source].type.messages[kind]]

    def _keep(
        self, source: str, incoming: Incoming, message: Message, *, dossier: int | None, answer_to: int | None
    ) -> Keep:
        codes = {source: message.code} if message.code else {}
        if isinstance(message, Dossier):
            codes |= {self._home.get(peer, peer): code for peer, code in message.codes.items()}
        told = fingerprint.digest_of(incoming.fingerprint)
        digest = told or digest_of(msgspec.structs.replace(message, as_of=None, extras={}))
        as_of = message.as_of or incoming.as_of or datetime.now(ICT)
        return Keep(
            source=source,
            kind=incoming.kind,
            key=incoming.key or f"{incoming.place}#{digest.hex()}",
            digest=digest,
            raw=incoming.raw,
            body=message,
            codes=codes,
            as_of=as_of.timestamp(),
            traceparent=new_traceparent(),
            config=self._parts.config,
            dossier=dossier,
            answer_to=answer_to,
            ties=self._parts.planner.ties(incoming.kind, message),
        )

    async def _read_or_bury(self, source: str, incoming: Incoming) -> Keep:
        try:
            keep = self.read(source, incoming)
            await self._weigh(keep, incoming)
            await self._filing.take(incoming)
        except UnavailableError:
            raise
        except Exception as error:  # noqa: BLE001  a bug over one record must not stop its source (rule 21)
            return unreadable(source, incoming, error)
        return keep

    async def _weigh(self, keep: Keep, incoming: Incoming) -> None:
        """Refuse what brings its dossier over the limit of all its files; answers are never refused so."""
        limit, body = self._filing.together, keep.body
        if not limit or body is None or not (incoming.files or isinstance(body, OfficialDocument)):
            return
        fold = await self._ledger.ask(read.fold_of, keep)
        held = self._parts.planner.as_of(fold, ()).whole if fold else None
        check_together(body, files_of(held), limit)

    def spread(self, keep: Keep, kept: Kept) -> None:
        """Tell that a message was kept, and have what it made ready published."""
        self.observer.kept(keep, kept)
        self.publish(kept)

    def publish(self, kept: Kept) -> None:
        """Have what a message made ready published."""
        if kept.ready:
            self._parts.publish(kept.ready)

    def questions(self, connector: str) -> Mapping[str, Question]:
        """What a connector is asked while legs are open, by their routes."""
        return self._parts.planner.questions(connector)

    async def deliver(self, delivery: int, connector: Connector) -> None:
        """Work on a delivery if it can be claimed; its outcome is on disk when this returns.

        Raises `UnsettledError` where a stop's end came before the outcome could be written.
        """
        if connector.gate.is_shut() or not await connector.slots.take():
            return
        claimed, until = None, 0.0
        try:
            if not connector.gate.is_shut():
                claimed, until = await self._claim(delivery, connector)
        finally:
            if claimed is None:
                connector.slots.give()
        if claimed is not None:
            await self.work(claimed, connector, until)

    async def _claim(self, delivery: int, connector: Connector) -> tuple[Claimed | None, float]:
        """Claim for a slot that is ours, and until when (monotonic) the lease lasts."""
        operations = connector.adapter.operations
        lease = max((connector.lease(operation) for operation in operations.values()), default=60.0)
        resend = frozenset(name for name, operation in operations.items() if operation.repeatable)
        until = time.monotonic() + lease
        shut = connector.gate.shut_operations
        return await self._ledger.claim(Claim(delivery, self._holder, lease, resend, shut)), until

    async def work(self, claimed: Claimed, connector: Connector, until: float) -> None:
        """Work on a claimed delivery, then give its slot back; its outcome is on disk when this returns."""
        began = time.monotonic()
        # a question has its call's attempt number, and must not take the call's place
        call = {(claimed.delivery, claimed.attempt)} if claimed.state == "sending" else set()
        self.under_way |= call
        try:
            settle = await self._act(claimed, connector, until)
            settled = await self._settle(settle)
        finally:
            self.under_way -= call
            connector.slots.give()
        self.observer.settled(claimed, settle, settled, time.monotonic() - began)
        ready = (*settled.ready, *(one for kept in settled.kept for one in kept.ready))
        if ready:
            self._parts.publish(ready)

    async def _settle(self, settle: Settle) -> Settled:
        """A settle that cannot be written is repeated, unacked (rule 22), until a stop's end."""
        pause = 0.1
        while True:
            try:
                return await self._ledger.settle(settle)
            except LedgerUnavailableError as error:
                if self.stopping.is_over:
                    self.stopping.unsettled += 1
                    raise UnsettledError(str(error)) from error
                await self.stopping.pause(pause)
                pause = min(30.0, 2 * pause)

    async def _act(self, claimed: Claimed, connector: Connector, until: float) -> Settle:
        """Send or ask. The one catch-all: what nobody foresaw goes dead with its reason, never lost."""
        try:
            operation = connector.adapter.operations[claimed.operation]
            before = await sent_before(self._ledger, self._parts.planner, claimed)
            to, tie = self.writing.addressee(claimed, before.connector), before.name
            if to is not None and to.connector != connector.name and not claimed.doubt:
                return settlement.elsewhere(claimed, self._holder, to)
            made = self.writing.written(claimed, connector, operation, to, tie)
            sent = Sent(claimed, connector, operation, *made, to_agency=to.agency if to else "", tie=tie)
            if claimed.state == "unknown":
                return await self._ask(sent)
            why = self._needless(sent) or sent.late
            needless = settlement.needless(claimed, self._holder, why) if why else None
            return needless or await self._send(sent, until)
        except UnsettledError:
            raise
        except MappingError as error:
            self.observer.wrong(connector.name, "out", error.problems)
            wrong = PermanentError("the message cannot be written for this peer", problems=error.problems)
            return settlement.of_error(claimed, self._holder, wrong, connector, None)
        except Exception as error:  # noqa: BLE001  the pipeline's one catch-all
            if claimed.state == "unknown":
                return settlement.of_silence(claimed, self._holder, error, connector)
            return settlement.of_error(claimed, self._holder, error, connector, None)

    def _needless(self, sent: Sent) -> str:
        """Why a request is not sent: it would change nothing at the peer, or we only observe."""
        views, operation = sent.claimed.views, sent.operation
        if operation.effect == "appends" and operation.key and sent.key in views:
            return "no change: the peer has this already"
        if operation.effect == "replaces" and sent.digest in (views.get(""), sent.told):
            return "no change: it is what the peer last got from us or told us"
        return "observe: mapped and checked, not sent" if sent.connector.mode == "observe" else ""

    async def _send(self, sent: Sent, until: float) -> Settle:
        """Call within the lease. Whoever has less lease left than a call may take does not call (rule 2)."""
        claimed, connector, operation = sent.claimed, sent.connector, sent.operation
        deadline = time.monotonic() + operation.seconds
        if deadline >= until:
            return Settle(
                claimed.delivery,
                claimed.attempt,
                self._holder,
                "ready",
                reason="too little lease left",
                burned=False,
            )
        if sent.key and self._parts.planner.is_tied(claimed.route, operation.name):
            await self._ledger.act(Tie(claimed.delivery, sent.key))
        try:
            answer = await self._call(sent, deadline)
        except DeliveryError as error:
            connector.gate.failed(operation.name, error)
            if isinstance(error, PermanentError) and error.problems:
                self.observer.wrong(connector.name, "out", error.problems)
            settle = settlement.of_error(claimed, self._holder, error, connector, operation)
            return self._with_refusal(settle, sent) if settle.outcome == "refused" else settle
        connector.gate.answered(operation.name)
        return await self._done(answer, sent)

    async def ask(self, asked: Claimed, connector: Connector) -> str:
        """Ask a peer that never calls back, and keep what it says as a message of the leg.

        One question is for all values of a leg (`per`): which of them an answer is about, the answer names.
        Gives why an answer cannot be read, or "": the same answer again is set aside once. Raises
        `DeliveryError` where it gives no answer, `MappingError` where the question cannot be written.
        """
        operation = connector.adapter.operations[asked.operation]
        sent = Sent(asked, connector, operation, *self.writing.written(asked, connector, operation))
        if not await connector.slots.take():
            raise TransientError("other processes have all slots of this connector", peer_down=False)
        try:
            answer = await make(sent, operation.call, time.monotonic() + operation.seconds)
        except DeliveryError as error:
            connector.gate.failed(operation.name, error)
            raise
        finally:
            connector.slots.give()
        connector.gate.answered(operation.name)
        why, route = "", "" if "[" in asked.route else asked.route
        for keep in await self._says(answer, sent):
            about = msgspec.structs.replace(keep, dossier=asked.dossier, answer_to=None, route=route)
            kept = await self._ledger.keep(about)
            self.spread(about, kept)
            if about.state != "kept":
                why = f"answered, but message {kept.message} is {about.state}: {about.reason}"
        return why

    async def _call(self, sent: Sent, deadline: float) -> Answer:
        began = time.monotonic()
        try:
            answer: Answer = await make(sent, sent.operation.call, deadline)
        finally:
            self.observer.called(sent.connector.name, sent.operation.name, time.monotonic() - began)
        return answer

    async def _ask(self, sent: Sent) -> Settle:
        """An unknown outcome: ask the peer whether it has it."""
        claimed, connector, operation = sent.claimed, sent.connector, sent.operation
        if operation.lookup is None:
            missing = PermanentError("this peer cannot be asked")
            return settlement.of_silence(claimed, self._holder, missing, connector)
        try:
            sighting = await make(sent, operation.lookup, time.monotonic() + operation.seconds)
        except DeliveryError as error:
            connector.gate.failed("", error)
            raise
        connector.gate.answered()
        if sighting.outcome != "done":
            return settlement.of_sighting(claimed, self._holder, sighting, connector)
        return await self._done(sighting.answer or Answer(note="asked: the peer has it"), sent)

    async def _done(self, answer: Answer, sent: Sent) -> Settle:
        """The peer has it: what it says with that, and by which number of its own it will speak of it."""
        claimed, operation = sent.claimed, sent.operation
        says = await self._says(answer, sent)
        view = (sent.key if operation.effect == "appends" else "", sent.digest)
        tie = answer.tie if self._parts.planner.is_tied(claimed.route, operation.name) else ""
        return settlement.of_answer(
            claimed, self._holder, answer, view=view, says=says, shown=sent.shown, tie=tie
        )

    async def _says(self, answer: Answer, sent: Sent) -> tuple[Keep, ...]:
        """The answer's messages; one that cannot be read goes dead by itself (rule 4)."""
        claimed, keeps = sent.claimed, []
        for incoming in answer.says:
            try:
                keep = self.read(
                    sent.connector.name, incoming, dossier=claimed.dossier, answer_to=claimed.delivery
                )
                await self._filing.insist(incoming, self.stopping)
                keeps.append(keep)
            except UnsettledError:
                raise
            except Exception as error:  # noqa: BLE001  the peer has done it: no bug of ours undoes that
                keeps.append(unreadable(sent.connector.name, incoming, error, answer_to=claimed.delivery))
        return tuple(keeps)

    def _with_refusal(self, settle: Settle, sent: Sent) -> Settle:
        """A refusal is an answer: it becomes a step of the dossier."""
        kind = f"{sent.connector.type.name}.refusal"
        if kind not in MESSAGES:
            return settle
        now = datetime.now(ICT).replace(microsecond=0)
        step = settlement.step_of_refusal(settle, sent.claimed, sent.connector, sent.operation, now)
        incoming = Incoming(
            kind, None, settle.answer, key=f"refusal-{settle.delivery}-{settle.attempt}", as_of=now
        )
        keep = self._keep(
            sent.connector.name, incoming, step, dossier=sent.claimed.dossier, answer_to=settle.delivery
        )
        return msgspec.structs.replace(settle, says=(keep,))
