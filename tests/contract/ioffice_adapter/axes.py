"""Connectors to an axis, what polls them as the bus does, and packages to send."""

import io
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from lxml import etree

from adapters.ioffice.adapter import IOffice
from adapters.ioffice.edxml import read_package
from adapters.ioffice.settings import IOfficeSettings
from bus.files import FileStore
from bus.peer_settings import Timeout
from bus.ports import Call, Deadline, Incoming, Page
from bus.settings import Seconds, Secret, Url
from mappings.dossier import Agency, Document, Dossier, File
from tests.contract.strict_axis import SECRET, STANDARD, SYSTEM

ROOT = Path(__file__).resolve().parents[3]
SAMPLES = ROOT / "adapters" / "ioffice" / "samples"
DOCUMENT, ANSWER, STATUS = (
    (SAMPLES / f"{name}.edxml").read_bytes()
    for name in ("document.dossier", "document.answer", "status.accepted")
)
Q = f"{{{STANDARD}}}"
Connect = Callable[..., IOffice]


def adapter(url: str, files: FileStore, *, secret: str = SECRET, **settings: Any) -> IOffice:
    """A connector to the axis at `url`."""
    own: dict[str, Any] = {
        "type": "ioffice",
        "endpoint": Url(url),
        "mode": "live",
        "system_id": SYSTEM,
        "secret": Secret(secret),
        "timeout": Timeout(connect=Seconds(1), answer=Seconds(5)),
    }
    return IOffice("ioffice", IOfficeSettings(**(own | settings)), files)


class Reader:
    """What polls a box as the bus does: items and cursor of a page commit together."""

    def __init__(self, one: IOffice, poll: str = "documents") -> None:
        self._poll = next(each for each in one.polls if each.name == poll)
        self.cursor = ""
        self.broken: list[tuple[bytes, str]] = []

    def page(self) -> Page:
        """Poll once and keep what came."""
        page: Page = self._poll.fetch(self.cursor, lambda _: {})
        self.cursor = page.cursor
        self.broken += page.broken
        return page

    def drain(self) -> list[Incoming]:
        """Poll until nothing is left."""
        items: list[Incoming] = []
        for _ in range(50):
            page = self.page()
            items += page.items
            if not page.more:
                return items
        raise AssertionError("the poll does not end")


def call(request: Any, *, attempt: int = 1) -> Call:
    """One attempt at an operation."""
    return Call(request, "0e3bd0a0-0000-4000-8000-000000000002", attempt, Deadline(time.monotonic() + 10))


def tree_of(package: bytes, files: FileStore) -> Any:
    """The tree of a shipped package, as a sheet would write it."""
    return read_package(io.BytesIO(package), files).tree


def text(package: bytes, path: str) -> list[str | None]:
    """The texts at a path of a package that was sent."""
    root = etree.fromstring(package)
    return [each.text for each in root.iterfind(".//" + "/".join(Q + step for step in path.split("/")))]


def dossier(file: File) -> Dossier:
    """An invented dossier that was taken in."""
    return Dossier(
        codes={"onestop": "H12.06-261120-0001"},
        subject="Cấp giấy phép cho ông Danh Sóc Kha",
        procedure="1.001193",
        intake_agency=Agency(code="H12.06", name="Sở Nông nghiệp và Môi trường"),
        handling_agency=Agency(code="H12", name="UBND tỉnh Cà Mau"),
        accepted_at=datetime.fromisoformat("2026-11-20T08:00:00+07:00"),
        due_at=datetime.fromisoformat("2026-11-27T17:00:00+07:00"),
        documents=(Document(id="1", name="Đơn đề nghị", file=file), Document(id="2", name="Bản vẽ")),
    )


@contextmanager
def simulator(folder: Path, *options: str) -> Iterator[tuple[str, str]]:
    """A running simulator: its address and that of its control."""
    process = subprocess.Popen(  # noqa: S603 - our own simulator
        [sys.executable, "-m", "adapters.ioffice.simulator", "--data", str(folder), *options],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert process.stdout is not None
    try:
        line = json.loads(process.stdout.readline())
        yield line["url"], line["control_url"]
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()


def gathered(reader: Reader, count: int) -> list[Incoming]:
    """Poll until so many came."""
    items: list[Incoming] = []
    until = time.monotonic() + 10
    while len(items) < count and time.monotonic() < until:
        items += reader.drain()
        time.sleep(0.02)
    return items
