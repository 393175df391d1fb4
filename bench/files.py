"""`bench files`: large attachments out of packages and into packages again, many at once; what memory.

One process of its own, a thread a package, as a connector's pool has them. Packages are made as they are read
and thrown away as they are written; the attachments go through a real file store on this disk. The peak is
the whole process's, libraries and all.
"""

import base64
import io
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec

from adapters.ioffice.edxml import Limits, read_package, write_package
from bus.files import FileStore

ROOT = Path(__file__).resolve().parents[1]
GOAL = 300.0
"""Megabytes that twenty attachments of 200 MB at once may take."""

_SAMPLE = ROOT / "adapters" / "ioffice" / "samples" / "document.dossier.edxml"
_MEGA = 1_000_000
_PIECE = 999_999
"""Bytes of a piece; a multiple of three, so that pieces of base64 join."""


def run(megabytes: float = 200, at_once: int = 20) -> dict[str, Any]:
    """Measure in a process of its own; takes twice as much free disk as the attachments are together."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(  # noqa: S603 - this very module
            [sys.executable, "-m", "bench.files", folder, str(megabytes), str(at_once)],
            stdout=subprocess.PIPE,
            check=True,
            cwd=ROOT,
            env=os.environ | {"TMPDIR": folder},
        )
    return msgspec.json.decode(done.stdout, type=dict[str, Any])


def carry(folder: Path, megabytes: float, at_once: int) -> dict[str, Any]:
    """Take `at_once` packages in and write them out again, in this process."""
    store = FileStore(folder / "files", limit=2 * 10**9)
    store.prepare()
    before, began = _peak(), time.monotonic()
    with ThreadPoolExecutor(at_once) as pool:
        sizes = list(pool.map(lambda number: _one(store, number, megabytes), range(at_once)))
    seconds = time.monotonic() - began
    return {
        "attachments": at_once,
        "bytes_each": sizes[0],
        "peak_mb": _peak(),
        "peak_before_mb": before,
        "expected_peak_mb": GOAL,
        "seconds": seconds,
        "mb_per_s": sum(sizes) / _MEGA / seconds,
    }


def _one(store: FileStore, number: int, megabytes: float) -> int:
    limits = Limits(attachment=2 * 10**9, package=4 * 10**9)
    package = read_package(io.BufferedReader(_Made(number, megabytes)), store, limits)
    with Path(os.devnull).open("wb") as out:
        write_package(package.tree, store, out, limits)
    return package.files[0].size


class _Made(io.RawIOBase):
    """A package with one raw attachment, made while it is read; each `number` has a content of its own."""

    def __init__(self, number: int, megabytes: float) -> None:
        self._pieces = _pieces(number, megabytes)
        self._held = b""

    def readable(self) -> bool:
        """It is only read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Give the next bytes."""
        if not self._held:
            self._held = next(self._pieces, b"")
        count = min(len(buffer), len(self._held))
        buffer[:count] = self._held[:count]
        self._held = self._held[count:]
        return count


def _pieces(number: int, megabytes: float) -> Iterator[bytes]:
    text = _SAMPLE.read_text()
    before, _, rest = text.partition("ContentTransferEncoded")
    opened, _, _ = rest.partition(">")
    _, _, after = rest.rpartition("</edXML:ContentTransferEncoded")
    yield f"{before}ContentTransferEncoded{opened}>".encode()
    yield base64.b64encode(f"%PDF-1.4 {number:06}".encode())
    piece = base64.b64encode(os.urandom(_PIECE))
    for _ in range(int(megabytes * _MEGA) // _PIECE):
        yield piece
    yield f"</edXML:ContentTransferEncoded{after}".encode()


def _peak() -> float:
    """The most memory this process has held, in MB: the kernel's own mark, without its parent's."""
    marks = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    return int(marks.partition("VmHWM:")[2].split()[0]) / 1000


if __name__ == "__main__":
    told = carry(Path(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]))
    sys.stdout.buffer.write(msgspec.json.encode(told))
