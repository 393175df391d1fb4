"""At most so many calls a second to a peer, evenly spaced, for all threads of a connector together."""

import threading
import time

from bus.errors import TransientError
from bus.ports import Deadline


class Pace:
    """Gives out starting times `1 / per_second` seconds apart; None sets no limit."""

    def __init__(self, per_second: float | None) -> None:
        self._per_second = per_second or 0.0
        self._part = 1.0
        self._next = 0.0
        self._lock = threading.Lock()

    def share(self, part: float) -> None:
        """Keep to a part (0 to 1) of the rate from now on; what was given out stands. May be repeated."""
        with self._lock:
            self._part = part

    def wait(self, deadline: Deadline) -> None:
        """Wait for this call's turn; raises `TransientError` where it would come after the deadline."""
        if not self._per_second:
            return
        with self._lock:
            turn = max(self._next, time.monotonic())
            if turn >= deadline.at or not self._part:
                raise TransientError("Too many calls for the connector's rate.", peer_down=False)
            self._next = turn + 1 / (self._per_second * self._part)
        time.sleep(max(0.0, turn - time.monotonic()))
