"""The console's pages over a ledger of 100,000 dossiers: how long each takes to answer, over HTTP.

There is no peer to compare with; the limit is what a person notices: 200 ms a page.
"""

import asyncio
import contextlib
import sqlite3
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import httpx

from bench.hop_lienthong import planner as hop_planner
from bench.hop_lienthong import routes
from bench.hop_prefill import prefill
from bus.installation import Door
from bus.ledger.ledger import Ledger
from bus.ledger.people import Enrol
from bus.ledger.store import Store
from bus.people import Person, hashed
from bus.settings import Address
from commands.door import opened
from deploy.local.folder import free_ports
from monitoring.console.app import console
from monitoring.console.desk import Desk, take

PASSWORD = "chỉ để đo tốc độ trang"  # noqa: S105  of nobody
DOSSIERS, ROUNDS = 100_000, 15
PAGES = (
    "/",
    "/find?q=nguyen+van",
    "/find?q=0960900777",
    "/dossier/77777",
    "/message/77777",
    "/delivery/77777",
    "/failed",
    "/connectors",
    "/legs",
    "/flows",
    "/figures",
    "/actions",
)
_FAMILIES = ("nguyen", "tran", "le", "pham", "huynh", "phan", "vu", "dang", "bui", "do")

_TROUBLE = (
    "UPDATE delivery SET state = 'dead', cause = 'permanent', reason = 'wrong code' WHERE id % 331 = 0",
    "UPDATE delivery SET state = 'retrying', reason = 'away' WHERE id % 97 = 0 AND state = 'delivered'",
    "UPDATE delivery SET state = 'unknown', reason = 'no answer' WHERE id % 1009 = 0",
    """INSERT INTO leg (dossier, route, state, started_by, opened_at, due_at)
    SELECT id, 'hop.across', 'open', id, kept_at, kept_at + 3600 FROM delivery WHERE id % 53 = 0""",
)
"""A bad night: hundreds dead, a thousand retrying, a hundred unknown, two thousand legs open."""


def run(*, prefilled: int = DOSSIERS, rounds: int = ROUNDS) -> Mapping[str, Any]:
    """Measure every page; milliseconds, the median and the slowest of the rounds."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "ledger.db"
        prefill(file, prefilled, hop_planner())
        _worsen(file, prefilled)
        return asyncio.run(_measured(file, rounds)) | {"dossiers": prefilled}


def _worsen(file: Path, count: int) -> None:
    """Break some deliveries, open some legs, and write what is found of each dossier: words and a promise."""
    with contextlib.closing(sqlite3.connect(file)) as rows:
        for statement in _TROUBLE:
            rows.execute(statement)
        rows.executemany("INSERT INTO term (word, dossier) VALUES (?, ?)", _words(count))
        rows.executemany("INSERT INTO promise VALUES (?, ?, ?, ?)", _promises(count))
        rows.execute("INSERT INTO source (connector, name, cursor) VALUES ('', 'words', ?)", (count,))
        rows.commit()
        rows.execute("ANALYZE")


def _words(count: int) -> Any:
    for number in range(1, count + 1):
        family = _FAMILIES[number % len(_FAMILIES)]
        for name in (f"{family} van {number}", f"{family} thi {number % 977} {number}"):
            yield name, number
            yield name.partition(" ")[2], number
        yield f"0960900{number:05}", number


def _promises(count: int) -> Any:
    """Every dossier past its promise, the worst night for the figures: a hundred agencies, a year of days."""
    for number in range(1, count + 1):
        day = date(2025, 8, 1) + timedelta(days=number % 365)
        yield number, 1_700_000_000.0 + number, f"H12.{number % 100:02}", day.isoformat()


async def _measured(file: Path, rounds: int) -> dict[str, Any]:
    taken: dict[str, list[float]] = {page: [] for page in PAGES}
    async with _serving(file) as client:
        for _ in range(rounds):
            for page in PAGES:
                began = time.perf_counter()
                reply = await client.get(page)
                taken[page].append(1000 * (time.perf_counter() - began))
                if reply.status_code != 200:
                    raise RuntimeError(f"{page} answers {reply.status_code}")
    medians = {page: round(statistics.median(times), 1) for page, times in taken.items()}
    slowest = max(max(times) for times in taken.values())
    return {"slowest_median_ms": max(medians.values()), "slowest_ms": round(slowest, 1), "pages_ms": medians}


@contextlib.asynccontextmanager
async def _serving(file: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A console at work over the ledger, and somebody who is signed in."""
    plans = hop_planner()
    ledger = Ledger(Store(f"sqlite:///{file}"), plans.plan, plans.merge)
    desk = Desk("Đo", "rehearsal", ledger, {}, routes(), lambda _: None)
    await ledger.act(Enrol(Person("do", "Người đo", "viewer", hashed(PASSWORD)), "bench"))
    desk.snapshot = await ledger.ask(take, desk.snapshot)
    door = Door(address=Address(f"127.0.0.1:{free_ports(1)[0]}"))
    url = f"http://{door.address}"
    try:
        async with opened(console(desk), door), httpx.AsyncClient(base_url=url) as client:
            await _up(client)
            await client.post("/sign-in", data={"login": "do", "password": PASSWORD})
            yield client
    finally:
        await desk.counting.stop()
        ledger.close()


async def _up(client: httpx.AsyncClient) -> None:
    for _ in range(200):
        with contextlib.suppress(httpx.ConnectError):
            await client.get("/sign-in")
            return
        await asyncio.sleep(0.02)
    raise RuntimeError("the console did not come up")
