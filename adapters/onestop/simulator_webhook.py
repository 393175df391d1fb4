"""Announcing changes: a signed POST, repeated a few times, then dropped, because the search will show it [I].

Body `{"event": "dossier.changed", "id", "code", "nationCode", "updatedDate"}`, header
`X-Signature: sha256=<hex HMAC-SHA256 of the body's bytes>` with the secret that was registered. Announcements
are not ordered, and one may be made twice, as webhooks are.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import msgspec
import requests

from adapters.onestop.simulator_dossier import Facts

WAITS = (0.2, 0.5, 1.0, 2.0)
"""Seconds before each repeat; after the last one the announcement is dropped."""
TIMEOUT = 3.0
"""Seconds until an answer has to come."""


class Target(msgspec.Struct, frozen=True):
    """Where changes are announced, and the secret that signs them. An empty address ends it."""

    url: str
    secret: str = ""


class Announcer:
    """Sends announcements beside everything else; nothing waits for it. Used on the event loop only."""

    def __init__(self) -> None:
        self.target: Target | None = None
        self.counts: Counter[str] = Counter()
        """`sent`, `repeated`, `dropped`"""
        self._pool = ThreadPoolExecutor(4, thread_name_prefix="webhook")
        self._running: set[asyncio.Task[None]] = set()

    def announce(self, facts: Facts) -> None:
        """Tell the registered address that a dossier changed; without an address, nothing."""
        if self.target is None or not self.target.url:
            return
        body = {name: facts.get(name) for name in ("id", "code", "nationCode", "updatedDate")}
        sending = self._send(self.target, msgspec.json.encode({"event": "dossier.changed", **body}))
        task = asyncio.get_running_loop().create_task(sending)
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    def close(self) -> None:
        """Give up what is not yet sent."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _send(self, target: Target, body: bytes) -> None:
        loop = asyncio.get_running_loop()
        for wait in (*WAITS, None):
            if await loop.run_in_executor(self._pool, _post, target, body):
                self.counts["sent"] += 1
                return
            if wait is not None:
                self.counts["repeated"] += 1
                await asyncio.sleep(wait)
        self.counts["dropped"] += 1


def _post(target: Target, body: bytes) -> bool:
    signature = hmac.new(target.secret.encode(), body, hashlib.sha256).hexdigest()
    headers = {"Content-Type": "application/json", "X-Signature": f"sha256={signature}"}
    try:
        with requests.Session() as session:
            session.trust_env = False
            answer = session.post(
                target.url, data=body, headers=headers, timeout=TIMEOUT, allow_redirects=False
            )
    except requests.RequestException:
        return False
    return 200 <= answer.status_code < 300
