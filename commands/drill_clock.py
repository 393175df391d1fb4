"""Clocks that a drill sets: of the bus's processes and of the database, by libfaketime where it is installed.

Wall clocks alone: monotonic ones stay true, as they do on a machine whose wall clock is set.
"""

import os
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import SupportsIndex

_LIBRARY = "faketime/libfaketimeMT.so.1"
_FOLDERS = ("/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib")
PRELOAD = next((f"{folder}/{_LIBRARY}" for folder in _FOLDERS if Path(folder, _LIBRARY).exists()), "")
"""The library; "" where it is not installed (Debian: libfaketime), and clocks are left alone."""


@dataclass(frozen=True, slots=True)
class Clocked:
    """A clock that is set by writing a file; `preload` is the environment of those who go by it."""

    file: Path
    preload: Mapping[str, str]

    def write(self, offset: str) -> None:
        """Set it off from the true time, like "+60"; whoever reads meanwhile sees the old or the new."""
        new = self.file.with_suffix(".new")
        new.write_text(offset, encoding="ascii")
        new.chmod(0o644)
        new.replace(self.file)


def mend_sleep() -> None:
    """Where this process goes by a clock that is set: let `time.sleep` work, which libfaketime 0.9 breaks.

    Python sleeps by `clock_nanosleep` until a monotonic time; the library refuses that with EINVAL.
    """
    if _LIBRARY in os.environ.get("LD_PRELOAD", ""):
        time.sleep = _wait


def _wait(seconds: SupportsIndex | float, /) -> None:
    threading.Event().wait(float(seconds))


def clocked(folder: Path, name: str, *, wanted: bool) -> Clocked:
    """A clock of a name, right at first; where it is not wanted nobody goes by it, for it costs time."""
    file = folder / f"clock-{name}"
    preload = {
        "LD_PRELOAD": PRELOAD,
        "FAKETIME_TIMESTAMP_FILE": str(file),
        "FAKETIME_CACHE_DURATION": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "DONT_FAKE_MONOTONIC": "1",
    }
    clock = Clocked(file, preload if PRELOAD and wanted else {})
    clock.write("+0\n")
    return clock
