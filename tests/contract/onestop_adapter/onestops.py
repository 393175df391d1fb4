"""A one-stop to connect to: the tests' own, written from the reference alone, or the simulator."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from adapters.onestop.adapter import TYPE
from adapters.onestop.settings import OneStopSettings
from bus.peer_settings import Timeout
from bus.ports import Adapter, Call, Deadline, Incoming
from bus.settings import Seconds, Secret, Url
from tests.contract.strict_onestop import FORM, TOKEN

ROOT = Path(__file__).resolve().parents[3]
SAMPLES = ROOT / "adapters" / "onestop" / "samples"
REQUEST_ID = "0e3bd0a0-0000-4000-8000-000000000002"
NUMBER = "G22.99-260415-000001"
Connect = Callable[..., Adapter]


def sample(name: str) -> dict[str, Any]:
    """A shipped sample."""
    return msgspec.json.decode((SAMPLES / f"{name}.json").read_bytes(), type=dict[str, Any])


CREATE = sample("create.online")


def call(request: Any, *, attempt: int = 1, codes: Mapping[str, str] | None = None) -> Call:
    """One attempt at an operation."""
    return Call(request, REQUEST_ID, attempt, Deadline(time.monotonic() + 5), codes or {})


def adapter(url: str, *, secret: str = FORM["client_secret"], **settings: Any) -> Adapter:
    """A connector to the one-stop at `url`."""
    own: dict[str, Any] = {
        "type": "onestop",
        "url": Url(url),
        "token_url": Url(url + TOKEN),
        "client_id": FORM["client_id"],
        "client_secret": Secret(secret),
        "timeout": Timeout(connect=Seconds(1), answer=Seconds(1)),
    }
    return TYPE.build("onestop", OneStopSettings(**(own | settings)))


class Reader:
    """What polls an adapter as the bus does: items, cursor and memory of a page commit together."""

    def __init__(self, one: Adapter) -> None:
        self._poll = one.polls[0]
        self.cursor = ""
        self.memory: dict[str, bytes] = {}

    def drain(self) -> list[Incoming]:
        """Poll until nothing is left."""
        items: list[Incoming] = []
        for _ in range(100):
            page = self._poll.fetch(self.cursor, self._recall)
            items += page.items
            self.memory |= page.remember
            self.cursor = page.cursor
            if not page.more:
                return items
        raise AssertionError("the poll does not end")

    def _recall(self, names: list[str]) -> dict[str, bytes]:
        return {name: self.memory[name] for name in names if name in self.memory}
