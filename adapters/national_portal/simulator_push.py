"""The portal calls the province (reference 1d): submitted dossiers, supplements, withdrawals, look-ups.

The names of the services and the shape `{madonvi, service, data}` are ours [I]; so is the key in a header:
how inbound calls prove who they are is not documented.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from random import Random
from typing import Any

import msgspec
import requests

from adapters._kit.simulator import Workshop
from adapters.national_portal.simulator_dossier import Record
from adapters.national_portal.simulator_paper import inline

_CALLERS = 4
_TIMEOUT_SECONDS = 10.0
_FIRST_WAIT_SECONDS = 0.2
_LONGEST_WAIT_SECONDS = 5.0
_SETTLED = frozenset({"0", "1"})


class Target(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the province takes inbound calls, and the key it wants in which header."""

    url: str
    header: str = "X-Api-Key"
    key: str = ""


class Names(msgspec.Struct, frozen=True):
    """The names of the inbound services [I]."""

    dossier: str = "NhanHoSo"
    supplement: str = "NhanHoSoBoSung"
    withdrawal: str = "NhanYeuCauRutHoSo"
    payment: str = "nhantbthuedvcqg"
    look_up: str = "TraCuuHoSo"


class Province:
    """The province as the portal sees it. What is pushed of one dossier goes in order, one at a time.

    A call is repeated, ever more slowly, until the province answers HTTP 200 with `error_code` 0 (taken) or 1
    (duplicate). What is not settled survives a restart. `handed_in` is told what is pushed of a dossier.
    The next `twice` pushes are made once more although they were taken, as happens to whoever repeats.
    """

    def __init__(
        self,
        workshop: Workshop,
        organisation: str,
        names: Names,
        target: Target | None,
        handed_in: Callable[[str, Record], None] = lambda _number, _data: None,
    ) -> None:
        self._outbox = workshop.shelf("outbox")
        self._organisation = organisation
        self._names = names
        self.target = target
        self._handed_in = handed_in
        self._random = Random(f"{workshop.seed}:push")
        self._queues: dict[str, deque[str]] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._callers = ThreadPoolExecutor(_CALLERS, thread_name_prefix="push")
        self._local = threading.local()
        self.settled = self.repeated = self.twice = 0
        for key, item in self._outbox.items():
            if item["settled"]:
                self.settled += 1
            else:
                self._queues.setdefault(item["number"], deque()).append(key)

    @property
    def open(self) -> int:
        """How many pushes the province has not settled yet."""
        return sum(map(len, self._queues.values()))

    def unsettled(self) -> list[str]:
        """Return the number of the dossier of each push that is not settled."""
        return [number for number, queue in self._queues.items() for _ in queue]

    def push(self, number: str, kind: str, data: Record) -> None:
        """Put one fact (a `kind` of `Names`) into the outbox, after those before it."""
        key = f"{len(self._outbox)}"
        content = _with_content(data)
        self._handed_in(number, content)
        body = {"service": getattr(self._names, kind), "data": content}
        self._outbox.put(key, {"number": number, "settled": False, "body": body})
        self._queues.setdefault(number, deque()).append(key)

    async def run(self) -> None:
        """Push what is in the outbox, until cancelled."""
        try:
            while True:
                if self.target is not None:
                    self._start()
                await asyncio.sleep(0.05)
        finally:
            for task in self._tasks.values():
                task.cancel()
            self._callers.shutdown(wait=False, cancel_futures=True)

    async def look_up(self, number: str) -> Any:
        """Ask the province for a dossier, `{madonvi, service, masohoso}` (reference 1d); its answer."""
        status, answer = await self._call({"service": self._names.look_up, "masohoso": number})
        return {"status": status, "answer": answer}

    def _start(self) -> None:
        # a task a dossier: one that the province refuses again and again holds up nobody else
        for number in self._queues.keys() - self._tasks.keys():
            self._tasks[number] = asyncio.get_running_loop().create_task(self._drain(number))

    async def _drain(self, number: str) -> None:
        queue = self._queues[number]
        while queue:
            await self._deliver(queue[0])
            queue.popleft()
        del self._queues[number], self._tasks[number]

    async def _deliver(self, key: str) -> None:
        item = self._outbox.get(key)
        wait = _FIRST_WAIT_SECONDS
        while not await self._accepted(item["body"]):
            self.repeated += 1
            await asyncio.sleep(wait * self._random.uniform(0.5, 1.0))
            wait = min(_LONGEST_WAIT_SECONDS, wait * 2)
        if self.twice:
            self.twice -= 1
            await self._accepted(item["body"])
        self._outbox.put(key, item | {"settled": True, "body": None})
        self.settled += 1

    async def _accepted(self, body: Mapping[str, Any]) -> bool:
        status, answer = await self._call(body)
        return status == 200 and isinstance(answer, dict) and str(answer.get("error_code")) in _SETTLED

    async def _call(self, body: Mapping[str, Any]) -> tuple[int, Any]:
        if self.target is None:
            return 0, "no inbound address is set"
        content = msgspec.json.encode({"madonvi": self._organisation} | dict(body))
        return await asyncio.get_running_loop().run_in_executor(
            self._callers, self._post, self.target, content
        )

    def _post(self, target: Target, content: bytes) -> tuple[int, Any]:
        if not hasattr(self._local, "session"):
            self._local.session = requests.Session()
            self._local.session.trust_env = False
        headers = {"Content-Type": "application/json; charset=utf-8"}
        if target.key:
            headers[target.header] = target.key
        try:
            answer = self._local.session.post(target.url, content, headers=headers, timeout=_TIMEOUT_SECONDS)
        except requests.RequestException as error:
            return 0, type(error).__name__
        return answer.status_code, _decoded(answer.content)


def _decoded(content: bytes) -> Any:
    try:
        return msgspec.json.decode(content)
    except msgspec.DecodeError:
        return None


def _with_content(data: Record) -> Record:
    """Inbound calls carry files as base64, never as addresses (reference 0, 1d)."""
    lists = ("TaiLieuNop", "DanhSachGiayToBoSung")
    return data | {name: [inline(document) for document in data[name]] for name in lists if data.get(name)}
