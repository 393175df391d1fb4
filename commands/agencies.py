"""The agencies' door put together: the desk of the bus, the tables, the file store, who may come in."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from litestar import Litestar

from adapters.agency.calls import PREFIX, application
from adapters.agency.door import Door
from adapters.agency.gatekeeper import Gatekeeper
from adapters.agency.notices import Caller
from adapters.agency.province import Province
from bus.calling_back import CallBacks
from bus.errors import ConfigurationError
from bus.files import FileStore
from bus.retry import Schedule
from commands.agency_packages import SHEET, EdxmlPackages
from commands.assemble import Bus

__all__ = ["LARGEST_MESSAGE", "PREFIX", "agencies_door", "calling_back"]

LARGEST_MESSAGE = 4_000_000
"""Bytes of a dossier in JSON: files are not in it."""

LARGEST_PACKAGE = 600_000_000
"""Bytes of an edXML package, with its files in base64."""


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
    largest = min(LARGEST_PACKAGE, limit + 2 * store.limit)
    packages = EdxmlPackages(bus.assembly.sheets[SHEET], store, largest)
    province = Province(bus.assembly.tables)
    door = Door(bus.desk, gatekeeper, province, store, limit, packages, bus.filing.links, bus.filing.together)
    return application(door)


@contextlib.asynccontextmanager
async def calling_back(bus: Bus) -> AsyncIterator[None]:
    """Call agencies back while the block runs, where any wants it."""
    installation = bus.assembly.installation
    if not any(each.calls_back for each in installation.agencies):
        yield
        return
    caller, retry = Caller(installation.agencies), installation.retry
    schedule = Schedule(float(retry.first), retry.factor, float(retry.ceiling), float(retry.give_up_after))
    calls = CallBacks(bus.ledger, lambda due: caller.call(due.agency, due.event, due.body), schedule)
    running = asyncio.get_running_loop().create_task(calls.run())
    try:
        yield
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        calls.close()
