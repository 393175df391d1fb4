"""The desk of the agencies at work (`bus.desk.Desk`): over the pipeline that `serve` runs, and its ledger."""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from functools import cached_property

from bus.desk import Errand, HandedIn, OpenLeg, Standing, Taken
from bus.errors import RejectedMessageError
from bus.flow_values import leg_of
from bus.flows import Leg, Routes
from bus.ledger import read_desk, uploads
from bus.ledger.legs import LegOfDossier
from bus.ledger.read_desk import MessageOfAgency, StandingOfDossier
from bus.ledger.uploads import Uploaded
from bus.pipeline import Parts, Pipeline
from bus.ports import Incoming
from mappings.dossier import Message
from mappings.engine import Compiled
from mappings.engine_values import FieldProblem, MappingError
from mappings.rules_time import ICT


class AgencyDesk:
    """`check_room` raises `UnavailableError` while the disk is nearly full; `agencies` are their sources."""

    def __init__(
        self,
        pipeline: Pipeline,
        parts: Parts,
        routes: Routes,
        *,
        check_room: Callable[[], None],
        agencies: Sequence[str],
    ) -> None:
        self._pipeline = pipeline
        self._ledger = parts.ledger
        self._routes = routes
        self._planner = parts.planner
        self._sheets = parts.sheets
        self._connectors = parts.connectors
        self._check_room = check_room
        self._sources = (*parts.connectors, *agencies)

    async def keep(self, source: str, incoming: Incoming, message: Message) -> Taken:
        """Keep a canonical message; on disk when this returns (`bus.desk.Desk`)."""
        self._check_room()
        kept = await self._pipeline.keep_canonical(source, incoming, message)
        if kept.outcome not in ("kept", "repeated", "conflict"):
            raise RejectedMessageError([f"the message was not kept as such: {kept.outcome}"])
        return Taken(kept.message, kept.outcome)

    def rehearse(self, source: str, kind: str, message: Message) -> tuple[FieldProblem, ...]:
        """Write what the routes would send of this message; every problem found, each of our fields once."""
        keep = self._pipeline.canonical(source, Incoming(kind, None, b"", key="rehearsal"), message)
        found: dict[str, FieldProblem] = {}
        for planned in self._planner.plan(None, keep, withdrawn=False).deliveries:
            if not planned.sends:
                continue
            operation = self._connectors[planned.connector].adapter.operations[planned.operation]
            for problem in self._written(self._sheets[operation.sheet], message, planned.connector):
                found.setdefault(problem.ours, problem)
        return tuple(found.values())

    def _written(self, sheet: Compiled, message: Message, connector: str) -> tuple[FieldProblem, ...]:
        today = datetime.now(ICT).date()
        try:
            sheet.write(message, source=connector, as_of=today)
        except MappingError as error:
            return tuple(error.problems)
        return ()

    async def handed_in(self, message: int) -> HandedIn | None:
        """A message of an agency by its number."""
        row = await self._ledger.ask(read_desk.handed_in, message)
        return _handed_in(row) if row else None

    async def first_of(self, sources: Sequence[str], number: str) -> HandedIn | None:
        """The message by which one of these agencies handed a dossier in."""
        row = await self._ledger.ask(read_desk.first_of, sources, number)
        return _handed_in(row) if row else None

    async def by_key(self, source: str, key: str) -> HandedIn | None:
        """The message that an agency handed in under a key."""
        row = await self._ledger.ask(read_desk.by_key, source, key)
        return _handed_in(row) if row else None

    async def dossier_of(self, number: str) -> int | None:
        """The dossier that a connector or an agency knows by this number."""
        return await self._ledger.ask(read_desk.dossier_of, self._sources, number)

    async def uploaded(self, source: str, file: str) -> None:
        """Note that an agency has brought a file."""
        await self._ledger.act(Uploaded(source, file))

    async def files_of(self, sources: Sequence[str], hashes: Collection[str]) -> frozenset[str]:
        """Which of these files one of these agencies has uploaded."""
        return await self._ledger.ask(uploads.among, sources, hashes) if hashes else frozenset()

    def check_room(self) -> None:
        """Raise `UnavailableError` while the disk is nearly full."""
        self._check_room()

    async def standing(self, dossier: int) -> Standing | None:
        """How a dossier stands now."""
        row = await self._ledger.ask(read_desk.standing, dossier)
        return self._standing(row) if row else None

    async def kept_between(
        self, sources: Sequence[str], since: datetime, until: datetime, *, after: int, most: int
    ) -> tuple[HandedIn, ...]:
        """What these agencies handed in, in order."""
        span = (since.timestamp(), until.timestamp())
        rows = await self._ledger.ask(read_desk.kept_between, sources, *span, after, most)
        return tuple(_handed_in(row) for row in rows)

    @cached_property
    def _legs(self) -> dict[str, Leg]:
        return {leg.route: leg for leg in self._routes.legs}

    def _standing(self, row: StandingOfDossier) -> Standing:
        return Standing(
            dossier=row.dossier,
            numbers=row.codes,
            whole=self._planner.as_of(row.fold, ()).whole,
            withdrawn=row.withdrawn,
            began=_time(row.began),
            heard=_time(row.heard),
            asked=datetime.now(ICT),
            legs=tuple(self._open_leg(leg) for leg in row.legs),
            errands=tuple(self._errand(*one) for one in row.deliveries),
        )

    def _open_leg(self, leg: LegOfDossier) -> OpenLeg:
        known = self._legs.get(leg_of(leg.route))
        title, whom = (known.title, known.connector or "") if known else (leg.route, "")
        until = None if leg.due_at is None else _time(leg.due_at)
        return OpenLeg(title, self._title(whom), _time(leg.opened_at), until, leg.late)

    def _errand(self, connector: str, operation: str, state: str, since: float) -> Errand:
        peer = self._connectors.get(connector)
        offered = peer.adapter.operations.get(operation) if peer else None
        return Errand(offered.title if offered else operation, self._title(connector), state, _time(since))

    def _title(self, connector: str) -> str:
        peer = self._connectors.get(connector)
        return peer.type.title if peer else connector


def _handed_in(row: MessageOfAgency) -> HandedIn:
    return HandedIn(
        message=row.message,
        source=row.source,
        kind=row.kind,
        state=row.state,
        dossier=row.dossier,
        number=row.number,
        kept_at=_time(row.kept_at),
        hash=row.hash,
    )


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, ICT).replace(microsecond=0)
