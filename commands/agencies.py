"""The agencies' door put together: the desk of the bus, the tables, the file store, who may come in."""

from litestar import Litestar

from adapters.agency.calls import PREFIX, application
from adapters.agency.door import Door
from adapters.agency.gatekeeper import Gatekeeper
from adapters.agency.province import Province
from bus.errors import ConfigurationError
from bus.files import FileStore
from commands.assemble import Bus

__all__ = ["LARGEST_MESSAGE", "PREFIX", "agencies_door"]

LARGEST_MESSAGE = 4_000_000
"""Bytes of a dossier as JSON; files are not in it."""


def agencies_door(bus: Bus, store: FileStore) -> Litestar | None:
    """The door of an installation's agencies; None where there are none.

    Raises `ConfigurationError` where two agencies have one key.
    """
    installation = bus.assembly.installation
    if not installation.agencies:
        return None
    try:
        gatekeeper = Gatekeeper(installation.agencies)
    except ValueError as error:
        raise ConfigurationError([f"[[agency]] {error}"]) from None
    limit = min(int(installation.listen.intake.body_limit), LARGEST_MESSAGE)
    return application(Door(bus.desk, gatekeeper, Province(bus.assembly.tables), store, limit))
