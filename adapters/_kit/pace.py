"""At most so many calls a second to a peer, evenly spaced, for all threads of a connector together."""

import threading
import time

from bus.errors import TransientError
from bus.ports import Deadline


class Pace:
    """Gives out starting times `1 / per_second` seconds apart; None sets no limit."""

    def __init__(self, per_second: float | None) -> None:
        self._gap = 1 / per_second if per_second else 0.0
        self._next = 0.0
        self._lock = threading.Lock()

    def wait(self, deadline: Deadline) -> None:
        """Wait for this call's turn; raises `TransientError` where it would come after the deadline."""
        if not self._gap:
            return
        with self._lock:
            turn = max(self._next, time.monotonic())
            if turn >= deadline.at:
                raise TransientError("Too many calls for the connector's rate.", peer_down=False)
            self._next = turn + self._gap
        time.sleep(max(0.0, turn - time.monotonic()))
