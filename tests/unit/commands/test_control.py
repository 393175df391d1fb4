"""The control socket: one request in, one object out, however deep its folder lies."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from commands.control import LONGEST, Control, send


@pytest.mark.parametrize("depth", [0, 6])
async def test_a_socket_is_reached_however_deep_its_folder_lies(tmp_path: Path, depth: int) -> None:
    """A path longer than the kernel takes is none of its users' concern."""
    folder = tmp_path.joinpath(*["một-thư-mục-sâu"] * depth)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "control.sock"
    assert (len(str(path).encode()) > LONGEST) is (depth > 0) or depth == 0

    async def answer(request: dict[str, Any]) -> dict[str, Any]:
        return {"ok": True, "heard": request["do"]}

    control = Control(path, answer)
    await control.start()
    try:
        assert await asyncio.to_thread(send, path, {"do": "echo"}) == {"ok": True, "heard": "echo"}
    finally:
        await control.stop()
    assert await asyncio.to_thread(send, path, {"do": "echo"}) is None


def test_nobody_listens_where_there_is_no_folder(tmp_path: Path) -> None:
    """A command then does it in the ledger itself."""
    assert send(tmp_path.joinpath(*["x" * 40] * 4) / "control.sock", {"do": "echo"}) is None
