"""A door: a web server on an address of the settings, open while a block runs."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import uvicorn

from bus.installation import Door
from commands.client_certificates import accept
from commands.connection import Connection

LONGEST_AT_STOP = 5
"""Seconds that an answer may still take at a stop; whoever takes longer comes again."""


class _Server(uvicorn.Server):
    """A web server that leaves signals to us."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


@contextlib.asynccontextmanager
async def opened(
    app: Callable[..., Awaitable[Any]],
    door: Door,
    *,
    certificates: Sequence[Path] = (),
    listening: socket.socket | None = None,
) -> AsyncIterator[None]:
    """Serve an application at a door's address, or on a socket, while the block runs.

    Whoever shows one of these `certificates` is told to the application; nobody has to.
    """
    assert door.address is not None  # noqa: S101 - for mypy: a door without an address is not opened
    config = uvicorn.Config(
        app,
        host=door.address.host,
        port=door.address.port,
        http=Connection,
        log_config=None,
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=LONGEST_AT_STOP,
        ssl_certfile=str(door.certificate) if door.certificate else None,
        ssl_keyfile=str(door.key) if door.key else None,
    )
    accept(config, certificates)
    server = _Server(config)
    sockets = [listening] if listening else None
    running = asyncio.get_running_loop().create_task(server.serve(sockets=sockets))
    try:
        yield
    finally:
        server.should_exit = True
        await running
