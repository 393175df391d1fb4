"""A desk of a bus (`bus.desk.Desk`) that remembers what it was given, and fails when it is told to."""

from collections.abc import Sequence
from datetime import datetime

from bus.desk import HandedIn, Standing, Taken
from bus.ports import Incoming
from mappings.dossier import Message
from mappings.engine_values import FieldProblem


class Desk:
    """The desk of a bus that fails with `error`; it counts what it kept."""

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.kept = 0
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

    async def handed_in(self, _message: int) -> HandedIn | None:
        """Know nothing."""
        return None

    async def first_of(self, _sources: Sequence[str], _number: str) -> HandedIn | None:
        """Know nothing."""
        return None

    async def by_key(self, _source: str, _key: str) -> HandedIn | None:
        """Know nothing."""
        return None

    async def dossier_of(self, _number: str) -> int | None:
        """Know nothing."""
        return None

    async def standing(self, _dossier: int) -> Standing | None:
        """Know nothing."""
        return None

    async def kept_between(
        self, _sources: Sequence[str], _since: datetime, _until: datetime, *, after: int, most: int
    ) -> tuple[HandedIn, ...]:
        """Be a bus whose code is broken."""
        raise KeyError(f"096190004711 {after} {most}")
