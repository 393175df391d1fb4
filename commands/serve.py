"""`serve` and `worker`: an installation at work until SIGTERM or Ctrl-C."""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import uvicorn
import uvloop

from adapters._kit.intake import Intake
from bus.ledger.records import Hold, Pause
from commands.assemble import Assembly, Bus, assemble, start
from commands.control import Control
from commands.tell import FINE, NEEDS_YOU, say
from monitoring.logs import configure


def serve(settings: Path, only: frozenset[str] = frozenset()) -> int:
    """Run until told to stop; then stop taking, finish or hand back, and end with 0.

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
    control = Control(
        assembly.installation.installation.data / "control.sock", lambda request: _do(bus, request)
    )
    await control.start()
    try:
        async with _door(bus):
            say("serving; Ctrl-C ends it")
            await ended.wait()
            say("stopping: finishing what is under way")
    finally:
        await control.stop()
        unsettled = await bus.stop()
    return unsettled


class _Server(uvicorn.Server):
    """A web server that leaves signals to us."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


async def _do(bus: Bus, request: dict[str, Any]) -> dict[str, Any]:
    """What a command asks a running `serve` to write."""
    who, reason = str(request.get("who", "")), str(request.get("reason", ""))
    match request:
        case {"do": "hold" | "release" as what, "dossier": int(dossier)}:
            ready = await bus.ledger.act(Hold(dossier, what == "hold", who, reason))
            bus.worker.dispatcher.publish(ready)
        case {"do": "pause" | "resume" as what, "connector": str(connector)} if connector in bus.connectors:
            await bus.ledger.act(Pause(connector, what == "pause", who, reason))
        case _:
            return {"ok": False, "error": "not a request this version knows"}
    return {"ok": True}


@contextlib.asynccontextmanager
async def _door(bus: Bus) -> AsyncIterator[None]:
    """The intake door, open while the block runs; without an address it stays closed."""
    door = bus.assembly.installation.listen.intake
    if door.address is None:
        yield
        return
    adapters = {name: connector.adapter for name, connector in bus.connectors.items()}
    app = Intake(adapters, bus.keep, bus.worker.wake, body_limit=int(door.body_limit))
    server = _Server(
        uvicorn.Config(
            app,
            host=door.address.host,
            port=door.address.port,
            log_config=None,
            access_log=False,
            lifespan="off",
            ssl_certfile=str(door.certificate) if door.certificate else None,
            ssl_keyfile=str(door.key) if door.key else None,
        )
    )
    running = asyncio.get_running_loop().create_task(server.serve())
    try:
        yield
    finally:
        server.should_exit = True
        await running
