"""The control socket: commands beside a running `serve` read only and ask it to write (rule 19).

One JSON object a line each way over a unix socket that only its owner can open.
"""

import asyncio
import contextlib
import os
import socket
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec

MOST = 64 * 1024
Do = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]


LONGEST = 100
"""Bytes of a socket's path that every kernel takes; Linux takes 107."""


@contextlib.contextmanager
def _reachable(path: Path) -> Iterator[str]:
    """The path of a socket as the kernel takes it, however deep its folder lies."""
    if len(os.fsencode(path)) <= LONGEST:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


class Control:
    """Serves requests at `path` with `do`, which answers each with an object."""

    def __init__(self, path: Path, do: Do) -> None:
        self._path = path
        self._do = do
        self._server: asyncio.AbstractServer | None = None

    async def start(self) -> None:
        """Listen; a socket left by a killed process is replaced (the ledger's lock keeps out a live one)."""
        self._path.unlink(missing_ok=True)
        before = os.umask(0o177)
        try:
            with _reachable(self._path) as path:
                self._server = await asyncio.start_unix_server(self._serve, path, limit=MOST)
        finally:
            os.umask(before)

    async def stop(self) -> None:
        """Stop listening; may be repeated."""
        if self._server is not None:
            self._server.close()
            self._server = None
        self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, ValueError):
            line = await reader.readline()
            writer.write(msgspec.json.encode(await self._answer(line)) + b"\n")
            await writer.drain()
        writer.close()

    async def _answer(self, line: bytes) -> dict[str, Any]:
        try:
            request = msgspec.json.decode(line, type=dict[str, Any])
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            return {"ok": False, "error": f"not a request: {error}"}
        return await self._do(request)


def send(path: Path, request: dict[str, Any], *, seconds: float = 10.0) -> dict[str, Any] | None:
    """Ask a running `serve`; None where none listens at `path`."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
        line.settimeout(seconds)
        try:
            with _reachable(path) as near:
                line.connect(near)
        except (FileNotFoundError, ConnectionRefusedError):
            return None
        line.sendall(msgspec.json.encode(request) + b"\n")
        with line.makefile("rb") as answers:
            return msgspec.json.decode(answers.readline(), type=dict[str, Any])
