"""A portal to connect to: the tests' own, written from the reference alone, or the simulator."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from adapters.national_portal.adapter import TYPE
from adapters.national_portal.settings import PortalSettings
from bus.peer_settings import Timeout
from bus.ports import Adapter, Call, Deadline, Incoming, Poll
from bus.settings import Seconds, Secret, Url
from tests.contract.strict_portal import ACCOUNT

ROOT = Path(__file__).resolve().parents[3]
SAMPLES = ROOT / "adapters" / "national_portal" / "samples"
REQUEST_ID = "0e3bd0a0-0000-4000-8000-000000000001"
NUMBER = "G22.99-260415-000001"
Connect = Callable[..., Adapter]


def sample(name: str, **changes: Any) -> dict[str, Any]:
    """A shipped sample with changes."""
    return msgspec.json.decode((SAMPLES / f"{name}.json").read_bytes(), type=dict[str, Any]) | changes


RECORD = sample("record.in_progress")
ROW = sample("progress.in_progress")


def call(
    request: Any, *, attempt: int = 1, seconds: float = 5, codes: Mapping[str, str] | None = None
) -> Call:
    """One attempt at an operation."""
    return Call(request, REQUEST_ID, attempt, Deadline(time.monotonic() + seconds), codes or {})


def adapter(url: str, *, password: str = ACCOUNT["password"], **settings: Any) -> Adapter:
    """A connector to the portal at `url`."""
    timeout = settings.pop("timeout", Timeout(connect=Seconds(1), answer=Seconds(1)))
    own = {
        "type": "national_portal",
        "adapter_url": Url(url),
        "madonvi": "000.00.00.H12",
        "username": ACCOUNT["username"],
        "password": Secret(password),
        "timeout": timeout,
    }
    return TYPE.build("national_portal", PortalSettings(**own, **settings))


def poll_of(one: Adapter, name: str) -> Poll:
    """A poll by its name."""
    return next(poll for poll in one.polls if poll.name == name)


def drained(poll: Poll, memory: dict[str, bytes], cursor: str = "") -> tuple[list[Incoming], str]:
    """Poll until nothing is left; what a page brings and remembers commits together."""
    items: list[Incoming] = []

    def recall(names: list[str]) -> dict[str, bytes]:
        return {name: memory[name] for name in names if name in memory}

    for _ in range(100):
        page = poll.fetch(cursor, recall)
        items += page.items
        memory |= page.remember
        cursor = page.cursor
        if not page.more:
            return items, cursor
    raise AssertionError("the poll does not end")


def submitted(number: int) -> dict[str, Any]:
    """A citizen's record."""
    fields = {"TrangThaiHoSo": "1", "NgayTiepNhan": "", "NgayHenTra": ""}
    return RECORD | fields | {"MaHoSo": f"G22.99-260415-{number:06d}"}


@contextmanager
def simulator(folder: Path, *options: str) -> Iterator[str]:
    """The simulated portal in its own process; gives its address."""
    command = [
        sys.executable,
        "-m",
        "adapters.national_portal.simulator",
        "--data",
        str(folder),
        "--seed",
        "7",
    ]
    with subprocess.Popen(  # noqa: S603 - our own simulator
        [*command, *options], stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        assert process.stdout is not None
        url = json.loads(process.stdout.readline())["url"]
        try:
            yield str(url)
        finally:
            process.terminate()
