"""Connections at a door: who does not come to the point is cut off, who sends slowly but sends is not."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from bus.installation import Door
from bus.settings import Address
from commands import connection
from commands.door import opened
from deploy.local.folder import free_ports

PATIENCE = 0.3
HEAD = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n"


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """Answer with the whole body."""
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message.get("body", b""), message.get("more_body", False)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"4")]})
    await send({"type": "http.response.body", "body": body, "more_body": False})


@pytest.fixture
async def port(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[int]:
    """A door with little patience."""
    monkeypatch.setattr(connection, "HEAD_WITHIN", PATIENCE)
    (port,) = free_ports(1)
    async with opened(echo, Door(address=Address(f"127.0.0.1:{port}"))):
        for _ in range(200):
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.01)
            else:
                writer.close()
                break
        yield port


async def ended(reader: asyncio.StreamReader) -> bool:
    """Whether the other side ends the connection soon."""
    return await asyncio.wait_for(reader.read(), 5) == b""


@pytest.mark.parametrize("begun", [b"", b"GET / HT", HEAD[:-4]], ids=["nothing", "a word", "half a head"])
async def test_a_connection_without_a_whole_head_is_cut_off(port: int, begun: bytes) -> None:
    """Also where pieces of it come now and then."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(begun)
    assert await ended(reader)
    writer.close()


async def test_after_an_answer_the_next_head_has_as_long_and_a_body_longer(port: int) -> None:
    """A body in two pieces with a pause beyond the patience is taken; half a next head is not waited for."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(HEAD + b"ab")
    await asyncio.sleep(2 * PATIENCE)
    writer.write(b"cd")
    assert (await asyncio.wait_for(reader.readuntil(b"abcd"), 5)).startswith(b"HTTP/1.1 200")
    writer.write(HEAD[:-4])
    assert await ended(reader)
    writer.close()
