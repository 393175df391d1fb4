"""`serve` and `worker`: an installation at work until SIGTERM or Ctrl-C."""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
import uvloop

from adapters._kit.downloads import PREFIX, Downloads
from adapters._kit.intake import Intake, Receive, Scope, Send
from bus.filing import Filing
from bus.ledger.people import Enrol
from bus.ledger.records import Hold, Pause
from bus.people import Person
from commands.assemble import Assembly, Bus, assemble, start
from commands.console import console_door
from commands.control import Control
from commands.door import opened
from commands.tell import FINE, NEEDS_YOU, say
from monitoring.logs import configure

Application = Callable[[Scope, Receive, Send], Awaitable[None]]


def serve(settings: Path, only: frozenset[str] = frozenset()) -> int:
    """Run until told to stop; then stop taking, finish or hand back, and end with 0.

    `only` some connectors is a worker: it has no door, and leaves the requests of commands to the `serve`.
    `NEEDS_YOU` where the ledger's database was away so long that outcomes could not be written. Raises
    `ConfigurationError` with every problem before anything has started.
    """
    configure()
    unsettled = uvloop.run(_serve(assemble(settings), only))
    if unsettled:
        say(unwritten(unsettled))
    return NEEDS_YOU if unsettled else FINE


def unwritten(unsettled: int) -> str:
    """What a stop without the ledger's database left behind, and what becomes of it."""
    calls = "1 call was" if unsettled == 1 else f"{unsettled} calls were"
    return (
        f"stopped while the ledger's database was away: {calls} made whose outcome could not be written. "
        "Nothing is lost: at the next start these deliveries are unknown (chưa rõ kết quả) and their peers "
        "are asked. Look after the database, then start again"
    )


async def _serve(assembly: Assembly, only: frozenset[str]) -> int:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    bus = await start(assembly, only=only)
    try:
        async with contextlib.nullcontext() if only else _open(bus):
            say("serving; Ctrl-C ends it")
            await ended.wait()
            say("stopping: finishing what is under way")
    finally:
        unsettled = await bus.stop()
    return unsettled


@contextlib.asynccontextmanager
async def _open(bus: Bus) -> AsyncIterator[None]:
    """What one process of an installation has alone: the doors, and the socket for commands."""
    data = bus.assembly.installation.installation.data
    control = Control(data / "control.sock", lambda request: _do(bus, request))
    await control.start()
    try:
        async with _door(bus), console_door(bus):
            yield
    finally:
        await control.stop()


async def _do(bus: Bus, request: dict[str, Any]) -> dict[str, Any]:
    """What a command asks a running `serve` to write."""
    who, reason = str(request.get("who", "")), str(request.get("reason", ""))
    match request:
        case {"do": "hold" | "release" as what, "dossier": int(dossier)}:
            ready = await bus.ledger.act(Hold(dossier, what == "hold", who, reason))
            bus.worker.dispatcher.publish(ready)
        case {"do": "pause" | "resume" as what, "connector": str(connector)} if connector in bus.connectors:
            await bus.ledger.act(Pause(connector, what == "pause", who, reason))
        case {"do": "enrol", "person": dict(person)}:
            await bus.ledger.act(Enrol(msgspec.convert(person, Person), who))
        case _:
            return {"ok": False, "error": "not a request this version knows"}
    return {"ok": True}


def _with_files(intake: Intake, filing: Filing) -> Application:
    """The intake door, with stored files below /files where links to them are configured."""
    if filing.store is None or filing.links is None:
        return intake
    downloads = Downloads(filing.store, filing.links)

    async def door(scope: Scope, receive: Receive, send: Send) -> None:
        is_file = scope["type"] == "http" and scope["path"].startswith(PREFIX)
        await (downloads if is_file else intake)(scope, receive, send)

    return door


@contextlib.asynccontextmanager
async def _door(bus: Bus) -> AsyncIterator[None]:
    """The intake door, open while the block runs; without an address it stays closed."""
    door = bus.assembly.installation.listen.intake
    if door.address is None:
        yield
        return
    adapters = {name: connector.adapter for name, connector in bus.connectors.items()}
    intake = Intake(adapters, bus.keep, bus.worker.wake, body_limit=int(door.body_limit))
    async with opened(_with_files(intake, bus.filing), door):
        yield
