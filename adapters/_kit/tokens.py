"""A session or token that many threads share: fetched once, renewed once, whoever notices first."""

import threading
import time
from collections.abc import Callable

from bus.errors import TransientError
from bus.ports import Deadline

Fetch = Callable[[Deadline], tuple[str, float]]
"""Logs in: (token, seconds it may be used). Raises `DeliveryError`s."""


class Tokens:
    """Keeps one token. Single flight: while one thread logs in the others wait for its outcome."""

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch
        self._lock = threading.Lock()
        self._token = ""
        self._ends = 0.0

    def get(self, deadline: Deadline) -> str:
        """Return a token that should be good, logging in where there is none; may be repeated."""
        return self._token if self._good() else self.renew("", deadline)

    def renew(self, stale: str, deadline: Deadline) -> str:
        """Return another token than `stale`, which the peer did not take; one log-in for all who ask."""
        if not self._lock.acquire(timeout=max(0.0, deadline.at - time.monotonic())):
            raise TransientError("The log-in took too long.", connected=True)
        try:
            if self._good() and self._token != stale:
                return self._token
            self._token, self._ends = "", 0.0
            token, lives = self._fetch(deadline)
            self._token, self._ends = token, time.monotonic() + lives
            return token
        finally:
            self._lock.release()

    def _good(self) -> bool:
        return bool(self._token) and time.monotonic() < self._ends
