"""What every service of the portal works with, and what it may answer."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from adapters._kit.simulator_journal import Journal
from adapters.national_portal.simulator_catalogue import Catalogue
from adapters.national_portal.simulator_register import Register

Params = Mapping[str, Any]


class Desk(msgspec.Struct, frozen=True):
    """The register, the journal and the catalogue; `noticed` tells the citizens that a dossier changed."""

    register: Register
    journal: Journal
    catalogue: Catalogue
    noticed: Callable[[str], None]


class Call(msgspec.Struct, frozen=True):
    """One call: its parameters, the sender's organisation, its request id, and the address it was sent to."""

    params: Params
    organisation: str
    request_id: str
    base: str


class Done(msgspec.Struct, frozen=True):
    """The service did it."""

    message: str
    result: Any = None


class Exists(msgspec.Struct, frozen=True):
    """An insert of what exists (reference 1f)."""

    message: str


class Refused(msgspec.Struct, frozen=True):
    """The service did nothing; the text says why."""

    message: str


Outcome = Done | Exists | Refused
Service = Callable[[Desk, Call], Outcome]
