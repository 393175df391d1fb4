"""The disk under a drill's data: a small filesystem of its own where we are root, so that it really fills."""

import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

LEFT_AT_FIRST = 4 * 2**20
"""Bytes left while the disk is nearly full: below every floor, and enough for what is under way."""
_BLOCK = 2**20


@dataclass(frozen=True, slots=True)
class Disk:
    """The folder of ledger and files; `is_small` where it is a filesystem of its own that can be filled."""

    folder: Path
    is_small: bool

    @property
    def _ballast(self) -> Path:
        return self.folder / "ballast"

    def fill(self, seconds: float) -> None:
        """Fill it nearly for a while, then to the last byte for as long, then free it."""
        try:
            self._grow(LEFT_AT_FIRST)
            time.sleep(seconds)
            self._grow(0)
            time.sleep(seconds)
        finally:
            self.free()

    def free(self) -> None:
        """Take the ballast away; may be repeated."""
        self._ballast.unlink(missing_ok=True)

    def _grow(self, left: int) -> None:
        with self._ballast.open("ab", buffering=0) as file, contextlib.suppress(OSError):
            while shutil.disk_usage(self.folder).free > left:
                file.write(b"\0" * max(1, min(_BLOCK, shutil.disk_usage(self.folder).free - left)))


def forget(folder: Path) -> None:
    """Let go of the filesystem that a drill left on `folder` when it was killed; may be repeated."""
    if folder.is_mount():
        _unmount(folder)


@contextlib.contextmanager
def small_disk(folder: Path, megabytes: int, *, mode: str = "0700") -> Iterator[Disk]:
    """A filesystem of so many megabytes on `folder` while the block runs; a plain folder if we may not."""
    folder.mkdir(parents=True, exist_ok=True)
    mounted = os.geteuid() == 0 and _mount(folder, megabytes, mode)
    try:
        yield Disk(folder, mounted)
    finally:
        if mounted:
            _unmount(folder)


def _mount(folder: Path, megabytes: int, mode: str) -> bool:
    command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode={mode}", "drill", str(folder)]
    try:
        return subprocess.run(command, check=False, capture_output=True).returncode == 0  # noqa: S603  as above
    except OSError:
        return False


def _unmount(folder: Path) -> None:
    subprocess.run(["umount", "--lazy", str(folder)], check=False, capture_output=True)  # noqa: S603, S607  our own mount
