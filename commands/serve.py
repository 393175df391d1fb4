"""`serve` and `worker`: an installation at work until SIGTERM or Ctrl-C."""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, cast

import msgspec
import uvloop

from adapters._kit.downloads import PREFIX, Downloads
from adapters._kit.intake import Intake, Receive, Scope, Send
from bus.arrival import StoppedError
from bus.calling_back import call_again
from bus.files import FileStore
from bus.ledger.people import Enrol, Note
from bus.ledger.records import Hold, Pause, Undone
from bus.ledger.retention import Remove
from bus.people import Person
from bus.retention import Retainer
from commands import failed_requests, reconcile_requests
from commands.agencies import PREFIX as AGENCIES
from commands.agencies import agencies_door, calling_back
from commands.assemble import Assembly, Bus, assemble, start
from commands.console import console_door
from commands.control import Control
from commands.door import opened
from commands.failed_requests import failures_of
from commands.kill_points import armed
from commands.metrics import metrics_door
from commands.parts import file_store
from commands.reconcile_requests import repairs_of
from commands.tell import FINE, NEEDS_YOU, say
from monitoring.logs import configure

Application = Callable[[Scope, Receive, Send], Awaitable[None]]


def serve(settings: Path, only: frozenset[str] = frozenset(), metrics: str = "") -> int:
    """Run until told to stop; then stop taking, finish or hand back, and end with 0.

    `only` some connectors is a worker: it has no door, and leaves the requests of commands to the `serve`.
    `metrics` is this process's own address for Prometheus, in place of that of the settings.
    `NEEDS_YOU` where the ledger's database was away so long that outcomes could not be written. Raises
    `ConfigurationError` with every problem before anything has started, and `StayedAwayError` where the
    ledger's server or the broker did not come within its `wait_at_start`.
    """
    configure()
    unsettled = uvloop.run(_serve(assemble(settings), only, metrics))
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


async def _serve(assembly: Assembly, only: frozenset[str], metrics: str) -> int:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    try:
        bus = await start(assembly, only=only, point=armed(assembly.installation), stop=ended)
    except StoppedError as stopped:
        say(str(stopped))
        return 0
    try:
        door = metrics_door(bus, metrics, is_worker=bool(only))
        async with door, contextlib.nullcontext() if only else _open(bus):
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
        async with calling_back(bus), _door(bus), console_door(bus), _retaining(bus):
            yield
    finally:
        await control.stop()


@contextlib.asynccontextmanager
async def _retaining(bus: Bus) -> AsyncIterator[None]:
    """Personal data whose time is over is removed while the block runs, by one process."""
    installation = bus.assembly.installation
    retainer = Retainer(bus.ledger, file_store(installation), installation.retention)
    running = asyncio.get_running_loop().create_task(retainer.run())
    try:
        yield
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        with contextlib.suppress(Exception):
            await asyncio.wait_for(retainer.election.give_back(), 5.0)


async def _do(bus: Bus, request: dict[str, Any]) -> dict[str, Any]:
    """What a command asks a running `serve` to write."""
    who, reason = str(request.get("who", "")), str(request.get("reason", ""))
    match request:
        case {"do": "hold" | "release" as what, "dossier": int(dossier)}:
            ready = await bus.ledger.act(Hold(dossier, what == "hold", who, reason))
            bus.worker.dispatcher.publish(ready)
        case {"do": "undone", "dossier": int(dossier), "leg": str(leg)}:
            if not await bus.ledger.act(Undone(dossier, leg, who, reason)):
                return {"ok": False, "error": f"{leg} does not wait to be undone any more"}
        case {"do": "pause" | "resume" as what, "connector": str(connector)} if connector in bus.connectors:
            await bus.ledger.act(Pause(connector, what == "pause", who, reason))
        case {"do": "call again", "agency": str() | None as agency}:
            await bus.ledger.act(Note(who, "call again", agency or "every agency", reason))
            return {"ok": True, "notices": await call_again(bus.ledger, agency, f"{who}: {reason}")}
        case {"do": "note", "note": dict(note)}:
            await bus.ledger.act(msgspec.convert(note, Note))
        case {"do": "enrol", "person": dict(person)}:
            await bus.ledger.act(Enrol(msgspec.convert(person, Person), who))
        case {"do": "remove", "remove": dict(remove)}:
            gone = await bus.ledger.act(msgspec.convert(remove, Remove))
            return {"ok": True, "removed": msgspec.to_builtins(gone)}
        case _:
            unknown = {"ok": False, "error": "not a request this version knows"}
            done = await failed_requests.answer(failures_of(bus), request)
            return done or await reconcile_requests.answer(repairs_of(bus), request) or unknown
    return {"ok": True}


def _doors(bus: Bus, intake: Intake, store: FileStore) -> Application:
    """The intake door, with stored files below /files and the agencies below their path, where they are."""
    doors: dict[str, Application] = {}
    if bus.filing.store is not None and bus.filing.links is not None:
        doors[PREFIX] = Downloads(bus.filing.store, bus.filing.links)
    if (agencies := agencies_door(bus, store)) is not None:
        doors[AGENCIES] = cast("Application", agencies)

    async def door(scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"] if scope["type"] == "http" else ""
        found = next((each for prefix, each in doors.items() if path.startswith(prefix)), intake)
        await found(scope, receive, send)

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
    app = _doors(bus, intake, file_store(bus.assembly.installation))
    agencies = bus.assembly.installation.agencies
    certificates = [each.client_certificate for each in agencies if each.client_certificate]
    async with opened(app, door, certificates=certificates):
        yield
