"""The floor of free disk (mức đĩa trống tối thiểu): below it intake closes and claims stop (rule 22).

What is left below the floor is for the settles of what is under way. It opens again by itself, a good way
above the floor, so that it does not open and close with every message.
"""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from bus.errors import UnavailableError

AGAIN = 1.25
"""How many times the floor must be free before anything is taken in again."""
RETRY_AFTER = 60.0
"""Seconds after which a sender shall try again."""

_log = structlog.get_logger("floor")


def free_bytes(folder: Path) -> int:
    """The bytes that we may still write below a folder."""
    return shutil.disk_usage(folder).free


@dataclass(slots=True)
class Floor:
    """The floor under one folder. `least` is bytes; 0 is no floor. `read` is how free bytes are told."""

    folder: Path
    least: int
    read: Callable[[Path], int] = free_bytes
    is_low: bool = False
    free: int = field(default=0, init=False)

    def look(self) -> bool:
        """Measure, and tell whether it is low now; a change is an event. May be repeated at any time.

        A folder that cannot be measured changes nothing.
        """
        if self.least <= 0:
            return False
        try:
            self.free = self.read(self.folder)
        except OSError as error:
            _log.warning("free disk cannot be read", error=error.strerror)
            return self.is_low
        low = self.free < (self.least * AGAIN if self.is_low else self.least)
        if low != self.is_low:
            self.is_low = low
            say = _log.error if low else _log.warning
            say("disk nearly full" if low else "disk has room again", free=self.free, floor=self.least)
        return low

    def check(self) -> None:
        """Raise `UnavailableError` while it is low: nothing is taken in."""
        if self.is_low:
            raise UnavailableError("The disk is nearly full.", retry_after=RETRY_AFTER)
