"""A call that was admitted, and the dossier that it brings: values that pass through the door."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import BinaryIO, Generic, TypeVar

from adapters.agency.gatekeeper import source
from bus.agency_settings import AgencySettings
from bus.desk import source_of
from mappings.dossier import Message

Said = TypeVar("Said", bound=Message)


@dataclass(frozen=True, slots=True)
class Asked:
    """A call that was admitted: who asks, and the day by which tables are read."""

    agency: AgencySettings
    day: date
    codes: frozenset[str]

    @property
    def source(self) -> str:
        """What this agency's messages are kept under."""
        return source(self.agency)

    @property
    def sources(self) -> tuple[str, ...]:
        """The same, with those of the agencies whose work it took over."""
        return tuple(sorted(source_of(code) for code in self.codes))


@dataclass(frozen=True, slots=True)
class Body:
    """A dossier as it came: canonical JSON, or an edXML package in a file that its owner closes."""

    raw: bytes = b""
    package: BinaryIO | None = None


@dataclass(frozen=True, slots=True)
class Judged(Generic[Said]):
    """A message that may be kept. `content` are equal bytes for bodies that say the same.

    `raw` is what is kept of the body: JSON whole, of a package what it says, with the hashes of its files.
    `paths` are our field -> the sender's element, of a package.
    """

    message: Said
    content: bytes
    raw: bytes
    media_type: str = "application/json"
    paths: Mapping[str, str] = field(default_factory=dict)
