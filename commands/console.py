"""The console's door of a running `serve`."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from bus.finding import Finder
from bus.installation import Installation
from commands.assemble import Bus
from commands.door import opened
from commands.failed_requests import failures_of
from commands.watchers import require
from monitoring.console.app import console
from monitoring.console.desk import Desk
from monitoring.console.provider import Provider
from monitoring.report.tally import Reporter


@contextlib.asynccontextmanager
async def console_door(bus: Bus) -> AsyncIterator[None]:
    """The console, open while the block runs; without an address it stays closed."""
    door = bus.assembly.installation.listen.console
    if door.address is None:
        yield
        return
    desk = _desk(bus)
    behind = [asyncio.create_task(desk.follow()), asyncio.create_task(Finder(bus.ledger).run())]
    try:
        async with opened(console(desk), door):
            yield
    finally:
        await desk.counting.stop()
        for task in behind:
            task.cancel()
        await asyncio.gather(*behind, return_exceptions=True)


def _desk(bus: Bus) -> Desk:
    settings = bus.assembly.installation
    return Desk(
        title=settings.installation.title,
        environment=settings.installation.environment,
        ledger=bus.ledger,
        connectors=bus.connectors,
        routes=bus.assembly.routes,
        publish=bus.worker.dispatcher.publish,
        session_lives=float(settings.console.session_lives),
        is_encrypted=settings.listen.console.certificate is not None,
        reporter=Reporter(bus.assembly.tables, settings.calendar.working),
        failures=failures_of(bus),
        provider=_provider(settings),
    )


def _provider(installation: Installation) -> Provider | None:
    """The provider of the settings; its libraries are loaded only where there is one."""
    if installation.oidc.issuer is None:
        return None
    require("authlib", "oidc.issuer")
    from monitoring.oidc import OidcProvider  # noqa: PLC0415  as the docstring says

    return OidcProvider(installation.oidc)
