"""A desk of a bus (`bus.desk.Desk`) that remembers what it was given, and fails when it is told to."""

from collections.abc import Collection, Sequence
from datetime import datetime
from functools import cache

from adapters.agency.province import Province
from bus.desk import HandedIn, Standing, Taken
from bus.ports import Incoming
from commands.parts import TABLES
from mappings.dossier import Message
from mappings.engine_values import FieldProblem
from mappings.tables import load


@cache
def province() -> Province:
    """The shipped tables, read once."""
    return Province(load([TABLES]))


class Desk:
    """The desk of a bus that fails with `error`; it counts what it kept."""

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.kept = 0
        self.uploads: set[tuple[str, str]] = set()
        self.dossiers: dict[int, tuple[HandedIn, Standing]] = {}
        self.taken: list[tuple[Incoming, Message]] = []

    async def keep(self, _source: str, incoming: Incoming, message: Message) -> Taken:
        """Keep nothing while there is an error."""
        self.check_room()
        self.kept += 1
        self.taken.append((incoming, message))
        return Taken(self.kept, "kept")

    def check_room(self) -> None:
        """Raise what is wrong."""
        if self.error:
            raise self.error

    def rehearse(self, _source: str, _kind: str, _message: Message) -> tuple[FieldProblem, ...]:
        """Find nothing."""
        return ()

    async def handed_in(self, message: int) -> HandedIn | None:
        """Know what it was given."""
        return self.dossiers[message][0] if message in self.dossiers else None

    async def first_of(self, sources: Sequence[str], number: str) -> HandedIn | None:
        """Know what it was given."""
        known = (handed for handed, _ in self.dossiers.values())
        return next((one for one in known if one.source in sources and one.number == number), None)

    async def by_key(self, _source: str, _key: str) -> HandedIn | None:
        """Know nothing."""
        return None

    async def dossier_of(self, number: str) -> int | None:
        """Know what it was given."""
        return next((one for one, (handed, _) in self.dossiers.items() if handed.number == number), None)

    async def uploaded(self, source: str, file: str) -> None:
        """Remember who brought it."""
        self.uploads.add((source, file))

    async def files_of(self, sources: Sequence[str], hashes: Collection[str]) -> frozenset[str]:
        """Tell what they brought."""
        return frozenset(file for source, file in self.uploads if source in sources and file in hashes)

    async def standing(self, dossier: int) -> Standing | None:
        """Know what it was given."""
        return self.dossiers[dossier][1] if dossier in self.dossiers else None

    async def kept_between(
        self, _sources: Sequence[str], _since: datetime, _until: datetime, *, after: int, most: int
    ) -> tuple[HandedIn, ...]:
        """Be a bus whose code is broken."""
        raise KeyError(f"096190004711 {after} {most}")
