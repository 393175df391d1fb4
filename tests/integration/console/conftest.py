"""The console over a bus at work, in a browser without eyes."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from bus.finding import Finder
from bus.ledger.people import Enrol, actions
from bus.people import Person, Role, hashed
from monitoring.console.app import console
from monitoring.console.desk import Desk, take
from tests.integration.pipeline.road import Road, road, routes
from tests.integration.pipeline.test_failures import desk as failing_desk

PASSWORD = "ca trực đêm ba giờ"
HASHED = hashed(PASSWORD)


@dataclass
class Browser:
    """Somebody in front of the console; `road` is the bus behind it."""

    road: Road
    desk: Desk
    client: httpx.AsyncClient

    async def signs_in(self, role: Role = "operator", login: str = "binh") -> httpx.Response:
        """Become a person of a role."""
        await self.desk.ledger.act(Enrol(Person(login, "Trần Thị Bình", role, HASHED), "test"))
        return await self.client.post("/sign-in", data={"login": login, "password": PASSWORD})

    async def looks(self, path: str = "/") -> str:
        """The text of a page as it is now."""
        self.desk.snapshot = await self.desk.ledger.ask(take, self.desk.snapshot)
        reply = await self.client.get(path)
        assert reply.status_code == 200, (path, reply.status_code)
        return reply.text

    async def does(self, path: str, **fields: str) -> httpx.Response:
        """Send a form of the console, with what its page gives it to carry."""
        page = await self.looks("/")
        token = page.split('name="token" value="')[1].split('"')[0]
        return await self.client.post(path, data={"token": token, **fields})

    def did(self) -> list[tuple[str, str]]:
        """Who did what, the oldest first."""
        return [(row["who"], row["what"]) for row in reversed(self.desk.ledger.look(actions))]

    async def finds(self, *parts: str, path: str) -> str:
        """Let the words be written, then look; every part is on the page."""
        finder = Finder(self.desk.ledger)
        for _ in range(100):
            if not await finder.step():
                break
        page = await self.looks(path)
        assert all(part in page for part in parts), page
        return page


@asynccontextmanager
async def _browser(url: str, amqp_url: str, prefix: str, **how: Any) -> AsyncIterator[Browser]:
    async with road(url, amqp_url, prefix, **how) as bus:
        desk = Desk(
            title="Trục thử",
            environment="rehearsal",
            ledger=bus.ledger,
            connectors=bus.connectors,
            routes=routes(),
            publish=bus.worker.dispatcher.publish,
            failures=failing_desk(bus, "discard"),
        )
        transport = httpx.ASGITransport(console(desk))
        async with httpx.AsyncClient(transport=transport, base_url="http://console.test") as client:
            yield Browser(bus, desk, client)


@pytest.fixture
def open_console(tmp_path: Path, amqp_url: str, prefix: str) -> AbstractAsyncContextManager[Browser]:
    """A console over an SQLite ledger."""
    return _browser(f"sqlite:///{tmp_path / 'ledger.db'}", amqp_url, prefix)
