"""The end of a process's work: from when nothing new begins, and by when it is over (rule 24)."""

import asyncio
import time
from dataclasses import dataclass, field


@dataclass(slots=True)
class Stopping:
    """Whether a stop has begun, and when it ends, on `time.monotonic()`'s clock."""

    until: float | None = None
    unsettled: int = 0
    """How many outcomes could not be written before the stop's end."""
    _begun: asyncio.Event = field(default_factory=asyncio.Event)

    def begin(self, seconds: float) -> None:
        """Begin a stop that may take so long; the first one counts. Wakes whoever pauses."""
        if self.until is None:
            self.until = time.monotonic() + seconds
            self._begun.set()

    @property
    def has_begun(self) -> bool:
        """Whether a stop has begun."""
        return self.until is not None

    @property
    def left(self) -> float:
        """Seconds until the stop's end; without one, for ever."""
        return float("inf") if self.until is None else max(0.0, self.until - time.monotonic())

    @property
    def is_over(self) -> bool:
        """Whether the stop's end has come."""
        return self.left <= 0.0

    async def pause(self, seconds: float) -> None:
        """Wait before another try: a stop ends the wait, so that the try comes while there is time."""
        if self.until is not None:
            await asyncio.sleep(min(seconds, self.left, 0.5))
            return
        try:
            await asyncio.wait_for(self._begun.wait(), seconds)
        except TimeoutError:
            return
