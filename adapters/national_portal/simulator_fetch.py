"""The portal fetches the attachments that records name (reference 0: download URLs served by the province).

Only addresses below the one that was set are fetched, each once; what comes must be, byte for byte, something
that a citizen handed in with that dossier. Whatever else comes is wrong, and so is what never comes.
"""

import asyncio
import hashlib
from base64 import b64decode
from collections import defaultdict, deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import requests

from adapters.national_portal.simulator_dossier import Record
from adapters.national_portal.simulator_register import Register

_FETCHERS = 2
_TIMEOUT_SECONDS = 10.0
_WAIT_SECONDS = 0.5
_TRIES = 60


class Fetcher:
    """Fetches below the address `below`; empty: nothing. `fetched` and `wrong` count addresses."""

    def __init__(self, register: Register) -> None:
        self.below = ""
        self.fetched = self.wrong = 0
        self._register = register
        self._handed: dict[str, set[str]] = defaultdict(set)
        self._seen: set[str] = set()
        self._queue: deque[tuple[str, str, int]] = deque()
        self._busy: list[str] = []

    @property
    def open(self) -> int:
        """How many addresses are still to be fetched."""
        return len(self._queue) + len(self._busy)

    def to_fetch(self) -> list[str]:
        """Return the number of the dossier of each address still to be fetched."""
        return [*(number for number, _, _ in self._queue), *self._busy]

    def handed_in(self, number: str, data: Record) -> None:
        """Remember the content of everything that a citizen handed in as base64."""
        for document in _documents(data):
            if "Base64" in document:
                self._handed[number].add(hashlib.sha256(b64decode(document["Base64"])).hexdigest())

    def noticed(self, number: str) -> None:
        """Queue what a dossier's record names now and did not before."""
        held = self._register.get(number)
        for document in _documents(held.record if held else {}):
            address = str(document.get("DuongDanTaiTepTin") or "")
            if self.below and address.startswith(self.below) and address not in self._seen:
                self._seen.add(address)
                self._queue.append((number, address, 0))

    async def run(self) -> None:
        """Fetch what is queued, until cancelled."""
        with ThreadPoolExecutor(_FETCHERS, thread_name_prefix="fetch") as threads:
            await asyncio.gather(*(self._fetch_all(threads) for _ in range(_FETCHERS)))

    async def _fetch_all(self, threads: ThreadPoolExecutor) -> None:
        while True:
            if not self._queue:
                await asyncio.sleep(0.05)
                continue
            number, address, tries = self._queue.popleft()
            self._busy.append(number)
            try:
                await self._fetch(threads, number, address, tries)
            finally:
                self._busy.remove(number)

    async def _fetch(self, threads: ThreadPoolExecutor, number: str, address: str, tries: int) -> None:
        content = await asyncio.get_running_loop().run_in_executor(threads, _content, address)
        if isinstance(content, bytes) and hashlib.sha256(content).hexdigest() in self._handed[number]:
            self.fetched += 1
        elif content is None and tries < _TRIES:
            # nobody there: the province may be starting again
            await asyncio.sleep(_WAIT_SECONDS)
            self._queue.append((number, address, tries + 1))
        else:
            self.wrong += 1


def _documents(data: Record) -> Iterator[dict[str, Any]]:
    yield from data.get("TaiLieuNop") or []
    yield from data.get("DanhSachGiayToBoSung") or []
    for supplement in data.get("DanhSachHoSoBoSung") or []:
        yield from supplement.get("DanhSachGiayToBoSung") or []


def _content(address: str) -> bytes | int | None:
    """The bytes at an address, or the status that is no 200; None where nobody answers."""
    try:
        with requests.Session() as session:
            session.trust_env = False
            answer = session.get(address, timeout=_TIMEOUT_SECONDS)
    except requests.RequestException:
        return None
    return answer.content if answer.status_code == 200 else answer.status_code
