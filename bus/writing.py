"""What a delivery asks of its peer: the sheet's request, corrected where a person has corrected it.

Pure but for the addresses of files: the same delivery, sheets and tables give the same request.
"""

from collections.abc import Mapping
from datetime import date, datetime
from functools import partial

import msgspec
from msgspec.structs import replace

from bus.connector import Connector
from bus.errors import PermanentError
from bus.filing import Filing
from bus.ledger.records import Claimed
from bus.planning import NTH, Addressee, Planner, addressed
from bus.ports import Operation, Tree
from bus.sending import digest_of
from mappings.corrections import CorrectionError, corrected
from mappings.dossier import MESSAGES, REPLACEMENTS, Dossier, Message, Supplement
from mappings.engine import Compiled, MappingError
from mappings.fold import State
from mappings.retelling import retold, supplemented
from mappings.rules_time import ICT


class Writing:
    """Writes requests. `types` is the kind of system of each connector."""

    def __init__(
        self, planner: Planner, sheets: Mapping[str, Compiled], types: Mapping[str, str], filing: Filing
    ) -> None:
        self._planner = planner
        self.sheets = sheets
        self._types = types
        self._filing = filing
        self._decoders = {kind: msgspec.json.Decoder(body) for kind, body in MESSAGES.items()}

    def written(
        self,
        claimed: Claimed,
        connector: Connector,
        operation: Operation,
        to: Addressee | None = None,
        tie: str = "",
    ) -> tuple[Tree, str, bytes, bytes]:
        """The request in the peer's shape, its key and digest, and the digest of what the peer told us.

        What is about something that was sent (`tie`) has that in its key: two of it are two things to do.
        Raises `MappingError` with every problem, `PermanentError` where a correction no longer fits.
        """
        sheet = self.sheets[operation.sheet]
        body, state = self._body(claimed, sheet)
        told = b""
        if state and operation.effect == "replaces" and (theirs := state.by_source.get(connector.name)):
            told = self._told(sheet, theirs, claimed, connector)
        tree = self._write(sheet, addressed(body, to), claimed, connector)
        key = operation.key(tree) if operation.key else ""
        key = f"{tie} {key}" if tie and key else key
        return tree, key, digest_of(tree), told

    def addressee(self, claimed: Claimed, over: str = "") -> Addressee | None:
        """Whose system it goes to today, where its route says so.

        What speaks of something that went out goes `over` the same connector, whoever has the agency's work
        by now: nobody else knows of it. One that there is no more has no say.
        """
        if not self._planner.is_addressed(claimed.route, claimed.operation):
            return None
        state = self._planner.as_of(claimed.fold, claimed.history)
        today = self._planner.addressee(claimed.route, claimed.now, state.whole, self.body(claimed))
        if over not in self._types or over == today.connector:
            return today
        return replace(today, connector=over, is_about_sent=True)

    def drafted(self, claimed: Claimed, connector: str, sheet: Compiled) -> dict[str, object]:
        """The request as plain values, before the carrier's form and without any correction.

        Raises `MappingError` with every problem.
        """
        body = addressed(self._body(claimed, sheet)[0], self.addressee(claimed))
        tree: dict[str, object] = sheet.draft(*self._given(body, claimed, connector)).tree
        return tree

    def body(self, claimed: Claimed) -> Message:
        """The message that started a delivery."""
        message: Message = self._decoders[claimed.kind].decode(claimed.body)
        return message

    def _body(self, claimed: Claimed, sheet: Compiled) -> tuple[Message, State | None]:
        """What the sheet speaks of: the message, retold, or the dossier as of it."""
        if sheet.canonical is Dossier:
            state = self._planner.as_of(claimed.fold, claimed.history)
            whole = state.by_source[claimed.source] if claimed.kind in REPLACEMENTS else state.whole
            # a record that tells of supplements shows their papers there, whichever message starts it
            later = MESSAGES[claimed.kind] is Supplement and not sheet.sheet.tells("supplements")
            return supplemented(whole) if later else whole, state
        told_as = self.body(claimed)
        return retold(told_as, sheet.canonical, datetime.fromtimestamp(claimed.now, ICT)), None

    def _write(self, sheet: Compiled, body: Message, claimed: Claimed, connector: Connector) -> Tree:
        known, source, as_of = self._given(body, claimed, connector.name)
        if not claimed.patch:
            return sheet.write(known, source=source, as_of=as_of).tree
        try:
            return sheet.carried(corrected(sheet.draft(known, source, as_of).tree, claimed.patch))
        except CorrectionError as error:
            raise PermanentError(f"what a person corrected does not fit any more: {error}") from None

    def _given(self, body: Message, claimed: Claimed, connector: str) -> tuple[Message, str, date]:
        """What the sheet is given: the message with the numbers the peer knows, for whom, as of which day."""
        code = claimed.codes.get(connector) or claimed.codes.get(claimed.source)
        known = replace(body, code=code or next(iter(claimed.codes.values()), None))
        begun = partial(self._planner.begun, claimed.fold, claimed.history)
        known = self._filing.written(known, begun, claimed.now)
        if isinstance(known, Dossier):
            nth = {NTH: known.codes[NTH]} if NTH in known.codes else {}
            known = replace(self._planner.coded(known, claimed.now), codes=self._by_system(claimed) | nth)
        return known, connector, datetime.fromtimestamp(claimed.now, ICT).date()

    def _by_system(self, claimed: Claimed) -> dict[str, str]:
        """The dossier's numbers by kind of system, as sheets name them; of two the speaking one's."""
        codes = dict(sorted(claimed.codes.items(), key=lambda known: known[0] == claimed.source))
        return {self._types[name]: code for name, code in codes.items() if name in self._types}

    def _told(self, sheet: Compiled, theirs: Dossier, claimed: Claimed, connector: Connector) -> bytes:
        try:
            return digest_of(self._write(sheet, theirs, replace(claimed, patch=b""), connector))
        except MappingError:
            return b""
