"""What a call brings, taken in piece by piece: bounded in size, and in the time that it may take.

Who sends slowly holds one of few places, so a body has a patience: a minute, and a second more for each
`SLOWEST` bytes that have come.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import BinaryIO, cast

from adapters.agency.problems import DoorError, again_later

LONGEST_SILENCE = 30.0
"""Seconds that a body may pause."""

PATIENCE = 60.0
SLOWEST = 20_000
"""Bytes a second."""

_IN_MEMORY = 262_144


async def patient(pieces: AsyncIterator[bytes], most: int | None = None) -> AsyncIterator[bytes]:
    """The pieces that are not empty.

    Raises `DoorError` 408 where they come too slowly, 413 where there are more than `most` bytes.
    """
    loop = asyncio.get_running_loop()
    until, size = loop.time() + PATIENCE, 0
    while True:
        try:
            wait = min(LONGEST_SILENCE, until + size / SLOWEST - loop.time())
            piece = await asyncio.wait_for(anext(pieces), max(0.0, wait))
        except StopAsyncIteration:
            return
        except TimeoutError:
            raise _too_slow() from None
        size += len(piece)
        if most is not None and size > most:
            raise _too_large(most)
        if piece:
            yield piece


async def whole(pieces: AsyncIterator[bytes], most: int) -> bytes:
    """All of a body in memory; raises as `patient`."""
    return b"".join([piece async for piece in patient(pieces, most)])


@asynccontextmanager
async def spooled(pieces: AsyncIterator[bytes], most: int, folder: Path) -> AsyncIterator[BinaryIO]:
    """All of a body in a file that is gone after the block; a large one lies in `folder`.

    Raises as `patient`, and `DoorError` 503 where the disk does not take it.
    """
    with tempfile.SpooledTemporaryFile(_IN_MEMORY, dir=str(folder)) as file:
        async for piece in patient(pieces, most):
            try:
                file.write(piece)
            except OSError:
                detail = (
                    "Hệ thống tạm thời không lưu được (đĩa gần đầy). Chưa có gì được tiếp nhận; gửi lại sau."
                )
                raise again_later(300, detail) from None
        file.seek(0)
        yield cast("BinaryIO", file)


def _too_slow() -> DoorError:
    return DoorError(408, "too-slow", "Quá chậm", "Dữ liệu đến quá chậm; gửi lại từ đầu.")


def _too_large(most: int) -> DoorError:
    detail = (
        f"Vượt giới hạn {most} byte. Tệp đính kèm tải lên riêng (PUT /files/{{sha256}}), "
        "rồi nêu trong hồ sơ JSON."
    )
    return DoorError(413, "too-large", "Quá lớn", detail)
